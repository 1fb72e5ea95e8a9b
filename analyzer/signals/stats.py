"""The statistics that all signals share. Arrays hold finite numbers unless a name says otherwise.

Training curves are autocorrelated, so nothing here is a significance test: signals give effect
sizes, and ``noise`` is the yardstick to hold them against.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analyzer.run import FloatArray, IntArray, Series

MAD_TO_SIGMA = 1.4826
"""Median absolute deviation of a normal distribution, times this, is its standard deviation."""

REMEMBERED = 64
"""Series whose finite points and noise are remembered: those of one run and its windows."""

SLOPE_POINTS = 100
"""Theil-Sen looks at all pairs, so longer curves are thinned to this many points."""

RELATIVE_RESOLUTION = 1e-7
"""Of single precision: what a curve cannot show when its printed digits are not known."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What a signal says of a curve.

    ``value`` is in the signal's unit, ``reference`` is what 100 % of it is, ``start`` and ``end``
    are on the x axis, ``details`` are the numbers that a message may name.
    """

    value: float
    reference: float
    start: float
    end: float
    details: dict[str, float | str] = field(default_factory=dict)


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


def running_median(y: FloatArray) -> FloatArray:
    """Median over a centred window of a tenth of the points, at least 5 and at most 21, odd.

    Below 5 points the window would shrink the noise to almost nothing (0.66 of its true size at
    width 3), above it the estimate is right on average.
    """
    half = max(2, min(10, len(y) // 20))
    padded = np.concatenate([np.full(half, y[0]), y, np.full(half, y[-1])])
    # Partitioning by hand takes half the time of np.median, which this library spends most on.
    windows = sliding_window_view(padded, 2 * half + 1)
    return np.partition(windows, half, axis=1)[:, half]


@lru_cache(REMEMBERED)
def noise(series: Series) -> float:
    """Standard deviation of one point about the trend, in the curve's unit.

    1.4826 x MAD of the first differences of (y minus its running median), over sqrt 2, at least
    half of the last printed digit. A step from one segment to the next is no difference. Where
    the curve climbs by more than its noise from point to point, the running median takes the
    noise along and little of it is seen.
    """
    _, y, segment = finite(series)
    with np.errstate(all="ignore"):
        floor = max(0.5 * series.resolution, RELATIVE_RESOLUTION * _magnitude(y))
        if len(y) < 3:
            return floor
        rest = y - running_median(y)
        steps = rest[1:] - rest[:-1]
        if segment[0] != segment[-1]:
            steps = steps[segment[1:] == segment[:-1]]
        if len(steps) < 2:
            return floor
        deviation = median(np.abs(steps - median(steps)))
    return max(floor, MAD_TO_SIGMA * deviation / 2**0.5)


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


def best_index(y: FloatArray, higher_is_better: bool) -> int:
    """Position of the first best point."""
    return int(np.argmax(y) if higher_is_better else np.argmin(y))
