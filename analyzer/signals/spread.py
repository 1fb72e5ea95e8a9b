"""Signals of how much a curve swings about its trend."""

from __future__ import annotations

import numpy as np

from analyzer.run import Series
from analyzer.signals.stats import MAD_TO_SIGMA, Reading, finite, noise


def swing(series: Series) -> Reading:
    """Noise of one point about the trend; 100 % is the median level.

    ``jump`` is what half of the steps from point to point exceed once the trend is taken out.
    """
    x, y, _ = finite(series)
    sigma, level = noise(series), float(np.median(y))
    details: dict[str, float | str] = {
        "jump": sigma * 2**0.5 / MAD_TO_SIGMA,
        "level": level,
        "lowest": float(np.min(y)),
        "highest": float(np.max(y)),
        "points": len(y),
    }
    return Reading(sigma, abs(level), float(x[0]), float(x[-1]), details)
