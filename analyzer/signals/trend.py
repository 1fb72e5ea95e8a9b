"""Signals of where a curve goes: how far it came, and what happened since its best point."""

from __future__ import annotations

import numpy as np

from analyzer.run import FloatArray, Series
from analyzer.signals.stats import (
    Reading,
    best_index,
    finite,
    head,
    median,
    noise,
    tail,
    theil_sen,
)

LAST_POINTS = 3
"""One late bump is no setback, so at least three last points are looked at."""

SETTLED_NOISE = 3.0
SETTLED_SHARE = 0.01


def drop(series: Series) -> Reading:
    """How far the curve fell: head median minus tail median; 100 % is the head."""
    x, y, _ = finite(series)
    first, last = head(y), tail(y)
    details: dict[str, float | str] = {"head": first, "tail": last, "points": len(y)}
    span = float(x[0]), float(x[-1])
    return Reading(first - last, abs(first), *span, details, origin=first, up=False)


def gain(series: Series, higher_is_better: bool) -> Reading:
    """How far the curve got better along its Theil-Sen line; 100 % is its median level."""
    x, y, _ = finite(series)
    change = theil_sen(x, y) * float(x[-1] - x[0])
    level = median(y)
    value = change if higher_is_better else -change
    return Reading(value, abs(level), float(x[0]), float(x[-1]), {"gain": value, "level": level})


def progress(series: Series, higher_is_better: bool) -> Reading:
    """How far the curve came from its head to its best stretch; 100 % is the head.

    A stretch is the median of a tenth of the points, as head and tail are, so that no lucky point
    counts as progress.
    """
    x, y, _ = finite(series)
    start, best, at = _best_stretch(y, higher_is_better)
    details: dict[str, float | str] = {"head": start, "best": best, "best_at": float(x[at])}
    value = best - start if higher_is_better else start - best
    span = float(x[0]), float(x[at])
    return Reading(value, abs(start), *span, details, span[1], start, higher_is_better)


def regain(series: Series, higher_is_better: bool) -> Reading:
    """How much worse the end is than the best stretch; 100 % is all progress made until then.

    Of a curve without progress nothing can be said.
    """
    x, y, _ = finite(series)
    start, best, at = _best_stretch(y, higher_is_better)
    last = tail(y)
    made, lost = abs(best - start), abs(last - best)
    details: dict[str, float | str] = {
        "head": start,
        "best": best,
        "best_at": float(x[at]),
        "tail": last,
        "lost": 100 * lost / made if made > 0 else float("nan"),
    }
    span = float(x[at]), float(x[-1])
    return Reading(lost, made, *span, details, span[0], best, not higher_is_better)


def _best_stretch(y: FloatArray, higher_is_better: bool) -> tuple[float, float, int]:
    """The head, the best median of a tenth of the points, and where about that one is."""
    length = max(1, round(0.1 * len(y)))
    last = len(y) - length
    starts = np.append(np.arange(0, last, max(1, length // 4)), last)
    windows = np.sort(y[starts[:, None] + np.arange(length)], axis=1)
    medians = 0.5 * windows[:, (length - 1) // 2] + 0.5 * windows[:, length // 2]
    at = best_index(medians, higher_is_better)
    return head(y), float(medians[at]), int(starts[at] + (length - 1) // 2)


def setback(series: Series, higher_is_better: bool) -> Reading:
    """How much worse the last points are than the best one; 100 % is the best value.

    The last points are the median of the last max(3, 10 %) points, so that no late bump decides.
    """
    x, y, _ = finite(series)
    at = best_index(y, higher_is_better)
    best, last = float(y[at]), tail(y, least=LAST_POINTS)
    value = best - last if higher_is_better else last - best
    details: dict[str, float | str] = {
        "best": best,
        "best_at": float(x[at]),
        "last": last,
        "since": len(y) - 1 - at,
    }
    span = float(x[at]), float(x[-1])
    return Reading(value, abs(best), *span, details, span[0], best, not higher_is_better)


def since_best(series: Series, higher_is_better: bool) -> Reading:
    """How many points came after the best one; 100 % is all points."""
    x, y, _ = finite(series)
    at = best_index(y, higher_is_better)
    since = len(y) - 1 - at
    details: dict[str, float | str] = {"best": float(y[at]), "best_at": float(x[at])}
    details["since"] = since
    return Reading(since, len(y), float(x[at]), float(x[-1]), details, float(x[at]))


def idle(series: Series, higher_is_better: bool) -> Reading:
    """How many points came after the curve first was as good as it ever got; 100 % is all points.

    As good means: within 3 noise, or within 1 % of the way from its first to its best value.
    """
    x, y, _ = finite(series)
    good = y if higher_is_better else -y
    best = float(np.max(good))
    slack = max(SETTLED_NOISE * noise(series), SETTLED_SHARE * (best - head(good)))
    at = int(np.argmax(good >= best - slack))
    details: dict[str, float | str] = {
        "best": best if higher_is_better else -best,
        "settled_at": float(x[at]),
        "idle": len(y) - 1 - at,
        "points": len(y),
    }
    return Reading(len(y) - 1 - at, len(y), float(x[at]), float(x[-1]), details, float(x[at]))
