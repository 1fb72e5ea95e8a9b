"""Boxes drawn on an image, for eyes.

draw(image, quads, scores) -> image
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.images import Image

Floats = NDArray[np.floating[Any]]

EDGE = (30, 160, 60)
UNSURE = (220, 120, 20)
"""RGB of the outline of a sure box, and of one below ``SURE``."""
SURE = 0.5
DARK = (0, 0, 0)
LEAST = 640
"""A smaller image is enlarged to this side, or its lines and numbers would hide it."""


def draw(image: Image, quads: Floats, scores: Floats) -> Image:
    """A copy of an RGB image with an outline for each box (n, 4, 2) and its score in percent."""
    zoom = max(1, -(-LEAST // max(image.shape[:2])))
    canvas: Image = cv2.resize(image, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_NEAREST)
    side = max(canvas.shape[:2])
    line, letter = max(1, round(side / 500)), max(0.35, side / 2200)
    points = np.rint((np.asarray(quads) + 0.5) * zoom).astype(np.int32).reshape(-1, 4, 1, 2)
    for quad, score in zip(points, scores, strict=True):
        colour = EDGE if score >= SURE else UNSURE
        cv2.polylines(canvas, [quad], True, (255, 255, 255), line + 2, cv2.LINE_AA)
        cv2.polylines(canvas, [quad], True, colour, line, cv2.LINE_AA)
    for quad, score in zip(points, scores, strict=True):
        _write(canvas, f"{100 * score:.0f}", quad.reshape(4, 2)[0], letter, line)
    return canvas


def _write(canvas: Image, text: str, corner: NDArray[np.int32], letter: float, line: int) -> None:
    """A number above a corner, dark on a light ground, kept inside the image."""
    (width, height), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, letter, 1)
    x = int(np.clip(corner[0], 0, max(0, canvas.shape[1] - width - 2)))
    y = int(np.clip(corner[1] - line - 2, height + 2, canvas.shape[0] - 1))
    cv2.rectangle(canvas, (x, y - height - 2), (x + width + 1, y + 1), (255, 255, 255), -1)
    cv2.putText(
        canvas, text, (x + 1, y - 1), cv2.FONT_HERSHEY_SIMPLEX, letter, DARK, 1, cv2.LINE_AA
    )
