"""The documented lines of the log, byte for byte and there and back."""

from __future__ import annotations

import math
import time
from datetime import datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.formats import trainlog
from analyzer.formats.trainlog import Line, parse_line

WHEN = datetime(2026, 1, 5, 14, 30, 25)
HEAD = b"[2026-01-05 14:30:25] INFO "
FINITE = st.floats(-1e12, 1e12)
LOSSES = FINITE | st.sampled_from([math.nan, math.inf, -math.inf])
EPOCHS = st.integers(0, 999_999_999)


def parsed(message: str | bytes) -> Line:
    raw = message if isinstance(message, bytes) else message.encode()
    line = parse_line(HEAD + raw, 7)
    assert line is not None
    return line


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
    line = parsed(trainlog.header(epoch, epochs, lr))
    assert (line.kind, line.epoch, line.epochs) == ("header", epoch, epochs)
    assert line.values == (("learning_rate", f"{lr:.6f}"),)


@settings(deadline=None)
@given(LOSSES, LOSSES, LOSSES)
def test_values_there_and_back(one: float, two: float, three: float) -> None:
    line = parsed(trainlog.train(one, two))
    assert line.values == (("train_loss", f"{one:.3f}"), ("step_time", f"{two:.2f}"))
    line = parsed(trainlog.validate(one, two, three))
    names = ("val_precision", "val_recall", "val_f1")
    assert line.values == tuple(zip(names, [f"{v:.2f}" for v in (one, two, three)], strict=True))


@settings(deadline=None)
@given(EPOCHS, LOSSES, st.text("abcABC 019_-./\\识别>", min_size=1).map(str.strip).filter(bool))
def test_files_there_and_back(epoch: int, value: float, path: str) -> None:
    line = parsed(trainlog.best(epoch, "val_f1", value, path))
    assert (line.kind, line.epoch, line.file) == ("best", epoch, path)
    line = parsed(trainlog.saved(path))
    assert (line.kind, line.file) == ("saved", path)


def test_resumed_there_and_back() -> None:
    line = parsed(trainlog.resumed("epoch_3.pth", 3) + "; train.epochs was 5, is 8")
    assert (line.kind, line.epoch, line.file) == ("resumed", 3, "epoch_3.pth")


@pytest.mark.parametrize(
    ("printed", "value"),
    [
        ("nan", math.nan),
        ("NaN", math.nan),
        ("-nan", math.nan),
        ("inf", math.inf),
        ("-inf", -math.inf),
        ("Infinity", math.inf),
        ("-Infinity", -math.inf),
        ("1e-05", 1e-5),
        ("1.5E+3", 1500.0),
        (".5", 0.5),
        ("3", 3.0),
        ("3.", 3.0),
        ("-0.5", -0.5),
    ],
)
def test_numbers_as_others_print_them(printed: str, value: float) -> None:
    line = parsed(f"Train Loss: {printed} | Time: 0.43s/iter")
    assert line.values == (("train_loss", printed), ("step_time", "0.43"))
    assert math.isclose(float(printed), value) or math.isnan(value)
    line = parsed(f"Validate - Precision: {printed}, Recall: {printed}, F1: {printed}")
    assert [text for _, text in line.values] == [printed] * 3


def test_a_line_without_time_per_step_is_read() -> None:
    assert parsed("Train Loss: 1.874").values == (("train_loss", "1.874"),)


def test_ends_of_lines_and_fractions_of_seconds_do_not_matter() -> None:
    raw = b"[2026-01-05 14:30:25,123]  INFO\tSaved checkpoint: a.pth \t\r"
    line = parse_line(raw, 1)
    assert line is not None
    assert (line.kind, line.file, line.time) == ("saved", "a.pth", WHEN)


def test_other_lines() -> None:
    assert parsed("Device: cpu").kind == "other"
    assert parsed("Device: cpu").text == "Device: cpu"
    assert parsed(b"\xff\x00").text == "�\0"
    wrong_time = parse_line(b"[2026-13-45 99:99:99] INFO Epoch [1/5], LR: 0.1", 1)
    assert wrong_time is not None
    assert (wrong_time.kind, wrong_time.time) == ("header", None)
    for raw in (
        b"",
        b"Epoch [1/5], LR: 0.007",
        b"[tag] x",
        b"[2026-01-05 14:30:25]INFO x",
        b"[" * 99,
    ):
        assert parse_line(raw, 1) is None


def test_an_absurd_epoch_is_no_header() -> None:
    assert parsed("Epoch [" + "9" * 5000 + "/5], LR: 0.1").kind == "other"


@pytest.mark.parametrize(
    "message",
    [
        b"x" + b" " * 400_000 + b"x",
        b"Train Loss: " + b"1" * 400_000 + b"x",
        b"Validate - Precision: " + b"1" * 400_000 + b", Recall",
        b"Validate - Precision: 1." + b"1" * 400_000,
        b"Epoch [" + b"1" * 400_000,
        b"New best: epoch 1, " + b"x" * 400_000,
        b"New best: epoch 1, a 1 -> " + b" " * 400_000,
        b"Resumed from " + b"x" * 400_000,
    ],
)
def test_no_line_takes_long(message: bytes) -> None:
    begin = time.process_time()
    parse_line(HEAD + message, 1)
    assert time.process_time() - begin < 0.5


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=80), st.sampled_from([b"", HEAD, HEAD + b"Epoch [", HEAD + b"Train Loss: "])
)
def test_any_bytes_are_a_line_or_none(raw: bytes, head: bytes) -> None:
    line = parse_line(head + raw, 1)
    assert line is None or line.kind
