"""Images with their boxes drawn on them, and the texts in a font that can write them."""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from analyzer.dataset.pixels import FORMATS
from analyzer.dataset.worst import Drawn
from analyzer.errors import MissingExtra
from analyzer.render.dataset import Overlay
from analyzer.render.text import plain

if TYPE_CHECKING:
    from PIL import Image, ImageDraw, ImageFont

SIDE = 1000
"""Pictures are drawn no larger than this, nor at more than ``LARGEST`` times their size."""

LARGEST = 4.0

TEXT = 14
LONGEST = 40
DOT = 3
SHOWN_PROBLEMS = 10
GOOD, BAD, IGNORED = (26, 138, 60), (200, 30, 30), (130, 130, 130)


def overlays(chosen: Sequence[Drawn]) -> Iterator[Overlay]:
    """The pictures one by one. Raises MissingExtra without matplotlib, which knows the fonts."""
    try:
        from analyzer.render.fonts import files

        fonts = files(box.text for one in chosen for box in one.boxes)
    except ModuleNotFoundError:
        raise MissingExtra("drawing labels", "report") from None
    for one in chosen:
        made = _draw(one, fonts)
        if made is not None:
            yield Overlay(one.name, one.problems[:SHOWN_PROBLEMS], made)


def _draw(one: Drawn, fonts: Sequence[str]) -> bytes | None:
    """The picture as JPEG; None where the image cannot be decoded."""
    from PIL import ImageDraw

    image = _opened(one.path)
    if image is None:
        return None
    scale = min(LARGEST, SIDE / max(image.size))
    image = image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))
    draw = ImageDraw.Draw(image)
    for box in one.boxes:
        colour = BAD if box.wrong else IGNORED if box.ignored else GOOD
        points = [(_near(x * scale), _near(y * scale)) for x, y in box.quad]
        draw.line([*points, points[0]], fill=colour, width=2)
        x, y = points[0]
        draw.ellipse([x - DOT, y - DOT, x + DOT, y + DOT], colour)  # where the box begins
        if not box.ignored:
            _write(draw, points, plain(box.text, LONGEST), colour, fonts)
    target = io.BytesIO()
    image.save(target, "JPEG", quality=85)
    return target.getvalue()


def _near(value: float) -> float:
    """A coordinate that is drawn: one of a million would take the drawing minutes."""
    return max(-2.0 * SIDE, min(3.0 * SIDE, value))


def _opened(path: Path) -> Image.Image | None:
    """The image upright in RGB; None for one that cannot be decoded or is a decompression bomb."""
    from PIL import Image, ImageOps

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        try:
            with Image.open(path, formats=FORMATS) as image:
                return ImageOps.exif_transpose(image).convert("RGB")
        except Exception:  # decoders raise whatever they like on damaged data
            return None


def _write(
    draw: ImageDraw.ImageDraw,
    points: Sequence[tuple[float, float]],
    text: str,
    colour: tuple[int, int, int],
    fonts: Sequence[str],
) -> None:
    """The text above its box, white on the box's colour, inside the picture."""
    from analyzer.render.fonts import first_with

    font = _font(fonts[first_with(text, fonts)])
    left, top = min(x for x, _ in points), min(y for _, y in points)
    bounds = draw.textbbox((0, 0), text, font=font)
    wide, high = bounds[2] + 4, bounds[3] + 4
    left = max(0, min(left, draw.im.size[0] - wide))
    top = max(0, min(top - high, draw.im.size[1] - high))
    draw.rectangle([left, top, left + wide, top + high], colour)
    draw.text((left + 2, top + 1), text, (255, 255, 255), font=font)


@cache
def _font(file: str) -> ImageFont.FreeTypeFont:
    from PIL import ImageFont

    return ImageFont.truetype(file, TEXT)
