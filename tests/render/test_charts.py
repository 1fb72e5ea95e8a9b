from __future__ import annotations

import math
from dataclasses import replace

import handmade
import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.finding import CurveEvidence
from analyzer.render.charts import charts, crosses_of, steps_per_epoch, thin
from analyzer.run import Config
from analyzer.signals.stats import noise


def panel(run, name, findings=()):
    return next(chart for chart in charts(run, findings) if chart.id == name)


def evidence(**more):
    fields = {"series": "val_f1", "axis": "epoch", "start": 2, "end": 3, "value": 0.5}
    made = CurveEvidence(**{**fields, "limit": None, "unit": "", "text": "t", **more})
    return replace(handmade.stale().findings[0], evidence=(made,))


def test_a_healthy_run_has_loss_metrics_and_rate() -> None:
    made = handmade.healthy().charts
    assert [chart.id for chart in made] == ["loss", "metric", "rate"]
    assert [curve.name for curve in made[0].curves] == [
        "train_loss",
        "val_loss",
        "train_loss@step",
    ]
    assert made[0].curves[2].faint
    assert made[0].curves[2].x[-1] == 20, "steps lie on the axis of the epochs"
    assert made[1].best == (20.0, "best checkpoint: epoch 20")


def test_values_that_are_not_finite_become_crosses_at_the_last_finite_height() -> None:
    loss = panel(handmade.exploded().run, "loss")
    assert loss.has_crosses
    assert loss.curves[0].crosses == tuple((float(x), 880.0) for x in (6, 7, 8, 9))
    assert loss.log, "1.9 to 880 spans more than two decades"


def test_crosses_before_any_finite_value_stand_at_the_first_one() -> None:
    assert crosses_of(np.array([1.0, 2.0]), np.array([math.nan, 5.0])) == ((1.0, 5.0),)
    assert crosses_of(np.array([1.0]), np.array([math.inf])) == ((1.0, 0.0),)


def test_evidence_lies_on_its_curve() -> None:
    run = handmade.run("r", handmade.series("val_f1", [0.2, 0.6, 0.5]))
    (mark,) = panel(run, "metric", [evidence(limit=0.55, at=3)]).marks
    assert (mark.start, mark.end, mark.limit, mark.point) == (2, 3, 0.55, (3.0, 0.5))
    (mark,) = panel(run, "metric", [evidence(limit=0.4, unit="noise", at=2)]).marks
    assert (mark.limit, mark.point) == (None, (2.0, 0.6)), "a limit in another unit is no height"
    (mark,) = panel(run, "metric", [evidence(limit=4.0, unit="noise", height=0.4)]).marks
    assert mark.limit == 0.4, "but where on the curve it lies is"
    (mark,) = panel(run, "metric", [evidence(value=3.0, limit=0.0, at=2)]).marks
    assert (mark.limit, mark.point) == (None, (2.0, 0.6)), "nor is the limit of a count"
    (mark,) = panel(run, "metric", [evidence(limit=0.55)]).marks
    assert (mark.limit, mark.point) == (None, None), "where the whole span decided, no point did"


def test_a_point_that_is_not_finite_is_ringed_at_the_last_finite_height() -> None:
    run = handmade.run("r", handmade.series("val_f1", [math.nan, 0.2, 0.6, math.nan]))
    (mark,) = panel(run, "metric", [evidence(at=4, value=math.nan)]).marks
    assert (mark.point, mark.broken) == ((4.0, 0.6), True)
    (mark,) = panel(run, "metric", [evidence(at=1)]).marks
    assert (mark.point, mark.broken) == ((1.0, 0.2), True)
    nothing = handmade.run("r", handmade.series("val_f1", [math.nan, math.nan]))
    (mark,) = panel(nothing, "metric", [evidence(at=1)]).marks
    assert (mark.point, mark.broken) == (None, False)


def test_of_several_pieces_of_evidence_the_one_with_a_limit_is_ringed() -> None:
    run = handmade.run("r", handmade.series("val_f1", [0.2, 0.6, 0.5]))
    one, two = evidence(at=2, unit="%", limit=1.0), evidence(limit=0.55, at=3)
    both = replace(one, evidence=(*one.evidence, *two.evidence))
    (mark,) = panel(run, "metric", [both]).marks
    assert (mark.limit, mark.point) == (0.55, (3.0, 0.5))
    assert mark.text == "t; t", "what is ringed is told"


def test_evidence_in_units_of_noise_has_a_band_of_that_noise() -> None:
    values = [0.2, 0.6, 0.5, 0.7, 0.4, 0.66]
    run = handmade.run("r", handmade.series("val_f1", values))
    (mark,) = panel(run, "metric", [evidence(limit=5.0, unit="noise")]).marks
    assert mark.noise == noise(run.series["val_f1"])
    assert 0.05 < mark.noise < 0.5
    (mark,) = panel(run, "metric", [evidence(limit=0.55)]).marks
    assert mark.noise is None


def test_evidence_on_a_role_and_on_an_odd_curve_gets_drawn_too() -> None:
    run = handmade.run("r", handmade.series("val_f1", [1.0]), handmade.series("grad_norm", [9.0]))
    assert panel(run, "metric", [evidence(series="metric")]).marks
    assert panel(run, "grad_norm", [evidence(series="grad_norm")]).marks


def test_evidence_that_cannot_be_placed_is_left_out() -> None:
    run = handmade.run("r", handmade.series("val_f1", [1.0]))
    for odd in ({"start": math.nan}, {"axis": "time"}, {"series": "not_logged"}):
        assert not panel(run, "metric", [evidence(**odd)]).marks


def test_a_resumed_curve_breaks_at_the_seam() -> None:
    curve = handmade.series("val_f1", [1, 2, 3, 4], x=[1, 2, 2, 3], segment=[0, 0, 1, 1])
    drawn = panel(handmade.run("r", curve), "metric").curves[0]
    assert drawn.x.tolist() == [1, 2, 2, 2, 3]
    assert np.isnan(drawn.y).tolist() == [False, False, True, False, False]


def test_a_run_that_only_logs_steps_is_drawn_over_steps() -> None:
    curve = handmade.series("train_loss", [3, 2, 1], axis="step", x=[10, 20, 30])
    chart = panel(handmade.run("r", curve), "loss")
    assert (chart.x_label, chart.curves[0].x.tolist()) == ("step", [10, 20, 30])


def test_steps_of_an_epoch_come_from_the_data_where_that_fits() -> None:
    steps = handmade.series("train_loss@step", np.ones(35), axis="step")
    epochs = handmade.series("train_loss", [1, 1, 1])
    config = Config({"data.batch_size": 8})
    killed = handmade.run("r", steps, epochs, config=config, samples={"train": 80})
    assert steps_per_epoch(killed) == 10, "half an epoch more than the three that ended"
    assert steps_per_epoch(replace(killed, samples={"train": 8000})) == 35 / 3
    assert steps_per_epoch(replace(killed, series={"train_loss": epochs})) is None


def test_noise_does_not_fill_the_metric_panel_and_a_constant_has_a_height() -> None:
    low, high = panel(handmade.run("r", handmade.series("val_f1", [0.0] * 5)), "metric").y_range
    assert low <= 0
    assert high - low >= 0.2
    low, high = panel(handmade.run("r", handmade.series("val_loss", [5.0] * 5)), "loss").y_range
    assert low < 5 < high


@given(st.lists(st.floats(-1e6, 1e6) | st.just(math.nan), min_size=1, max_size=400))
def test_thinning_keeps_extremes_and_order(values: list[float]) -> None:
    y = np.array(values)
    x = np.arange(len(y), dtype=float)
    kept_x, kept_y = thin(x, y, 60)
    assert len(kept_y) <= max(60, 0) or len(y) <= 60
    assert np.all(np.diff(kept_x) > 0)
    assert np.isnan(kept_y).any() == np.isnan(y).any()
    if np.isfinite(y).any():
        assert np.nanmin(kept_y) == np.nanmin(y)
        assert np.nanmax(kept_y) == np.nanmax(y)
