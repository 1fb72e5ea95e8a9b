"""What the steps of tagged scalars count."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from analyzer.reading.curves import build_curves
from analyzer.reading.scalars import Scalar, by_time, scalar_tables
from analyzer.run import Note, Series


def scalar(name: str, steps: Sequence[float], apart: float = 0.1, first_line: int = 1) -> Scalar:
    step = np.array(steps, dtype=np.float64)
    n = np.arange(len(step))
    return Scalar(name, step, 100.0 - n, 1.7e9 + apart * n, first_line + n)


def curves(*scalars: Scalar) -> dict[str, Series]:
    notes: list[Note] = []
    return build_curves(scalar_tables(scalars, "events", notes)).series


def axes(*scalars: Scalar) -> dict[str, str]:
    return {name: series.axis for name, series in curves(*scalars).items()}


TEN = range(10)


@pytest.mark.parametrize(
    ("scalars", "axis"),
    [
        ([scalar("loss", TEN)], "step"),
        ([scalar("loss", TEN, apart=30)], "epoch"),
        ([scalar("epoch_loss", TEN)], "epoch"),
        ([scalar("loss", TEN), scalar("val/loss", TEN)], "epoch"),
        ([scalar("loss", TEN), scalar("val/loss", [0, 5])], "step"),
        ([scalar("loss", TEN), scalar("batch_lr", range(0, 4000, 40))], "epoch"),
        ([scalar("loss", range(0, 500, 50), apart=60)], "step"),
        ([scalar("loss", [0.5, 1, 1.5]), scalar("val/loss", [1, 2])], "step"),
        ([scalar("loss/step", TEN, apart=60)], "step"),
    ],
    ids=[
        *("quick steps", "slow steps", "named epochs", "validated at each", "validated at few"),
        *("another counts further", "steps of fifty", "shares", "named steps"),
    ],
)
def test_what_the_steps_count(scalars: list[Scalar], axis: str) -> None:
    first = axes(*scalars)
    assert next(a for name, a in first.items() if name.startswith("train_loss")) == axis


def test_epochs_from_0_and_from_1_are_1_based() -> None:
    assert curves(scalar("val/loss", range(3)))["val_loss"].x.tolist() == [1, 2, 3]
    assert curves(scalar("val/loss", range(1, 4)))["val_loss"].x.tolist() == [1, 2, 3]


def test_a_sparse_validation_counts_as_the_training_does() -> None:
    found = curves(scalar("epoch_loss", range(10)), scalar("val/loss", [4, 9]))
    assert found["val_loss"].x.tolist() == [5, 10]


def test_a_logged_epoch_tells_where_each_step_belongs() -> None:
    epoch = Scalar(
        "epoch", np.array([1.0, 3, 5, 7]), np.array([0.0, 0, 1, 1]), np.zeros(4), np.arange(1, 5)
    )
    found = curves(
        epoch, scalar("train/loss", [1, 3, 5, 7]), scalar("val/loss", [4, 8]), scalar("lr", [0, 4])
    )
    assert found["train_loss"].y.tolist() == [99.5, 97.5]
    assert found["val_loss"].x.tolist() == [1, 2], "a validation ends its epoch"
    assert "epoch" not in found


def test_results_and_clocks_are_no_curves() -> None:
    notes: list[Note] = []
    last = scalar("test_acc", [0], first_line=50)
    tables = scalar_tables([scalar("loss", TEN), last, scalar("hp_metric", [0])], "f", notes)
    assert len(tables) == 1
    assert "test_acc was logged once" in notes[0].text


def test_two_names_of_one_meaning_stay_apart() -> None:
    assert len(curves(scalar("loss", TEN), scalar("train/loss", TEN))) == 2


def test_lines_by_time() -> None:
    one, two = scalar("a", [1, 2, 3]), scalar("b", [1, 2])
    backwards = Scalar("c", two.step, two.value, np.array([1.7e9 + 5, 0]), two.line)
    found = by_time([one, backwards])
    assert [s.line.tolist() for s in found] == [[1, 2, 3], [4, 5]]
    assert by_time([]) == []
