"""Grounds for rendered text: a gradient, a texture, some clutter, uneven light.

ground(size, rng) -> uint8 (size, size, 3) RGB
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
Floats = NDArray[np.floating[Any]]


def ground(size: int, rng: np.random.Generator) -> Image:
    """One square ground; everything random comes from ``rng``."""
    colour = _gradient(size, rng)
    texture = TEXTURES[int(rng.integers(len(TEXTURES)))](size, rng)
    light = smooth_noise(size, int(rng.integers(2, 4)), rng) * rng.uniform(0, 0.25)
    grain = rng.standard_normal((size, size), np.float32) * rng.uniform(1, 6)
    shade = texture * (255 * rng.uniform(0.04, 0.16)) + grain
    colour *= 1 + light[..., None]
    colour += shade[..., None]
    image = np.clip(colour, 0, 255).astype(np.uint8)
    _clutter(image, rng)
    return image


def smooth_noise(size: int, cells: int, rng: np.random.Generator) -> Floats:
    """Noise (size, size) in about -1..1 that changes over ``size / cells`` pixels."""
    grid = rng.uniform(-1, 1, (cells + 1, cells + 1)).astype(np.float32)
    return cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC)  # type: ignore[no-any-return]


def _gradient(size: int, rng: np.random.Generator) -> Floats:
    """A blend of two colours along a random direction, float32 (size, size, 3).

    A third are any colours at all: a detector that saw only pale ones misses words on others.
    """
    vivid = rng.random() < 0.35
    first = rng.uniform(0, 255, 3) if vivid else rng.uniform(20, 235) + rng.normal(0, 18, 3)
    first = np.clip(first, 0, 255)
    second = np.clip(first + rng.normal(0, 60 if vivid else 28, 3), 0, 255)
    corners = rng.uniform(0, 1, (2, 2)).astype(np.float32)
    blend = cv2.resize(corners, (size, size), interpolation=cv2.INTER_LINEAR)[..., None]
    result: Floats = first.astype(np.float32) + blend * (second - first).astype(np.float32)
    return result


def _plain(size: int, rng: np.random.Generator) -> Floats:  # noqa: ARG001 - one signature
    return np.zeros((size, size), np.float32)


def _paper(size: int, rng: np.random.Generator) -> Floats:
    return smooth_noise(size, size // 4, rng) * 0.4 + smooth_noise(size, 6, rng) * 0.4


def _blotches(size: int, rng: np.random.Generator) -> Floats:
    cells = int(rng.integers(4, 14))
    sharp = rng.uniform(2, 12)
    result: Floats = np.tanh(smooth_noise(size, cells, rng) * sharp)
    return result


def _stripes(size: int, rng: np.random.Generator) -> Floats:
    """Waves or hard stripes across a random direction, such as wood, blinds, fabric."""
    angle, period = rng.uniform(0, np.pi), rng.uniform(6, 48) * size / 320
    line = np.arange(size, dtype=np.float32) * (2 * np.pi / period)
    phase = (line * np.cos(angle))[None, :] + (line * np.sin(angle))[:, None]
    phase += smooth_noise(size, 4, rng) * rng.uniform(0, 6)
    waves: Floats = np.clip(np.sin(phase) * rng.choice([1, 4]), -1, 1)
    return waves


def _bricks(size: int, rng: np.random.Generator) -> Floats:
    """A grid of blocks of slightly different brightness with darker joints."""
    rows, columns = int(rng.integers(4, 14)), int(rng.integers(3, 10))
    cells = rng.uniform(-0.6, 0.6, (rows, columns)).astype(np.float32)
    wall = cv2.resize(cells, (size, size), interpolation=cv2.INTER_NEAREST)
    for k in range(1, rows):
        wall[k * size // rows :][:2] = -1
    for k in range(1, columns):
        wall[:, k * size // columns :][:, :2] = -1
    return wall  # type: ignore[no-any-return]


TEXTURES = (_plain, _paper, _paper, _blotches, _stripes, _bricks)


def _clutter(image: Image, rng: np.random.Generator) -> None:
    """Lines, discs and boxes in colours near the ground: edges that are no text."""
    size = image.shape[0]
    for _ in range(int(rng.integers(0, 9))):
        (x, y), (u, v) = rng.integers(0, size, (2, 2)).tolist()
        shift = rng.normal(0, 45, 3)
        colour = np.clip(image[y, x] + shift, 0, 255).tolist()
        kind = rng.integers(4)
        if kind == 0:
            cv2.line(image, (x, y), (u, v), colour, int(rng.integers(1, 4)), cv2.LINE_AA)
        elif kind == 1:
            radius = int(rng.uniform(0.01, 0.08) * size)
            filled = -1 if rng.random() < 0.5 else 2
            cv2.circle(image, (x, y), radius, colour, filled, cv2.LINE_AA)
        elif kind == 2:
            w, h = (rng.uniform(0.04, 0.3, 2) * size).astype(int).tolist()
            cv2.rectangle(image, (x, y), (x + w, y + h), colour, int(rng.choice([-1, 1, 2])))
        else:
            _bars(image, x, y, colour, rng)


def _bars(image: Image, x: int, y: int, colour: list[float], rng: np.random.Generator) -> None:
    """A row of short strokes, such as a fence or a bar code: the hardest thing that is no text."""
    height = int(rng.uniform(0.03, 0.1) * image.shape[0])
    step = int(rng.integers(3, 9))
    for k in range(int(rng.integers(5, 16))):
        left = x + k * step
        cv2.rectangle(image, (left, y), (left + step // 3, y + height), colour, -1)
