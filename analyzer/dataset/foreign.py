"""Lists in the format of another program: told once by its name, not line by line."""

from __future__ import annotations

from itertools import islice

from analyzer.dataset.layout import is_image_name
from analyzer.formats.textlines import Fault, lines

LOOKED_AT = 64 << 10
MOST_LINES = 20
"""The lines among the first bytes decide, up to so many; all have to be of one kind."""


def foreign(data: bytes) -> str:
    """What format a list is in, as a phrase; "" for two paths, and for what is none of them."""
    nothing: list[Fault] = []
    first = [text.strip() for _, text in islice(lines(data[:LOOKED_AT], nothing), MOST_LINES)]
    return next((says for says, holds in _FORMATS if first and all(map(holds, first))), "")


def _is_paddle(line: str) -> bool:
    image, tab, rest = line.partition("\t")
    return bool(tab) and is_image_name(image.strip()) and rest.lstrip().startswith("[")


def _is_recognition(line: str) -> bool:
    image, tab, text = line.partition("\t")
    is_label = text.strip().endswith(".txt")
    return bool(tab) and is_image_name(image.strip()) and not is_label


def _is_names(line: str) -> bool:
    return is_image_name(line) and "\t" not in line and not line.endswith(".txt")


_FORMATS = (
    ("image, tab and a JSON list of boxes, as PaddleOCR has it", _is_paddle),
    ("image, tab and a text, which is a list for recognition", _is_recognition),
    ("one image name on a line, as the official DB code has it", _is_names),
)
