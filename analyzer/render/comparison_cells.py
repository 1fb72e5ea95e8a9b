"""The cells of a comparison's tables: one column for each side, repetitions taken together."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from analyzer.compare import MISSING, Difference, Side
from analyzer.render.text import number, plain, setting
from analyzer.summary import Summary

HEAD = "best @ epoch, last, area"
AREA = "Area: below the curve, over what all runs share of the axis, divided by its length."
REPEATED = "Of repetitions: mean and standard deviation of the best, means of last and area."

MOST_VALUES = 3
"""So many values of a key are shown for the repetitions of one side; the others are counted."""

DIGEST_DIGITS = 12
_DIGEST = re.compile(r"[0-9a-f]{40,128}")


def value_text(value: object) -> str:
    """A value of the config diff; a missing one is said to be missing, null is null.

    Of a commit or digest the first digits tell as much, and leave room for the keys.
    """
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return value[:DIGEST_DIGITS]
    return "(missing)" if value is MISSING else setting(value)


def difference_row(one: Difference, sides: Sequence[Side]) -> tuple[str, ...]:
    """A key and its values on each side: one where all repetitions agree, else the first few."""
    return (plain(one.key), *(_values(one, side) for side in sides))


def _values(one: Difference, side: Side) -> str:
    found = list(dict.fromkeys(value_text(one.values[place]) for place in side.places))
    more = f" and {len(found) - MOST_VALUES} more" if len(found) > MOST_VALUES else ""
    return ", ".join(found[:MOST_VALUES]) + more


def result_cell(
    side: Side, summaries: Sequence[Summary | None], areas: Sequence[float | None]
) -> str:
    """Best, last and area of a side in one metric, see ``HEAD`` and ``REPEATED``."""
    pairs = [(found, areas[p]) for p in side.places if (found := summaries[p]) is not None]
    pairs = [(found, area) for found, area in pairs if found.best is not None]
    if not pairs:
        return "-"
    if len(side.places) == 1:
        return _single(*pairs[0])
    best = np.array([found.best for found, _ in pairs], float)
    spread = f" ± {np.std(best, ddof=1):.2g}" if np.ptp(best) > 0 else ""
    last = float(np.mean([np.nan if found.last is None else found.last for found, _ in pairs]))
    known = [area for _, area in pairs if area is not None]
    text = f"{number(float(np.mean(best)))}{spread}, {number(last)}"
    return f"{text}, {number(float(np.mean(known)))}" if known else text


def _single(summary: Summary, area: float | None) -> str:
    """``0.72 @ 14, 0.7, 0.61``: best, its epoch (or ``step 14``), last, area."""
    where = ("" if summary.axis == "epoch" else f"{summary.axis} ") + number(summary.best_at)
    text = f"{number(summary.best)} @ {where}, {number(summary.last)}"
    return text if area is None else f"{text}, {number(area)}"
