"""Signals of two curves against each other."""

from __future__ import annotations

from analyzer.run import Series
from analyzer.signals.stats import Reading, finite, tail


def gap(series: Series, other: Series) -> Reading:
    """How far the curve ends above the other one, by their tail medians; 100 % is the other."""
    x, y, _ = finite(series)
    _, z, _ = finite(other)
    upper, lower = tail(y), tail(z)
    details: dict[str, float | str] = {"tail": upper, "other_tail": lower}
    return Reading(upper - lower, abs(lower), float(x[0]), float(x[-1]), details)
