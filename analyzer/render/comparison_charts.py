"""The charts of a comparison: runs laid over each other, repetitions as a mean in a band."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from analyzer.compare import Aligned, Comparison, Side
from analyzer.names import label
from analyzer.render.charts import (
    MAX_POINTS,
    Band,
    Chart,
    Curve,
    crosses_of,
    range_of_y,
    spans_decades,
    thin,
)
from analyzer.render.palette import run_colours
from analyzer.run import FloatArray

CHARTED = ("val_loss", "train_loss", "learning_rate")

HOUR, MINUTE = 3600.0, 60.0
LEAST_UNITS = 2.0
"""Times are shown in hours from so many hours on, in minutes from so many minutes on."""


def comparison_charts(comparison: Comparison, tags: Sequence[str]) -> tuple[Chart, ...]:
    """The main metric, the losses and the rate; ``tags`` are what the runs are called."""
    shared = {curve.name: curve for curve in comparison.curves if np.isfinite(curve.y).any()}
    names = dict.fromkeys((comparison.metric or "", *CHARTED))
    return tuple(_chart(comparison, tags, shared[name]) for name in names if name in shared)


def _chart(comparison: Comparison, tags: Sequence[str], aligned: Aligned) -> Chart:
    x_label, unit = _unit(aligned)
    curves: list[Curve] = []
    bands: list[Band] = []
    colours = run_colours([comparison.runs[side.places[0]].name for side in comparison.sides])
    for side, colour in zip(comparison.sides, colours, strict=True):
        single = [_curve(aligned, run, tags[run], colour, unit) for run in side.places]
        single = [curve for curve in single if len(curve.x)]
        if len(single) > 1:
            mean, band = _mean(aligned, side, colour, unit)
            curves += [replace(curve, faint=True) for curve in single]
            curves.append(mean)
            bands.append(band)
        else:
            curves += single
    log = aligned.name.endswith("loss") and spans_decades(curves)
    shown = range_of_y(curves, (), log=log, span=0.0)
    title = label(aligned.name)
    return Chart(
        aligned.name, title, x_label, title, tuple(curves), shown, log=log, bands=tuple(bands)
    )


def _curve(aligned: Aligned, run: int, tag: str, colour: str, unit: float) -> Curve:
    """A run where it logged something: points of other runs are no gaps in it."""
    own = aligned.logged[run]
    x, y = aligned.x[own] / unit, aligned.y[run][own]
    crosses = crosses_of(x, y)
    return Curve(aligned.name, tag, colour, *thin(x, y, MAX_POINTS), crosses)


def _mean(aligned: Aligned, side: Side, colour: str, unit: float) -> tuple[Curve, Band]:
    """The mean of a side's runs, and from the lowest to the highest of them."""
    rows = np.array(list(_rows(aligned, side)))
    several = np.isfinite(rows).sum(axis=0) > 1
    x, rows = aligned.x[several] / unit, rows[:, several]
    step = 1 + len(x) // MAX_POINTS
    x, rows = x[::step], rows[:, ::step]
    name = f"{side.name}: mean of {len(rows)}, lowest to highest"
    curve = Curve(aligned.name, name, colour, x, np.nanmean(rows, axis=0))
    return curve, Band(name, colour, x, np.nanmin(rows, axis=0), np.nanmax(rows, axis=0))


def _rows(aligned: Aligned, side: Side) -> Iterator[FloatArray]:
    for place in side.places:
        row = aligned.between(place)
        if np.isfinite(row).any():
            yield row


def _unit(aligned: Aligned) -> tuple[str, float]:
    """The name of the axis, and what x is divided by."""
    if aligned.axis != "time":
        return aligned.axis, 1.0
    last = aligned.x[-1] if len(aligned.x) else 0.0
    if last >= LEAST_UNITS * HOUR:
        return "time (hours)", HOUR
    return ("time (minutes)", MINUTE) if last >= LEAST_UNITS * MINUTE else ("time (seconds)", 1.0)
