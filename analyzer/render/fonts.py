"""Fonts for strangers' names: whichever installed font has the glyphs, and no warning else."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

BASE = "DejaVu Sans"
"""Comes with matplotlib; covers Latin, Greek, Cyrillic and more."""

MISSING = "\ufffd"
BOXES = "Last Resort"
"""A font that has a box for every character there is; it tells a reader nothing."""

_LIKELY = ("CJK", "Han", "Hei", "Song", "Gothic", "Noto", "Unicode", "Unifont")


def cover(texts: Iterable[str]) -> tuple[list[str], dict[int, str]]:
    """Font families that together cover ``texts``, and a translation for what none has."""
    wanted = {ord(character) for text in texts for character in text} - _glyphs(_base_file())
    families = [BASE]
    if wanted:
        for family, file in _candidates():
            gained = wanted & _glyphs(file)
            if gained:
                families.append(family)
                wanted -= gained
            if not wanted:
                break
    return families, dict.fromkeys(wanted, MISSING)


@cache
def _candidates() -> list[tuple[str, str]]:
    """Every installed family once, those likely to hold many scripts first, sans before serif."""
    from matplotlib.font_manager import fontManager

    files: dict[str, str] = {}
    for entry in fontManager.ttflist:
        drawn = entry.fname.lower().endswith((".ttf", ".otf", ".ttc"))
        if drawn and entry.style == "normal" and not entry.name.startswith(BOXES):
            files.setdefault(entry.name, entry.fname)

    def order(item: tuple[str, str]) -> tuple[bool, bool, str]:
        name = item[0]
        return not any(word in name for word in _LIKELY), "Serif" in name, name

    return sorted(files.items(), key=order)


def _base_file() -> str:
    from matplotlib.font_manager import findfont

    return str(findfont(BASE))


@cache
def _glyphs(file: str) -> frozenset[int]:
    """The characters of a font; none for one that cannot be read or drawn at any size."""
    from matplotlib.ft2font import FT2Font

    try:
        font = FT2Font(file)
    except (OSError, RuntimeError):
        return frozenset()
    return frozenset(font.get_charmap()) if font.scalable else frozenset()
