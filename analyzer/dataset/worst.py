"""The images that somebody should look at: those with most problems, then a few of the others."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from analyzer.dataset.boxes import note_boxes
from analyzer.dataset.examine import Examined
from analyzer.dataset.found import Found
from analyzer.dataset.lists import read_text
from analyzer.dataset.records import Boxes, Pair
from analyzer.formats.icdar import Label, parse_labels


class DrawnBox(NamedTuple):
    """A box in pixels of its image; ``wrong`` when something is wrong with it."""

    quad: tuple[tuple[float, float], ...]
    text: str
    ignored: bool
    wrong: bool


class Drawn(NamedTuple):
    """An image with its boxes and its problems, a line each."""

    name: str
    path: Path
    boxes: tuple[DrawnBox, ...]
    problems: tuple[str, ...]


def worst(examined: Examined, count: int) -> Iterator[Drawn]:
    """Up to ``count`` images, those with most problems first, the rest drawn by lot."""
    pairs = examined.material.pairs
    usable = [i for i, pair in enumerate(pairs) if pair.image is not None]
    random.Random(examined.material.options.seed).shuffle(usable)
    by_file = examined.by_file

    def problems(i: int) -> int:
        return by_file[pairs[i].image or ""] + by_file[pairs[i].label or ""]

    for i in sorted(usable, key=problems, reverse=True)[:count]:
        yield _drawn(examined, i)


def _drawn(examined: Examined, number: int) -> Drawn:
    pair = examined.material.pairs[number]
    found = Found()
    labels = _labels(examined.root, pair, found)
    boxes = _boxes(labels)
    note_boxes(boxes, [pair], examined.material.sizes[number : number + 1], found)
    places = [place for tally in found.problems().values() for place in tally.places]
    wrong = {place.line for place in places}
    made = tuple(
        DrawnBox(
            tuple(zip(label.points[::2], label.points[1::2], strict=True)),
            label.text,
            label.ignored,
            label.line in wrong,
        )
        for label in labels
    )
    text = tuple(f"line {place.line}: {place.text}" for place in places)
    return Drawn(pair.image or "", examined.root / (pair.image or ""), made, text)


def _labels(root: Path, pair: Pair, found: Found) -> tuple[Label, ...]:
    """The labels of one image; none where its file is not there or cannot be read."""
    if pair.label is None:
        return ()
    try:
        parsed = parse_labels(read_text(root / pair.label))
    except OSError:
        return ()
    found.add_label_faults(pair.label, parsed.faults)
    return parsed.labels


def _boxes(labels: tuple[Label, ...]) -> Boxes:
    """A table of the boxes of one image."""
    return Boxes(
        quads=np.array([label.points for label in labels], np.float64).reshape(-1, 4, 2),
        owner=np.zeros(len(labels), np.int64),
        line=np.array([label.line for label in labels], np.int64),
        ignored=np.array([label.ignored for label in labels], bool),
        length=np.array([len(label.text) for label in labels], np.int64),
    )
