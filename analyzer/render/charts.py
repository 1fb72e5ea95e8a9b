"""What is to be drawn of a run, as plain data: panels, curves, and the evidence on the curves.

Both drawing renderers (matplotlib, Bokeh) take it from here, so a plot in the Markdown report and
the chart in the page always show the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from analyzer.finding import CurveEvidence, Finding
from analyzer.names import RATES, STEP_SUFFIX, label
from analyzer.render.marks import Mark, make_marks
from analyzer.render.palette import curve_colour
from analyzer.run import FloatArray, Run, Series

MAX_POINTS = 2000
"""More points than a screen has columns are thinned to the extremes of neighbouring points."""

MIN_SPAN = 0.2
"""Fractions are shown over at least this span, or mere noise would fill the panel."""

MARGIN, ROOM = 0.05, 0.1
"""Of the height: left free below and above, and above for the name of each piece of evidence."""

LOG_DECADES = 2.0


@dataclass(frozen=True)
class Panel:
    """The curves that are drawn together."""

    id: str
    title: str
    y_label: str
    names: tuple[str, ...]


PANELS = (
    Panel("loss", "Loss", "loss", ("train_loss", "val_loss")),
    Panel("metric", "Validation metrics", "fraction", RATES),
    Panel("rate", "Learning rate", "rate", ("learning_rate",)),
)


@dataclass(frozen=True)
class Curve:
    """A line of a panel. ``x`` and ``y`` (n,) hold NaN where the line breaks.

    ``crosses`` are the (x, height) of values that are not finite, at the last finite height.
    ``faint`` is a background line (single steps behind the means of the epochs).
    """

    name: str
    label: str
    colour: str
    x: FloatArray
    y: FloatArray
    crosses: tuple[tuple[float, float], ...] = ()
    faint: bool = False


@dataclass(frozen=True)
class Band:
    """Where repetitions of one training run: from ``low`` to ``high`` (n,) over ``x`` (n,)."""

    label: str
    colour: str
    x: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Chart:
    """One panel, with the ``y_range`` that it shows.

    ``best`` is the (epoch, label) of the best checkpoint, to be drawn as a line.
    """

    id: str
    title: str
    x_label: str
    y_label: str
    curves: tuple[Curve, ...]
    y_range: tuple[float, float]
    marks: tuple[Mark, ...] = ()
    best: tuple[float, str] | None = None
    log: bool = False
    bands: tuple[Band, ...] = ()

    @property
    def has_crosses(self) -> bool:
        """Whether any curve holds values that are not finite."""
        return any(curve.crosses for curve in self.curves)


def charts(
    run: Run, findings: Iterable[Finding], *, points: int = MAX_POINTS, steps: bool = True
) -> tuple[Chart, ...]:
    """The panels of a run: loss, metrics, learning rate, one for each other evidenced curve.

    A curve of more than ``points`` is thinned. Without ``steps`` no single steps lie behind the
    means of the epochs.
    """
    evidence = [
        (finding, replace(item, series=found.name))
        for finding in findings
        for item in finding.evidence
        if isinstance(item, CurveEvidence) and (found := run.get(item.series)) is not None
    ]
    shown = {name for panel in PANELS for name in panel.names}
    extra = dict.fromkeys([run.main_metric or ""] + [item.series for _, item in evidence])
    panels = PANELS + tuple(
        Panel(name, label(name), "value", (name,))
        for name in extra
        if name.removesuffix(STEP_SUFFIX) not in shown
    )
    shown_as = _Look(steps_per_epoch(run), points, steps)
    made = (_chart(run, evidence, panel, shown_as) for panel in panels)
    return tuple(chart for chart in made if chart is not None)


@dataclass(frozen=True)
class _Look:
    """What all panels of a run have in common: optimiser steps of an epoch (None where unknown),
    the most points of a curve, and whether single steps are shown.
    """

    per_epoch: float | None
    points: int
    steps: bool


def _chart(
    run: Run,
    evidence: Sequence[tuple[Finding, CurveEvidence]],
    panel: Panel,
    look: _Look,
) -> Chart | None:
    names = [name for name in panel.names if len(run.series.get(name, ()))]
    if not names:
        return None
    series = [run.series[name] for name in names]
    axis = _axis(series, look.per_epoch)
    curves = [
        _curve(one, axis, place, look.points, faint=False) for place, one in enumerate(series)
    ]
    for place, name in enumerate(names):
        if look.steps and name + STEP_SUFFIX in run.series:
            fine = run.series[name + STEP_SUFFIX]
            curves.append(_curve(fine, axis, place, look.points, faint=True))
    on_these = [pair for pair in evidence if _plain_name(pair[1].series) in names]
    marks = make_marks(run, on_these, axis.scale)
    log = panel.id == "loss" and spans_decades(curves)
    best = run.best_checkpoint if panel.id != "rate" and axis.name == "epoch" else None
    return Chart(
        id=panel.id,
        title=panel.title,
        x_label=axis.name,
        y_label=panel.y_label,
        curves=tuple(curves),
        y_range=range_of_y(curves, marks, log=log, span=MIN_SPAN if panel.id == "metric" else 0.0),
        marks=marks,
        best=None if best is None else (float(best.epoch), f"best checkpoint: epoch {best.epoch}"),
        log=log,
    )


def _plain_name(name: str) -> str:
    return name.removesuffix(STEP_SUFFIX)


@dataclass(frozen=True)
class _Axis:
    """The x axis of a panel; ``scale`` is what x of each kind is multiplied with."""

    name: str
    scale: Mapping[str, float]


def _axis(series: Sequence[Series], per_epoch: float | None) -> _Axis:
    """Epochs, with steps mapped on them; steps where no curve of the panel knows epochs."""
    if all(one.axis == "step" for one in series) or per_epoch is None:
        name = series[0].axis
        other = "step" if name == "epoch" else "epoch"
        return _Axis(name, {name: 1.0, other: 1.0 if per_epoch is None else per_epoch})
    return _Axis("epoch", {"epoch": 1.0, "step": 1 / per_epoch})


def steps_per_epoch(run: Run) -> float | None:
    """Optimiser steps of one epoch, so that step curves can lie behind epoch curves.

    From the number of training samples and the batch size where both are known and agree with
    the steps seen, else from the last step over the epochs done.
    """
    last = max(
        (one.x[-1] for one in run.series.values() if one.axis == "step" and len(one)), default=0
    )
    done = run.epochs_done
    if last <= 0 or done <= 0:
        return None
    samples, batch = run.samples.get("train"), run.config.get("data.batch_size")
    if samples and isinstance(batch, int) and batch > 0:
        steps = -(-samples // batch)
        if steps * (done - 1) <= last <= steps * (done + 2):
            return float(steps)
    return float(last / done)


def _curve(series: Series, axis: _Axis, place: int, points: int, *, faint: bool) -> Curve:
    x, y, finite = series.x * axis.scale[series.axis], series.y, series.finite
    crosses: tuple[tuple[float, float], ...] = ()
    if not finite.all():
        crosses = () if faint else crosses_of(x, y)
        y = np.where(finite, y, np.nan)
    if series.segment[0] != series.segment[-1]:
        seams = np.flatnonzero(np.diff(series.segment)) + 1
        x, y = np.insert(x, seams, x[seams]), np.insert(y, seams, np.nan)
    x, y = thin(x, y, points)
    colour = curve_colour(series.name, place)
    return Curve(series.name, label(series.name), colour, x, y, crosses, faint)


def crosses_of(x: FloatArray, y: FloatArray) -> tuple[tuple[float, float], ...]:
    """Each non-finite point at the height of the finite one before it, else of the next one."""
    finite = np.flatnonzero(np.isfinite(y))
    bad = np.flatnonzero(~np.isfinite(y))
    if not len(bad):
        return ()
    if not len(finite):
        return tuple((float(x[i]), 0.0) for i in bad[:MAX_POINTS])
    before = np.searchsorted(finite, bad) - 1
    source = finite[np.maximum(before, 0)]
    return tuple((float(x[i]), float(y[s])) for i, s in zip(bad, source, strict=True))[:MAX_POINTS]


def thin(x: FloatArray, y: FloatArray, limit: int) -> tuple[FloatArray, FloatArray]:
    """At most ``limit`` points: the lowest and highest of each neighbourhood, and the gaps."""
    if len(y) <= limit:
        return x, y
    edges = np.linspace(0, len(y), limit // 3 + 1).astype(int)
    keep: set[int] = set()
    for a, b in pairwise(edges):
        part = y[a:b]
        finite = np.isfinite(part)
        if not finite.all():
            keep.add(int(a + np.argmin(finite)))
        if finite.any():
            keep.add(int(a + np.nanargmin(part)))
            keep.add(int(a + np.nanargmax(part)))
    index = np.array(sorted(keep))
    return x[index], y[index]


def range_of_y(
    curves: Sequence[Curve], marks: Sequence[Mark], *, log: bool, span: float
) -> tuple[float, float]:
    """What the panel shows of y: all curves and limits, at least ``span``, room for the names."""
    parts = [curve.y[np.isfinite(curve.y)] for curve in curves]
    limits = [
        mark.limit for mark in marks if mark.limit is not None and (mark.limit > 0 or not log)
    ]
    values = np.concatenate([*parts, limits])
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    if log:
        low, high = np.log10(low), np.log10(high)
    least = span if high > low or span else 0.2 * abs(high) or 1.0
    if high - low < least:
        middle = (low + high) / 2
        if span:
            middle = min(max(middle, span / 2), 1 - span / 2)
        low, high = middle - least / 2, middle + least / 2
    above = MARGIN + ROOM * len(marks)
    low, high = low - MARGIN * (high - low), high + above * (high - low)
    return (float(10**low), float(10**high)) if log else (low, high)


def spans_decades(curves: Sequence[Curve]) -> bool:
    """Whether the (epoch) losses are positive and span more than two decades."""
    parts = [curve.y[np.isfinite(curve.y)] for curve in curves]
    values = np.concatenate(parts) if parts else np.empty(0)
    if not len(values) or values.min() <= 0:
        return False
    main = np.concatenate([p for p, c in zip(parts, curves, strict=True) if not c.faint] or parts)
    return bool(len(main)) and bool(np.log10(main.max() / main.min()) > LOG_DECADES)
