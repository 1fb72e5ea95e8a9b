"""The statistics that all signals share. Arrays hold finite numbers unless a name says otherwise.

Training curves are autocorrelated, so nothing here is a significance test: signals give effect
sizes, and ``noise`` is the yardstick to hold them against.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analyzer.run import FloatArray, IntArray, Series

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation of a normal distribution, times this, is its standard deviation."""

REMEMBERED = 256
"""Series whose finite points and noise are remembered: those of one run and its windows."""

SLOPE_POINTS = 100
"""Theil-Sen looks at all pairs, so longer curves are thinned to this many points."""

LEAST_BENDS = 3
"""So few second differences tell no noise; five points without a seam have three."""

RELATIVE_RESOLUTION = 1e-7
"""Of single precision: what a curve cannot show when its printed digits are not known."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a signal says of a curve.

    ``value`` is in the signal's unit, ``reference`` is what 100 % of it is, ``start`` and ``end``
    are on the x axis, ``details`` are the numbers that a message may name. ``at`` is the x of the
    point that decided; None where no single one did, as of a median or a count of turns. Where the
    value is a height of the curve, or a way up or down from one, ``origin`` is the height of a
    value of 0 and ``up`` whether higher values lie above it.
    """

    value: float
    reference: float
    start: float
    end: float
    details: dict[str, float | str] = field(default_factory=dict)
    at: float | None = None
    origin: float | None = None
    up: bool = True


@lru_cache(REMEMBERED)
def finite(series: Series) -> tuple[FloatArray, FloatArray, IntArray]:
    """x, y and segment (n,) of the points that hold a number.

    Remembered, as ``noise`` is: nearly every signal starts from it, and a series never changes.
    """
    mask = np.isfinite(series.y) & np.isfinite(series.x)
    if mask.all():
        return series.x, series.y, series.segment
    return series.x[mask], series.y[mask], series.segment[mask]


def median(y: FloatArray) -> float:
    """The median of at least one value; NaN where any is NaN.

    A sixth of the time of ``np.median``, which spends it on axes and types.
    """
    ordered = np.sort(y)
    half = len(y) // 2
    if ordered[-1] != ordered[-1]:  # NaN is sorted to the end
        return float("nan")
    return float(ordered[half] if len(y) % 2 else 0.5 * ordered[half - 1] + 0.5 * ordered[half])


def head(y: FloatArray) -> float:
    """Median of the first max(1, 10 %) points."""
    return median(y[: _tenth(y)])


def tail(y: FloatArray, *, least: int = 1) -> float:
    """Median of the last max(``least``, 10 %) points."""
    return median(y[-max(least, _tenth(y)) :])


def _tenth(y: FloatArray) -> int:
    return max(1, round(0.1 * len(y)))


@lru_cache(REMEMBERED)
def noise(series: Series) -> float:
    """Standard deviation of one point about the trend, in the curve's unit.

    1.4826 / sqrt 6 x the median size of the second differences, at least half of the last printed
    digit. For independent noise that is its standard deviation whatever the slope: only a bend
    within three points adds to it, so a few points of a steep fall seem noisier than they are,
    and a saw-tooth of height a comes to 2.4 a. On AR(1) noise of phi 0.5 and 0.9 it is 0.65 and
    0.26 of the spread. Differences across a seam between segments are left out, unless fewer than
    ``LEAST_BENDS`` would be left: one alone is too often close to 0.
    """
    _, y, segment = finite(series)
    with np.errstate(all="ignore"):
        floor = max(0.5 * series.resolution, RELATIVE_RESOLUTION * _magnitude(y))
        bends = second_differences(y, segment)
        if len(bends) < LEAST_BENDS:
            bends = second_differences(y, np.zeros(len(y), np.int64))
        if len(bends) == 0:
            return floor
        return max(floor, MAD_TO_SIGMA / 6**0.5 * median(np.abs(bends)))


def second_differences(y: FloatArray, segment: IntArray) -> FloatArray:
    """How far each point lies from half way between its neighbours, times two; up to (n - 2,).

    Points at a seam between segments have no neighbour there.
    """
    if len(y) < 3:
        return np.empty(0)
    bends = y[2:] - 2 * y[1:-1] + y[:-2]
    if segment[0] != segment[-1]:
        bends = bends[(segment[2:] == segment[1:-1]) & (segment[1:-1] == segment[:-2])]
    return bends


def _magnitude(y: FloatArray) -> float:
    return median(np.abs(y)) if len(y) else 0.0


def theil_sen(x: FloatArray, y: FloatArray) -> float:
    """Median slope over all pairs of points, NaN when all x are the same."""
    if len(x) > SLOPE_POINTS:
        chosen = np.linspace(0, len(x) - 1, SLOPE_POINTS).round().astype(np.int64)
        x, y = x[chosen], y[chosen]
    first, second = _pairs(len(x))
    run, rise = x[second] - x[first], y[second] - y[first]
    apart = run != 0
    if not apart.all():
        run, rise = run[apart], rise[apart]
    return median(rise / run) if len(run) else float("nan")


@lru_cache(8)
def _pairs(count: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Both ends of every pair among ``count`` points."""
    first, second = np.triu_indices(count, 1)
    return first, second


def sampling_error(level: float, count: float) -> float:
    """The standard error of a rate near ``level`` from ``count`` > 0 samples: sqrt(p (1 - p) / n).

    p is pulled towards one half by one success and one failure, so that 0 and 1 keep an error.
    """
    rate = (min(max(level, 0.0), 1.0) * count + 1) / (count + 2)
    return math.sqrt(rate * (1 - rate) / count)


def best_index(y: FloatArray, higher_is_better: bool) -> int:
    """Position of the first best point."""
    return int(np.argmax(y) if higher_is_better else np.argmin(y))
