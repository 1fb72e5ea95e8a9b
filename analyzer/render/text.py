"""Words, numbers and curves as plain text, and strangers' text made harmless."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

MAX_TEXT = 2000
"""A log line can hold megabytes; a report quotes this many characters of any one text."""

BLOCKS = "▁▂▃▄▅▆▇█"
NONFINITE = "×"

_BREAKS = re.compile(r"[\s\x85\u2028\u2029]+")
_DIRECTION_MARKS = frozenset(
    "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff"
)
_STEERING = re.compile(
    f"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029{''.join(sorted(_DIRECTION_MARKS))}\ud800-\udfff]"
)


def plain(value: Any, limit: int = MAX_TEXT) -> str:
    """One line of text that cannot steer a terminal or a page.

    Breaks and runs of space become one space; control characters and marks that turn the writing
    direction are dropped; half surrogates, which no file can hold, become U+FFFD.
    """
    text = str(value)[: 4 * limit]
    if text.isascii() and text.isprintable() and "  " not in text and len(text) <= limit:
        return text.strip()  # nothing to be made harmless: the case that has to be fast
    line = _BREAKS.sub(" ", text).strip()
    if not line.isascii() or not line.isprintable():
        line = _BREAKS.sub(" ", "".join(map(_harmless, line))).strip()
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _harmless(character: str) -> str:
    if character in _DIRECTION_MARKS:
        return ""
    category = unicodedata.category(character)
    if category == "Cc":
        return ""
    return "\ufffd" if category == "Cs" else character


def steady(text: str) -> str:
    """Lines that quote a stranger's text, without what steers a terminal; breaks stay."""
    return text if text.isascii() and text.isprintable() else _STEERING.sub("", text)


def steady_json(text: str) -> str:
    """JSON that means the same and steers no terminal: what would is written as an escape."""
    return _STEERING.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def number(value: float | None) -> str:
    """Four significant digits, whole numbers whole; ``-`` for none."""
    if value is None:
        return "-"
    if not math.isfinite(value):
        return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"
    if value == int(value) and abs(value) < 1e6:
        return str(int(value))
    return f"{value:.4g}"


def duration(seconds: float | None) -> str:
    """``41 s``, ``12 min``, ``3.4 h``, ``2.1 days``; ``-`` for none."""
    if seconds is None:
        return "-"
    for limit, size, unit in ((90, 1, "s"), (5400, 60, "min"), (172800, 3600, "h")):
        if seconds < limit:
            return f"{number(round(seconds / size, 1 if unit == 'h' else 0))} {unit}"
    return f"{seconds / 86400:.1f} days"


def share(part: int, whole: int) -> str:
    """``3 (1.5%)``: how many, and of how many."""
    return f"{part} ({part / whole:.1%})" if part else "0"


def count(n: int, one: str, many: str | None = None) -> str:
    """``1 warning``, ``2 warnings``."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def listing(words: Iterable[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    items = list(words)
    return " and ".join([", ".join(items[:-1]), items[-1]]) if len(items) > 1 else "".join(items)


def setting(value: Any) -> str:
    """A config value as YAML would spell it, on one line."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(setting, value)) + "]"
    return plain(value)


def sparkline(values: Sequence[float], width: int = 16) -> str:
    """A curve in at most ``width`` blocks, each the mean of its share; ``×`` where not finite."""
    cells = shares(values, width)
    finite = [cell for cell in cells if math.isfinite(cell)]
    if not finite:
        return NONFINITE * len(cells)
    low, high = min(finite), max(finite)
    return "".join(_block(cell, low, high) for cell in cells)


def _block(value: float, low: float, high: float) -> str:
    if not math.isfinite(value):
        return NONFINITE
    # Halves, as the whole range of floating-point numbers is no number of them.
    span = high / 2 - low / 2
    height = (value / 2 - low / 2) / span if span else 0.5
    return BLOCKS[round(height * (len(BLOCKS) - 1))]


def shares(values: Sequence[float], width: int) -> list[float]:
    """``values`` cut into at most ``width`` neighbouring shares: their means; NaN stays NaN."""
    n = len(values)
    if n <= width:
        return [float(value) for value in values]
    edges = [n * i // width for i in range(width + 1)]
    return [float(sum(values[a:b])) / (b - a) for a, b in pairwise(edges)]
