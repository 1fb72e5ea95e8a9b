"""What is read of a data set: lines of lists, boxes, sizes, looks at pixels."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.run import FloatArray, IntArray

BoolArray = NDArray[np.bool_]


@dataclass(frozen=True)
class Options:
    """``input_size`` and ``min_side`` are the trainer's: the side of the square input and the
    shortest side of a word, in pixels of that input, that it learns. ``deep`` decodes all images
    and not only ``sample`` of them, which ``seed`` chooses, half of them test images where there
    are enough. ``processes``: None for as many as there are cores.
    """

    input_size: int = 800
    min_side: float = 8.0
    deep: bool = False
    sample: int = 1000
    seed: int = 0
    processes: int | None = None


class Pair(NamedTuple):
    """One line of a list: an image and its label file, None where that file is not there."""

    split: str
    line: int
    image: str | None
    label: str | None


class Look(NamedTuple):
    """``brightness`` (mean) and ``contrast`` (standard deviation) are in grey levels 0..255,
    ``sharpness`` is the standard deviation of the Laplacian, ``thumb`` a small grey picture.
    """

    brightness: float
    contrast: float
    sharpness: float
    thumb: bytes


@dataclass(frozen=True)
class Boxes:
    """The boxes of a data set, in the order of the lists.

    ``quads`` (n, 4, 2) in pixels of the source; ``owner`` (n,) the number of the pair in the list
    of all pairs, ascending; ``line`` (n,) in the label file; ``ignored`` (n,) are ``###``;
    ``length`` (n,) of the text in characters. ``characters`` counts those of all texts by split,
    ``first`` is the first line of the first label file.
    """

    quads: FloatArray
    owner: IntArray
    line: IntArray
    ignored: BoolArray
    length: IntArray
    characters: Mapping[str, Counter[str]] = field(default_factory=dict)
    first: str = ""

    def __len__(self) -> int:
        return len(self.owner)


@dataclass(frozen=True)
class Material:
    """All that was read. ``sizes`` (pairs, 2) are w, h, 0 where not known; ``looks`` are by the
    number of the pair; ``first_lines`` those of the lists, by split.
    """

    options: Options
    pairs: tuple[Pair, ...]
    boxes: Boxes
    sizes: FloatArray
    looks: Mapping[int, Look]
    first_lines: Mapping[str, tuple[str, ...]]
