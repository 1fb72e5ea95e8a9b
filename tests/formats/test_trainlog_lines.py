"""The documented lines of the log, byte for byte and there and back."""

from __future__ import annotations

import math
import re
from datetime import datetime

import pytest
from growth import assert_proportional
from hypothesis import given
from hypothesis import strategies as st

from analyzer.formats import trainlog
from analyzer.formats.trainlog import (
    BEST,
    HEADER,
    MESSAGES,
    RESUMED,
    SAVED,
    STAMP,
    TRAIN,
    VALIDATE,
    time_of,
)
from analyzer.formats.trainlog import (
    HEAD as HEAD_PATTERN,
)

WHEN = datetime(2026, 1, 5, 14, 30, 25)
HEAD = b"[2026-01-05 14:30:25] INFO "
FINITE = st.floats(-1e12, 1e12)
LOSSES = FINITE | st.sampled_from([math.nan, math.inf, -math.inf])
EPOCHS = st.integers(0, 999_999_999)


def parsed(message: bytes, text: str, head: bytes = HEAD) -> dict[str, str]:
    """What the named groups of a message hold."""
    found = re.match(b"(?:" + HEAD_PATTERN + b")?" + message, head + text.encode())
    assert found is not None, text
    groups = {name: (value or b"").decode() for name, value in found.groupdict().items()}
    return {name: value for name, value in groups.items() if name not in ("time", "level")}


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
            trainlog.sweep(0.6412, 0.7, 0.3, 0.45),
            b"Sweep - AP: 0.641, Best F1: 0.700 at thresholds 0.3 and 0.45",
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


@given(EPOCHS, EPOCHS, FINITE)
def test_header_there_and_back(epoch: int, epochs: int, lr: float) -> None:
    found = parsed(HEADER, trainlog.header(epoch, epochs, lr))
    assert found == {"epoch": str(epoch), "epochs": str(epochs), "lr": f"{lr:.6f}"}


@given(LOSSES, LOSSES, LOSSES)
def test_values_there_and_back(one: float, two: float, three: float) -> None:
    found = parsed(TRAIN, trainlog.train(one, two))
    assert found == {"loss": f"{one:.3f}", "step_time": f"{two:.2f}"}
    found = parsed(VALIDATE, trainlog.validate(one, two, three))
    assert list(found.values()) == [f"{value:.2f}" for value in (one, two, three)]


@given(EPOCHS, LOSSES, st.text("abcABC 019_-./\\识别>", min_size=1).map(str.strip).filter(bool))
def test_files_there_and_back(epoch: int, value: float, path: str) -> None:
    found = parsed(BEST, trainlog.best(epoch, "val_f1", value, path))
    assert found == {"best_epoch": str(epoch), "best": path}
    assert parsed(SAVED, trainlog.saved(path)) == {"saved": path}


def test_resumed_there_and_back() -> None:
    text = trainlog.resumed("epoch_3.pth", 3) + "; train.epochs was 5, is 8"
    assert parsed(RESUMED, text) == {"resumed": text}


@pytest.mark.parametrize(
    "printed", ["nan", "-nan", "inf", "-Infinity", "1e-05", "1.5E+3", ".5", "3", "3.", "-0.5"]
)
def test_numbers_as_others_print_them(printed: str) -> None:
    found = parsed(TRAIN, f"Train Loss: {printed} | Time: 0.43s/iter")
    assert found == {"loss": printed, "step_time": "0.43"}
    line = f"Validate - Precision: {printed}, Recall: {printed}, F1: {printed}"
    assert list(parsed(VALIDATE, line).values()) == [printed] * 3
    float(printed)


def test_parts_of_a_line_may_be_missing() -> None:
    assert parsed(TRAIN, "Train Loss: 1.874") == {"loss": "1.874", "step_time": ""}
    assert parsed(VALIDATE, "Validate - Precision: 0.5")["recall"] == ""
    assert parsed(HEADER, "Epoch [1/5]") == {"epoch": "1", "epochs": "5", "lr": ""}


@pytest.mark.parametrize("head", [b"", b"[2026-01-05 14:30:25,123]  WARNING\t"])
def test_the_head_of_a_line_may_differ_or_be_missing(head: bytes) -> None:
    assert parsed(SAVED, "Saved checkpoint: a.pth \t\r", head) == {"saved": "a.pth"}


def test_an_absurd_epoch_is_no_header() -> None:
    assert re.match(HEADER, b"Epoch [" + b"9" * 5000 + b"/5], LR: 0.1") is None


def test_times() -> None:
    found = STAMP.match(HEAD + b"x")
    assert found is not None
    assert (time_of(found["time"]), found["level"]) == (WHEN, b"INFO")
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
        b"Epoch [" + b"1" * 400_000,
        b"New best: epoch 1, " + b"x" * 400_000,
        b"New best: epoch 1, a 1 -> " + b" " * 400_000,
        b"Resumed from " + b"x" * 400_000,
    ],
)
def test_no_line_costs_more_than_its_share(text: bytes) -> None:
    def read(size: int) -> None:
        for message in MESSAGES:
            re.match(message, text[: size // 2] + text[-(size // 2) :])

    assert_proportional(read, len(text))
