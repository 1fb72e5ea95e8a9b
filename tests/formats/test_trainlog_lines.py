"""The documented lines of the log, byte for byte and there and back."""

from __future__ import annotations

import math
import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.formats import trainlog
from analyzer.formats.trainlog import (
    BEST,
    HEADER,
    RESUMED,
    SAVED,
    STAMP,
    TRAIN,
    VALIDATE,
    Message,
    time_of,
)

WHEN = datetime(2026, 1, 5, 14, 30, 25)
HEAD = b"[2026-01-05 14:30:25] INFO "
FINITE = st.floats(-1e12, 1e12)
LOSSES = FINITE | st.sampled_from([math.nan, math.inf, -math.inf])
EPOCHS = st.integers(0, 999_999_999)
MESSAGES = (HEADER, TRAIN, VALIDATE, SAVED, BEST, RESUMED)


def parsed(message: Message, text: str, head: bytes = HEAD) -> list[str]:
    """What the message holds, found among other lines."""
    data = b"x\n" + head + text.encode() + b"\n" + HEAD + b"Device: cpu\n"
    (found,) = message.find(data)
    return [(group or b"").decode() for group in found.groups()]


@pytest.mark.parametrize(
    ("message", "line"),
    [
        (trainlog.header(1, 5, 0.007), b"Epoch [1/5], LR: 0.007000"),
        (trainlog.train(1.874, 0.43), b"Train Loss: 1.874 | Time: 0.43s/iter"),
        (
            trainlog.validate(0.72, 0.65, 0.68),
            b"Validate - Precision: 0.72, Recall: 0.65, F1: 0.68",
        ),
        (
            trainlog.saved("./workdirs/exp_20260105143022/checkpoints/epoch_1.pth"),
            b"Saved checkpoint: ./workdirs/exp_20260105143022/checkpoints/epoch_1.pth",
        ),
    ],
)
def test_documented_lines_byte_for_byte(message: str, line: bytes) -> None:
    assert trainlog.stamp(WHEN, "INFO", message).encode() == HEAD + line


def test_further_lines_of_a_message_are_indented() -> None:
    text = trainlog.stamp(WHEN, "ERROR", "one\r\ntwo\rthree\n")
    assert text == "[2026-01-05 14:30:25] ERROR one\n    two\n    three"
    assert trainlog.stamp(WHEN, "INFO", "") == "[2026-01-05 14:30:25] INFO "


@settings(deadline=None)
@given(EPOCHS, EPOCHS, FINITE)
def test_header_there_and_back(epoch: int, epochs: int, lr: float) -> None:
    found = parsed(HEADER, trainlog.header(epoch, epochs, lr))
    assert found == [str(epoch), str(epochs), f"{lr:.6f}", ""]


@settings(deadline=None)
@given(LOSSES, LOSSES, LOSSES)
def test_values_there_and_back(one: float, two: float, three: float) -> None:
    assert parsed(TRAIN, trainlog.train(one, two)) == [f"{one:.3f}", f"{two:.2f}"]
    found = parsed(VALIDATE, trainlog.validate(one, two, three))
    assert found == [f"{value:.2f}" for value in (one, two, three)]


@settings(deadline=None)
@given(EPOCHS, LOSSES, st.text("abcABC 019_-./\\识别>", min_size=1).map(str.strip).filter(bool))
def test_files_there_and_back(epoch: int, value: float, path: str) -> None:
    found = parsed(BEST, trainlog.best(epoch, "val_f1", value, path))
    assert found == [str(epoch), "val_f1", f"{value:.4f}", path]
    assert parsed(SAVED, trainlog.saved(path)) == [path]


def test_resumed_there_and_back() -> None:
    text = trainlog.resumed("epoch_3.pth", 3) + "; train.epochs was 5, is 8"
    assert parsed(RESUMED, text) == ["epoch_3.pth", "3"]
    assert RESUMED.find(text.encode())[0][0].decode() == text


@pytest.mark.parametrize(
    "printed", ["nan", "-nan", "inf", "-Infinity", "1e-05", "1.5E+3", ".5", "3", "3.", "-0.5"]
)
def test_numbers_as_others_print_them(printed: str) -> None:
    assert parsed(TRAIN, f"Train Loss: {printed} | Time: 0.43s/iter") == [printed, "0.43"]
    line = f"Validate - Precision: {printed}, Recall: {printed}, F1: {printed}"
    assert parsed(VALIDATE, line) == [printed] * 3
    assert float(printed) is not None


def test_parts_of_a_line_may_be_missing() -> None:
    assert parsed(TRAIN, "Train Loss: 1.874") == ["1.874", ""]
    assert parsed(VALIDATE, "Validate - Precision: 0.5") == ["0.5", "", ""]
    assert parsed(HEADER, "Epoch [1/5]") == ["1", "5", "", ""]
    assert parsed(HEADER, "Epoch [1/5], Train Loss: 3.21")[-1] == ", Train Loss: 3.21"


@pytest.mark.parametrize("head", [b"", b"[2026-01-05 14:30:25,123]  WARNING\t"])
def test_the_head_of_a_line_may_differ_or_be_missing(head: bytes) -> None:
    assert parsed(SAVED, "Saved checkpoint: a.pth \t\r", head) == ["a.pth"]
    assert parsed(HEADER, "Epoch [1/5], LR: 0.1", head)[:2] == ["1", "5"]


@pytest.mark.parametrize(
    "text",
    [
        "Best so far: Train Loss: 1.2",
        "Epoch [1/5], Step [100/600], Loss: 2.1",
        "Epoch [1/5][10/99]",
        "Epoch [1/5] batch 3: 0.1",
        "Epoch [" + "9" * 5000 + "/5], LR: 0.1",
        "Epoch 1",
    ],
)
def test_other_lines(text: str) -> None:
    assert not any(message.find(HEAD + text.encode()) for message in MESSAGES)


def test_times() -> None:
    found = STAMP.match(HEAD + b"x")
    assert found is not None
    assert (time_of(found[1]), found[2]) == (WHEN, b"INFO")
    for odd in (b"2026-13-45 99:99:99", b"", b"\xff"):
        assert time_of(odd) is None
    for raw in (b"", b"[tag] x", b"[2026-01-05 14:30:25]INFO x", b"[" * 99):
        assert STAMP.match(raw) is None


@pytest.mark.parametrize(
    "text",
    [
        b"x" + b" " * 400_000 + b"x",
        b"Train Loss: " + b"1" * 400_000 + b" x",
        b"Validate - Precision: " + b"1" * 400_000 + b", Recall",
        b"Validate - Precision: " * 20_000,
        b"Epoch [" + b"1" * 400_000,
        b"Epoch [1/5]" * 40_000,
        b"New best: epoch 1, " + b"x" * 400_000,
        b"New best: epoch 1, a 1 -> " + b" " * 400_000,
        b"Resumed from " + b"x" * 400_000,
    ],
)
def test_no_line_takes_long(text: bytes) -> None:
    begin = time.process_time()
    for message in MESSAGES:
        message.find(HEAD + text)
    assert time.process_time() - begin < 1


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=80), st.sampled_from([b"", HEAD, HEAD + b"Epoch [", HEAD + b"Train Loss: "])
)
def test_any_bytes_hold_messages_or_none(raw: bytes, head: bytes) -> None:
    for message in MESSAGES:
        for found in message.find(head + raw):
            assert b"\n" not in found[0]
