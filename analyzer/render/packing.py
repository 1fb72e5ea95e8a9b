"""Numbers packed for a page: rounded to what a screen can show, differences, varints, gzip.

The page's script unpacks them (``numbers.js``). A curve keeps between 1,000 and 10,000 levels of
its own range, 0.0001 for a rate that spans the half of 0 to 1; one that is drawn on a logarithmic
axis keeps four decimals of its logarithm.
"""

from __future__ import annotations

import gzip
import math
from base64 import b64encode
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analyzer.run import FloatArray

DIGITS = 4
EXACT_DIGITS = 12
"""No double keeps more digits than 15; so many let a small range on a large value be seen, and
let the height of a flat curve be told.
"""

BATCH = 100
"""Curves packed at once: all together would need so much new memory that getting it takes longer
than the work.
"""

LEVEL = 6
"""Of gzip: 9 takes four times as long for 2 % less."""


class Numbers:
    """Collects arrays; each is known by the number that ``add`` gives it."""

    def __init__(self) -> None:
        self.lengths: list[int] = []
        self.exponents: list[int | None] = []
        self._parts: list[FloatArray] = []

    def add(self, values: FloatArray, *, digits: int = DIGITS, log: bool = False) -> int:
        """Keep ``values`` (n,); NaN is a gap. With ``log`` all others must be positive."""
        if log:
            exponent, scaled = -DIGITS, np.log10(values) * 10**DIGITS
        else:
            exponent = _exponent(values, digits)
            scaled = values / 10.0**exponent if exponent < 0 else values * 10.0**-exponent
        self.lengths.append(len(values))
        self.exponents.append(None if log else exponent)
        self._parts.append(scaled)
        return len(self.lengths) - 1

    def packed(self) -> bytes:
        """All arrays, one after the other: 0 for a gap, else 1 plus the zigzag of the difference
        to the number before (0 at the start of an array), as little-endian base-128 varints.
        """
        batches = (self._parts[i : i + BATCH] for i in range(0, len(self._parts), BATCH))
        return b"".join(map(_packed, batches))


def _packed(parts: Sequence[FloatArray]) -> bytes:
    scaled = np.concatenate(parts)
    there = np.isfinite(scaled)
    whole = np.round(scaled[there]).astype(np.int64)
    steps = np.diff(whole, prepend=0)
    owner = np.repeat(np.arange(len(parts)), [len(part) for part in parts])[there]
    first = np.flatnonzero(np.diff(owner, prepend=-1))
    steps[first] = whole[first]
    codes = np.zeros(len(scaled), np.uint64)
    codes[there] = ((steps << 1) ^ (steps >> 63)).astype(np.uint64) + np.uint64(1)
    return _varints(codes)


def _exponent(values: FloatArray, digits: int) -> int:
    """The power of ten that ``values`` are rounded to."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0
    low, high = float(finite.min()), float(finite.max())
    largest, wide = max(abs(low), abs(high)), high / 2 - low / 2  # the difference may overflow
    if largest == 0:
        return 0
    fine = math.ceil(math.log10(wide) + math.log10(2)) - digits if wide > 0 else -400
    return max(fine, math.ceil(math.log10(largest)) - EXACT_DIGITS, -300)


def _varints(codes: NDArray[np.uint64]) -> bytes:
    """Seven bits a byte, the lowest first; a set top bit says that more bytes follow."""
    if not len(codes):
        return b""
    sizes = np.ones(len(codes), np.int8)
    for size in range(1, 10):
        longer = codes >> np.uint64(7 * size) > 0
        if not longer.any():
            break
        sizes += longer
    ends = np.cumsum(sizes, dtype=np.int64)
    starts = ends - sizes
    made = np.empty(int(ends[-1]), np.uint8)
    for place in range(int(sizes.max())):
        if place:
            chosen = sizes > place
            codes, starts, sizes = codes[chosen] >> np.uint64(7), starts[chosen], sizes[chosen]
        more = (sizes > place + 1).view(np.uint8) << 7
        made[starts + place] = (codes & np.uint64(127)).astype(np.uint8) | more
    return made.tobytes()


def zipped(data: bytes) -> str:
    """``data`` as base64 of gzip; equal data gives equal text."""
    return b64encode(gzip.compress(data, LEVEL, mtime=0)).decode("ascii")


def counts_up(x: FloatArray) -> bool:
    """Whether ``x`` goes up by 1 from point to point, as epochs do."""
    return len(x) > 0 and bool((x[1:] - x[:-1] == 1).all())
