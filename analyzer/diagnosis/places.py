"""Where windows begin and end: from words such as ``since best of`` to points of a curve."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analyzer.diagnosis.outcome import Place
from analyzer.diagnosis.vocabulary import label
from analyzer.diagnosis.window import FINDING, Window, share_of
from analyzer.facts.schedule import warmup_end
from analyzer.run import Axis, FloatArray, Run, Series

if TYPE_CHECKING:
    from analyzer.diagnosis.case import Case

UNKNOWN_WARMUP = 0.1
"""The share of the points that ``after warm-up`` leaves out where nothing tells of a warm-up."""


def slice_of(window: Window, series: Series, case: Case) -> slice | str:
    """The points of ``series`` in ``window``, or why that cannot be told."""
    if window.kind == "share":
        return share_of(window, len(series))
    if window.kind == "after warm-up":
        return _after_warmup(series, case)
    if window.of == "resumed":
        return _about_resume(window, series)
    place = _place(window, case)
    if isinstance(place, str):
        return place
    x = _translated(place, series.axis, case)
    if x is None:
        return f"{label(series.name)} and {_what(window)} are on different axes"
    at = int(np.searchsorted(series.x, x))
    if window.kind == "at best":
        at = int(np.argmin(np.abs(series.x - x)))
        return slice(at, at + 1)
    return slice(0, at) if window.kind == "until" else slice(at, len(series))


def _what(window: Window) -> str:
    return label(window.of) if window.kind in ("since best", "at best") else window.of


def _place(window: Window, case: Case) -> Place | str:
    """The place that a window hangs on."""
    if window.kind in ("since best", "at best"):
        return case.best_place(window.of)
    if window.of == FINDING:
        return case.place or "the finding has no place on a curve"
    return _first_event(case.run, window.of)


def _first_event(run: Run, kind: str) -> Place | str:
    """The epoch of the first event of a kind."""
    for event in run.events:
        if event.kind == kind:
            if event.epoch is None:
                return f"the epoch of the '{kind}' line is not known"
            return Place("epoch", 0, float(event.epoch))
    return f"the log has no '{kind}' line"


def _after_warmup(series: Series, case: Case) -> slice | str:
    end = warmup_end(case.run)
    x = None if end is None else _translated(Place(end[0], 0, end[1]), series.axis, case)
    if x is None:
        return slice(round(UNKNOWN_WARMUP * len(series)), len(series))
    return slice(int(np.searchsorted(series.x, x)), len(series))


def _about_resume(window: Window, series: Series) -> slice | str:
    """The points before, or from, the first seam of the curve itself."""
    at = int(np.searchsorted(series.segment, series.segment[0], side="right"))
    if at == len(series):
        return "the run was not resumed"
    return slice(0, at) if window.kind == "until" else slice(at, len(series))


def _translated(place: Place, axis: str, case: Case) -> float | None:
    """Where a place is on an axis; None where nobody knows how many steps an epoch has."""
    if place.axis == axis:
        return place.x
    steps = case.number("steps_per_epoch")
    if not steps:
        return None
    return float(other_axis(np.array([place.x]), "epoch" if axis == "epoch" else "step", steps)[0])


def other_axis(x: FloatArray, axis: Axis, steps_per_epoch: float) -> FloatArray:
    """Places of the other axis on this one; an epoch's point stands at its last step."""
    return x / steps_per_epoch if axis == "epoch" else x * steps_per_epoch


def between(series: Series, other: Series) -> str:
    """Why two curves cannot be held against each other."""
    return f"{label(series.name)} and {label(other.name)} are logged on different axes"
