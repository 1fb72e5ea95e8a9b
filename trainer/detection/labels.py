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
    for quad, skip in zip(convex(quads)[finite], dont_care[finite], strict=True):
        area, perimeter = _area(quad), float(_sides(quad).sum())
        if area < 1:  # less than a pixel; its band would be too thin to divide by
            continue
        band = 0.0 if skip else area * (1 - shrink_ratio**2) / perimeter
        window = _window(quad, band, size)
        if window is None:
            continue
        distance = _signed_distance(quad, window)
        if skip:
            maps.shrink_mask[window] &= (distance < 0).view(np.uint8)
            continue
        # Half a pixel: a pixel counts when the shrunk outline touches it, as polygon fill does.
        maps.shrink[window] |= (distance >= band - 0.5).view(np.uint8)
        maps.border_mask[window] |= (distance >= -band).view(np.uint8)
        np.abs(distance, out=distance)
        distance *= -255 * (high - low) / band
        distance += 255 * high + 0.5
        np.maximum(distance, 0, out=distance)
        np.maximum(maps.border[window], distance.astype(np.uint8), out=maps.border[window])
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


def _area(quad: Floats) -> float:
    x, y = quad[:, 0].astype(float), quad[:, 1].astype(float)
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def _window(quad: Floats, margin: float, size: tuple[int, int]) -> tuple[slice, slice] | None:
    """The pixels of the input that lie within ``margin`` of the quad's bounding box."""
    low = np.maximum(np.floor(quad.min(0) - margin), 0)
    high = np.minimum(np.ceil(quad.max(0) + margin) + 1, (size[1], size[0]))
    if not (high > low).all():  # also where a speck of a quad has no rectangle but NaN
        return None
    (x0, y0), (x1, y1) = low.astype(int), high.astype(int)
    return slice(y0, y1), slice(x0, x1)


def _signed_distance(quad: Floats, window: tuple[slice, slice]) -> Floats:
    """Distance of each pixel of ``window`` to the outline of a convex quad, positive inside.

    Exact inside and beside the edges; beyond a corner it is exact for right angles and a few
    per cent off for the angles of text. Opposite edges go together, which saves two thirds.
    """
    corners = quad.astype(np.float32)
    edges = np.roll(corners, -1, axis=0) - corners
    lengths = np.maximum(np.hypot(edges[:, 0], edges[:, 1]), 1e-6)
    inward = np.stack([-edges[:, 1], edges[:, 0]], 1) / lengths[:, None]
    if ((corners.mean(0) - corners) * inward).sum() < 0:
        inward = -inward
    xs = np.arange(window[1].start, window[1].stop, dtype=np.float32)
    ys = np.arange(window[0].start, window[0].stop, dtype=np.float32)
    horizontal = (xs - corners[:, :1]) * inward[:, :1]
    vertical = (ys - corners[:, 1:]) * inward[:, 1:]
    across = vertical[:, :, None] + horizontal[:, None, :]
    first, second = np.minimum(across[:2], across[2:], out=across[:2])
    distance = np.minimum(first, second, out=across[2])
    np.minimum(across[:2], 0, out=across[:2])
    np.maximum(distance, 0, out=distance)
    distance -= cv2.magnitude(first, second)  # 0 inside, so no slow np.where
    result: Floats = distance
    return result
