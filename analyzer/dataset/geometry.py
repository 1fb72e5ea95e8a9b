"""Boxes as geometry: quads (n, 4, 2) float64 in pixels, x to the right and y downwards.

All boxes of a data set are looked at in one go; only overlaps go image by image.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

import numpy as np

from analyzer.dataset.records import BoolArray
from analyzer.run import FloatArray, IntArray

EDGE = 1.0
"""Points up to this many pixels beyond the edge are taken for a rounding."""

TINY = 3.0
OVERLAP = 0.5
"""Two words of which more than this share (of their union) is the same place."""

MOST_COMPARED = 5000
MOST_PAIRS = 100_000
"""So many boxes of one image are compared with each other, and so many pairs of them at most."""

BLOCK = 256


def sides(quads: FloatArray) -> FloatArray:
    """Lengths (n, 4) of the sides."""
    edges = np.roll(quads, -1, axis=1) - quads
    return np.asarray(np.hypot(edges[..., 0], edges[..., 1]))


def short_sides(quads: FloatArray) -> FloatArray:
    """The shorter mean of opposite sides (n,): the height of a word, as a rule."""
    return np.asarray(_opposite(quads).min(-1))


def aspects(quads: FloatArray) -> FloatArray:
    """Width over height (n,): the mean of the first and third side over that of the others."""
    pairs = _opposite(quads)
    return np.asarray(pairs[:, 0] / np.maximum(pairs[:, 1], 1e-9))


def _opposite(quads: FloatArray) -> FloatArray:
    lengths = sides(quads)
    return np.asarray((lengths[:, :2] + lengths[:, 2:]) / 2)


def areas(quads: FloatArray) -> FloatArray:
    """Signed areas (n,); positive is clockwise on the screen."""
    x, y = quads[..., 0], quads[..., 1]
    after_x, after_y = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    return np.asarray((x * after_y - after_x * y).sum(1) / 2)


def turns(quads: FloatArray) -> FloatArray:
    """The cross product (n, 4) of the sides that meet at each corner."""
    edges = np.roll(quads, -1, axis=1) - quads
    after = np.roll(edges, -1, axis=1)
    return np.asarray(edges[..., 0] * after[..., 1] - edges[..., 1] * after[..., 0])


def self_crossing(quads: FloatArray) -> BoolArray:
    """Whether two opposite sides cross: the outline is then a bow tie, with two turns each way."""
    signs = np.sign(turns(quads))
    return np.asarray(((signs > 0).sum(1) == 2) & ((signs < 0).sum(1) == 2))


def concave(quads: FloatArray) -> BoolArray:
    """Whether one corner points inwards by more than a pixel."""
    cross = turns(quads) * np.sign(areas(quads))[:, None]
    across = np.linalg.norm(np.roll(quads, -2, axis=1) - quads, axis=2)
    depth = -cross / np.maximum(across, 1e-9)
    return np.asarray(((cross < 0).sum(1) == 1) & (depth.max(1) > EDGE))


def wrong_order(quads: FloatArray) -> BoolArray:
    """Whether the points go anticlockwise, or do not begin at the top left.

    A word may lean or stand upright: only a first side that points to the left, by more than it
    points up or down, is wrong.
    """
    first = quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]
    backwards = first[:, 0] < 0
    level = np.abs(first[:, 1]) <= np.abs(first[:, 0])
    return np.asarray((areas(quads) < 0) | (backwards & level))


def beyond(quads: FloatArray, size: FloatArray) -> FloatArray:
    """How far (n,) each box reaches beyond its image of ``size`` (n, 2) = w, h; 0 inside."""
    over = quads - (size[:, None, :] - 1)
    return np.asarray(np.maximum(np.maximum(over, -quads).max((1, 2)), 0.0))


def wholly_outside(quads: FloatArray, size: FloatArray) -> BoolArray:
    """Whether no part of a box lies over its image."""
    low, high = quads.min(1), quads.max(1)
    return np.asarray(((high < 0) | (low > size - 1)).any(1))


def same_as(quads: FloatArray, owner: IntArray) -> IntArray:
    """The first box (n,) of the same image with the same points: its own number for most."""
    rows = np.column_stack([owner, quads.reshape(-1, 8)])
    _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
    return np.asarray(first[group.reshape(-1)], np.int64)


def overlaps(
    quads: FloatArray, owner: IntArray, counts: BoolArray
) -> Iterator[tuple[int, int, float]]:
    """Boxes of one image that share more than ``OVERLAP`` of their union, with the share.

    Gives (one box, a later one, share), each later one once. ``owner`` (n,) is the image of each
    box, ascending; only boxes in ``counts`` are compared.
    """
    where = np.flatnonzero(counts)
    size = np.abs(areas(quads))
    low, high = quads.min(1), quads.max(1)
    starts = np.flatnonzero(np.diff(owner[where], prepend=-1))
    for whole in np.split(where, starts[1:]):
        group = whole[:MOST_COMPARED]
        told = set()
        near = _near(low[group], high[group], size[group])
        for first, second in islice(near, MOST_PAIRS):
            a, b = int(group[first]), int(group[second])
            if b not in told and (share := shared(quads[a], quads[b])) > OVERLAP:
                told.add(b)
                yield a, b, share


def _near(low: FloatArray, high: FloatArray, size: FloatArray) -> Iterator[tuple[int, int]]:
    """Pairs whose upright rectangles share so much that their boxes may share enough."""
    place = np.arange(len(size))
    for start in range(0, len(size), BLOCK):
        rows = slice(start, start + BLOCK)
        common = np.minimum(high[rows, None], high) - np.maximum(low[rows, None], low)
        inside = np.maximum(common, 0).prod(-1)
        needed = OVERLAP * np.maximum(size[rows, None], size)
        hits = (inside > needed) & (place > place[rows, None])
        for first, second in np.argwhere(hits).tolist():
            yield first + start, second


def shared(a: FloatArray, b: FloatArray) -> float:
    """Intersection over union of two convex quads, by cutting one along the sides of the other."""
    area_a, area_b = float(areas(a[None])[0]), float(areas(b[None])[0])
    if area_a == 0 or area_b == 0:
        return 0.0
    clip = b if area_b > 0 else b[::-1]
    part = [tuple(point) for point in (a if area_a > 0 else a[::-1]).tolist()]
    for start, end in zip(clip.tolist(), np.roll(clip, -1, axis=0).tolist(), strict=True):
        part = _cut(part, start, end)
        if not part:
            return 0.0
    common = float(abs(areas(np.array(part)[None])[0]))
    return common / (abs(area_a) + abs(area_b) - common)


def _cut(
    polygon: list[tuple[float, ...]], start: list[float], end: list[float]
) -> list[tuple[float, ...]]:
    """The part of a polygon on the inner (right-hand, y down) side of a line."""
    dx, dy = end[0] - start[0], end[1] - start[1]
    heights = [dx * (y - start[1]) - dy * (x - start[0]) for x, y in polygon]
    result: list[tuple[float, ...]] = []
    for i, (point, height) in enumerate(zip(polygon, heights, strict=True)):
        before, lower = polygon[i - 1], heights[i - 1]
        if (height >= 0) != (lower >= 0):
            t = lower / (lower - height)
            result.append(
                (before[0] + t * (point[0] - before[0]), before[1] + t * (point[1] - before[1]))
            )
        if height >= 0:
            result.append(point)
    return result
