"""Pure functions from curves to numbers: the vocabulary of the rules.

A signal knows series and no run. ``measure`` is the way in: it keeps the points a signal needs,
numpy's warnings and useless results in one place.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from analyzer.names import label
from analyzer.run import Series
from analyzer.signals import level, pair, rank, spread, stage, trend
from analyzer.signals.entry import PARAMETERS, FalseRate, Signal, Unit
from analyzer.signals.pair import align
from analyzer.signals.stats import Reading, finite, noise

__all__ = [
    "PARAMETERS",
    "SIGNALS",
    "FalseRate",
    "Reading",
    "Signal",
    "Unit",
    "align",
    "measure",
    "noise",
]

SIGNALS: Mapping[str, Signal] = {
    "points": Signal(
        level.points, "number of points", "points", 0, gives=("points",), shows=False
    ),
    "nonfinite": Signal(
        level.nonfinite,
        "number of NaN or infinite points",
        "points",
        1,
        gives=("first", "what", "kind", "last_value", "then"),
        all_points=True,
        false_rates=(FalseRate("0", (0, 0, 0)),),
    ),
    "best": Signal(level.best, "best value", "curve", 1, gives=("best", "best_at"), directed=True),
    "drop": Signal(
        trend.drop,
        "fall from start to end",
        "curve",
        5,
        gives=("head", "tail", "points"),
        false_rates=(FalseRate("3 noise", (0.07, 0.12, 0.31)),),
    ),
    "gain": Signal(
        trend.gain,
        "gain along the trend",
        "curve",
        2,
        gives=("gain", "level"),
        directed=True,
        false_rates=(FalseRate("3 noise", (0.07, 0.13, 0.30)),),
    ),
    "setback": Signal(
        trend.setback,
        "loss of ground since the best point",
        "curve",
        5,
        gives=("best", "best_at", "last", "since"),
        directed=True,
        # A wandering curve leaves its best far behind: pair it with gain since the best point.
        false_rates=(FalseRate("10 noise", (0.02, 0.03, 0.98)),),
    ),
    "since_best": Signal(
        trend.since_best,
        "points since the best one",
        "points",
        2,
        gives=("best", "best_at", "since"),
        directed=True,
        false_rates=(FalseRate("30%", (0.01, 0.01, 0.02), base="rise"),),
    ),
    "idle": Signal(
        trend.idle,
        "points since it was first as good as it ever got",
        "points",
        5,
        gives=("best", "settled_at", "idle", "points"),
        directed=True,
        false_rates=(FalseRate("40%", (0.02, 0.01, 0.02), base="rise"),),
    ),
    "swing": Signal(
        spread.swing,
        "swing about the trend",
        "curve",
        6,
        gives=("swing", "level", "lowest", "highest", "points"),
        false_rates=(FalseRate("2 noise", (0.01, 0.01, 0.01)),),
    ),
    "gap": Signal(
        pair.gap,
        "distance at the end",
        "curve",
        3,
        gives=("tail", "other_tail"),
        pair=True,
        false_rates=(FalseRate("3 noise", (0.07, 0.13, 0.27)),),
    ),
    "ratio": Signal(
        pair.ratio,
        "ratio",
        "plain",
        1,
        gives=("ratio", "percent", "level", "other_level"),
        pair=True,
        false_rates=(FalseRate("120%", (0, 0, 0)),),
    ),
    "correlation": Signal(
        pair.correlation,
        "rank correlation",
        "plain",
        8,
        gives=("correlation",),
        pair=True,
        false_rates=(FalseRate("0.8", (0.02, 0.03, 0.03)),),
    ),
    "undone": Signal(
        stage.undone,
        "what a later stage undid",
        "curve",
        2 * stage.BESIDE,
        gives=("before", "after", "rise", "rate_before", "rate_after", "stage"),
        directed=True,
        pair=True,
        # With a rate that rises in the middle of the curve.
        false_rates=(FalseRate("5 noise", (0.01, 0.01, 0.03)),),
    ),
    "first": Signal(level.first, "first value", "curve", 1, gives=("first_value",)),
    "level": Signal(level.level, "level", "curve", 1, gives=("level", "points")),
    "quantile": Signal(
        level.quantile,
        "quantile",
        "curve",
        1,
        gives=("quantile", "quantile_at", "level"),
        params={"q": 50},
    ),
    "zeros": Signal(
        level.zeros,
        "number of points at 0",
        "points",
        1,
        gives=("zeros", "points"),
        false_rates=(FalseRate("0", (0, 0, 0)),),
    ),
    "repeats": Signal(
        level.repeats,
        "longest stretch of one value",
        "points",
        1,
        gives=("repeats", "constant", "points"),
        false_rates=(FalseRate("1", (0, 0, 0)),),
    ),
    "progress": Signal(
        trend.progress,
        "way from the start to the best stretch",
        "curve",
        5,
        gives=("head", "best", "best_at"),
        directed=True,
        false_rates=(FalseRate("4 noise", (0.08, 0.18, 0.60)),),
    ),
    "regain": Signal(
        trend.regain,
        "progress lost again",
        "curve",
        5,
        gives=("head", "best", "best_at", "tail", "lost"),
        directed=True,
        # Noise loses all the progress that it seems to make: pair it with progress in noise.
        false_rates=(FalseRate("4 noise", (0.08, 0.18, 0.60)),),
    ),
    "seam": Signal(
        *(spread.seam, "jump up at a resume", "curve", 6),
        gives=("before", "after", "seam"),
        # With one seam in the middle of the curve.
        false_rates=(FalseRate("5 noise", (0.01, 0.02, 0.06)),),
    ),
    "turns": Signal(
        spread.turns,
        "number of turns",
        "points",
        8,
        gives=("turns", "points"),
        false_rates=(FalseRate("80%", (0.21, 0.09, 0.05)),),
    ),
    "spikes": Signal(
        spread.spikes,
        "number of spikes",
        "points",
        8,
        gives=("spikes", "spike", "spike_at", "usual", "points"),
        params={"z": 8, "times": 1.5, "within": 5},
        false_rates=(FalseRate("0", (0.01, 0.01, 0.01), params={"times": 1}),),
    ),
    "trend": Signal(
        rank.trend,
        "certainty of the trend (z)",
        "plain",
        8,
        gives=("trend",),
        directed=True,
        false_rates=(FalseRate("2", (0.04, 0.06, 0.11)),),
    ),
    "monotone": Signal(
        rank.monotone,
        "steadiness of the rise",
        "plain",
        8,
        gives=("monotone",),
        false_rates=(FalseRate("0.8", (0.01, 0.03, 0.11)),),
    ),
}


def measure(
    name: str,
    series: Series,
    other: Series | None = None,
    *,
    higher_is_better: bool = False,
    params: Mapping[str, float] | None = None,
) -> Reading | str:
    """The reading of the signal ``name``, or the reason why there is none, as a sentence part.

    ``other`` is on the same axis as ``series``; ``params`` replace the signal's defaults.
    """
    signal = SIGNALS[name]
    arguments: list[Any] = [series]
    if signal.pair and other is not None:
        arguments = list(align(series, other))
    for curve in arguments:
        found = len(curve) if signal.all_points else len(finite(curve)[1])
        if found < signal.needs:
            points = f"{signal.needs} points" if signal.needs > 1 else "1 point"
            return f"{_which(series, other)} {found} of the {points} this needs"
    if signal.directed:
        arguments.append(higher_is_better)
    with np.errstate(all="ignore"):
        reading = signal.function(*arguments, **{**signal.params, **(params or {})})
    if not math.isfinite(reading.value):
        return f"the numbers of {series.name} cannot be judged: zero, or too large"
    return reading


def _which(series: Series, other: Series | None) -> str:
    if other is None:
        return f"{label(series.name)} has"
    return f"{label(series.name)} and {label(other.name)} share"
