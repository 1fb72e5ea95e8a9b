"""A train.log line by line: epochs, events, tracebacks, and a last line that a kill cut short."""

from __future__ import annotations

import math
import time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.workdir.curves import CurveBuilder, number, resolution_of, whole_number
from analyzer.readers.workdir.trainlog import TrainLog, read_train_log

HEAD = "[2026-01-05 14:30:25] INFO "
ERROR = HEAD.replace("INFO", "ERROR")


def log(*lines: str, end: str = "\n") -> TrainLog:
    rows = [line if line[:1] in ("", " ", "[", "T", "V", "!") else HEAD + line for line in lines]
    return read_train_log(("\n".join(rows).replace("!", "") + end).encode(), "logs/train.log")


def points(found: TrainLog, name: str) -> list[tuple[float, float]]:
    if name not in found.curves:
        return []
    series = found.curves[name].build()
    return list(zip(series.x.tolist(), series.y.tolist(), strict=True))


def test_an_epoch_counted_from_zero_is_not_lost() -> None:
    found = log("Epoch [0/2], LR: 0.1", HEAD + "Train Loss: 2.0", "Epoch [1/2], LR: 0.1")
    assert points(found, "train_loss") == [(0, 2.0)]
    assert found.events == []


def test_two_validations_of_one_epoch_are_no_resume() -> None:
    line = HEAD + "Validate - Precision: 0.5, Recall: 0.5, F1: 0.{}"
    found = log("Epoch [1/2], LR: 0.1", line.format(5), line.format(6))
    series = found.curves["val_f1"].build()
    assert (series.y.tolist(), series.segment.tolist()) == ([0.6], [0])


def test_values_before_the_first_epoch_have_no_place() -> None:
    assert log(HEAD + "Train Loss: 2.0", "Epoch [1/2], LR: 0.1").curves.keys() == {"learning_rate"}


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("Epoch [2/5], LR: 0.00", {"learning_rate": [(1, 0.007)]}),
        ("Train Loss: 1.8", {"train_loss": []}),
        ("Train Loss: 1.874 | Time: 0.4", {"train_loss": [(1, 1.874)], "step_time": []}),
        ("Train Loss: 1.874 | Time: 0.43s/iter", {"step_time": [(1, 0.43)]}),
        (
            "Validate - Precision: 0.72, Recall: 0.65, F1: 0.6",
            {"val_f1": [], "val_recall": [(1, 0.65)]},
        ),
        ("Validate - Precision: 0.72, Recall: 0.65, F1: 0.68", {"val_f1": [(1, 0.68)]}),
        ("Validate - Precision: 0.72, Recall: 0.65, F1: 0", {"val_f1": []}),
        (
            "Validate - Precision: nan, Recall: nan, F1: nan",
            {"val_precision": [(1, pytest.approx(float("nan"), nan_ok=True))]},
        ),
        ("Saved checkpoint: ./c/epoch_1", {}),
    ],
)
def test_a_last_line_that_may_be_cut_gives_what_is_sure(last: str, kept: dict[str, Any]) -> None:
    found = log("Epoch [1/5], LR: 0.007000", HEAD + last, end="")
    for name, expected in kept.items():
        assert points(found, name) == expected
    assert found.events == []


def test_a_whole_line_is_believed() -> None:
    found = log("Epoch [1/5], LR: 0.007000", HEAD + "Train Loss: 1.8")
    assert points(found, "train_loss") == [(1, 1.8)]
    found = log("Epoch [1/5], LR: 0.1", "Saved checkpoint: ./c/epoch_1.pth", end="")
    assert [(event.kind, event.text) for event in found.events] == [("saved", "./c/epoch_1.pth")]


TRACE = (
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    main()",
    "ValueError: no such thing",
)


def test_a_traceback_is_named_by_its_exception() -> None:
    found = log("Epoch [1/5], LR: 0.1", *TRACE, "!wandb: synced")
    assert [(e.kind, e.line, e.text, e.epoch) for e in found.events] == [
        ("error", 5, "ValueError: no such thing", 1)
    ]


def test_of_chained_tracebacks_the_last_exception_counts() -> None:
    again = ("", " During handling of the above exception, another exception occurred:", "")
    last = (*TRACE[:-1], "!KeyError: 'x'")
    (event,) = log(*TRACE, *again, *last, HEAD + "next").events
    assert event.text == "KeyError: 'x'"


def test_a_traceback_logged_as_a_message() -> None:
    found = log(ERROR + TRACE[0], *[f"    {line}" for line in TRACE[1:]], HEAD + "next")
    assert [(e.kind, e.text) for e in found.events] == [("error", "ValueError: no such thing")]
    found = log(ERROR + "out of memory", *TRACE)
    assert [e.text for e in found.events] == ["out of memory", "ValueError: no such thing"]


def test_a_traceback_cut_short_is_still_an_error() -> None:
    assert [event.text for event in log(*TRACE[:3], end="").events] == ["main()"]


@pytest.mark.parametrize(
    ("printed", "unit"),
    [
        (["0.72", "0.7"], 0.01),
        (["5"], 1.0),
        (["7e-3"], 0.001),
        (["1.50e-3"], 1e-5),
        (["nan", "inf"], 0.0),
        (["nan", "0.5"], 0.1),
        ([], 0.0),
        (["1e400"], 0.0),
        (["1e-400"], 0.0),
        (["1e99999999999999999999"], 0.0),
        (["x"], 0.0),
    ],
)
def test_resolution_is_one_unit_of_the_last_printed_digit(printed: list[str], unit: float) -> None:
    assert resolution_of(printed) == pytest.approx(unit)


@pytest.mark.parametrize(
    ("value", "count"),
    [(5, 5), (5.0, 5), ("5", 5)]
    + [(odd, None) for odd in (5.5, True, None, "x", math.nan, math.inf, 1e300, 10**400, [])],
)
def test_whole_numbers(value: object, count: int | None) -> None:
    assert whole_number(value) == count


def test_numbers() -> None:
    assert [number(v) for v in ("0.5", 3, True, None, {}, "", 10**400)] == [0.5, 3.0] + [None] * 5


def test_a_curve_counts_segments_by_itself() -> None:
    curve = CurveBuilder("a", "step")
    for x, y in ((1, 1.0), (2, 2.0), (2, 3.0), (3, 4.0), (1, 5.0)):
        curve.add(x, y)
    series = curve.build()
    assert (series.y.tolist(), series.segment.tolist()) == ([5.0, 3.0, 4.0], [2, 1, 1])


def test_a_curve_takes_from_another_what_it_lacks() -> None:
    exact, printed = CurveBuilder("a", "epoch"), CurveBuilder("a", "epoch", resolution=0.01)
    exact.add(1, 0.123)
    exact.fill(printed)
    assert exact.resolution == 0.0
    printed.add(1, 0.12)
    printed.add(2, 0.34)
    exact.fill(printed)
    assert (exact.build().y.tolist(), exact.resolution) == ([0.123, 0.34], 0.01)


def test_a_large_log_is_read_in_a_moment() -> None:
    lines = [f"{HEAD}Epoch [{i}/9999], LR: 0.1\n{HEAD}Train Loss: 1.5\n" for i in range(1, 5000)]
    begin = time.process_time()
    found = read_train_log("".join(lines).encode(), "a")
    assert found.lines == 9998
    assert time.process_time() - begin < 2


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*TRACE, HEAD + "Epoch [1/5], LR: 0.1", HEAD, "[", "\r", "\0"]), max_size=8
    )
)
def test_any_order_of_lines_is_read(lines: list[str]) -> None:
    read_train_log("\n".join(lines).encode(), "a")
