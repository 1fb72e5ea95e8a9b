"""Which lines of a file belong to the training that is judged, and units of columns."""

import pytest

from analyzer.reading.curves import build_curves, judged_lines
from analyzer.reading.tables import Table


def table_of(*steps: int) -> Table:
    table = Table("step", "log")
    for line, step in enumerate(steps, 1):
        table.add(step, [("train_loss", b"1.0")], line)
    return table


def test_no_rows_no_lines() -> None:
    assert judged_lines([]) == (0, 0)
    assert judged_lines([Table("epoch", "log")]) == (0, 0)


def test_the_last_long_training_is_judged() -> None:
    assert judged_lines([table_of(1, 2, 1, 2, 3, 4, 5)]) == (3, 7)
    assert judged_lines([table_of(*range(9), 0)]) == (1, 9)


def test_a_resume_belongs_to_its_training() -> None:
    assert judged_lines([table_of(1, 2, 3, 2, 3, 4)]) == (1, 6)


def test_factors_change_values_and_resolution() -> None:
    table = Table("epoch", "log", factors={"val_accuracy": 0.01})
    table.add(1, [("val_accuracy", b"0.50"), ("val_loss", b"3")], 1)
    series = build_curves([table]).series
    assert series["val_accuracy"].y[0] == pytest.approx(0.005)
    assert series["val_accuracy"].resolution == pytest.approx(1e-4)
    assert series["val_loss"].y[0] == 3


def test_a_mark_may_know_that_another_training_begins() -> None:
    table = table_of(1, 2, 3, 4, 5, 6)
    table.start(4, "another training", "restarted")
    assert judged_lines([table]) == (4, 6)
    assert [event.text for event in build_curves([table]).events] == ["another training"]
