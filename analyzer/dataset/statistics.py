"""A data set in numbers, split by split: how many boxes, how large, of which shape and script."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.run import FloatArray

MOST_CHARACTERS = 60
_BY_NAME = ("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "ARABIC", "CYRILLIC", "GREEK", "DEVANAGARI")


class Spread(NamedTuple):
    """The least value, the 5th percentile, the median, the 95th and the largest."""

    least: float
    low: float
    median: float
    high: float
    most: float


def spread_of(values: FloatArray) -> Spread | None:
    """The spread of finite values; None of none."""
    if not len(values):
        return None
    return Spread(*np.percentile(values, [0, 5, 50, 95, 100]).tolist())


@dataclass(frozen=True)
class Histogram:
    """How many values lie between neighbouring ``edges`` (one more than ``counts``)."""

    edges: tuple[float, ...]
    counts: tuple[int, ...]


def histogram(values: FloatArray, edges: tuple[float, ...]) -> Histogram:
    """Counts between ``edges``; what lies beyond the last one counts in the last bin."""
    inside = np.clip(values, edges[0], edges[-1])
    return Histogram(edges, tuple(np.histogram(inside, np.array(edges))[0].tolist()))


@dataclass(frozen=True)
class SplitNumbers:
    """One split. Sizes are in pixels: ``height`` is the short side of a box at the training
    resolution, ``small`` how many are under the detector's minimum. ``characters`` are those of
    the texts that count, the most frequent first; ``first`` the first lines of the list.
    """

    images: int
    boxes: int
    ignored: int
    small: int
    width_px: Spread | None
    height_px: Spread | None
    per_image: Spread | None
    height: Spread | None
    aspect: Spread | None
    length: Spread | None
    per_image_bars: Histogram
    height_bars: Histogram
    characters: Mapping[str, int] = field(default_factory=dict)
    first: tuple[str, ...] = ()

    @property
    def common(self) -> str:
        """The most frequent characters."""
        return "".join(list(self.characters)[:MOST_CHARACTERS])

    @property
    def scripts(self) -> Mapping[str, int]:
        """How many characters belong to which script, the most frequent first."""
        tally: Counter[str] = Counter()
        for character, count in self.characters.items():
            tally[script(character)] += count
        return dict(tally.most_common())


def script(character: str) -> str:
    """A rough name of a character's script: Latin, digit, punctuation, CJK, ..."""
    category = unicodedata.category(character)
    if category == "Nd":
        return "digit"
    if category[0] in "PSZ":
        return "punctuation"
    first = unicodedata.name(character, "other").split()[0].partition("-")[0]
    if first in _BY_NAME:
        return first if first == "CJK" else first.title()
    return "Latin" if first in ("LATIN", "FULLWIDTH") else "other"


@dataclass(frozen=True)
class Numbers:
    """The whole data set: its splits by name, what it was looked at for, and by how much."""

    splits: Mapping[str, SplitNumbers]
    input_size: int
    min_side: float
    looked_at: int
    first_label: str = ""
