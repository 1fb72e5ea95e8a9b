"""Signals of how much a curve swings about its trend."""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from analyzer.run import FloatArray, Series
from analyzer.signals.stats import (
    MAD_TO_SIGMA,
    Reading,
    finite,
    median,
    noise,
    second_differences,
)

HALF = 5
"""Neighbours on either side that tell what is usual at a point."""

BESIDE = 3
"""Points on either side of a seam that are held against each other."""


def swing(series: Series) -> Reading:
    """How far a point lies from half way between its neighbours, on average; 100 % is the median.

    For independent noise this is its standard deviation (0.98 of it), whatever the slope. Unlike
    ``noise`` it is a mean, since on a small test set most steps are exactly 0 and the jumps are
    the matter. Points at a seam between segments have no neighbour there.
    """
    x, y, segment = finite(series)
    bends = 0.5 * np.abs(second_differences(y, segment))
    size = float(bends.mean()) if len(bends) else 0.0
    level = median(y)
    details: dict[str, float | str] = {
        "swing": size,
        "level": level,
        "lowest": float(np.min(y)),
        "highest": float(np.max(y)),
        "points": len(y),
    }
    return Reading(size, abs(level), float(x[0]), float(x[-1]), details)


def seam(series: Series) -> Reading:
    """How much higher the curve goes on after a resume; 100 % is the level before it.

    Medians of up to three points on either side, at the seam where the difference is largest; 0
    where there is none.
    """
    x, y, segment = finite(series)
    seams = np.flatnonzero(segment[1:] != segment[:-1]) + 1
    if len(seams) == 0:
        return Reading(0.0, abs(median(y)), float(x[0]), float(x[-1]))
    edges = np.concatenate([[0], seams, [len(y)]])
    sides = [
        (median(y[max(a, at - BESIDE) : at]), median(y[at : min(b, at + BESIDE)]))
        for a, at, b in zip(edges, seams, edges[2:], strict=False)
    ]
    worst = int(np.argmax([after - before for before, after in sides]))
    before, after = sides[worst]
    at = float(x[seams[worst]])
    details: dict[str, float | str] = {"before": before, "after": after, "seam": at}
    return Reading(after - before, abs(before), at, at, details, at)


def turns(series: Series) -> Reading:
    """How often the curve turns from rising to falling or back; 100 % is at every point.

    Independent noise turns at two of three points, a saw-tooth at each, a smooth curve at none.
    """
    x, y, segment = finite(series)
    steps = np.sign(y[1:] - y[:-1])
    turned = steps[1:] * steps[:-1] < 0
    if segment[0] != segment[-1]:
        turned &= (segment[2:] == segment[1:-1]) & (segment[1:-1] == segment[:-2])
    count = int(turned.sum())
    details: dict[str, float | str] = {"turns": count, "points": len(y)}
    return Reading(count, len(y) - 2, float(x[0]), float(x[-1]), details)


def spikes(series: Series, z: float, times: float, within: float) -> Reading:
    """How many times the curve jumped up and came back; 100 % is all points.

    A spike lies above ``times`` the median of the eleven points about it, by ``z`` times the
    spread of all points about theirs, for ``within`` points at most. It does so by difference and,
    where the curve is positive, by ratio as well: a loss of single batches scatters by factors,
    and its high points are no spikes. The first and the last points of a segment are none: what
    does not come back is another matter.

    Heavy tails, with the defaults and 300 points: at least one spike by chance in no curve of
    log-normal (sigma up to 1) or exponential values; in 4 % of curves with Student-t noise of
    three degrees at ``times`` 3 (14 % at 1,000 points), since its far points are real jumps.
    """
    x, y, segment = finite(series)
    usual = _running_median(y)
    rest = y - usual
    spread = max(noise(series), MAD_TO_SIGMA * median(np.abs(rest)))
    high = (rest > z * spread) & (rest > (times - 1) * np.abs(usual))
    if high.any():
        high &= _far_by_ratio(y, usual, z)
    edges = np.flatnonzero(np.diff(np.concatenate([[False], high, [False]])))
    found = [
        (a, b)
        for a, b in zip(edges[::2], edges[1::2], strict=True)
        if a > 0 and b < len(y) and b - a <= within and segment[a - 1] == segment[b]
    ]
    tops = [a + int(np.argmax(y[a:b])) for a, b in found]
    if not tops:
        return Reading(0, len(y), float(x[0]), float(x[-1]))
    worst = max(tops, key=lambda at: rest[at])
    details: dict[str, float | str] = {
        "spikes": len(tops),
        "spike": float(y[worst]),
        "spike_at": float(x[worst]),
        "usual": float(usual[worst]),
        "points": len(y),
    }
    span = float(x[tops[0]]), float(x[tops[-1]])
    return Reading(len(tops), len(y), *span, details, float(x[worst]))


def _far_by_ratio(y: FloatArray, usual: FloatArray, z: float) -> NDArray[np.bool_]:
    """Where a point is more times the usual than ``z`` spreads of that ratio, on a log scale.

    True where the ratio means nothing because either is not positive.
    """
    positive = (y > 0) & (usual > 0)
    ratio = np.log(y[positive] / usual[positive])
    far = np.ones(len(y), np.bool_)
    if len(ratio):
        far[positive] = ratio > z * MAD_TO_SIGMA * median(np.abs(ratio))
    return far


def _running_median(y: FloatArray) -> FloatArray:
    """Median over the eleven points about each one."""
    padded = np.concatenate([np.full(HALF, y[0]), y, np.full(HALF, y[-1])])
    windows = sliding_window_view(padded, 2 * HALF + 1)
    # Partitioning by hand takes half the time of np.median.
    return np.partition(windows, HALF, axis=1)[:, HALF]
