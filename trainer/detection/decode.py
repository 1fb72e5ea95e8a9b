"""From a probability map to boxes, without contours and without polygons.

decode(prob, *, scale, source_size, config) -> Boxes(quads, scores)

Each connected region above the threshold is one word: its smallest rotated rectangle, grown by
d = area * ratio / perimeter to undo the shrinking of the labels. Growing a rectangle by d to
all sides is what clipping with round joins and taking the smallest rectangle gives.
"""

from __future__ import annotations

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
    lit = np.flatnonzero(text)
    sure = np.minimum(prob.ravel()[lit], 1)
    areas = stats[:, cv2.CC_STAT_AREA]
    scores = np.bincount(regions.ravel()[lit], sure, minlength=count) / np.maximum(areas, 1)
    wide = np.minimum(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    # The upright rectangle is never thinner than the rotated one: a cheap first sieve.
    candidates = 1 + np.flatnonzero(
        (scores[1:] >= config.box_threshold) & (wide[1:] >= config.min_side)
    )
    largest = candidates[np.argsort(-areas[candidates], kind="stable")[: config.max_candidates]]
    found = [(box, scores[i]) for i in largest if (box := _box(regions, stats[i], i, config))]
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


def _box(
    regions: NDArray[np.int32], stat: NDArray[np.int32], index: int, config: DecodeConfig
) -> _Rectangle | None:
    """The grown rectangle of one region, or None when it is too thin."""
    x, y, width, height = stat[:4]
    window = regions[y : y + height, x : x + width] == index
    # The ends of the rows hold every corner of the hull, and are far fewer than the pixels.
    rows = np.arange(height)
    left = window.argmax(1)
    right = width - 1 - window[:, ::-1].argmax(1)
    points = np.column_stack([np.concatenate([left, right]), np.concatenate([rows, rows])])
    rectangle = cv2.minAreaRect((points + np.array([x, y])).astype(np.float32))
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
