"""Wide tables: one column for each value, counted by epochs, by steps or by both, often sparse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from analyzer.reading.delimited import one_based
from analyzer.reading.tables import Column, Table
from analyzer.run import FloatArray, IntArray

Level = Literal["epoch", "step"]


class Rows(Protocol):
    """Rows of cells or of JSON objects, by the names of their columns."""

    @property
    def line(self) -> IntArray:
        """(n,) the 1-based line of each row."""

    def column(self, name: str) -> Column:
        """The numbers of one column."""

    def values(self, name: str) -> FloatArray:
        """(n,) the same, NaN where a row has none."""


@dataclass(frozen=True)
class Counters:
    """The own names of the columns that count. ``shift`` is what makes epochs count from 1.

    ``shift`` None judges by the file: epochs that begin with 0 are counted from 1.
    """

    epoch: str | None = None
    step: str | None = None
    shift: float | None = None


def wide_tables(
    cells: Rows,
    file: str,
    counters: Counters,
    series: Mapping[str, str],
    levels: Mapping[str, Level] | None = None,
) -> list[Table]:
    """The tables, by epoch and by step, of the columns named in ``series`` (own name -> series).

    ``levels`` tells which columns are logged once an epoch and which at steps; of the others, a
    column with at most one value in each epoch is counted in epochs. Without a counter the rows
    are the epochs.
    """
    source = _Source(cells, file, series)
    columns = {own: cells.column(own) for own in series}
    epoch, step = _positions(cells, counters, columns)
    if epoch is None or step is None:
        axis: Level = "step" if epoch is None else "epoch"
        return [source.table(axis, step if epoch is None else epoch, columns)]
    group = np.cumsum(np.diff(epoch, prepend=epoch[:1]) != 0)
    level = {
        own: (levels or {}).get(own) or _level(group[column.rows])
        for own, column in columns.items()
    }
    by_epoch = {own: column for own, column in columns.items() if level[own] == "epoch"}
    by_step = {own: column for own, column in columns.items() if level[own] == "step"}
    tables = [
        source.table("epoch", epoch, by_epoch),
        source.table("step", step, by_step, epoch),
    ]
    return [table for table in tables if len(table)]


@dataclass(frozen=True)
class _Source:
    """The file whose columns are put into tables."""

    cells: Rows
    file: str
    series: Mapping[str, str]

    def table(
        self,
        axis: Level,
        x: FloatArray | None,
        columns: Mapping[str, Column],
        epoch: FloatArray | None = None,
    ) -> Table:
        """The rows that hold a value of ``columns``."""
        table = Table(axis, self.file)
        rows = [column.rows for column in columns.values()]
        held = np.unique(np.concatenate(rows)) if rows else np.empty(0, dtype=np.int64)
        if x is None or not len(held):
            return table
        moved = {
            self.series[own]: column._replace(rows=np.searchsorted(held, column.rows))
            for own, column in columns.items()
            if len(column.rows)
        }
        told = None if epoch is None else epoch[held]
        table.extend(x[held], moved, self.cells.line[held], told)
        return table


def _positions(
    cells: Rows, counters: Counters, columns: Mapping[str, Column]
) -> tuple[FloatArray | None, FloatArray | None]:
    """(epoch (n,) from 1 on, step (n,)) of the rows; None for what does not count them."""
    rows = np.arange(1.0, len(cells.line) + 1)
    if counters.epoch is None:
        return (rows, None) if counters.step is None else (None, _counter(cells, counters.step))
    logged = _counter(cells, counters.epoch)
    if counters.step is None:
        epoch = logged + _shift(logged, counters)
        return epoch, rows if _several_in_each(epoch, columns) else None
    step = _counter(cells, counters.step)
    epoch = _filled(logged + _shift(logged, counters), step)
    return epoch, _through(step, epoch)


def _counter(cells: Rows, own: str) -> FloatArray:
    """(n,) the values of a counter, NaN where it says no finite number."""
    values = cells.values(own)
    return np.where(np.isfinite(values), values, np.nan)


def _shift(logged: FloatArray, counters: Counters) -> float:
    whole = logged[np.isfinite(logged)]
    if counters.shift is not None:
        return counters.shift
    return one_based(whole) if np.array_equal(whole, np.floor(whole)) else 0.0


def _several_in_each(epoch: FloatArray, columns: Mapping[str, Column]) -> bool:
    """Whether the rows stand for steps: most of them repeat the epoch of the value before."""
    longest = max(columns.values(), key=lambda column: len(column.rows), default=None)
    if longest is None or len(longest.rows) < 4:
        return False
    again = np.diff(epoch[longest.rows]) == 0
    return bool(np.mean(again) > 0.5)


def _filled(epoch: FloatArray, step: FloatArray) -> FloatArray:
    """The epochs without gaps: a row at the step of the one before it belongs to the same epoch.

    Other rows that say none open the next epoch: rates are logged before its first step.
    """
    said = np.flatnonzero(np.isfinite(epoch))
    if not len(said):
        return epoch
    rows = np.arange(len(epoch))
    after = said[np.minimum(np.searchsorted(said, rows), len(said) - 1)]
    before = said[np.maximum(np.searchsorted(said, rows, side="right") - 1, 0)]
    return np.where(step == step[before], epoch[before], epoch[after])


def _through(step: FloatArray, epoch: FloatArray) -> FloatArray:
    """Steps counted through the whole training, also where the counter restarts each epoch."""
    onward = np.diff(epoch) > 0
    back = np.diff(step) < 0
    if not onward.any() or np.mean(back[onward]) < 0.9:
        return step
    length = np.nanmax(step) + (1.0 if np.nanmin(step) == 0 else 0.0)
    return step + (epoch - 1.0) * length


def _level(group: IntArray) -> Level:
    """``epoch`` where no value stands in the same epoch as the one before."""
    return "step" if (np.diff(group) == 0).any() else "epoch"
