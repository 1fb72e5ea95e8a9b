from __future__ import annotations

import math

import handmade
import numpy as np
import pytest

from analyzer.compare import compare
from analyzer.compare.alignment import align, off_axis


def f1(values, **more):
    return handmade.series("val_f1", values, **more)


def times(values):
    return handmade.series("epoch_time", values)


def one(runs, by=None, name="val_f1"):
    return next(curve for curve in align(runs, by) if curve.name == name)


def test_curves_are_laid_over_the_time_that_their_epochs_took() -> None:
    slow = handmade.run("a", f1([0.1, 0.2, 0.3]), times([10, 20, 30]))
    fast = handmade.run("b", f1([0.1, 0.2]), times([5, 5]))
    curve = one([slow, fast], "time")
    assert (curve.axis, curve.x.tolist()) == ("time", [5, 10, 30, 60])
    assert curve.logged.tolist() == [[False, True, True, True], [True, True, False, False]]


def test_epochs_without_a_time_took_the_usual_one() -> None:
    run = handmade.run(
        "a", f1([0.1] * 5), handmade.series("epoch_time", [10, 10, math.nan, 30], x=[1, 2, 3, 4])
    )
    seconds = one([run, run], "time").x.tolist()
    assert seconds == [10, 20, 40, 60, 70], "between two known ends the places are even"


def test_epochs_and_steps_are_turned_into_each_other() -> None:
    steps = f1([0.1, 0.2], axis="step", x=[10, 20])
    a = handmade.run("a", steps, planned_steps=100, planned_epochs=10)
    b = handmade.run("b", f1([0.1, 0.2]), planned_steps=50, planned_epochs=10)
    assert one([a, b]).axis == "epoch"
    assert one([a, b]).x.tolist() == [1, 2]
    assert one([a, b], "step").x.tolist() == [5, 10, 20]


def test_runs_whose_times_are_not_known_are_left_out_and_it_is_said() -> None:
    bare = handmade.run("a", f1([0.1, 0.2]), started=None, ended=None)
    known = handmade.run("b", f1([0.1, 0.2]), times([5, 5]))
    assert list(align([bare, known], "time")) == []
    assert off_axis([bare, known], "time") == [0]
    assert "1 of 2 runs cannot be drawn by time" in compare([bare, known], by="time").notes[-1]


def test_counters_beyond_all_measure_cost_no_memory() -> None:
    odd = handmade.run("a", f1([0.1, 0.2], x=[1, 1e15]), times([5, 5]))
    assert one([odd, odd], "time").x[-1] > 1e15


def test_the_area_is_the_mean_height_over_what_all_runs_share() -> None:
    long = handmade.run("a", f1([0.0, 0.5, 1.0, 9.0]))
    short = handmade.run("b", f1([0.5, math.nan, 1.0]))
    assert one([long, short]).areas() == pytest.approx((0.5, 0.75))


def test_the_area_of_a_straight_line_does_not_hang_on_its_points() -> None:
    dense = handmade.run("a", f1(np.linspace(0, 1, 101), x=np.linspace(1, 11, 101)))
    sparse = handmade.run("b", f1([0.0, 1.0], x=[1, 11]))
    assert one([dense, sparse]).areas() == pytest.approx((0.5, 0.5))


def test_nothing_shared_is_no_area() -> None:
    early, late = handmade.run("a", f1([1, 2])), handmade.run("b", f1([1, 2], x=[5, 6]))
    assert one([early, late]).areas() == (None, None)
    empty = handmade.run("c", f1([math.nan] * 3))
    assert one([empty, empty]).areas() == (None, None)
    assert one([early, empty]).areas() == (1.5, None)


def test_many_runs_that_share_no_time_fit_into_memory(monkeypatch) -> None:
    monkeypatch.setattr("analyzer.compare.alignment.MOST_VALUES", 1000)
    monkeypatch.setattr("analyzer.compare.alignment.CELLS", 50)
    rng = np.random.default_rng(1)
    rising = np.linspace(0, 1, 40)
    runs = [handmade.run(str(i), f1(rising), times(rng.uniform(1, 2, 40))) for i in range(20)]
    curve = one(runs, "time")
    assert curve.y.shape == (20, 50)
    assert np.isfinite(curve.y).sum(axis=1).min() > 20
    last = [row[mask][-1] for row, mask in zip(curve.y, curve.logged, strict=True)]
    assert last == [1.0] * 20
