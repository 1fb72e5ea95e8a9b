"""What the DB head learns: four maps drawn from the quads of one training input.

make_maps(quads, ignored, size, *, min_side, shrink_ratio, border_range) -> LabelMaps
short_sides(quads) -> (n,) pixels          small(quads, min_side) -> (n,) bool

The rule is that of Liao et al., "Real-time scene text detection with differentiable
binarization" (2020): a word of area A and perimeter L is shrunk by D = A (1 - r^2) / L for the
text map; the threshold map falls from its border over D to both sides. For a convex quad both
are read off one field, the signed distance to the outline, so no polygon clipper is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Plane = NDArray[np.uint8]


@dataclass(frozen=True)
class LabelMaps:
    """Four (h, w) uint8 planes.

    ``shrink``: 1 in the core of a word. ``shrink_mask``: 0 where a don't-care word stands.
    ``border``: the threshold map times 255. ``border_mask``: 1 on every word grown by its D,
    the inside included, where the threshold map counts.
    """

    shrink: Plane
    shrink_mask: Plane
    border: Plane
    border_mask: Plane


def make_maps(
    quads: Floats,
    ignored: NDArray[np.bool_],
    size: tuple[int, int],
    *,
    min_side: float = 8.0,
    shrink_ratio: float = 0.4,
    border_range: tuple[float, float] = (0.3, 0.7),
) -> LabelMaps:
    """Draw the maps of one input of ``size`` (h, w).

    ``quads`` (n, 4, 2) are x, y in pixels of the input, in either direction, pixel centres on
    whole numbers; parts outside the input are cut off, quads not finite or below a pixel left out.
    A quad that is not convex stands for its smallest rotated rectangle. Words that are
    ``ignored`` or whose short side is below ``min_side`` become don't-care.
    """
    low, high = border_range
    maps = LabelMaps(
        np.zeros(size, np.uint8),
        np.ones(size, np.uint8),
        np.full(size, round(255 * low), np.uint8),
        np.zeros(size, np.uint8),
    )
    quads = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    finite: NDArray[np.bool_] = np.asarray(np.isfinite(quads).all((1, 2)))
    quads = np.where(finite[:, None, None], quads, 0)
    dont_care = np.asarray(ignored, bool) | small(quads, min_side)
    quads = convex(quads).astype(float)
    areas = _areas(quads)
    bands = areas * (1 - shrink_ratio**2) / np.maximum(_sides(quads).sum(1), 1e-6)
    bands[dont_care] = 0
    windows = _windows(quads, bands, size)
    # Below a pixel of area the band would be too thin to divide by.
    drawn = finite & (areas >= 1) & (windows[:, 2:] > windows[:, :2]).all(1)
    lines = _half_planes(quads, windows)
    for index in np.flatnonzero(drawn):
        x0, y0, x1, y1 = windows[index]
        window = slice(y0, y1), slice(x0, x1)
        distance = _signed_distance(lines[index], x1 - x0, y1 - y0)
        band = bands[index]
        if dont_care[index]:
            maps.shrink_mask[window] &= (distance < 0).view(np.uint8)
            continue
        # Half a pixel: a pixel counts when the shrunk outline touches it, as polygon fill does.
        maps.shrink[window] |= (distance >= band - 0.5).view(np.uint8)
        maps.border_mask[window] |= (distance >= -band).view(np.uint8)
        np.abs(distance, out=distance)
        # What rises from the outline and ends at 255, turned over, falls to 0.
        away = cv2.convertScaleAbs(
            distance, alpha=255 * (high - low) / band, beta=255 * (1 - high)
        )
        np.maximum(maps.border[window], ~away, out=maps.border[window])
    return maps


def short_sides(quads: Floats) -> Floats:
    """The shorter mean of opposite sides of each quad (n, 4, 2), in pixels."""
    sides = _sides(quads)
    result: Floats = ((sides[..., :2] + sides[..., 2:]) / 2).min(-1)
    return result


def small(quads: Floats, min_side: float) -> NDArray[np.bool_]:
    """Which quads are too small to learn from at this scale."""
    result: NDArray[np.bool_] = short_sides(quads) < min_side
    return result


def convex(quads: Floats) -> Floats:
    """The quads (n, 4, 2), those not convex or lacking a side replaced by their rectangle."""
    edges = np.roll(quads, -1, axis=1) - quads
    after = np.roll(edges, -1, axis=1)
    turns = edges[..., 0] * after[..., 1] - edges[..., 1] * after[..., 0]
    turning_both_ways = ~((turns >= 0).all(1) | (turns <= 0).all(1))
    bad = turning_both_ways | (_sides(quads) < 1e-3).any(1)
    if bad.any():
        quads = quads.copy()
        for index in np.flatnonzero(bad):
            quads[index] = cv2.boxPoints(cv2.minAreaRect(quads[index].astype(np.float32)))
    return quads


def _sides(quads: Floats) -> Floats:
    edges = np.roll(quads, -1, axis=-2) - quads
    result: Floats = np.hypot(edges[..., 0], edges[..., 1])
    return result


def _areas(quads: Floats) -> Floats:
    x, y = quads[..., 0], quads[..., 1]
    result: Floats = np.abs((x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum(1)) / 2
    return result


def _windows(quads: Floats, margins: Floats, size: tuple[int, int]) -> NDArray[np.int64]:
    """x0, y0, x1, y1 of the pixels that lie within each quad's margin of its bounding box."""
    limit = np.array([size[1], size[0]])
    low = np.clip(np.floor(quads.min(1) - margins[:, None]), 0, limit)
    high = np.clip(np.ceil(quads.max(1) + margins[:, None]) + 1, 0, limit)
    return np.concatenate([low, high], 1).astype(np.int64)


def _half_planes(quads: Floats, windows: NDArray[np.int64]) -> Floats:
    """a, b, c (n, 3, 4) of each side: a x + b y + c is the distance from it, positive inside.

    x, y are counted from the window, so that single precision is enough.
    """
    edges = np.roll(quads, -1, axis=1) - quads
    lengths = np.maximum(np.hypot(edges[..., 0], edges[..., 1]), 1e-6)
    inward = np.stack([-edges[..., 1], edges[..., 0]], -1) / lengths[..., None]
    towards_middle = ((quads.mean(1, keepdims=True) - quads) * inward).sum((1, 2))
    inward *= np.where(towards_middle < 0, -1, 1)[:, None, None]
    away = ((windows[:, None, :2] - quads) * inward).sum(2)
    return np.stack([inward[..., 0], inward[..., 1], away], 1).astype(np.float32)


def _signed_distance(lines: Floats, width: int, height: int) -> Floats:
    """Distance of each pixel of a window to the outline of a convex quad, positive inside.

    Exact inside and beside the edges; beyond a corner it is exact for right angles and a few
    per cent off for the angles of text. Opposite edges go together, which saves two thirds.
    """
    a, b, c = lines[:, :, None]
    horizontal = a * np.arange(width, dtype=np.float32)
    vertical = b * np.arange(height, dtype=np.float32) + c
    across = vertical[:, :, None] + horizontal[:, None, :]
    first, second = np.minimum(across[:2], across[2:], out=across[:2])
    distance = np.minimum(first, second, out=across[2])
    np.minimum(across[:2], 0, out=across[:2])
    np.maximum(distance, 0, out=distance)
    distance -= cv2.magnitude(first, second)  # 0 inside, so no slow np.where
    result: Floats = distance
    return result
