"""Training inputs, each a little different: turned, zoomed, lit otherwise, with blocks cut out.

augment(image, quads, size, config, rng) -> Augmented(image, quads, hidden)

An image is uint8 (H, W, 3) in RGB order. Points are x, y in pixels. Every random number comes
from the generator that is handed in.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.errors import UsageError
from trainer.images import PAD, Image

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class AugmentConfig:
    """How training inputs vary. The defaults are the limits at which text stays what it is: light
    by a fifth, ten degrees, a tenth of size, one or two blocks of 15 % together. 0 switches a part
    off, for ``scale`` 1 to 1; what goes beyond is allowed, and ``beyond_limits`` says so.
    """

    rotate: float = 10.0
    """Largest turn to either side, in degrees."""
    scale: tuple[float, float] = (0.9, 1.1)
    """Range of the zoom; 1 shows the whole image, as evaluation does."""
    flip: float = 0.0
    """Share of images mirrored left to right; mirrored text is no text, so 0."""
    brightness: float = 0.2
    """Largest change of brightness, as a share."""
    contrast: float = 0.2
    """Largest change of contrast, as a share."""
    cutout_blocks: int = 2
    """Each image loses 1 to this many rectangles."""
    cutout_area: float = 0.15
    """Largest area of all blocks together, as a share of the input."""

    def __post_init__(self) -> None:
        limits = {
            "rotate": (0, 180),
            "flip": (0, 1),
            "brightness": (0, 0.9),
            "contrast": (0, 0.9),
            "cutout_blocks": (0, 16),
            "cutout_area": (0, 0.5),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                value = getattr(self, name)
                raise UsageError(f"{name} is {value}; it must lie in {low} to {high}")
        scale = tuple(float(value) for value in self.scale)
        if len(scale) != 2 or not 0.1 <= scale[0] <= scale[1] <= 10:
            raise UsageError(
                f"scale is {list(self.scale)}; it must be two numbers, lower first, in 0.1 to 10"
            )
        object.__setattr__(self, "scale", scale)

    def beyond_limits(self) -> list[str]:
        """One sentence for each part that is stronger than the default, which may deform text."""
        usual, found = AugmentConfig(), []
        for name in ("rotate", "flip", "brightness", "contrast", "cutout_blocks", "cutout_area"):
            value, limit = getattr(self, name), getattr(usual, name)
            if value > limit:
                found.append(f"augment.{name} is {value}, beyond {limit}")
        low, high = usual.scale
        if self.scale[0] < low or self.scale[1] > high:
            found.append(f"augment.scale is {list(self.scale)}, beyond {low} to {high}")
        return [f"{what}; text that is deformed teaches little" for what in found]


@dataclass(frozen=True)
class Augmented:
    """A training input: ``image`` (size, size, 3), ``quads`` (n, 4, 2) in its pixels, and
    ``hidden`` (n,): whose middle a cut-out block covers, so that nothing can be learnt of it.
    """

    image: Image
    quads: Floats
    hidden: NDArray[np.bool_]


def augment(
    image: Image,
    quads: Floats,
    size: int,
    config: AugmentConfig,
    rng: np.random.Generator,
) -> Augmented:
    """Make one training input of (size, size, 3): one warp, one table lookup, some blocks.

    ``quads`` (n, 4, 2) are in pixels of ``image``.
    """
    matrix = _affine(image.shape[:2], quads, size, config, rng)
    warped = _warp(image, matrix, size)
    moved = quads @ matrix[:, :2].T + matrix[:, 2]
    warped = _light(warped, config, rng)
    hidden = np.zeros(len(quads), bool)
    middles = moved.mean(1)
    for x0, y0, x1, y1 in _blocks(size, config, rng):
        warped[y0:y1, x0:x1] = PAD
        hidden |= ((middles >= (x0, y0)) & (middles < (x1, y1))).all(1)
    return Augmented(warped, moved.astype(np.float32), hidden)


def _warp(image: Image, matrix: Floats, size: int) -> Image:
    """The (size, size, 3) input that ``matrix`` makes of ``image``.

    With a fourth channel on the way: OpenCV 5 has a faster kernel for four than for three, which
    more than pays for the two conversions and gives the same bytes.
    """
    four = cv2.warpAffine(
        cv2.cvtColor(image, cv2.COLOR_RGB2RGBA),
        matrix,
        (size, size),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(*PAD, 0),
    )
    return cv2.cvtColor(four, cv2.COLOR_RGBA2RGB)  # type: ignore[no-any-return]


def _affine(
    shape: tuple[int, ...],
    quads: Floats,
    size: int,
    config: AugmentConfig,
    rng: np.random.Generator,
) -> Floats:
    """The (2, 3) matrix from the image to the input: mirror, turn and zoom, then place."""
    height, width = shape
    turn = math.radians(rng.uniform(-config.rotate, config.rotate))
    zoom = rng.uniform(*config.scale) * size / max(height, width)
    mirror = -1.0 if rng.random() < config.flip else 1.0
    cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
    linear = np.array([[cos * mirror, -sin], [sin * mirror, cos]])
    corners = np.array([[0, 0], [width - 1, 0], [width - 1, height - 1], [0, height - 1]])
    moved = corners @ linear.T
    chance = rng.random(2)
    # Always drawn, so that later numbers do not depend on how many words there are.
    word = rng.random()
    middle = moved.mean(0) if not len(quads) else quads[int(word * len(quads))].mean(0) @ linear.T
    return np.column_stack([linear, _shift(moved.min(0), moved.max(0), middle, size, chance)])


def _shift(low: Floats, high: Floats, middle: Floats, size: int, chance: Floats) -> Floats:
    """Where the image goes, for x and y: anywhere it fits, else so that ``middle`` is central."""
    room = size - 1 - (high - low)
    anywhere = chance * room - low
    central = np.clip((size - 1) / 2 - middle, size - 1 - high, -low)
    result: Floats = np.where(room >= 0, anywhere, central)
    return result


def _light(image: Image, config: AugmentConfig, rng: np.random.Generator) -> Image:
    """Contrast about mid-grey, then brightness, through one table of 256 entries."""
    contrast = 1 + rng.uniform(-config.contrast, config.contrast)
    brightness = 1 + rng.uniform(-config.brightness, config.brightness)
    levels = ((np.arange(256) - 128) * contrast + 128) * brightness
    table = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return cv2.LUT(image, table)  # type: ignore[no-any-return]


def _blocks(
    size: int, config: AugmentConfig, rng: np.random.Generator
) -> list[tuple[int, int, int, int]]:
    """The (x0, y0, x1, y1) of the cut-out blocks; together at most ``cutout_area``."""
    if not config.cutout_blocks or not config.cutout_area:
        return []
    count = int(rng.integers(1, config.cutout_blocks + 1))
    blocks = []
    for share, aspect, x, y in rng.random((count, 4)):
        area = share * config.cutout_area / count * size * size
        ratio = 2 ** (2 * aspect - 1)
        width = min(int(math.sqrt(area * ratio)), size)
        height = min(int(math.sqrt(area / ratio)), size)
        x0, y0 = int(x * (size - width + 1)), int(y * (size - height + 1))
        blocks.append((x0, y0, x0 + width, y0 + height))
    return blocks
