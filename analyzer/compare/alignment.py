"""Curves of several runs over one axis: epochs, steps, or the time that the training took."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analyzer.facts import schedule
from analyzer.facts.timing import epoch_seconds, step_seconds
from analyzer.names import label
from analyzer.run import Axis, FloatArray, Run, Series
from analyzer.summary import last_written

By = Literal["epoch", "step", "time"]

MOST_VALUES, CELLS = 4_000_000, 2000
"""Where no two runs share an x, and the table of all would be larger than this, each value is put
into one of so many cells of the axis; the last one in a cell stands for it."""

Scale = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Aligned:
    """One curve of all runs over the same x (m,); ``y`` (runs, m) is NaN where there is no number.

    Where a resumed run has two values for an x, it is the last one. ``logged`` (runs, m) tells a
    value that is not finite from none. ``axis`` is epoch, step or time, x then in seconds.
    """

    name: str
    label: str
    axis: By
    x: FloatArray
    y: FloatArray
    logged: NDArray[np.bool_]

    def between(self, place: int) -> FloatArray:
        """The curve of a run (m,), straight between its numbers and NaN outside of them."""
        known = np.isfinite(self.y[place])
        if not known.any():
            return np.full(len(self.x), np.nan)
        x, y = self.x[known], self.y[place][known]
        return np.asarray(np.interp(self.x, x, y, left=np.nan, right=np.nan))

    def areas(self) -> tuple[float | None, ...]:
        """The area below each curve over the x that all of them share, for one unit of x.

        That is the mean height: of two runs that end alike, the one that learned faster has the
        better one. None for runs without the curve, and where less than two x are shared.
        """
        rows = [self.between(place) for place in range(len(self.y))]
        there = [np.isfinite(row) for row in rows]
        shared = np.logical_and.reduce([mask for mask in there if mask.any()])
        if np.sum(shared) < 2 or not any(mask.any() for mask in there):
            return (None,) * len(rows)
        x = self.x[shared]
        span = x[-1] - x[0]
        return tuple(
            float(np.sum((row[shared][1:] + row[shared][:-1]) / 2 * np.diff(x)) / span)
            if mask.any()
            else None
            for row, mask in zip(rows, there, strict=True)
        )


def align(runs: Sequence[Run], by: By | None = None) -> Iterator[Aligned]:
    """Every curve that two runs or more have, over one axis.

    Without ``by`` that is the axis it was logged on, epochs where runs do not agree. A run whose
    places on the axis are not known takes no part.
    """
    for name in sorted({name for run in runs for name in run.series}):
        axes: set[By] = {run.series[name].axis for run in runs if name in run.series}
        axis = by or ("epoch" if len(axes) > 1 else axes.pop())
        tables = [_table(run, run.series.get(name), axis) for run in runs]
        found = [table for table in tables if table is not None]
        if len(found) > 1:
            yield _aligned(name, axis, tables)


def off_axis(runs: Sequence[Run], by: By) -> list[int]:
    """Places of the runs that have curves, none of which can be laid over the axis."""
    return [
        place
        for place, run in enumerate(runs)
        if run.series and all(_table(run, one, by) is None for one in run.series.values())
    ]


def _aligned(
    name: str, axis: By, tables: Sequence[tuple[FloatArray, FloatArray] | None]
) -> Aligned:
    x = np.unique(np.concatenate([table[0] for table in tables if table is not None]))
    if len(x) > CELLS and len(x) * len(tables) > MOST_VALUES:
        x = np.linspace(x[0], x[-1], CELLS)
    y = np.full((len(tables), len(x)), np.nan)
    logged = np.zeros(y.shape, bool)
    for row, mask, table in zip(y, logged, tables, strict=True):
        if table is not None:
            at = np.minimum(np.searchsorted(x, table[0]), len(x) - 1)
            row[at] = np.where(np.isfinite(table[1]), table[1], np.nan)
            mask[at] = True
    return Aligned(name, label(name), axis, x, y, logged)


def _table(run: Run, series: Series | None, by: By) -> tuple[FloatArray, FloatArray] | None:
    if series is None or not len(series):
        return None
    scale = _scale(run, series.axis, by)
    if scale is None:
        return None
    x, y = last_written(series)
    return scale(x), y


def _scale(run: Run, axis: Axis, by: By) -> Scale | None:
    """From places on one axis to places on another; None where the run does not tell them."""
    if axis == by:
        return lambda x: x
    if by == "time":
        return _elapsed(run, axis)
    per_epoch = _steps_per_epoch(run)
    if per_epoch is None:
        return None
    return lambda x: x * per_epoch if by == "step" else x / per_epoch


def _steps_per_epoch(run: Run) -> float | None:
    known = schedule.steps_per_epoch(run)
    if known is None and run.steps_done and run.epochs_done:
        return run.steps_done / run.epochs_done
    return known


def _elapsed(run: Run, axis: Axis) -> Scale | None:
    """Seconds of training at an epoch's end, by the times of the epochs, or at a step."""
    usual, to_epochs = epoch_seconds(run), _scale(run, axis, "epoch")
    if usual is not None and to_epochs is not None:
        return _by_epochs(run, to_epochs, usual)
    seconds, to_steps = step_seconds(run), _scale(run, axis, "step")
    if seconds is not None and to_steps is not None:
        return _by_steps(to_steps, seconds)
    return None


def _by_steps(to_steps: Scale, seconds: float) -> Scale:
    return lambda x: to_steps(x) * seconds


def _by_epochs(run: Run, to_epochs: Scale, usual: float) -> Scale:
    at, seconds = _ends(run, usual)

    def scale(x: FloatArray) -> FloatArray:
        epochs = to_epochs(x)
        beyond = np.maximum(epochs - at[-1], 0.0) * usual
        return np.asarray(np.interp(epochs, at, seconds) + beyond)

    return scale


def _ends(run: Run, usual: float) -> tuple[FloatArray, FloatArray]:
    """Epochs and the seconds until each ended; those without a time took the usual one."""
    times, at, took = run.series.get("epoch_time"), np.empty(0), np.empty(0)
    if times is not None and times.axis == "epoch":
        at, took = last_written(times)
        usable = np.isfinite(took) & (took >= 0) & (at > 0)
        at, took = at[usable], took[usable]
    gaps = np.maximum(np.diff(at, prepend=0.0) - 1, 0)
    return np.append(0.0, at), np.append(0.0, np.cumsum(took + gaps * usual))
