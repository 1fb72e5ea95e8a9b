from __future__ import annotations

import math

import handmade
import pytest

from analyzer.names import label
from analyzer.run import flatten
from analyzer.summary import direction, last_written, summarise


@pytest.mark.parametrize(("higher", "best", "at"), [(True, 3.0, 2.0), (False, 1.0, 1.0)])
def test_best_is_by_direction_and_the_first_of_equals(
    higher: bool, best: float, at: float
) -> None:
    found = summarise(handmade.series("a", [1, 3, 3, 1]), higher)
    assert (found.best, found.best_at, found.last, found.gap) == (best, at, 1.0, abs(best - 1))


def test_what_is_not_finite_is_never_best_but_may_be_last() -> None:
    found = summarise(handmade.series("a", [1, math.inf, -math.inf, math.nan]), True)
    assert (found.best, found.points, found.nonfinite, found.gap) == (1.0, 4, 3, None)
    assert found.last is not None
    assert math.isnan(found.last)


def test_curves_without_points_or_direction_have_no_best() -> None:
    assert summarise(handmade.series("a", []), True).last is None
    assert summarise(handmade.series("a", [math.nan]), True).best is None
    assert summarise(handmade.series("a", [1]), None).best is None


@pytest.mark.parametrize(
    ("name", "higher"),
    [
        ("val_f1", True),
        ("val_norm_ed", True),
        ("train_loss.prob", False),
        ("train_loss@step", False),
        ("learning_rate", None),
        ("odd", None),
    ],
)
def test_directions(name: str, higher: bool | None) -> None:
    assert direction(name) is higher


def test_the_main_metric_has_the_direction_that_the_run_says() -> None:
    run = handmade.run("r", main_metric="odd", higher_is_better=False)
    assert direction("odd", run) is False


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("val_f1", "F1"),
        ("train_loss.prob", "training loss: prob"),
        ("train_loss.prob@step", "training loss: prob by step"),
        ("odd.name", "odd.name"),
    ],
)
def test_labels(name: str, text: str) -> None:
    assert label(name) == text


def test_the_last_writer_wins_where_a_resumed_run_repeats_itself() -> None:
    curve = handmade.series("a", [1, 2, 3, 20, 30], x=[1, 2, 3, 2, 3], segment=[0, 0, 0, 1, 1])
    x, y = last_written(curve)
    assert (x.tolist(), y.tolist()) == ([1, 2, 3], [1, 20, 30])


def test_nested_settings_become_dotted_keys() -> None:
    nested = {"a": {"b": {"c": 1}, "d": {}}, "e": None}
    assert list(flatten(nested)) == [("a.b.c", 1), ("a.d", {}), ("e", None)]
