"""A data set as data: one pass over its lists, label files and images.

examine(root, options, track) -> Examined
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.data import DataSet
from analyzer.dataset import leaks
from analyzer.dataset.boxes import note_boxes, note_nothing_to_learn
from analyzer.dataset.found import Found
from analyzer.dataset.headers import Header, read_header
from analyzer.dataset.images import note_header, note_look
from analyzer.dataset.labels import BoxTable
from analyzer.dataset.layout import Layout, read_layout
from analyzer.dataset.lists import note_counts, read_list
from analyzer.dataset.numbers import facts, numbers
from analyzer.dataset.pixels import look_at_all
from analyzer.dataset.records import Boxes, Look, Material, Options, Pair
from analyzer.dataset.statistics import Numbers
from analyzer.errors import UsageError
from analyzer.formats.icdar_folder import SPLITS
from analyzer.run import FloatArray

Track = Callable[[Iterable[Any], int, str], Iterator[Any]]


@dataclass(frozen=True)
class Examined:
    """All that was read and found.

    ``by_file`` counts the problems of each file, ``by_split`` those by (split, kind).
    """

    root: Path
    data: DataSet
    numbers: Numbers
    material: Material
    by_file: Counter[str]
    by_split: Counter[tuple[str, str]]


@dataclass(frozen=True)
class _Work:
    """What the steps of an examination share."""

    layout: Layout
    pairs: Sequence[Pair]
    found: Found
    track: Track


def examine(
    root: Path,
    options: Options | None = None,
    track: Track | None = None,
    test_root: Path | None = None,
) -> Examined:
    """Read the data set in ``root`` and note what is wrong with it.

    The test set is looked for in ``test_root`` where that is given.
    ``track`` goes through an iterable, given its length and what is done, and shows progress.
    Raises UsageError where a root is no folder, FormatError where it cannot be read.
    """
    options = options or Options()
    for split, folder in zip(SPLITS, (root, test_root or root), strict=True):
        if not folder.is_dir():
            what = "is a file" if folder.exists() else "does not exist"
            raise UsageError(f"{folder} {what}; give the folder that holds {split}_list.txt")
    found = Found()
    layout = read_layout(root, found, test_root)
    pairs: list[Pair] = []
    first: dict[str, tuple[str, ...]] = {}
    for split in SPLITS:
        listed, first[split] = read_list(layout, split, found)
        pairs += listed
        note_counts(layout, split, listed, found)
    work = _Work(layout, pairs, found, track or (lambda items, _count, _what: iter(items)))
    headers = _read_headers(work)
    sizes = _sizes(pairs, headers)
    boxes = _read_labels(work)
    note_boxes(boxes, pairs, sizes, found)
    note_nothing_to_learn(boxes, pairs, found)
    looks = _look(work, headers, options)
    leaked = _note_leaks(work, headers, looks)
    material = Material(options, tuple(pairs), boxes, sizes, looks, first)
    data = DataSet(found.problems(), facts(material, leaked))
    return Examined(root, data, numbers(material), material, found.by_file, found.by_split())


def _read_headers(work: _Work) -> dict[str, Header]:
    """The headers of all listed images by name, those that could be read."""
    names = list(dict.fromkeys(pair.image for pair in work.pairs if pair.image is not None))
    headers = {}
    for name in work.track(names, len(names), "Reading images"):
        try:
            headers[name] = read_header(work.layout.path(name))
        except OSError as error:
            work.found.add("unreadable", name, f"the image cannot be read: {error.strerror}")
            continue
        note_header(name, headers[name], work.found)
    return headers


def _sizes(pairs: Sequence[Pair], headers: Mapping[str, Header]) -> FloatArray:
    found = (headers.get(pair.image or "") for pair in pairs)
    rows = [(0, 0) if header is None else (header.width, header.height) for header in found]
    return np.array(rows, np.float64).reshape(-1, 2)


def _read_labels(work: _Work) -> Boxes:
    table = BoxTable()
    for number, pair in enumerate(work.track(work.pairs, len(work.pairs), "Reading labels")):
        if pair.label is not None:
            table.read(work.layout.path(pair.label), number, pair, work.found)
    return table.boxes()


def _look(work: _Work, headers: Mapping[str, Header], options: Options) -> dict[int, Look]:
    """Decode a sample of the images, or all, and those that seem cut off."""
    pairs = work.pairs
    good = [i for i, pair in enumerate(pairs) if _is_image(headers.get(pair.image or ""))]
    chosen = good if options.deep else _sample(good, pairs, options)
    cut_off = {i for i in good if not headers[pairs[i].image or ""].ended}
    order = sorted({*chosen, *cut_off})
    paths = [work.layout.path(pairs[i].image or "") for i in order]
    looks = {}
    seen = look_at_all(paths, options.processes)
    for i, look in zip(order, work.track(seen, len(order), "Decoding images"), strict=True):
        if isinstance(look, str):
            note_look(pairs[i].image or "", look, cut_off=i in cut_off, found=work.found)
        else:
            looks[i] = look
    return looks


def _is_image(header: Header | None) -> bool:
    return header is not None and bool(header.kind) and header.size > 0


def _sample(good: Sequence[int], pairs: Sequence[Pair], options: Options) -> list[int]:
    """Up to ``options.sample`` of the images, half of them test images; chosen by the seed."""
    size, chance = options.sample, random.Random(options.seed)
    test = [i for i in good if pairs[i].split == "test"]
    train = [i for i in good if pairs[i].split == "train"]
    count = min(len(test), max(size // 2, size - len(train)))
    return chance.sample(test, count) + chance.sample(train, min(len(train), size - count))


def _note_leaks(work: _Work, headers: Mapping[str, Header], looks: Mapping[int, Look]) -> int:
    """Note test images that are training images, each once; returns their number."""
    train, test = (_listed(work.pairs, split) for split in SPLITS)
    told = set()
    bytes_of = [{name: headers[name].size for name in side if name in headers}
                for side in (train, test)]  # fmt: skip
    for name, twin in leaks.same_files(work.layout.path, *bytes_of):
        told.add(name)
        text = f"{name} is {twin}, byte for byte"
        work.found.add("same-file", "test_list.txt", text, line=test[name].line)
    known = [i for i in looks if work.pairs[i].split == "train"]
    asked = [i for i in looks if work.pairs[i].split == "test" and work.pairs[i].image not in told]
    alike = leaks.same_pictures([looks[i] for i in known], [looks[i] for i in asked])
    for one, other, value in alike:
        pair, twin = work.pairs[asked[one]], work.pairs[known[other]].image or ""
        text = f"{pair.image} shows the same picture as {twin} (correlation {value:.4f})"
        work.found.add("same-picture", "test_list.txt", text, line=pair.line)
        told.add(pair.image or "")
    return len(told)


def _listed(pairs: Sequence[Pair], split: str) -> dict[str, Pair]:
    """The pairs of a split by their image."""
    return {pair.image: pair for pair in pairs if pair.split == split and pair.image is not None}
