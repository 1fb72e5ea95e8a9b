"""From tables to the curves of a run: one training is judged, everything else is kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analyzer.reading.seams import Starts, find_starts, judged_training
from analyzer.reading.tables import Rows, Table
from analyzer.run import STEP_SUFFIX, Axis, FloatArray, IntArray, LogEvent, Note, Series

MOST_KEPT = 1000
"""Pieces of replaced curves kept; a counter that jumps at every line would make millions."""


@dataclass
class Curves:
    """``series`` by name; ``superseded`` is what was logged again later, or by other trainings."""

    series: dict[str, Series] = field(default_factory=dict)
    superseded: list[Series] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


def build_curves(tables: Sequence[Table]) -> Curves:
    """All curves that the tables hold, under the names of their columns.

    Tables of one file share its starts, by line: the one with most rows shows them. Where two
    tables hold the same curve, the first counts and the later ones fill in positions that it
    lacks. A value logged by step whose rows know their epoch gets a curve by epoch too, the mean
    of each epoch (NaN where one of its values is), unless such a curve was logged; the finer one
    is then called ``name@step``.
    """
    curves = Curves()
    pieces: list[_Piece] = []
    for file in dict.fromkeys(table.file for table in tables):
        pieces += _pieces([table for table in tables if table.file == file], curves)
    logged = {(piece.name, piece.axis) for piece in pieces}
    ended = max((piece.x[-1] for piece in pieces if piece.axis == "epoch"), default=0.0)
    means = [_by_epoch(piece, ended) for piece in pieces if (piece.name, "epoch") not in logged]
    by_epoch = {name for name, axis in logged if axis == "epoch"}
    by_epoch |= {mean.name for mean in means if mean is not None}
    for piece in [*pieces, *(mean for mean in means if mean is not None)]:
        name = piece.name
        if piece.axis == "step" and name in by_epoch:
            name += STEP_SUFFIX
        _take(replace(piece, name=name), curves)
    return curves


@dataclass(frozen=True)
class _Piece:
    """One column of the judged training in file order, with what the rows know."""

    name: str
    axis: Axis
    x: FloatArray
    y: FloatArray
    segment: IntArray
    resolution: float
    epoch: FloatArray | None = None


@dataclass(frozen=True)
class _Source:
    """One table of a file, whose starts it shares with the file's other tables."""

    table: Table
    rows: Rows
    starts: Starts
    judged: int


def judged_lines(tables: Sequence[Table]) -> tuple[int, int]:
    """(first, last) line of the training of one file that is judged; (0, 0) without rows.

    A reader takes from there what the log says once for each start: its plan, its settings.
    """
    if not any(len(table) for table in tables):
        return 0, 0
    _, guide_rows, starts, judged = _guided(tables)
    lines = guide_rows.line[starts.training(guide_rows.line) == judged]
    return (int(lines[0]), int(lines[-1])) if len(lines) else (0, 0)


def _guided(tables: Sequence[Table]) -> tuple[list[tuple[Table, Rows]], Rows, Starts, int]:
    """(tables with their rows, the rows that show the starts, the starts, the one judged)."""
    finished = [(table, table.rows()) for table in tables]
    marks = sorted(mark for table in tables for mark in table.marks)
    guide, guide_rows = max(finished, key=lambda pair: len(pair[1].x))
    starts = find_starts(guide, guide_rows, marks)
    return finished, guide_rows, starts, judged_training(starts.training(guide_rows.line))


def _pieces(tables: list[Table], curves: Curves) -> list[_Piece]:
    """The columns of all tables of one file, cut at its starts."""
    finished, _, starts, judged = _guided(tables)
    curves.events += starts.events
    pieces = [
        _cut(_Source(table, rows, starts, judged), name, curves)
        for table, rows in finished
        for name in rows.columns
    ]
    return [piece for piece in pieces if len(piece.x)]


def _cut(source: _Source, name: str, curves: Curves) -> _Piece:
    """The judged training's part of a column; what other trainings logged is kept aside."""
    rows, column = source.rows, source.rows.columns[name]
    line = rows.line[column.rows]
    segment = source.starts.segment(line)
    mine = source.starts.training(line) == source.judged
    epoch = None if rows.epoch is None else rows.epoch[column.rows]
    whole = _Piece(
        name,
        source.table.axis,
        rows.x[column.rows],
        column.y,
        segment,
        column.resolution,
        epoch,
    )
    _keep_aside(whole, np.flatnonzero(~mine), curves)
    first = segment[mine][0] if mine.any() else 0
    return replace(
        whole,
        x=whole.x[mine],
        y=whole.y[mine],
        segment=segment[mine] - first,
        epoch=None if epoch is None else epoch[mine],
    )


def _keep_aside(piece: _Piece, places: IntArray, curves: Curves) -> None:
    """Keep the points at ``places``, one Series for each start that logged them."""
    segment = piece.segment[places]
    numbers = np.unique(segment)
    room = max(0, MOST_KEPT - len(curves.superseded))
    if len(numbers) > room:
        note = Note(f"more than {MOST_KEPT:,} pieces of replaced curves; some were left out")
        curves.notes += [note] if note not in curves.notes else []
    for value in numbers[:room]:
        mask = places[segment == value]
        x, last = _last_of_each(piece.x[mask])
        curves.superseded.append(
            Series(
                piece.name,
                piece.axis,
                x,
                piece.y[mask][last],
                np.full(len(x), value),
                piece.resolution,
            )
        )


def _last_of_each(x: FloatArray) -> tuple[FloatArray, IntArray]:
    """(positions ascending, index of the last value logged at each)."""
    if len(x) < 2 or bool(np.all(x[1:] > x[:-1])):
        return x, np.arange(len(x))
    unique, from_end = np.unique(x[::-1], return_index=True)
    return unique, len(x) - 1 - from_end


def _take(piece: _Piece, curves: Curves) -> None:
    """Make a Series of a piece; an earlier one of this name goes before it."""
    x, place = _last_of_each(piece.x)
    series = Series(
        piece.name, piece.axis, x, piece.y[place], piece.segment[place], piece.resolution
    )
    before = curves.series.get(piece.name)
    if before is None:
        curves.series[piece.name] = series
        _keep_aside(piece, np.setdiff1d(np.arange(len(piece.x)), place), curves)
    elif before.axis == series.axis:
        curves.series[piece.name] = _filled(before, series)


def _filled(series: Series, other: Series) -> Series:
    """``series`` with the points of ``other`` at positions that it lacks."""
    missing = ~np.isin(other.x, series.x)
    if not missing.any():
        return series
    x = np.concatenate([series.x, other.x[missing]])
    order = np.argsort(x, kind="stable")
    return Series(
        series.name,
        series.axis,
        x[order],
        np.concatenate([series.y, other.y[missing]])[order],
        np.concatenate([series.segment, other.segment[missing]])[order],
        max(series.resolution, other.resolution),
    )


def _by_epoch(piece: _Piece, ended: float) -> _Piece | None:
    """The mean of each epoch of a curve by step, where its rows know their epoch.

    The last epoch may have been cut short: it counts if an epoch curve reaches it (``ended``), or
    if it has as many rows as the epochs before it.
    """
    if piece.axis != "step" or piece.epoch is None:
        return None
    _, last = _last_of_each(piece.x)
    last = last[np.isfinite(piece.epoch[last])]
    epochs, which, rows = np.unique(
        np.ceil(piece.epoch[last]), return_inverse=True, return_counts=True
    )
    if len(epochs) and epochs[-1] > ended and not rows[-1] >= _usual(rows[:-1]):
        epochs, last, which = (
            epochs[:-1],
            last[which < len(rows) - 1],
            which[which < len(rows) - 1],
        )
    if not len(epochs):
        return None
    means = np.bincount(which, weights=piece.y[last]) / np.bincount(which)
    segment = np.zeros(len(epochs), dtype=np.int64)
    np.maximum.at(segment, which, piece.segment[last])
    return _Piece(piece.name, "epoch", epochs, means, segment, piece.resolution)


def _usual(rows: IntArray) -> float:
    return float(np.median(rows)) if len(rows) else np.inf
