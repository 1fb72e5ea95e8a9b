"""Scenes of rendered words: what stands on the grounds, where, and its exact box.

scene(size, rng) -> Scene(image, words)

Words come in short lines that share an angle and a colour. A word is drawn large, cut to its
ink, and warped into its quad, so the quad is tight by construction.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from trainer.synth_grounds import Image, ground

Floats = NDArray[np.floating[Any]]

_GLYPH_SCALE = 1.5
"""Words are drawn this many times larger than needed, then warped down."""
_SYLLABLES = (
    "ba be co da de el en fa ga go ha in ka la le ma mi na no on pa po ra re ri sa se si ta te "
    "ti to un va ve vi an er es th st ch sh br tr pl"
)
_FONTS = (0, 2, 3, 4, 6, 7)  # Hershey numbers; newer OpenCV draws them with outline fonts


@dataclass(frozen=True)
class Word:
    """One rendered word. ``quad`` (4, 2) whole pixels, clockwise from the word's top left.

    ``height`` in pixels, ``contrast`` in grey levels between ink and ground, ``angle`` in
    degrees clockwise. An unreadable word is ``ignored``.
    """

    quad: Floats
    text: str
    ignored: bool
    height: float
    contrast: float
    angle: float


@dataclass(frozen=True)
class Scene:
    """An image and its words. ``ink`` (size, size) is how much of each pixel is ink, 0..255."""

    image: Image
    words: tuple[Word, ...]
    ink: Image


@dataclass(frozen=True)
class _Line:
    """What the words of a line share; ``height`` is that of a capital, in pixels, ``tint`` what R,
    G and B of the ink differ from its grey.
    """

    height: float
    angle: float
    font: int
    stroke: float
    contrast: float
    tint: Floats
    blurred: bool


@dataclass(frozen=True)
class _Glyphs:
    """``mask`` (h, w) in 0..255, larger than life; its sides and top in pixels of the image.

    ``top`` is measured from the baseline, up is negative.
    """

    mask: Image
    width: float
    top: float
    height: float


@dataclass(frozen=True)
class _Canvas:
    """What is written on: the image, its ink so far, and where a word stands already."""

    image: Image
    ink: Image
    taken: Image


def scene(size: int, rng: np.random.Generator) -> Scene:
    """Render one square image; everything random comes from ``rng``."""
    blank = np.zeros((size, size), np.uint8)
    canvas = _Canvas(ground(size, rng), blank, blank.copy())
    words: list[Word] = []
    crowded = int(4 * max(0.0, 320 / size - 1))  # where little fits, more is tried
    for _ in range(int(rng.integers(2, 9)) + crowded):
        words += _write_line(canvas, rng)
    image = canvas.image
    if rng.random() < 0.3:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.4, 0.9))
    return Scene(image, tuple(words), canvas.ink)


def text_scale(size: int) -> float:
    """How much larger than at 320 pixels words are; a small image is a crop, as legible."""
    return max(1.0, size / 320)


def _draw_line(size: int, rng: np.random.Generator) -> _Line:
    """Pick height, angle and style; heights are log-normal, most lines lie nearly level."""
    scale = text_scale(size)
    height = float(np.clip(rng.lognormal(math.log(21), 0.45), 9, min(72, size / 4))) * scale
    tiny = rng.random() < 0.06 * min(1.0, size / 320)  # else they would fill the gaps
    tint = rng.normal(0, 70 if rng.random() < 0.4 else 0, 3)
    spread = rng.choice([2.0, 10.0, 28.0], p=[0.5, 0.35, 0.15])
    return _Line(
        height=rng.uniform(4.5, 7) * scale if tiny else height,
        angle=float(np.clip(rng.normal(0, spread), -60, 60)),
        font=int(rng.choice(_FONTS)),
        stroke=rng.uniform(0.05, 0.14),
        contrast=float(rng.choice([-1, 1])) * rng.uniform(28, 190),
        tint=tint - tint.mean(),
        blurred=rng.random() < 0.05,
    )


def _write_line(canvas: _Canvas, rng: np.random.Generator) -> list[Word]:
    """Put one line of one to three words where there is room; none when there is none."""
    size = canvas.image.shape[0]
    line = _draw_line(size, rng)
    texts = [random_text(rng) for _ in range(int(rng.choice([1, 2, 3], p=[0.5, 0.3, 0.2])))]
    glyphs = [_glyphs(text, line) for text in texts]
    gap = line.height * rng.uniform(0.4, 0.8)
    length = sum(glyph.width for glyph in glyphs) + gap * (len(glyphs) - 1)
    for centre in rng.uniform(0, size, (16, 2)):
        quads, left = [], -length / 2
        for glyph in glyphs:
            quads.append(_quad(centre, left, glyph, line))
            left += glyph.width + gap
        if _free(canvas.taken, quads, line.height):
            for quad in quads:
                cv2.fillConvexPoly(canvas.taken, np.rint(quad).astype(np.int32), 1)
            return [
                _print_word(canvas, glyph, quad, text, line)
                for glyph, quad, text in zip(glyphs, quads, texts, strict=True)
            ]
    return []


def random_text(rng: np.random.Generator) -> str:
    """A pronounceable word, a number, a price or a code, in mixed case."""
    kind = rng.random()
    if kind < 0.7:
        word = "".join(rng.choice(_SYLLABLES.split(), int(rng.integers(1, 5))))
        return (word, word.capitalize(), word.upper())[int(rng.integers(3))]
    number = int(rng.integers(2, 100_000))
    if kind < 0.85:
        return str(number)
    if kind < 0.93:
        return f"{number % 1000}.{number % 97:02d}"
    return f"{chr(65 + number % 26)}{number % 10}-{number % 1000:03d}"


def _glyphs(text: str, line: _Line) -> _Glyphs:
    """Draw ``text`` level and cut it to its ink."""
    height = line.height * _GLYPH_SCALE
    font_scale = height / 22  # a Hershey capital is about 22 pixels tall at scale 1
    thickness = max(1, round(height * line.stroke))
    (width, above), below = cv2.getTextSize(text, line.font, font_scale, thickness)
    margin = thickness + 2 + int(height / 2)
    canvas = np.zeros((above + below + 2 * margin, width + 2 * margin), np.uint8)
    baseline = margin + above
    origin = (margin, baseline)
    cv2.putText(canvas, text, origin, line.font, font_scale, 255, thickness, cv2.LINE_AA)
    x, y, w, h = cv2.boundingRect((canvas > 0.4 * canvas.max()).astype(np.uint8))
    mask = canvas[y : y + h, x : x + w]
    return _Glyphs(mask, w / _GLYPH_SCALE, (y - baseline) / _GLYPH_SCALE, h / _GLYPH_SCALE)


def _quad(centre: Floats, left: float, glyphs: _Glyphs, line: _Line) -> Floats:
    """The corners of a word whose left edge lies ``left`` from the middle of its line."""
    turn = math.radians(line.angle)
    right = np.array([math.cos(turn), math.sin(turn)])
    down = np.array([-right[1], right[0]])
    start = centre + left * right + (line.height / 2 + glyphs.top) * down
    along, across = glyphs.width * right, glyphs.height * down
    return np.array([start, start + along, start + along + across, start + across])


def _free(taken: Image, quads: list[Floats], height: float) -> bool:
    """Whether the words lie inside the image and clear of all others, with some air."""
    size = taken.shape[0]
    corners = np.concatenate(quads)
    if corners.min() < 1 or corners.max() > size - 2:
        return False
    whole = cv2.boxPoints(cv2.minAreaRect(corners.astype(np.float32)))
    middle = whole.mean(0)
    outward = (whole - middle) / np.maximum(np.linalg.norm(whole - middle, axis=1), 1)[:, None]
    probe = np.zeros_like(taken)
    grown = whole + outward * (2 + 0.35 * height)
    cv2.fillConvexPoly(probe, np.rint(grown).astype(np.int32), 1)
    return not (probe & taken).any()


def _print_word(canvas: _Canvas, glyphs: _Glyphs, quad: Floats, text: str, line: _Line) -> Word:
    """Blend one word into the image and measure it."""
    size = canvas.image.shape[0]
    blur = line.height * 0.22 if line.blurred else 0.0
    margin = 4 + int(3 * blur)
    x0, y0 = np.maximum(np.floor(quad.min(0)).astype(int) - margin, 0)
    x1, y1 = np.minimum(np.ceil(quad.max(0)).astype(int) + margin + 1, size)
    window = slice(y0, y1), slice(x0, x1)
    height, width = glyphs.mask.shape
    edges = np.array([[0, 0], [width, 0], [width, height]], np.float32) - 0.5
    matrix = cv2.getAffineTransform(edges, (quad[:3] - (x0, y0)).astype(np.float32))
    cover = cv2.warpAffine(glyphs.mask, matrix, (x1 - x0, y1 - y0))
    np.maximum(canvas.ink[window], cover, out=canvas.ink[window])
    alpha = cover.astype(np.float32) / 255
    if blur:
        alpha = cv2.GaussianBlur(alpha, (0, 0), blur)
    patch = canvas.image[window].astype(np.float32)
    behind = patch.reshape(-1, 3).mean(0)
    colour = np.clip(_colour(behind, float(patch.std()), line.contrast) + line.tint, 0, 255)
    canvas.image[window] = np.rint(patch + alpha[..., None] * (colour - patch)).astype(np.uint8)
    contrast = abs(float(colour.mean() - behind.mean()))
    unreadable = line.blurred or glyphs.height < 7 * text_scale(size)
    corners = np.clip(np.rint(quad), 0, size - 1)
    return Word(corners, text, unreadable, glyphs.height, contrast, line.angle)


def _colour(behind: Floats, unrest: float, contrast: float) -> Floats:
    """An ink that differs from the ground by ``contrast``, and by more on an uneasy ground.

    It turns from lighter to darker, or back, where the scale of grey has more room there.
    """
    grey = float(behind.mean())
    distance = max(abs(contrast), 1.5 * unrest + 15)
    lighter = contrast > 0
    if (255 - grey if lighter else grey) < distance:
        lighter = grey < 128
    wanted = grey + (distance if lighter else -distance)
    result: Floats = np.clip(wanted - (behind - grey) * 0.5, 0, 255)
    return result
