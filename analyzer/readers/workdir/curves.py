"""From logged values to Series: segments, later-wins, the printed precision."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation

import numpy as np

from analyzer.run import Axis, Series


@dataclass
class CurveBuilder:
    """Collects the points of one curve in the order they were logged.

    A position that does not come after the one before opens a new segment; a point that is logged
    again replaces the earlier one.
    """

    name: str
    axis: Axis
    resolution: float = 0.0
    _points: dict[float, tuple[float, int]] = field(default_factory=dict)
    _last: float = -math.inf
    _segment: int = 0

    def add(self, x: float, y: float, *, segment: int | None = None) -> None:
        """Add a point. ``segment`` overrides the counting where the caller knows better."""
        if segment is not None:
            self._segment = segment
        elif x <= self._last:
            self._segment += 1
        self._last = x
        self._points[x] = (y, self._segment)

    def fill(self, other: CurveBuilder) -> None:
        """Take over the points of ``other`` at positions that this curve lacks."""
        missing = {x: point for x, point in other._points.items() if x not in self._points}
        if missing:
            self._points |= missing
            self.resolution = max(self.resolution, other.resolution)

    def build(self) -> Series:
        """The curve, ordered by position."""
        order = sorted(self._points)
        return Series(
            name=self.name,
            axis=self.axis,
            x=np.array(order, dtype=np.float64),
            y=np.array([self._points[x][0] for x in order], dtype=np.float64),
            segment=np.array([self._points[x][1] for x in order], dtype=np.int64),
            resolution=self.resolution,
        )


def number(value: object) -> float | None:
    """A logged value as float (NaN and inf allowed), None when it is no number."""
    if isinstance(value, bool) or value is None:
        return None
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        return None


def whole_number(value: object) -> int | None:
    """A count or an epoch as int, also where it was written as 5.0; None for anything else."""
    found = number(value)
    if found is None or not abs(found) < 1e15 or found != int(found):
        return None
    return int(found)


def resolution_of(digits: Iterable[str]) -> float:
    """One unit of the last printed digit: the finest among the texts given, 0.0 for none.

    >>> resolution_of(["0.72", "0.7"])
    0.01
    """
    exponents = [exponent for text in digits if (exponent := _exponent(text)) is not None]
    return float(10.0 ** min(exponents)) if exponents else 0.0


def _exponent(text: str) -> int | None:
    try:
        exponent = Decimal(text).as_tuple().exponent
    except InvalidOperation:
        return None
    return exponent if isinstance(exponent, int) and abs(exponent) < 300 else None
