"""A golden set: a few images whose boxes are known, to tell a broken chain from a bad training.

read_set(folder) -> GoldenSet      record(loaded, folder) -> GoldenSet
check(loaded, golden, threshold) -> Checked

The boxes of ``1.jpg`` stand in ``1.txt`` beside it, as in ICDAR2015: drawn by hand, or recorded
from a detector that is known to be good. Then ``golden.json`` says which weights, packages and
images those were, as the same weights must give the same boxes of the same images again. A folder
with ``test_list.txt`` will do, too.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from analyzer.errors import FormatError, UsageError
from analyzer.formats.files import replace_text
from analyzer.formats.icdar import format_label, parse_labels
from analyzer.formats.icdar_folder import read_split
from analyzer.formats.records import read_json
from trainer.detection.dataset import quads_of
from trainer.detection.decode import Boxes
from trainer.detection.matching import match
from trainer.detection.metrics import rates
from trainer.images import read_image
from trainer.inference.loaded import Loaded
from trainer.inference.prediction import images_in, predict

RECORD = "golden.json"
VERSION = 1

SAME, SLACK = 0.9, 0.05
"""The same weights find this share of the recorded boxes again, at a threshold lower by the slack:
another processor or precision moves a score a little.
"""


@dataclass(frozen=True)
class Golden:
    """One image and its boxes: ``quads`` (n, 4, 2), ``ignored`` (n,)."""

    image: Path
    quads: NDArray[np.float32]
    ignored: NDArray[np.bool_]


@dataclass(frozen=True)
class GoldenSet:
    """``recorded`` is what ``golden.json`` says; empty where the boxes were drawn by hand."""

    images: tuple[Golden, ...]
    recorded: Mapping[str, Any]


@dataclass(frozen=True)
class ImageCheck:
    """``error`` says why an image could not be read; then nothing was found in it."""

    file: str
    expected: int
    found: int
    matched: int
    f1: float
    passed: bool
    error: str | None = None


@dataclass(frozen=True)
class Checked:
    """``repeats`` says whether the weights of the record gave its boxes again; None if weights,
    images or boxes are others, or an image cannot be read. ``changed`` says whether images or
    boxes are others than recorded. ``packages`` are those that differ from the record's, as
    ``name old -> new``.
    """

    images: tuple[ImageCheck, ...]
    repeats: bool | None
    changed: bool
    packages: tuple[str, ...]


def read_set(folder: Path) -> GoldenSet:
    """Raises UsageError or FormatError where there are no images with boxes."""
    if (folder / "test_list.txt").is_file():
        samples = read_split(folder, "test")
        found = [Golden(sample.image, *quads_of(sample.labels)) for sample in samples]
        return GoldenSet(_some(found, folder), {})
    found = []
    for image in _images(folder):
        labels = image.with_suffix(".txt")
        if not labels.is_file():
            raise UsageError(
                f"{image} has no boxes: write them into {labels} (x1,y1,...,x4,y4,text), or take "
                "those of a good detector with --record"
            )
        parsed = parse_labels(labels.read_bytes())
        fault = next((fault for fault in parsed.faults if fault.fatal), None)
        if fault is not None:
            raise FormatError(fault.message, file=str(labels), line=fault.line)
        found.append(Golden(image, *quads_of(parsed.labels)))
    recorded = read_json(folder / RECORD, default={})
    return GoldenSet(_some(found, folder), recorded if isinstance(recorded, Mapping) else {})


def _some(found: list[Golden], folder: Path) -> tuple[Golden, ...]:
    if not any((~golden.ignored).any() for golden in found):
        raise UsageError(
            f"{folder} has no image with a box that counts, so nothing can be checked"
        )
    return tuple(found)


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise UsageError(
            f"there is no folder {folder}; a golden set is a folder of a few images with their "
            "boxes, such as: python -m trainer.synth golden --train 1 --test 3"
        )
    found = images_in(folder)
    if not found:
        raise UsageError(f"the folder {folder} holds no image")
    return found


def record(loaded: Loaded, folder: Path) -> GoldenSet:
    """Write the boxes that a good detector finds at its own thresholds beside the images.

    Raises UsageError where boxes were drawn by hand, or nothing is found in an image.
    """
    if (folder / "test_list.txt").exists():
        raise UsageError(f"{folder} has a test list with labels: there is nothing to record")
    images = _images(folder)
    own = [image.with_suffix(".txt") for image in images]
    drawn = [path for path in own if path.exists()]
    if drawn and not (folder / RECORD).exists():
        raise UsageError(
            f"{drawn[0]} is there already: boxes drawn by hand are better than recorded ones"
        )
    found = [_boxes(loaded, image, None) for image in images]
    for image, boxes in zip(images, found, strict=True):
        if not len(boxes.scores):
            raise UsageError(
                f"the detector finds nothing in {image}: record a golden set with one that is "
                "known to be good, on images that it reads well"
            )
    for path, boxes in zip(own, found, strict=True):
        lines = (format_label(quad.ravel().round(1).tolist(), "text") for quad in boxes.quads)
        replace_text(path, "".join(f"{line}\n" for line in lines))
    told = {
        "version": VERSION,
        "checkpoint": str(loaded.file),
        "epoch": loaded.epoch,
        "digest": digest(loaded),
        "labels": _labels(read_set(folder).images),
        "images": {image.name: _image_digest(image) for image in images},
        "packages": packages(),
    }
    replace_text(folder / RECORD, json.dumps(told, indent=1) + "\n")
    return read_set(folder)


def check(
    loaded: Loaded,
    golden: GoldenSet,
    threshold: float,
    least: float,
    shown: Callable[[Iterable[Golden], int, str], Iterator[Golden]] = lambda items, *_: iter(
        items
    ),
) -> Checked:
    """Look for the boxes of each image; it passes with an F1 of ``least``.

    ``threshold`` is how sure a box must be; pixels are text as in the run's own validation.
    """
    own = loaded.decoding().box_threshold - SLACK
    told = golden.recorded
    changed = bool(told) and told.get("labels") != _labels(golden.images)
    images, again = [], 0
    for one in shown(golden.images, len(golden.images), "Checking"):
        expected = int((~one.ignored).sum())
        try:
            boxes = _boxes(loaded, one.image, min(threshold, own))
        except FormatError as error:
            images.append(ImageCheck(str(one.image), expected, 0, 0, 0.0, False, str(error)))
            continue
        judged = match(boxes.quads, boxes.scores, one.quads, one.ignored)
        matched, predicted = judged.above(threshold)
        f1 = rates(matched, predicted, judged.words).hmean if judged.words or predicted else 1.0
        images.append(
            ImageCheck(str(one.image), judged.words, predicted, matched, f1, f1 >= least)
        )
        again += judged.above(own)[0]
        changed |= _replaced(one.image, told)
    same = told.get("digest") == digest(loaded) and not changed
    same = same and all(one.error is None for one in images)
    repeats = again >= SAME * sum(one.expected for one in images) if same else None
    before = told.get("packages")
    packages_changed = _differ(before if isinstance(before, dict) else {})
    return Checked(tuple(images), repeats, changed, packages_changed)


def _boxes(loaded: Loaded, image: Path, threshold: float | None) -> Boxes:
    """At the pixel threshold of the run: a lower one would let words of a young model merge."""
    own = loaded.decoding()
    chosen = own if threshold is None else replace(own, box_threshold=max(0.0, threshold))
    return predict(loaded, read_image(image), chosen).boxes


def _labels(images: Iterable[Golden]) -> str:
    """A digest of the known boxes, to see whether they are still those that were recorded."""
    total = hashlib.sha256()
    for one in images:
        total.update(f"{one.image.name}\0".encode())
        total.update(one.quads.tobytes())
    return total.hexdigest()


def _image_digest(image: Path) -> str:
    """Of the file: another OpenCV may decode it to other pixels, which is to be found out."""
    return hashlib.sha256(image.read_bytes()).hexdigest()


def _replaced(image: Path, told: Mapping[str, Any]) -> bool:
    """Whether it is another file than the one recorded; older records do not tell."""
    recorded = told.get("images")
    if not isinstance(recorded, Mapping) or image.name not in recorded:
        return False
    return bool(recorded[image.name] != _image_digest(image))


def digest(loaded: Loaded) -> str:
    """Of the weights alone: the same in every file that holds them."""
    total = hashlib.sha256()
    for name, tensor in sorted(loaded.model.state_dict().items()):
        total.update(name.encode())
        total.update(tensor.cpu().contiguous().numpy().tobytes())
    return total.hexdigest()


def packages() -> dict[str, str]:
    """The packages that boxes hang on."""
    found = {"torch": torch, "opencv": cv2, "numpy": np}
    return {name: str(module.__version__) for name, module in found.items()}


def _differ(before: Mapping[str, Any]) -> tuple[str, ...]:
    now = packages()
    return tuple(
        f"{name} {before[name]} -> {now[name]}"
        for name in now
        if name in before and before[name] != now[name]
    )
