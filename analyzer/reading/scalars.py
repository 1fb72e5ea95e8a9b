"""Tagged numbers with a step and a time (event files, MLflow, W&B), and what their steps count."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from analyzer.reading.delimited import one_based
from analyzer.reading.names import of_table, plain
from analyzer.reading.tables import Column, Table
from analyzer.run import Axis, FloatArray, IntArray, Note

SLOW = 5.0
"""Seconds between two values in a row above which they are no single steps."""

MUCH_FINER = 3
"""A counter that gets so many times further than another one counts something smaller."""

_EPOCH = re.compile(r"(?:(?:train|eval|trainer|general|global|time|charts)[/_.])?epochs?", re.I)
_SYSTEM = re.compile(r"system[/.]|gpu[./\d]|hparam/", re.I)
_BY_STEP = re.compile(r"(?:_|/|^)(?:batch|step|iter|iters|iteration|iterations)(?:_|/|$)", re.I)
_BY_EPOCH = re.compile(r"(?:_|/|^|\b)epoch(?:_|/|$|\b)", re.I)
_NO_CURVE = re.compile(
    r"(?:.*[/_])?(?:runtime|samples_per_second|steps_per_second|total_flos)|train[/_]train_loss"
    r"|hp_metric|hparam/.*|_?(?:timestamp|runtime|step|wandb.*)",
    re.I,
)
"""What programs log beside curves: a summary of the whole run, a placeholder, a clock."""

_TWIN = re.compile(r"_(step|epoch|vs_iterations)$")


@dataclass(frozen=True)
class Scalar:
    """What was logged under one name, in the order of the file.

    ``step``, ``value`` and ``time`` (POSIX seconds) are (n,) float64; ``line`` (n,) is 1-based.
    """

    name: str
    step: FloatArray
    value: FloatArray
    time: FloatArray
    line: IntArray


def by_time(scalars: Sequence[Scalar]) -> list[Scalar]:
    """With the order in time as lines, for what was logged to several files side by side."""
    if not scalars:
        return []
    times = np.concatenate([np.maximum.accumulate(scalar.time) for scalar in scalars])
    rank = np.empty(len(times), dtype=np.int64)
    rank[np.argsort(times, kind="stable")] = np.arange(1, len(times) + 1)
    edges = np.cumsum([len(scalar.time) for scalar in scalars])[:-1]
    lines = np.split(rank, edges)
    return [replace(scalar, line=line) for scalar, line in zip(scalars, lines, strict=True)]


class _Epochs(NamedTuple):
    """The epoch (1-based, or a share of epochs gone) that was logged at some steps, ascending.

    ``validated`` are the steps at which validations were logged.
    """

    step: FloatArray
    epoch: FloatArray
    validated: FloatArray

    def at(self, steps: FloatArray) -> FloatArray:
        """What was logged at each step, else next after it, or last before a validation.

        A validation ends its epoch; a rate or a loss belongs to the one that is under way.
        """
        after = np.searchsorted(self.step, steps, side="left")
        before = np.searchsorted(self.step, steps, side="right") - 1
        place = np.where(np.isin(steps, self.validated), before, after)
        found: FloatArray = self.epoch[np.clip(place, 0, len(self.epoch) - 1)]
        return found


class _Column(NamedTuple):
    """A scalar at the positions ``x``, and the epoch of each where that is known."""

    scalar: Scalar
    x: FloatArray
    epoch: FloatArray | None = None


def scalar_tables(scalars: Sequence[Scalar], file: str, notes: list[Note]) -> list[Table]:
    """One table for each name, counted in epochs where the steps count epochs, else in steps.

    A run that logs its epoch as a number of its own tells which epoch each step belongs to.
    """
    scalars = [_counted(scalar) for scalar in scalars if len(scalar.step)]
    epochs = _logged_epochs(scalars)
    curves = [
        scalar
        for scalar in scalars
        if not _EPOCH.fullmatch(scalar.name) and not _NO_CURVE.fullmatch(scalar.name)
    ]
    curves = _without_results(curves, notes)
    limit = _last_epoch(curves)
    first = min((s.step.min() for s in curves if _in_epochs(s, limit)), default=1.0)
    names = of_table(list(dict.fromkeys(_TWIN.sub("", scalar.name) for scalar in curves)))
    tables = []
    for scalar in curves:
        series = names[_TWIN.sub("", scalar.name)]
        if _in_epochs(scalar, limit):
            epoch = scalar.step + one_based(np.array([first]))
            tables.append(_table("epoch", file, series, _Column(scalar, epoch)))
        else:
            tables.append(_by_step(file, series, scalar, epochs))
    return tables


def _by_step(file: str, series: str, scalar: Scalar, epochs: _Epochs | None) -> Table:
    """A table by step; one that has one value at the end of each epoch is by epoch."""
    if epochs is None or _SYSTEM.match(scalar.name):
        return _table("step", file, series, _Column(scalar, scalar.step))
    epoch = epochs.at(scalar.step)
    whole = bool(np.all(epoch == np.rint(epoch))) and len(np.unique(epoch)) == len(epoch)
    if (whole and len(epoch) > 1) or scalar.name.endswith("_epoch"):
        return _table("epoch", file, series, _Column(scalar, np.ceil(epoch)))
    return _table("step", file, series, _Column(scalar, scalar.step, epoch))


def _table(axis: Axis, file: str, series: str, column: _Column) -> Table:
    # A position logged twice in a row is common (per batch with the epoch as step; two ranks).
    table = Table(axis, file, repeats=True)
    scalar, x, epoch = column
    table.extend(x, {series: Column(np.arange(len(x)), scalar.value)}, scalar.line, epoch)
    return table


def _counted(scalar: Scalar) -> Scalar:
    """With the order of its values as counter, where it was logged without a step."""
    n = len(scalar.step)
    if n < 2 or np.any(scalar.step):
        return scalar
    return replace(scalar, step=np.arange(1.0, n + 1))


def _logged_epochs(scalars: Sequence[Scalar]) -> _Epochs | None:
    """What a scalar called epoch says; None where none is, or its steps are the epochs."""
    found = [s for s in scalars if _EPOCH.fullmatch(s.name) and np.isfinite(s.value).all()]
    if not found:
        return None
    scalar = max(found, key=lambda s: len(s.step))
    step, place = np.unique(scalar.step[::-1], return_index=True)
    epoch = np.round(scalar.value[::-1][place], 3)
    if len(step) > 1 and np.array_equal(step - step[0], epoch - epoch[0]):
        return None
    if np.all(epoch == np.rint(epoch)):
        epoch = epoch + one_based(epoch)
    validated = [s.step for s in scalars if plain(s.name).series.startswith("val_")]
    return _Epochs(step, epoch, np.concatenate([*validated, np.empty(0)]))


def _without_results(scalars: list[Scalar], notes: list[Note]) -> list[Scalar]:
    """Without what was logged once, at position 0, behind curves: results, not curves."""
    longest = max((len(s.step) for s in scalars), default=0)
    if longest < 3:
        return scalars
    middle = np.median(np.concatenate([s.line for s in scalars]))
    results = [s for s in scalars if len(s.step) == 1 and s.step[0] == 0 and s.line[0] > middle]
    for scalar in results:
        text = f"{scalar.name} was logged once, as the last thing; it is a result, not a curve"
        notes.append(Note(text))
    return [s for s in scalars if s not in results]


def _last_epoch(scalars: Sequence[Scalar]) -> float:
    """The last position of the names whose steps plainly count epochs, -1 where none do.

    Steps that go up by one count epochs where the name says so, where validations were counted,
    where another name counts much further, or where single steps would be very slow.
    """
    last = -1.0
    furthest = max((s.step.max() for s in scalars), default=0.0)
    for scalar in scalars:
        if not _one_by_one(scalar) or _BY_STEP.search(scalar.name) or _SYSTEM.match(scalar.name):
            continue
        end = float(scalar.step.max())
        if (
            _BY_EPOCH.search(scalar.name)
            or plain(scalar.name).series.startswith("val_")
            or furthest > MUCH_FINER * (end + 1)
            or _seconds_apart(scalar) > SLOW
        ):
            last = max(last, end)
    return last


def _one_by_one(scalar: Scalar) -> bool:
    """Whether the steps are whole numbers that go up by one, with few gaps."""
    steps = np.unique(scalar.step)
    if len(steps) < 2 or steps[0] < 0 or np.any(steps != np.rint(steps)):
        return False
    return bool(np.mean(np.diff(steps) == 1) >= 0.9)


def _seconds_apart(scalar: Scalar) -> float:
    ahead = np.diff(scalar.step) > 0
    times = np.diff(scalar.time)[ahead]
    return float(np.median(times)) if len(times) else 0.0


def _in_epochs(scalar: Scalar, limit: float) -> bool:
    if _BY_STEP.search(scalar.name) or _SYSTEM.match(scalar.name):
        return False
    whole = bool(np.all(scalar.step == np.rint(scalar.step)))
    return whole and bool(scalar.step.max() <= limit)
