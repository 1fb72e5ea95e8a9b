"""Are training and test images of one kind? A two-sample Kolmogorov-Smirnov test, by feature.

The distance D is the largest gap between the two cumulative distributions, 0 for the same, 1 for
no overlap. It counts only beyond chance: p < 0.001 for all features together (Bonferroni), from
the limit sqrt(-ln(p / 2) / 2) * sqrt((n + m) / (n m)); below that the distance is given as 0.
"""

from __future__ import annotations

import math

import numpy as np

from analyzer.run import FloatArray

LEAST = 20
"""With fewer images on a side nothing is said."""

FEATURES = ("brightness", "contrast", "sharpness", "size", "boxes")
P = 0.001


def distance(train: FloatArray, test: FloatArray) -> float | None:
    """The distance D beyond chance, else 0; None with too few values on a side."""
    n, m = len(train), len(test)
    if min(n, m) < LEAST:
        return None
    train, test = np.sort(train), np.sort(test)
    points = np.concatenate([train, test])
    below = np.searchsorted(train, points, "right") / n
    gap = float(np.abs(below - np.searchsorted(test, points, "right") / m).max())
    chance = math.sqrt(-math.log(P / len(FEATURES) / 2) / 2) * math.sqrt((n + m) / (n * m))
    return gap if gap > chance else 0.0


def spread(values: FloatArray) -> float | None:
    """1.4826 times the median distance from the median; None for too few values."""
    if len(values) < LEAST:
        return None
    return float(1.4826 * np.median(np.abs(values - np.median(values))))
