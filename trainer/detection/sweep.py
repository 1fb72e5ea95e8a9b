"""What other thresholds would have given, from the maps of one pass of validation.

sweep = ThresholdSweep(config); sweep.update(prob, ...) for each image
sweep.set_scores() -> DetectionScores    sweep.best() -> Tried    sweep.table() -> list of Tried

Two thresholds make boxes of a map. The pixel threshold is decoded anew for each value, as it
decides which pixels run together; every box threshold then follows from one matching. "F1 is 0"
mostly means that one of them is wrong for the model as it is: early in a training the background
may still lie above the pixel threshold, so that all merges into one blob, and words may not yet
be sure enough for the box threshold.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trainer.config import ValidateConfig
from trainer.detection.decode import DecodeConfig, decode
from trainer.detection.matching import Judged
from trainer.detection.metrics import DetectionMetric, DetectionScores

Floats = NDArray[np.floating[Any]]

PIXELS = (0.15, 0.3, 0.5)
"""Pixel thresholds that are tried beside the one that is set: each costs a decoding."""

MANY_PIXELS = (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7)
"""The same where nobody waits for an epoch."""

BOXES = tuple(round(0.05 * step, 2) for step in range(1, 20))
"""Box thresholds that are tried, 0.05 to 0.95, beside the one that is set; they cost nothing."""

NEAR = 0.04
"""A pixel threshold this near to the one that is set would tell nothing new."""

CANDIDATES = 200
"""Regions looked at for a threshold that is only tried: a map of noise has thousands."""

ZERO = 0.0005
"""An F1 below this is shown as 0.000."""

NOTABLE = 0.1
"""A best F1 that is better by this much is worth a line on the terminal."""


@dataclass(frozen=True)
class Tried:
    """One pair of thresholds, named as in the config's ``validate``, and what it gave."""

    threshold: float
    box_threshold: float
    scores: DetectionScores


class ThresholdSweep:
    """Adds up images at several pixel thresholds; the one of ``config`` is the first."""

    def __init__(self, config: DecodeConfig, pixels: Sequence[float] = PIXELS) -> None:
        self.config = config
        others = [pixel for pixel in pixels if abs(pixel - config.threshold) > NEAR]
        # A box threshold of 0 keeps every box, so that any other can be looked at afterwards.
        tried = replace(
            config, box_threshold=0.0, max_candidates=min(CANDIDATES, config.max_candidates)
        )
        self._configs = [
            replace(config, box_threshold=0.0),
            *(replace(tried, threshold=pixel) for pixel in others),
        ]
        self._metrics = [DetectionMetric() for _ in self._configs]

    @property
    def metric(self) -> DetectionMetric:
        """The images at the pixel threshold that is set, all boxes in it."""
        return self._metrics[0]

    def reset(self) -> None:
        """Start again."""
        for metric in self._metrics:
            metric.reset()

    def update(
        self,
        prob: Floats,
        *,
        scale: float,
        source_size: tuple[int, int],
        quads: Floats,
        ignored: NDArray[np.bool_],
    ) -> None:
        """Count the map of one image, see ``decode`` and ``match``."""
        for metric, config in zip(self._metrics, self._configs, strict=True):
            boxes = decode(prob, scale=scale, source_size=source_size, config=config)
            metric.update(boxes.quads, quads, ignored, boxes.scores)

    def join(self, whole: Callable[[list[Judged]], list[Judged]]) -> None:
        """Let ``whole`` make all images of those that were counted here."""
        for metric in self._metrics:
            metric.judged = whole(metric.judged)

    def set_scores(self) -> DetectionScores:
        """The rates at the thresholds that are set."""
        return self.metric.compute(self.config.box_threshold)

    def table(self) -> list[Tried]:
        """All pairs, by rising thresholds; box thresholds that no box is below are left out."""
        rows = [
            Tried(config.threshold, box, metric.compute(box))
            for config, metric in zip(self._configs, self._metrics, strict=True)
            for box in sorted({*BOXES, self.config.box_threshold})
            # A region's mean is above its pixels' threshold, so lower ones say the same again.
            if box > config.threshold - NEAR or box == self.config.box_threshold
        ]
        return sorted(rows, key=lambda row: (row.threshold, row.box_threshold))

    def best(self) -> Tried:
        """The pair with the highest F1; of equals the one nearest to what is set."""

        def rank(row: Tried) -> tuple[float, float, float]:
            pixel = abs(row.threshold - self.config.threshold)
            return -row.scores.hmean, pixel, abs(row.box_threshold - self.config.box_threshold)

        return min(self.table(), key=rank)


def explain_low(record: Mapping[str, Any], validate: ValidateConfig) -> str:
    """Why the F1 of an epoch is low although the weights are not: the thresholds; else empty."""
    if record.get("val_best_f1", 0.0) - record.get("val_f1", 0.0) < NOTABLE:
        return ""
    pixel, box = record["val_best_threshold"], record["val_best_box_threshold"]
    told = (
        f"F1 {record['val_f1']:.2f} at thresholds {validate.threshold:g} (pixel) and "
        f"{validate.box_threshold:g} (box); {record['val_best_f1']:.2f} at {pixel:g} and {box:g}"
    )
    if pixel > validate.threshold:
        return f"{told}: what is around words is not yet dark enough"
    if box < validate.box_threshold:
        return f"{told}: words are found, but not yet surely"
    return told


def explain_zero(record: Mapping[str, Any], run: Path, folder: str) -> str:
    """What to make of an F1 of 0 that no threshold helps; else empty.

    ``run`` and ``folder``, which holds the training images, are for the commands.
    """
    best = record.get("val_best_f1", 1.0)
    if not record.get("val_f1", 1.0) < ZERO or best >= NOTABLE:
        return ""
    return (
        f"F1 0, and {best:.2f} at the best thresholds, so it is not they that hide the words; "
        "usual in the first epochs. If it stays so, look at the labels (python -m analyzer "
        f"dataset {folder}), and ask whether it knows its training images: python -m "
        f"trainer.evaluate {run} --split train"
    )
