"""Signals of where a curve stands: how many points, how good, which of them are no numbers."""

from __future__ import annotations

import numpy as np

from analyzer.run import FloatArray, Series
from analyzer.signals.stats import Reading, best_index, finite, median

CLIMB = 3.0
"""A loss that reached this many times its earlier median was climbing before it broke."""

LOOK_BACK = 5


def points(series: Series) -> Reading:
    """How many points hold a number."""
    x, _, _ = finite(series)
    return Reading(len(x), len(series), *_span(x), {"points": len(x)})


def best(series: Series, higher_is_better: bool) -> Reading:
    """The best value reached, in the curve's unit."""
    x, y, _ = finite(series)
    at = best_index(y, higher_is_better)
    value, place = float(y[at]), float(x[at])
    return Reading(value, 1.0, place, place, {"best": value, "best_at": place}, place)


def first(series: Series) -> Reading:
    """The first value that is a number, in the curve's unit; 100 % is its size."""
    x, y, _ = finite(series)
    value, at = float(y[0]), float(x[0])
    return Reading(value, abs(value), at, at, {"first_value": value}, at)


def level(series: Series) -> Reading:
    """The median of the points, in the curve's unit; 100 % is its size."""
    x, y, _ = finite(series)
    value = median(y)
    details: dict[str, float | str] = {"level": value, "points": len(y)}
    return Reading(value, abs(value), *_span(x), details, origin=0.0)


def quantile(series: Series, q: float) -> Reading:
    """The value that ``q`` % of the points lie below; q 100 is the highest, q 0 the lowest."""
    x, y, _ = finite(series)
    value = float(np.quantile(y, q / 100))
    at = float(x[int(np.argmin(np.abs(y - value)))])
    details: dict[str, float | str] = {"quantile": value, "quantile_at": at, "level": median(y)}
    return Reading(value, abs(value), *_span(x), details, at)


def zeros(series: Series) -> Reading:
    """How many points are exactly 0; 100 % is all points."""
    x, y, _ = finite(series)
    at = np.flatnonzero(y == 0)
    span = _span(x[at]) if len(at) else _span(x)
    details: dict[str, float | str] = {"zeros": len(at), "points": len(y)}
    return Reading(len(at), len(y), *span, details, span[0] if len(at) else None)


def repeats(series: Series) -> Reading:
    """How many points the longest stretch of one and the same value has; 100 % is all points."""
    x, y, _ = finite(series)
    ends = np.append(np.flatnonzero(y[1:] != y[:-1]), len(y) - 1)
    lengths = np.diff(np.append(-1, ends))
    longest = int(np.argmax(lengths))
    last, count = int(ends[longest]), int(lengths[longest])
    details: dict[str, float | str] = {
        "repeats": count,
        "constant": float(y[last]),
        "points": len(y),
    }
    first = float(x[last - count + 1])
    return Reading(count, len(y), first, float(x[last]), details, first)


def nonfinite(series: Series) -> Reading:
    """How many points are NaN or inf.

    ``kind`` says what came before the first of them: nothing, or a climb (one of the five points
    before had reached three times the median of the earlier ones; where there are none, three
    times the lowest so far), or nothing of note. ``then`` says whether the last point is a number
    again.
    """
    bad = ~np.isfinite(series.y)
    count = int(bad.sum())
    if count == 0:
        return Reading(0, max(1, len(series)), *_span(series.x))
    first, last = int(np.argmax(bad)), len(bad) - 1 - int(np.argmax(bad[::-1]))
    before, back = series.y[:first], last < len(bad) - 1
    return Reading(
        count,
        len(series),
        float(series.x[first]),
        float(series.x[last]),
        {
            "first": float(series.x[first]),
            "what": "NaN" if np.isnan(series.y[first]) else "infinite",
            "kind": _before(before),
            "last_value": float(before[-1]) if first else float("nan"),
            "then": "and it came back later" if back else "and it never came back",
        },
        float(series.x[first]),
    )


def _before(y: FloatArray) -> str:
    if len(y) == 0:
        return "from the very start"
    earlier, late = np.abs(y[:-LOOK_BACK]), np.abs(y[-LOOK_BACK:])
    # So few points have no usual height; the lowest so far tells a climb from a fast fall.
    usual = np.median(earlier) if len(earlier) else np.minimum.accumulate(late)
    climbed = bool((late > CLIMB * usual).any())
    return "after climbing" if climbed else "all of a sudden"


def _span(x: FloatArray) -> tuple[float, float]:
    return (float(x[0]), float(x[-1])) if len(x) else (0.0, 0.0)
