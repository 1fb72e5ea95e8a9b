"""Signals of two curves against each other, point by point: both have the same x.

``align`` makes them so: what was logged more often is averaged down to the other one's points.
"""

from __future__ import annotations

import numpy as np

from analyzer.run import FloatArray, IntArray, Series
from analyzer.signals.rank import rank_correlation
from analyzer.signals.stats import Reading, finite, median, tail


def align(series: Series, other: Series) -> tuple[Series, Series]:
    """Both curves at the points that they share, or at those of the slower one.

    Both are on the same axis. Where one has more than twice the points of the other, each point
    of the slower one stands against the median of the faster one's since the point before.
    """
    x, y, segment = finite(series)
    u, v, other_segment = finite(other)
    if len(x) > 2 * len(u):
        y, kept = _thinned(x, y, u)
        return _made(series, u[kept], y, other_segment[kept]), _made(
            other, u[kept], v[kept], other_segment[kept]
        )
    if len(u) > 2 * len(x):
        v, kept = _thinned(u, v, x)
        return _made(series, x[kept], y[kept], segment[kept]), _made(
            other, x[kept], v, segment[kept]
        )
    if len(x) == len(u) and (x == u).all():
        return _made(series, x, y, segment), _made(other, u, v, segment)
    _, mine, theirs = np.intersect1d(x, u, assume_unique=True, return_indices=True)
    return _made(series, x[mine], y[mine], segment[mine]), _made(
        other, u[theirs], v[theirs], segment[mine]
    )


def _thinned(x: FloatArray, y: FloatArray, at: FloatArray) -> tuple[FloatArray, IntArray]:
    """Medians of y in each (at[i - 1], at[i]], and which of them have points: (m,), (m,) int."""
    edges = np.concatenate([[0], np.searchsorted(x, at, side="right")])
    kept = np.flatnonzero(edges[1:] > edges[:-1])
    values = [median(y[edges[i] : edges[i + 1]]) for i in kept]
    return np.array(values, dtype=np.float64), kept


def _made(series: Series, x: FloatArray, y: FloatArray, segment: IntArray) -> Series:
    return Series(series.name, series.axis, x, y, segment, series.resolution)


def gap(series: Series, other: Series) -> Reading:
    """How far the curve ends above the other one, by their tail medians; 100 % is the other."""
    x, y, z = series.x, series.y, other.y
    upper, lower = tail(y), tail(z)
    details: dict[str, float | str] = {"tail": upper, "other_tail": lower}
    return Reading(upper - lower, abs(lower), float(x[0]), float(x[-1]), details, float(x[-1]))


def ratio(series: Series, other: Series) -> Reading:
    """The median of the curve over the other one, where that is not 0; 100 % is both the same."""
    x, y, z = series.x, series.y, other.y
    usable = z != 0
    if not usable.any():
        return Reading(float("nan"), 1.0, float(x[0]), float(x[-1]))
    value = median(y[usable] / z[usable])
    details: dict[str, float | str] = {
        "ratio": value,
        "percent": float(f"{100 * value:.3g}"),
        "level": median(y),
        "other_level": median(z),
    }
    return Reading(value, 1.0, float(x[0]), float(x[-1]), details)


def correlation(series: Series, other: Series) -> Reading:
    """Rank correlation of the two curves, -1 to 1: whether one is high where the other is."""
    x = series.x
    value = rank_correlation(series.y, other.y)
    return Reading(value, 1.0, float(x[0]), float(x[-1]), {"correlation": value})
