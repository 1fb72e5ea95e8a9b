"""Fonts for strangers' names: whichever installed font has the glyphs, and no warning else."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache

BASE = "DejaVu Sans"
"""Comes with matplotlib; covers Latin, Greek, Cyrillic and more."""

MISSING = "\ufffd"
BOXES = "Last Resort"
"""A font that has a box for every character there is; it tells a reader nothing."""

_LIKELY = ("CJK", "Han", "Hei", "Song", "Gothic", "Noto", "Unicode", "Unifont")


def cover(texts: Iterable[str]) -> tuple[list[str], dict[int, str]]:
    """Font families that together cover ``texts``, and a translation for what none has."""
    chosen, lacking = _choose(texts)
    return [family for family, _ in chosen], dict.fromkeys(lacking, MISSING)


def files(texts: Iterable[str]) -> list[str]:
    """Font files that together cover ``texts`` as far as any do, the base one first."""
    return [file for _, file in _choose(texts)[0]]


def first_with(text: str, fonts: Sequence[str]) -> int:
    """Which of several font files has most characters of ``text``, the first of equals."""
    letters = {ord(character) for character in text}
    gains = [len(letters & _glyphs(file)) for file in fonts]
    return gains.index(max(gains))


def _choose(texts: Iterable[str]) -> tuple[list[tuple[str, str]], set[int]]:
    """(family, file) of each font needed, and the characters that none has."""
    base = _base_file()
    wanted = {ord(character) for text in texts for character in text} - _glyphs(base)
    chosen = [(BASE, base)]
    for family, file in _candidates() if wanted else ():
        gained = wanted & _glyphs(file)
        if gained:
            chosen.append((family, file))
            wanted -= gained
        if not wanted:
            break
    return chosen, wanted


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
