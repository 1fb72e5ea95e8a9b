"""Precision, recall and hmean by the protocol of ICDAR2015, challenge 4.

metric = DetectionMetric(); metric.update(predicted, expected, ignored); metric.compute()

Per image, words and predictions are matched one to one, greedily in the order they stand, when
their IoU is above 0.5. A prediction that lies by more than half of its own area in a word
marked don't-care is left out, and so are those words themselves.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class DetectionScores:
    """Rates are fractions; a rate with nothing to divide by is 0.0. The counts are words."""

    precision: float
    recall: float
    hmean: float
    matched: int
    predicted: int
    expected: int
    images: int


class DetectionMetric:
    """Adds up images; ``compute`` may be called at any time."""

    def __init__(self, iou: float = 0.5, ignore_overlap: float = 0.5) -> None:
        self.iou = iou
        self.ignore_overlap = ignore_overlap
        self.reset()

    def reset(self) -> None:
        self.matched = self.predicted = self.expected = self.images = 0

    def update(self, predicted: Floats, expected: Floats, ignored: NDArray[np.bool_]) -> None:
        """Count one image.

        ``predicted`` (n, 4, 2) best first, ``expected`` (m, 4, 2), ``ignored`` (m,): which of
        them are don't-care. Quads without area or not finite are left out; crossed ones stand
        for their hull.
        """
        ignored = np.asarray(ignored, bool)
        found = _polygons(predicted)
        words = _polygons(expected)
        found = found[shapely.area(found) > 0]
        real = shapely.area(words) > 0
        care, others = words[real & ~ignored], words[real & ignored]
        if len(others):
            covered = _overlaps(found, others) / shapely.area(found)[:, None]
            found = found[~(covered > self.ignore_overlap).any(1)]
        self.images += 1
        self.expected += len(care)
        self.predicted += len(found)
        self.matched += _match(_iou(care, found), self.iou)

    def compute(self) -> DetectionScores:
        precision = self.matched / self.predicted if self.predicted else 0.0
        recall = self.matched / self.expected if self.expected else 0.0
        total = precision + recall
        hmean = 2 * precision * recall / total if total else 0.0
        return DetectionScores(
            precision, recall, hmean, self.matched, self.predicted, self.expected, self.images
        )


def _polygons(quads: Floats) -> NDArray[np.object_]:
    quads = np.asarray(quads, np.float64).reshape(-1, 4, 2)
    finite = np.isfinite(quads).all((1, 2), keepdims=True)
    polygons = np.asarray(shapely.polygons(np.where(finite, quads, 0.0)))
    crossed = ~shapely.is_valid(polygons)
    polygons[crossed] = shapely.convex_hull(polygons[crossed])
    return polygons


def _overlaps(first: NDArray[np.object_], second: NDArray[np.object_]) -> Floats:
    """(n, m) areas of intersection; only pairs whose upright boxes meet are cut."""
    a, b = shapely.bounds(first)[:, None], shapely.bounds(second)[None]
    meet = (a[..., :2] < b[..., 2:]).all(-1) & (b[..., :2] < a[..., 2:]).all(-1)
    rows, columns = np.nonzero(meet)
    result = np.zeros(meet.shape)
    result[rows, columns] = shapely.area(shapely.intersection(first[rows], second[columns]))
    return result


def _iou(first: NDArray[np.object_], second: NDArray[np.object_]) -> Floats:
    common = _overlaps(first, second)
    union = shapely.area(first)[:, None] + shapely.area(second)[None] - common
    result: Floats = common / np.maximum(union, 1e-12)
    return result


def _match(iou: Floats, limit: float) -> int:
    """How many pairs: each word takes the first free prediction that is above ``limit``."""
    free = np.ones(iou.shape[1], bool)
    matched = 0
    for row in iou > limit:
        hits = np.flatnonzero(row & free)
        if len(hits):
            free[hits[0]] = False
            matched += 1
    return matched
