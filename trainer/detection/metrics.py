"""Precision, recall, hmean and average precision of a set of images.

metric = DetectionMetric(); metric.update(predicted, expected, ignored, scores)
metric.compute(threshold) -> DetectionScores      metric.average_precision() -> float

Pairs are found by ``matching``. Average precision is that of PASCAL VOC since 2010 (Everingham et
al., "The PASCAL Visual Object Classes Challenge: A Retrospective", 2015): the area below the
precision at every recall, each replaced by the highest at that recall or above it; at an IoU
above 0.5, with don't-care words left out as above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.detection.matching import Judged, match

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
    """Adds up images; ``compute`` may be called at any time, for any threshold."""

    def __init__(self, iou: float = 0.5, ignore_overlap: float = 0.5) -> None:
        self.iou = iou
        self.ignore_overlap = ignore_overlap
        self.judged: list[Judged] = []
        """One for each image since the last ``reset``."""

    def reset(self) -> None:
        """Start again."""
        self.judged = []

    def update(
        self,
        predicted: Floats,
        expected: Floats,
        ignored: NDArray[np.bool_],
        scores: Floats | None = None,
    ) -> Judged:
        """Count one image, see ``match``; without ``scores`` all are equally sure, best first."""
        sure = np.ones(len(predicted)) if scores is None else scores
        limits = {"iou": self.iou, "ignore_overlap": self.ignore_overlap}
        judged = match(predicted, sure, expected, ignored, **limits)
        self.judged.append(judged)
        return judged

    def compute(self, threshold: float = 0.0) -> DetectionScores:
        """The rates of the predictions whose score is at least ``threshold``."""
        scores, hits = self._all()
        kept = scores >= threshold
        words = sum(one.words for one in self.judged)
        return rates(int((hits & kept).sum()), int(kept.sum()), words, len(self.judged))

    def average_precision(self) -> float:
        """0 to 1; 0.0 where there is no word. Predictions of one score are taken in together."""
        words = sum(one.words for one in self.judged)
        scores, hits = self._all()
        if not words or not len(scores):
            return 0.0
        order = np.argsort(-scores, kind="stable")
        last = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
        found = hits[order].cumsum()[last]
        best_from_here = np.maximum.accumulate((found / (last + 1))[::-1])[::-1]
        return float((np.diff(found, prepend=0) * best_from_here).sum() / words)

    def _all(self) -> tuple[Floats, NDArray[np.bool_]]:
        """Scores and hits (n,) of the predictions of all images."""
        if not self.judged:
            return np.empty(0), np.empty(0, bool)
        scores = np.concatenate([one.scores for one in self.judged])
        return scores, np.concatenate([one.hits for one in self.judged])


def rates(matched: int, predicted: int, expected: int, images: int = 1) -> DetectionScores:
    """The three rates of these counts."""
    precision = matched / predicted if predicted else 0.0
    recall = matched / expected if expected else 0.0
    total = precision + recall
    hmean = 2 * precision * recall / total if total else 0.0
    return DetectionScores(precision, recall, hmean, matched, predicted, expected, images)
