from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import handmade
import numpy as np
import pytest

from analyzer.compare import MISSING, Tolerance, compare, parse_tolerance
from analyzer.compare.judgement import Outcome
from analyzer.errors import UsageError
from analyzer.run import Config, Run


def made(
    lr: float = 0.007, seed: int | None = 1, shift: float = 0.0, noise: int = 0, **more: Any
) -> Run:
    """A run with its rate and seed; ``shift`` moves its F1, ``noise`` is the seed of its curve."""
    curves = [
        replace(c, y=c.y + shift) if c.name == "val_f1" else c for c in handmade.curves(seed=noise)
    ]
    values = {"optimizer.lr": lr, "data.batch_size": 8}
    if seed is not None:
        values["train.seed"] = seed
    fields = {"config": Config({**values, **more.pop("config", {})}), **more}
    return handmade.run(f"lr{lr}-seed{seed}", *curves, **fields)


def verdict(*runs: Run, **more: Any):
    return compare(runs, **more).main[0]


def test_only_differing_keys_are_shown_and_missing_is_not_none() -> None:
    a = made(config={"model.pretrained": None, "model.depth": 18, "amp": True})
    b = made(0.01, config={"model.depth": 18.0, "amp": 1})
    found = {one.key: one.values for one in compare([a, b]).config}
    assert found == {
        "amp": (True, 1),
        "model.pretrained": (None, MISSING),
        "optimizer.lr": (0.007, 0.01),
    }


def test_the_environment_is_compared_without_what_always_differs() -> None:
    a = made(environment={"pid": 1, "heartbeat": "x", "versions": {"torch": "2.4"}, "seed": 1})
    b = made(environment={"pid": 2, "heartbeat": "y", "versions": {"torch": "2.5"}, "seed": 2})
    assert [one.key for one in compare([a, b]).environment] == ["versions.torch"]


def test_one_run_a_side_never_says_better_or_worse_by_itself() -> None:
    for shift in (-0.3, -0.05, 0.05, 0.3):
        one = verdict(made(), made(0.01, shift=shift))
        assert one.outcome is Outcome.CANNOT_TELL
        assert one.times is not None
        assert one.times > 1
        assert "unknown how much seeds differ" in one.because
        assert "repeat both with" in one.next_step


def test_where_a_run_was_written_keeps_no_repetitions_apart() -> None:
    runs = [
        made(
            lr,
            seed,
            config={"output.dir": f"out/{lr}/{seed}", "output.root": f"out/{lr}"},
            environment={"config_digest": f"{lr}-{seed}", "seed": seed},
        )
        for lr in (0.007, 0.01)
        for seed in (1, 2)
    ]
    found = compare(runs)
    assert [side.places for side in found.sides] == [(0, 1), (2, 3)]
    assert found.explaining == ("optimizer.lr",)
    assert found.environment == ()


def test_a_difference_below_the_evaluation_noise_is_within_noise() -> None:
    one = verdict(made(), made(0.01, shift=0.001))
    assert one.outcome is Outcome.WITHIN_NOISE
    assert one.noise is not None
    assert abs(one.difference or 1) < one.noise


@pytest.mark.parametrize(
    ("shift", "outcome"),
    [(-0.05, Outcome.WORSE), (0.05, Outcome.BETTER), (-0.01, Outcome.WITHIN_NOISE)],
)
def test_a_stated_tolerance_decides(shift: float, outcome: Outcome) -> None:
    one = verdict(made(), made(0.01, shift=shift), tolerance={"val_f1": 0.02})
    assert one.outcome is outcome


def test_a_tolerance_may_be_a_share_of_the_baseline() -> None:
    a, b = made(), made(0.01, shift=-0.02)
    wide = verdict(a, b, tolerance={"val_f1": Tolerance(0.05, relative=True)})
    assert wide.outcome is Outcome.WITHIN_NOISE
    assert wide.tolerance == pytest.approx(0.05 * (wide.a_value or 0))
    assert "5 % (0.03" in wide.because
    narrow = verdict(a, b, tolerance={"val_f1": Tolerance(0.01, relative=True)})
    assert narrow.outcome is Outcome.WORSE


def test_a_difference_as_large_as_the_tolerance_is_tolerated() -> None:
    a, b = (handmade.run("r", handmade.series("val_f1", [v])) for v in (0.7, 0.69))
    assert verdict(a, b, tolerance={"val_f1": 0.01}).outcome is Outcome.WITHIN_NOISE


@pytest.mark.parametrize("text", ["", "x", "-1", "inf", "nan", "%", "1%%"])
def test_what_is_no_tolerance_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no tolerance"):
        parse_tolerance(text)


def test_tolerances_are_read_from_text() -> None:
    assert parse_tolerance("0.01") == Tolerance(0.01)
    assert parse_tolerance("2.5 %") == Tolerance(0.025, relative=True)


def test_settings_code_and_data_that_could_explain_are_told_for_each_side() -> None:
    def surroundings(commit: str, digest: str):
        return {"git": {"commit": commit}, "data": {"test": {"digest": digest}}, "host": commit}

    runs = [
        made(environment=surroundings("a", "x")),
        made(0.01, environment=surroundings("a", "x")),
        made(environment=surroundings("b", "y")),
    ]
    one, two = compare(runs).explanations
    assert (one.side, one.config, one.code, one.data) == ("B", ("optimizer.lr",), (), ())
    assert (two.config, two.code, two.data) == ((), ("git.commit",), ("data.test.digest",))


def test_a_loss_is_better_when_it_is_lower() -> None:
    a, b = made(), made(0.01)
    lower = replace(b.series["val_loss"], y=b.series["val_loss"].y - 0.2)
    b = replace(b, series={**b.series, "val_loss": lower})
    found = {one.metric: one for one in compare([a, b], tolerance={"val_loss": 0.1}).judgements}
    assert found["val_loss"].outcome is Outcome.BETTER


def test_seeds_make_sides_and_an_interval_decides() -> None:
    runs = [made(seed=i, noise=i) for i in (1, 2, 3)]
    runs += [made(0.01, seed=i, noise=i + 3, shift=-0.05) for i in (1, 2, 3)]
    found = compare(runs)
    assert [(side.name, side.places, side.seeds) for side in found.sides] == [
        ("A", (0, 1, 2), (1, 2, 3)),
        ("B", (3, 4, 5), (1, 2, 3)),
    ]
    one = found.main[0]
    assert (one.outcome, one.n_a, one.n_b) == (Outcome.WORSE, 3, 3)
    assert one.interval is not None
    assert one.interval[1] < 0
    assert one.detectable is not None
    assert "3 against 3 seeds" in one.because
    assert "smallest difference" in one.because
    assert found.explaining == ("optimizer.lr",)


def test_few_seeds_that_show_nothing_say_how_many_would() -> None:
    def side(lr, values):
        return [
            replace(
                made(lr, seed=i),
                series={"val_f1": handmade.series("val_f1", [0.1, value, 0.1])},
            )
            for i, value in enumerate(values)
        ]

    unclear = verdict(*side(0.1, [0.70, 0.72]), *side(0.2, [0.73, 0.75]))
    assert unclear.outcome is Outcome.CANNOT_TELL
    assert "seeds a side would show" in unclear.next_step
    alike = verdict(*side(0.1, [0.70, 0.72]), *side(0.2, [0.705, 0.72]))
    assert alike.outcome is Outcome.WITHIN_NOISE
    constant = verdict(*side(0.1, [0.7, 0.7]), *side(0.2, [0.8, 0.8]))
    assert constant.outcome is Outcome.CANNOT_TELL
    equal = verdict(*side(0.1, [0.7, 0.7]), *side(0.2, [0.7, 0.7]))
    assert equal.outcome is Outcome.WITHIN_NOISE


def test_runs_with_one_seed_count_once() -> None:
    runs = [made(seed=1, noise=1), made(seed=1, noise=2), made(0.01, seed=1, noise=3)]
    found = compare(runs)
    assert found.main[0].n_a == 1
    assert any("share a seed" in note for note in found.notes)


def test_runs_of_one_recipe_are_judged_apart_and_it_is_said() -> None:
    found = compare([made(seed=1, noise=1), made(seed=2, noise=2)])
    assert [side.name for side in found.sides] == ["A", "B"]
    assert any("differ only in the seed" in note for note in found.notes)
    same = compare([made(noise=1), made(noise=2)])
    assert any("same config and seed" in note for note in same.notes)


def test_other_code_or_data_is_another_side() -> None:
    a = [made(seed=i, environment={"git": {"commit": "a"}}) for i in (1, 2)]
    b = [made(seed=i, environment={"git": {"commit": "b"}}) for i in (1, 2)]
    assert [side.places for side in compare([*a, *b]).sides] == [(0, 1), (2, 3)]


def test_runs_without_config_are_never_taken_for_repetitions() -> None:
    bare = replace(made(), config=Config())
    found = compare([bare, bare, made()])
    assert len(found.sides) == 3
    assert any("no config" in note for note in found.notes)


def test_a_run_that_broke_before_its_first_evaluation_is_worse() -> None:
    broken = handmade.run("broken", handmade.series("train_loss", [math.nan]))
    one = verdict(made(), broken)
    assert one.outcome is Outcome.WORSE
    assert one.b_value is None
    assert one.difference is None


def test_a_run_that_ended_in_nan_is_worse_however_few_there_are() -> None:
    broken = handmade.exploded().run
    assert verdict(made(), broken).outcome is Outcome.WORSE
    assert verdict(broken, made()).outcome is Outcome.BETTER
    assert verdict(broken, replace(broken)).outcome is not Outcome.WORSE


def test_a_missing_metric_is_never_a_pass() -> None:
    without = replace(made(0.01), series={"val_loss": made().series["val_loss"]})
    one = verdict(made(), without, tolerance={"val_f1": 1.0})
    assert (one.outcome, one.b_value, one.difference) == (Outcome.CANNOT_TELL, None, None)
    assert "B logged no finite value" in one.because
    empty = handmade.run("empty", config=Config({"a": 1}))
    assert verdict(empty, replace(empty)).outcome is Outcome.CANNOT_TELL
    assert compare([replace(empty, main_metric=None)] * 2).main == ()


def test_curves_are_aligned_by_epoch() -> None:
    a = handmade.run("a", handmade.series("val_f1", [1, 2, 3]))
    b = handmade.run("b", handmade.series("val_f1", [5, math.nan], x=[2, 4]))
    (curve,) = compare([a, b]).curves
    assert curve.x.tolist() == [1, 2, 3, 4]
    assert np.array_equal(
        curve.y, [[1, 2, 3, np.nan], [np.nan, 5, np.nan, np.nan]], equal_nan=True
    )


def test_curves_over_different_axes_are_not_laid_over_each_other() -> None:
    a = handmade.run("a", handmade.series("val_f1", [1, 2]))
    b = handmade.run("b", handmade.series("val_f1", [1, 2], axis="step"))
    assert compare([a, b]).curves == ()


def test_runs_that_log_by_step_are_judged_too() -> None:
    curves = [handmade.series(name, [0.5, 0.6], axis="step") for name in ("val_f1", "val_loss")]
    fine = handmade.series("train_loss@step", [0.5, 0.6], axis="step")
    runs = [handmade.run(name, *curves, fine) for name in "ab"]
    assert [one.metric for one in compare(runs).judgements] == ["val_f1", "val_loss"]


def test_longer_runs_had_more_chances() -> None:
    short = handmade.run("a", handmade.series("val_f1", [0.1, 0.2]))
    notes = compare([short, handmade.run("b", handmade.series("val_f1", [0.1]))]).notes
    assert any("1 to 2 epochs" in note for note in notes)


@pytest.mark.parametrize(
    ("runs", "tolerance", "says"),
    [
        (1, {}, "needs two runs or more, not 1"),
        (2, {"f1": 0.1}, "'f1', which no run logs"),
        (2, {"epoch_time": 0.1}, "'epoch_time', which no run logs as a metric"),
        (2, {"val_f1": -0.1}, "must be 0 or more"),
        (2, {"val_f1": math.nan}, "must be 0 or more"),
    ],
)
def test_what_cannot_be_compared_is_said(runs: int, tolerance: dict, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        compare([made()] * runs, tolerance=tolerance)


def test_more_sides_than_letters_still_have_names() -> None:
    found = compare([made(lr=i / 100, seed=None) for i in range(1, 30)])
    assert [side.name for side in found.sides][25:28] == ["Z", "S27", "S28"]
