"""Signals of how much a curve swings about its trend."""

from __future__ import annotations

import numpy as np

from analyzer.run import Series
from analyzer.signals.stats import Reading, finite, median


def swing(series: Series) -> Reading:
    """How far a point lies from half way between its neighbours, on average; 100 % is the median.

    For independent noise this is its standard deviation (0.98 of it), whatever the slope. Unlike
    ``noise`` it is a mean, since on a small test set most steps are exactly 0 and the jumps are
    the matter. Points at a seam between segments have no neighbour there.
    """
    x, y, segment = finite(series)
    bends = np.abs(y[1:-1] - 0.5 * y[:-2] - 0.5 * y[2:])
    if segment[0] != segment[-1]:
        bends = bends[(segment[2:] == segment[1:-1]) & (segment[1:-1] == segment[:-2])]
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
