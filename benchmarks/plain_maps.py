"""Label maps the plain way: a polygon clipper and four distances for each box.

make_maps(quads, ignored, size, *, min_side, shrink_ratio, border_range) -> LabelMaps

Box by box as the DB paper describes it: Clipper moves the outline in and out with round joins,
a polygon fill draws the result, and the threshold map takes the smallest distance of each pixel
to the four sides in float64. The trainer's own maps are checked and timed against these.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import pyclipper
import shapely
from numpy.typing import NDArray

from trainer.detection.labels import LabelMaps, small

Floats = NDArray[np.floating[Any]]
Mask = NDArray[np.bool_]

FINE = 256
"""Steps of Clipper's whole numbers in one pixel."""


def make_maps(
    quads: Floats,
    ignored: Mask,
    size: tuple[int, int],
    *,
    min_side: float = 8.0,
    shrink_ratio: float = 0.4,
    border_range: tuple[float, float] = (0.3, 0.7),
) -> LabelMaps:
    """Draw the maps of one input; arguments and result as ``trainer.detection.labels``.

    Quads are taken as they are: finite, not crossing themselves, and no larger than a page.
    """
    low, high = border_range
    shrink, band = np.zeros(size, np.uint8), np.zeros(size, np.uint8)
    mask = np.ones(size, np.uint8)
    nearness = np.zeros(size)
    quads = np.asarray(quads, float).reshape(-1, 4, 2)
    for quad, skip in zip(quads, np.asarray(ignored, bool) | small(quads, min_side), strict=True):
        polygon = shapely.Polygon(quad)
        if polygon.area < 1:
            continue
        if skip:
            _fill(mask, quad, 0)
            continue
        distance = polygon.area * (1 - shrink_ratio**2) / polygon.length
        core = offset(quad, -distance)
        if core is not None:
            _fill(shrink, core, 1)
        grown = offset(quad, distance)
        assert grown is not None  # only shrinking can leave nothing
        _fill(band, grown, 1)
        _draw_nearness(nearness, quad, grown, distance)
    border = np.rint(255 * (low + (high - low) * nearness)).astype(np.uint8)
    return LabelMaps(shrink, mask, border, band)


def offset(quad: Floats, distance: float) -> Floats | None:
    """The outline moved outwards by ``distance`` pixels with round joins; None: nothing left."""
    clipper = pyclipper.PyclipperOffset(arc_tolerance=0.02 * FINE)
    path = np.rint(np.asarray(quad) * FINE).astype(int).tolist()
    clipper.AddPath(path, pyclipper.JT_ROUND, pyclipper.ET_CLOSEDPOLYGON)
    pieces = clipper.Execute(distance * FINE)
    return np.array(pieces[0]) / FINE if pieces else None


def _fill(plane: NDArray[np.uint8], polygon: Floats, value: int) -> None:
    """Every pixel that the polygon touches, its corners moved to whole pixels."""
    cv2.fillPoly(plane, [np.rint(polygon).astype(np.int32)], value)


def _draw_nearness(canvas: Floats, quad: Floats, grown: Floats, distance: float) -> None:
    """Raise ``canvas`` to 1 on the outline, falling to 0 at ``distance`` from it."""
    height, width = canvas.shape
    x0, y0 = np.maximum(np.floor(grown.min(0)).astype(int), 0)
    x1, y1 = np.minimum(np.ceil(grown.max(0)).astype(int) + 1, (width, height))
    if x1 <= x0 or y1 <= y0:
        return
    ys, xs = np.mgrid[y0:y1, x0:x1].astype(float)
    sides = zip(quad, np.roll(quad, -1, axis=0), strict=True)
    away = np.min([_to_segment(xs, ys, start, end) for start, end in sides], axis=0)
    near = np.maximum(1 - away / distance, 0)
    np.maximum(canvas[y0:y1, x0:x1], near, out=canvas[y0:y1, x0:x1])


def _to_segment(xs: Floats, ys: Floats, start: Floats, end: Floats) -> Floats:
    """Distance of every pixel to the segment from ``start`` to ``end``."""
    along = end - start
    length = max(float(along @ along), 1e-12)
    share = ((xs - start[0]) * along[0] + (ys - start[1]) * along[1]) / length
    share = np.clip(share, 0, 1)
    result: Floats = np.hypot(xs - start[0] - share * along[0], ys - start[1] - share * along[1])
    return result
