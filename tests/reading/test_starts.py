"""Starts of a program inside its files: what is judged, what is kept, what several files tell."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.reading.curves import build_curves
from analyzer.reading.tables import Column, Table
from analyzer.reading.values import numbers, printed_resolution
from analyzer.run import Axis


def table(file: str, *epochs: float, axis: Axis = "epoch", name: str = "train_loss") -> Table:
    """Row n holds the value n; row and line numbers are the same."""
    made = Table(axis, file)
    for line, epoch in enumerate(epochs, 1):
        made.add(epoch, [(name, float(line))], line)
    return made


def test_back_to_the_first_epoch_is_another_training() -> None:
    curves = build_curves([table("log", 1, 2, 3, 1, 2, 3, 4)])
    assert curves.series["train_loss"].y.tolist() == [4, 5, 6, 7]
    assert curves.series["train_loss"].segment.tolist() == [0, 0, 0, 0]
    assert [piece.y.tolist() for piece in curves.superseded] == [[1, 2, 3]]
    assert [(e.kind, e.line) for e in curves.events] == [("restarted", 4)]


def test_a_log_that_says_resumed_goes_on_even_from_the_first_epoch() -> None:
    made = table("log", 1, 1, 2)
    made.start(2, "Resumed from epoch_0.pth", "resumed")
    curves = build_curves([made])
    assert curves.series["train_loss"].y.tolist() == [2, 3]
    assert curves.series["train_loss"].segment.tolist() == [1, 1]
    assert [(e.kind, e.text) for e in curves.events] == [("resumed", "Resumed from epoch_0.pth")]


def test_what_one_file_tells_of_starts_holds_for_the_others() -> None:
    log = table("log", 1, 2, 3, 4, name="learning_rate")
    log.start(3, "Resumed from epoch_2.pth", "resumed")
    steps = Table("step", "steps")
    for line, (step, epoch) in enumerate(((10, 1), (20, 2), (30, 3), (40, 4)), 1):
        steps.add(step, [("grad_norm", 1.0)], line, epoch)
    curves = build_curves([table("metrics", 1, 2, 3, 4), log, steps])
    for name in ("train_loss", "learning_rate", "grad_norm"):
        assert curves.series[name].segment.tolist() == [0, 0, 1, 1]
    assert [event.file for event in curves.events] == ["log"]


def test_of_files_that_tell_the_same_starts_one_is_heard() -> None:
    curves = build_curves([table("a", 1, 2, 3, 2, 3), table("b", 1, 2, 3, 2, 3, name="val_f1")])
    assert [(event.kind, event.file) for event in curves.events] == [("resumed", "b")]


def test_rows_added_at_once_and_one_by_one_are_one_table() -> None:
    made = Table("step", "log")
    made.extend(np.arange(3.0), {"a": Column(np.arange(3), np.arange(3.0))}, np.arange(1, 4))
    made.add(3, [("a", b"3"), ("b", b"0.5")], 4, epoch=2)
    made.extend(
        np.array([4.0, np.nan, 6.0]),
        {"a": Column(np.arange(3), np.array([4.0, 5.0, 6.0])), "b": Column(np.array([2]), [6.5])},
        np.arange(5, 8),
    )
    for _ in range(2):  # asking twice changes nothing
        rows = made.rows()
        assert rows.x.tolist() == [0, 1, 2, 3, 4, 6]
        assert rows.line.tolist() == [1, 2, 3, 4, 5, 7]
        assert rows.columns["a"].y.tolist() == [0, 1, 2, 3, 4, 6]
        assert rows.columns["a"].rows.tolist() == [0, 1, 2, 3, 4, 5]
        assert rows.columns["b"].rows.tolist() == [3, 5]
        assert rows.epoch is not None
        assert np.nan_to_num(rows.epoch).tolist() == [0, 0, 0, 2, 0, 0]


@pytest.mark.parametrize(
    ("texts", "unit"),
    [
        ([b"0.72", b"0.7"], 0.01),
        ([b"-5", b"+3"], 1.0),
        ([b"5."], 1.0),
        ([b"1e-3", b"0.5"], 0.001),
        ([b"nan", b"0.5"], 0.1),
        ([b"nan"], 0.0),
        ([], 0.0),
    ],
)
def test_the_printed_precision(texts: list[bytes], unit: float) -> None:
    assert printed_resolution(texts) == pytest.approx(unit)


def test_numbers_among_other_texts() -> None:
    places, values = numbers([b"1.5", b"", b"n/a", b"-inf", b"x", b" 2 "])
    assert (places.tolist(), values.tolist()) == ([0, 3, 5], [1.5, -np.inf, 2.0])
    assert numbers([b"1", b"2"])[1].tolist() == [1, 2]


def test_rows_that_share_a_position_start_anew_together() -> None:
    made = Table("epoch", "log")
    for start in range(3):
        made.add(1, [("train_loss", 0.5)], 10 * start + 1)
        made.add(1, [("val_loss", float(start))], 10 * start + 2)
    curves = build_curves([made])
    assert [(event.kind, event.line) for event in curves.events] == [
        ("restarted", 11),
        ("restarted", 21),
    ]
    assert curves.series["train_loss"].y.tolist() == [0.5]
    assert curves.series["val_loss"].y.tolist() == [2.0]
