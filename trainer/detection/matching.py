"""Which boxes of one image found a word, by the protocol of ICDAR2015, challenge 4.

match(predicted, scores, expected, ignored) -> Judged(scores, hits, words)

Words and predictions are matched one to one, greedily: words in the order they stand, each with
the surest free prediction whose IoU is above 0.5. A prediction that lies by more than half of its
own area in a word marked don't-care is left out, and so are those words themselves.

A prediction that is less sure never takes a word from a surer one. So whoever looks only at the
predictions above a score finds the same pairs as in all of them: one matching answers for every
box threshold.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Judged:
    """One image: ``scores`` (n,) of its predictions that count, best first, and ``hits`` (n,):
    which of them found a word; ``words`` is the number of words that count.
    """

    scores: Floats
    hits: NDArray[np.bool_]
    words: int

    def above(self, threshold: float) -> tuple[int, int]:
        """(matched, predicted) of the predictions whose score is at least ``threshold``."""
        kept = self.scores >= threshold
        return int((self.hits & kept).sum()), int(kept.sum())


def match(
    predicted: Floats,
    scores: Floats,
    expected: Floats,
    ignored: NDArray[np.bool_],
    *,
    iou: float = 0.5,
    ignore_overlap: float = 0.5,
) -> Judged:
    """Judge one image.

    ``predicted`` (n, 4, 2) with ``scores`` (n,); ``expected`` (m, 4, 2), ``ignored`` (m,): which
    of them are don't-care. Of equal scores the first counts as surer. Quads without area or not
    finite are left out; crossed ones stand for their hull.
    """
    ignored = np.asarray(ignored, bool)
    order = np.argsort(-np.asarray(scores, np.float64), kind="stable")
    scores = np.asarray(scores)[order]
    found = _polygons(np.asarray(predicted, np.float64).reshape(-1, 4, 2)[order])
    words = _polygons(expected)
    counts = shapely.area(found) > 0
    found, scores = found[counts], scores[counts]
    real = shapely.area(words) > 0
    care, others = words[real & ~ignored], words[real & ignored]
    if len(others):
        covered = _overlaps(found, others) / shapely.area(found)[:, None]
        outside = ~(covered > ignore_overlap).any(1)
        found, scores = found[outside], scores[outside]
    return Judged(scores, _hits(_iou(care, found), iou), len(care))


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


def _hits(iou: Floats, limit: float) -> NDArray[np.bool_]:
    """Of (words, predictions): each word takes the first free prediction above ``limit``."""
    hits = np.zeros(iou.shape[1], bool)
    near = iou > limit
    for row in near[near.any(1)]:
        free = np.flatnonzero(row & ~hits)
        if len(free):
            hits[free[0]] = True
    return hits
