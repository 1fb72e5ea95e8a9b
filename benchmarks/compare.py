"""How often ``compare`` is right: ``python -m benchmarks.compare [--pairs N]``.

Pairs of made sides, some seeds each, are compared whole, from their curves to the verdict: pairs
of which nothing differs, where "better" and "worse" are both wrong, and pairs of which the second
side is better by two standard deviations of what seeds differ by. The runs are drawn again from
``SEED``, so that the figures are the same on every machine.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzer.compare import Outcome, compare
from analyzer.run import Config, FloatArray, Run, Series, Status

SEED = 20260105
PAIRS = 4000
SEEDS = 5
EFFECT = 2.0
MOST_FALSE, LEAST_FOUND = 0.06, 0.74
"""Goals for five against five seeds."""

LEVEL, SPREAD, JITTER = 0.7, 0.01, 0.001
"""The metric that a training reaches, how much seeds differ, and one evaluation of one run."""

EPOCHS, DIGITS = 20, 4


@dataclass(frozen=True)
class Tally:
    """The verdicts on some pairs; ``effect`` is the true difference in standard deviations."""

    seeds: int
    effect: float
    outcomes: Counter[Outcome]

    def share(self, *outcomes: Outcome) -> float:
        """Which share of the pairs got one of these verdicts."""
        return sum(self.outcomes[one] for one in outcomes) / self.outcomes.total()

    @property
    def decided(self) -> float:
        """Which share was called better or worse."""
        return self.share(Outcome.BETTER, Outcome.WORSE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the table; 1 where five against five seeds miss their goals."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--pairs", type=int, default=PAIRS)
    options = parser.parse_args(arguments)
    print(f"{options.pairs} pairs a line, drawn from seed {SEED}\n")
    tallies = [
        tally(options.pairs, seeds, effect) for seeds in (3, SEEDS, 10) for effect in (0, EFFECT)
    ]
    print("\n".join(_lines(tallies)))
    null, real = (one for one in tallies if one.seeds == SEEDS)
    print(f"\n{SEEDS} against {SEEDS} seeds:")
    print(f"  better or worse where nothing differs: {null.decided:.1%}, goal {MOST_FALSE:.0%}")
    found = real.share(Outcome.BETTER)
    print(f"  differences of {EFFECT:g} sigma found: {found:.1%}, goal {LEAST_FOUND:.0%}")
    return int(null.decided > MOST_FALSE or found < LEAST_FOUND)


def _lines(tallies: Sequence[Tally]) -> Iterator[str]:
    yield f"{'seeds a side':>12}  {'true difference':>15}  " + "  ".join(
        f"{one.value:>12}" for one in Outcome
    )
    for one in tallies:
        shares = "  ".join(f"{one.share(outcome):>12.1%}" for outcome in Outcome)
        yield f"{one.seeds:>12}  {f'{one.effect:g} sigma':>15}  {shares}"


def tally(pairs: int, seeds: int, effect: float) -> Tally:
    """Compare so many pairs of sides of so many seeds."""
    rng = np.random.default_rng([SEED, seeds, round(effect * 100)])
    outcomes: Counter[Outcome] = Counter()
    for _ in range(pairs):
        sides = (_side(rng, seeds, 0.01, LEVEL), _side(rng, seeds, 0.02, LEVEL + effect * SPREAD))
        (judgement,) = compare([run for side in sides for run in side]).main
        outcomes[judgement.outcome] += 1
    return Tally(seeds, effect, outcomes)


def _side(rng: np.random.Generator, seeds: int, rate: float, level: float) -> list[Run]:
    levels = rng.normal(level, SPREAD, seeds)
    rising = 1 - np.exp(-np.arange(1, EPOCHS + 1) / 2)
    curves = levels[:, None] * rising + rng.normal(0, JITTER, (seeds, EPOCHS))
    return [_run(seed, rate, np.round(y, DIGITS)) for seed, y in enumerate(curves)]


def _run(seed: int, rate: float, y: FloatArray) -> Run:
    x = np.arange(1.0, EPOCHS + 1)
    curve = Series("val_f1", "epoch", x, y, np.zeros(EPOCHS, np.int64), 10.0**-DIGITS)
    return Run(
        f"rate{rate}-seed{seed}",
        Path("made"),
        "workdir",
        series={curve.name: curve},
        config=Config({"optimizer.lr": rate, "train.seed": seed}),
        main_metric=curve.name,
        status=Status.FINISHED,
    )


if __name__ == "__main__":
    sys.exit(main())
