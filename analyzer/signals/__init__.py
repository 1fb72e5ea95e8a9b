"""Pure functions from curves to numbers: the vocabulary of the rules.

A signal knows series and no run. ``measure`` is the way in: it keeps the points a signal needs,
numpy's warnings and useless results in one place.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from analyzer.run import Series, label
from analyzer.signals import level, pair, spread, trend
from analyzer.signals.stats import Reading, finite, noise

__all__ = ["SIGNALS", "FalseRate", "Reading", "Signal", "Unit", "measure", "noise"]

Unit = Literal["curve", "points"]
"""``curve``: the unit of the series; a limit may be a number, %, noise or sampling errors.
``points``: a count; a limit may be a number, or % of the points."""


@dataclass(frozen=True)
class FalseRate:
    """How often a signal is above ``limit`` by chance alone, at most, whatever the length.

    On AR(1) noise of phi 0, 0.5 and 0.9 with 5 to 5,000 points; on top of ``base``: ``flat``, or
    ``rise``, a straight line over 20 times the noise for signals that fire on a flat curve by
    design. The worst lengths are 5 and 10, where the noise itself is hard to tell.
    """

    limit: str
    rates: tuple[float, float, float]
    base: Literal["flat", "rise"] = "flat"


@dataclass(frozen=True)
class Signal:
    """One entry of the vocabulary.

    ``needs`` is the least number of finite points (of all points with ``all_points``), ``gives``
    the details that a message may name, ``directed`` that the good direction matters. A signal
    that ``shows`` nothing wrong is a guard and no evidence.
    """

    function: Callable[..., Reading]
    says: str
    unit: Unit
    needs: int
    gives: tuple[str, ...] = ()
    directed: bool = False
    pair: bool = False
    all_points: bool = False
    shows: bool = True
    false_rates: tuple[FalseRate, ...] = ()


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
        false_rates=(FalseRate("3 noise", (0.12, 0.20, 0.35)),),
    ),
    "gain": Signal(
        trend.gain,
        "gain along the trend",
        "curve",
        4,
        gives=("gain", "level"),
        directed=True,
        false_rates=(FalseRate("3 noise", (0.14, 0.21, 0.30)),),
    ),
    "setback": Signal(
        trend.setback,
        "loss of ground since the best point",
        "curve",
        5,
        gives=("best", "best_at", "last", "since"),
        directed=True,
        # A wandering curve leaves its best far behind: pair it with gain since the best point.
        false_rates=(FalseRate("10 noise", (0.05, 0.13, 0.95)),),
    ),
    "since_best": Signal(
        trend.since_best,
        "points since the best one",
        "points",
        3,
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
        false_rates=(FalseRate("40%", (0.01, 0.01, 0.02), base="rise"),),
    ),
    "swing": Signal(
        spread.swing,
        "swing about the trend",
        "curve",
        6,
        gives=("swing", "level", "lowest", "highest", "points"),
        false_rates=(FalseRate("2 noise", (0.10, 0.17, 0.30)),),
    ),
    "gap": Signal(
        pair.gap,
        "distance at the end",
        "curve",
        3,
        gives=("tail", "other_tail"),
        pair=True,
        false_rates=(FalseRate("3 noise", (0.14, 0.21, 0.31)),),
    ),
}


def measure(
    name: str, series: Series, other: Series | None = None, *, higher_is_better: bool = False
) -> Reading | str:
    """The reading of the signal ``name``, or the reason why there is none, as a sentence part."""
    signal = SIGNALS[name]
    for curve in (series, other) if other is not None else (series,):
        found = len(curve) if signal.all_points else len(finite(curve)[1])
        if found < signal.needs:
            return f"{label(curve.name)} has {found} of the {signal.needs} points this needs"
    arguments: list[Any] = [series]
    if signal.pair:
        arguments.append(other)
    if signal.directed:
        arguments.append(higher_is_better)
    with np.errstate(all="ignore"):
        reading = signal.function(*arguments)
    if not math.isfinite(reading.value):
        return f"the numbers of {series.name} are too large to be judged"
    return reading
