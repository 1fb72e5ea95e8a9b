"""A detector judged on a labelled split, image by image.

evaluate(loaded, folder, split, decoding) -> Evaluation
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from analyzer.errors import UsageError
from trainer.detection.dataset import DetectionDataset, Item
from trainer.detection.decode import DecodeConfig
from trainer.detection.metrics import DetectionMetric, DetectionScores, rates
from trainer.detection.sweep import PIXELS, ThresholdSweep, Tried
from trainer.inference.loaded import Loaded

Shown = Callable[[Iterable[Item], int, str], Iterator[Item]]


@dataclass(frozen=True)
class ImageResult:
    """One image at the thresholds that are set: ``missed`` words, ``false`` boxes."""

    file: str
    words: int
    found: int
    missed: int
    false: int
    f1: float


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found. ``images`` has the worst first; ``faults`` are label lines that
    were left out; ``low`` is the row of the sweep that finds most of the words at thresholds that
    are no higher than those that are set.
    """

    scores: DetectionScores
    average_precision: float
    best: Tried
    low: Tried
    table: Sequence[Tried]
    images: Sequence[ImageResult]
    faults: Sequence[str]
    decoding: DecodeConfig


def evaluate(
    loaded: Loaded,
    folder: Path,
    split: str,
    decoding: DecodeConfig,
    *,
    pixels: Sequence[float] = PIXELS,
    shown: Shown = lambda items, *_: iter(items),
) -> Evaluation:
    """Judge all images of a split as the training's validation does, without augmentation.

    Raises FormatError, naming the file, where the data cannot be read, UsageError where the list
    is empty.
    """
    dataset = DetectionDataset(folder, split, loaded.config.data.side, augment=None, cache_mb=0)
    if not len(dataset):
        raise UsageError(f"{folder}/{split}_list.txt names no image, so there is nothing to judge")
    sweep = ThresholdSweep(decoding, pixels)
    images = []
    items = shown((dataset[index] for index in range(len(dataset))), len(dataset), "Evaluating")
    for item in items:
        sweep.update(
            loaded.maps(item["image"][None])[0],
            scale=item["scale"],
            source_size=item["source_size"],
            quads=item["quads"],
            ignored=item["ignored"],
        )
        images.append(_result(item["file"], sweep.metric, decoding.box_threshold))
    images.sort(key=lambda one: (one.f1, -one.missed - one.false, one.file))
    table = sweep.table()
    return Evaluation(
        scores=sweep.set_scores(),
        average_precision=sweep.metric.average_precision(),
        best=sweep.best(),
        low=_low(table, decoding),
        table=table,
        images=images,
        faults=dataset.faults,
        decoding=decoding,
    )


def _result(file: str, metric: DetectionMetric, threshold: float) -> ImageResult:
    """The image that was added last."""
    judged = metric.judged[-1]
    found, predicted = judged.above(threshold)
    missed, false = judged.words - found, predicted - found
    clean = not missed and not false
    f1 = 1.0 if clean else rates(found, predicted, judged.words).hmean
    return ImageResult(file, judged.words, found, missed, false, f1)


def _low(table: Sequence[Tried], own: DecodeConfig) -> Tried:
    """Of the rows with most words the one nearest to what is set."""
    rows = [
        row
        for row in table
        if row.threshold <= own.threshold and row.box_threshold <= own.box_threshold
    ]
    return max(rows, key=lambda row: (row.scores.recall, row.threshold, row.box_threshold))


def as_plain(found: Evaluation, *, sweep: bool) -> dict[str, Any]:
    """The numbers for JSON; the whole table only where it was asked for."""
    scores = found.scores
    plain = {
        "images": scores.images,
        "words": scores.expected,
        "boxes": scores.predicted,
        "thresholds": thresholds(found.decoding.threshold, found.decoding.box_threshold),
        "precision": scores.precision,
        "recall": scores.recall,
        "f1": scores.hmean,
        "ap": found.average_precision,
        "best": _row(found.best),
        "per_image": [asdict(one) for one in found.images],
        "label_faults": list(found.faults),
    }
    return plain | ({"sweep": [_row(row) for row in found.table]} if sweep else {})


def thresholds(threshold: float, box_threshold: float) -> dict[str, float]:
    """Named as in the config's ``validate``."""
    return {"threshold": threshold, "box_threshold": box_threshold}


def _row(row: Tried) -> dict[str, Any]:
    scores = row.scores
    found = {"precision": scores.precision, "recall": scores.recall, "f1": scores.hmean}
    return {**thresholds(row.threshold, row.box_threshold), **found, "boxes": scores.predicted}
