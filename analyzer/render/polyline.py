"""A curve as the points of an SVG polyline."""

from __future__ import annotations

import numpy as np

from analyzer.run import FloatArray, Series

SPARK_POINTS = 32


def polyline(series: Series) -> str:
    """The curve as the points of an SVG polyline in a box of 200 x 48, y downwards."""
    finite = series.finite
    x, y = series.x[finite], series.y[finite]
    if not len(y):
        return ""
    if len(y) > SPARK_POINTS:
        pick = np.linspace(0, len(y) - 1, SPARK_POINTS).astype(np.int64)
        x, y = x[pick], y[pick]
    if len(y) == 1:
        x, y = x.repeat(2), y.repeat(2)  # a line needs two ends to be drawn
    left = 4 + 192 * _shares(x, 0.0)
    top = 44 - 40 * _shares(y, 0.5)
    pairs = np.stack([left, top], axis=1).round().astype(np.int64).tolist()
    return " ".join(f"{a},{b}" for a, b in pairs)


def _shares(values: FloatArray, alone: float) -> FloatArray:
    """How far each value is from the lowest to the highest, 0..1; ``alone`` if all are equal."""
    low, high = float(values.min()), float(values.max())
    wide = high - low
    if not 0 < wide < np.inf:
        return np.full(len(values), alone)
    return np.asarray((values - low) / wide)
