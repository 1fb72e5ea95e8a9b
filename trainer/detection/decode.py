"""From a probability map to boxes, without contours and without polygons.

decode(prob, *, scale, source_size, config) -> Boxes(quads, scores)

Each connected region above the threshold is one word: its smallest rotated rectangle, grown by
d = area * ratio / perimeter to undo the shrinking of the labels. Growing a rectangle by d to
all sides is what clipping with round joins and taking the smallest rectangle gives.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class DecodeConfig:
    """How sure, how large and how many."""

    threshold: float = 0.3
    """A pixel above this probability belongs to a word."""
    box_threshold: float = 0.5
    """A box whose mean probability is lower is dropped."""
    unclip_ratio: float = 1.5
    """How far a region is grown: by area * ratio / perimeter."""
    min_side: float = 3.0
    """A region whose short side, before growing, is below this many pixels is dropped."""
    max_candidates: int = 1000
    """Only the largest regions are looked at: an untrained model lights up everywhere."""


@dataclass(frozen=True)
class Boxes:
    """``quads`` (n, 4, 2), clockwise from the top left, and ``scores`` (n,), best first."""

    quads: NDArray[np.float32]
    scores: NDArray[np.float32]


def decode(
    prob: Floats,
    *,
    scale: float = 1.0,
    source_size: tuple[int, int] | None = None,
    config: DecodeConfig = DecodeConfig(),
) -> Boxes:
    """Find the boxes of one probability map (h, w) in 0..1; NaN counts as no text.

    Points are divided by ``scale`` and, when ``source_size`` (h, w) is given, cut to that image.
    """
    prob = np.asarray(prob, np.float32)
    text = (prob > config.threshold).astype(np.uint8)  # never where it is NaN
    count, regions, stats, _ = cv2.connectedComponentsWithStats(text, connectivity=8)
    if count <= 1:
        return _none()
    runs = _runs(prob, text, regions)
    areas = stats[:, cv2.CC_STAT_AREA]
    scores = np.bincount(runs.region, runs.sum, minlength=count) / np.maximum(areas, 1)
    wide = np.minimum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    # The upright rectangle is never thinner than the rotated one: a cheap first sieve.
    candidates = 1 + np.flatnonzero(
        (scores[1:] >= config.box_threshold) & (wide[1:] >= config.min_side)
    )
    largest = candidates[np.argsort(-areas[candidates], kind="stable")[: config.max_candidates]]
    found = [
        (box, scores[index])
        for index, points in zip(largest, _outlines(runs, largest, count), strict=True)
        if (box := _box(points, config)) is not None
    ]
    return _to_source(found, scale, source_size)


def grow(rectangle: _Rectangle, ratio: float) -> _Rectangle:
    """A rotated rectangle (centre, sides, angle) grown by area * ratio / perimeter."""
    centre, (width, height), angle = rectangle
    growth = width * height * ratio / (2 * (width + height))
    return centre, (width + 2 * growth, height + 2 * growth), angle


def clockwise(quads: Floats) -> Floats:
    """The corners (n, 4, 2) of rectangles in clockwise order, the first nearest the top left.

    y points down. Of the four possible starts that is the one whose next side runs most
    to the right, so a word that leans by less than 45 degrees starts at its own top left.
    """
    x, y = quads[..., 0], quads[..., 1]
    turned = (x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1) < 0
    quads = np.where(turned[:, None, None], quads[:, ::-1], quads)
    edges = np.roll(quads, -1, axis=1) - quads
    heading = edges[..., 0] / np.maximum(np.hypot(edges[..., 0], edges[..., 1]), 1e-6)
    order = (heading.argmax(1)[:, None] + np.arange(4)) % 4
    result: Floats = np.take_along_axis(quads, order[:, :, None], axis=1)
    return result


_Rectangle = tuple[tuple[float, float], tuple[float, float], float]


def _none() -> Boxes:
    return Boxes(np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32))


@dataclass(frozen=True)
class _Runs:
    """Lit pixels side by side in a row, from the top left on: one array item for each run.

    All further work is on runs, which are far fewer than pixels however the map looks. ``last`` is
    the x of the last pixel, ``sum`` that of the probabilities.
    """

    region: NDArray[np.int32]
    row: NDArray[np.intp]
    first: NDArray[np.intp]
    last: NDArray[np.intp]
    sum: NDArray[np.float64]


def _runs(prob: Floats, text: NDArray[np.uint8], regions: NDArray[np.int32]) -> _Runs:
    height, width = text.shape
    # A dark column on the left parts the rows, a dark pixel at the end closes the last one.
    flat = np.zeros(height * (width + 1) + 1, np.uint8)
    flat[:-1].reshape(height, width + 1)[:, 1:] = text
    ends = np.flatnonzero(flat[1:] != flat[:-1])  # starts and ends take turns
    row, first = np.divmod(ends[::2], width + 1)
    length = ends[1::2] - ends[::2]
    lit = np.minimum(prob[text.view(bool)], 1)  # few of all pixels, run by run
    sums = np.concatenate([[0.0], np.cumsum(lit, dtype=np.float64)])
    behind = np.cumsum(length)
    total = sums[behind] - sums[behind - length]
    return _Runs(regions[row, first], row, first, first + length - 1, total)


def _outlines(runs: _Runs, chosen: NDArray[np.intp], count: int) -> Iterator[NDArray[np.float32]]:
    """The ends of every row of each chosen region, (n, 2): they hold every corner of its hull."""
    place = np.full(count, -1)
    place[chosen] = np.arange(len(chosen))
    owner = place[runs.region]
    mine = np.flatnonzero(owner >= 0)
    mine = mine[np.argsort(owner[mine], kind="stable")]  # by region, and there by row
    owner, row = owner[mine], runs.row[mine]
    starts = np.flatnonzero(np.diff(owner, prepend=-1) | np.diff(row, prepend=-1))
    if not len(starts):
        return
    left = np.minimum.reduceat(runs.first[mine], starts)
    right = np.maximum.reduceat(runs.last[mine], starts)
    xs, ys = np.stack([left, right], 1), np.stack([row[starts]] * 2, 1)
    points = np.stack([xs, ys], 2).astype(np.float32)
    parts = np.flatnonzero(np.diff(owner[starts])) + 1
    for part in np.split(points, parts):
        yield part.reshape(-1, 2)


def _box(points: NDArray[np.float32], config: DecodeConfig) -> _Rectangle | None:
    """The grown rectangle around one region, or None when it is too thin."""
    rectangle = cv2.minAreaRect(points)
    if min(rectangle[1]) < max(config.min_side - 1, 0.5):  # n pixels in a row span n - 1
        return None
    return grow(rectangle, config.unclip_ratio)


def _to_source(
    found: list[tuple[_Rectangle, float]], scale: float, source_size: tuple[int, int] | None
) -> Boxes:
    if not found:
        return _none()
    quads = clockwise(np.stack([cv2.boxPoints(box) for box, _ in found]) / scale)
    scores = np.array([score for _, score in found])
    keep = np.ones(len(quads), bool)
    if source_size is not None:
        limit = np.array([source_size[1] - 1, source_size[0] - 1], np.float32)
        keep = ((quads.max(1) > 0) & (quads.min(1) < limit)).all(1)
        quads = np.clip(quads, 0, limit)
    order = np.argsort(-scores[keep], kind="stable")
    return Boxes(quads[keep][order].astype(np.float32), scores[keep][order].astype(np.float32))
