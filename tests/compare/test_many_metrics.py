from __future__ import annotations

import handmade
import numpy as np

from analyzer.compare import Outcome, compare
from analyzer.run import Config

DECIDED = (Outcome.BETTER, Outcome.WORSE)
PARTS = [f"train_loss.{letter}" for letter in "abcdefghijkl"]


def side(rng, rate, shift=None, seeds=5):
    runs = []
    for seed in range(seeds):
        values = {name: rng.normal(1 + (shift or {}).get(name, 0.0), 0.1) for name in PARTS}
        curves = [handmade.series(name, [value]) for name, value in values.items()]
        curves.append(handmade.series("val_f1", [rng.normal(0.7, 0.01)]))
        config = Config({"optimizer.lr": rate, "train.seed": seed})
        runs.append(handmade.run(f"{rate}-{seed}", *curves, config=config))
    return runs


def test_of_many_metrics_hardly_one_is_decided_by_chance() -> None:
    rng = np.random.default_rng(5)
    trials = 150
    wrong = 0
    for _ in range(trials):
        found = compare([*side(rng, 0.01), *side(rng, 0.02)]).judgements
        wrong += any(one.outcome in DECIDED for one in found if one.metric != "val_f1")
    assert wrong / trials <= 0.1, "twelve metrics at 5 % each would give 46 %"


def test_what_is_clear_is_said_among_many_too() -> None:
    rng = np.random.default_rng(6)
    runs = [*side(rng, 0.01), *side(rng, 0.02, {PARTS[0]: 0.5})]
    found = {one.metric: one for one in compare(runs).judgements}
    assert found[PARTS[0]].outcome is Outcome.WORSE
    assert (found[PARTS[0]].p or 1) < 0.05 / len(PARTS)


def test_what_could_be_chance_among_many_is_doubted_unless_it_was_named_before() -> None:
    values = {0.01: (1.00, 1.02, 0.98), 0.02: (1.06, 1.08, 1.04)}
    rng = np.random.default_rng(7)

    def runs():
        for rate, ends in values.items():
            for run, end in zip(side(rng, rate, seeds=3), ends, strict=True):
                yield handmade.run(
                    run.name,
                    *[curve for name, curve in run.series.items() if name != PARTS[0]],
                    handmade.series(PARTS[0], [end]),
                    config=run.config,
                )

    made = list(runs())

    def first(**more):
        return next(one for one in compare(made, **more).judgements if one.metric == PARTS[0])

    doubted = first()
    assert doubted.interval is not None
    assert doubted.interval[0] > 0
    assert doubted.outcome is Outcome.CANNOT_TELL
    assert "of 12 metrics looked at one may do so by chance" in doubted.because
    assert first(tolerance={PARTS[0]: 0.01}).outcome is Outcome.WORSE
