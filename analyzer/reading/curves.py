"""From tables to the curves of a run: one training is judged, everything else is kept aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from analyzer.names import STEP_SUFFIX
from analyzer.reading.seams import SEAMS, Starts, find_starts, judged_training
from analyzer.reading.tables import Rows, Table
from analyzer.run import Axis, FloatArray, IntArray, LogEvent, Note, Series

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

    Tables of one file share its starts, by line: the one with most rows shows them. Several files
    tell of the same starts: the one that tells of most (of equals the last) is heard, and the
    others take from it, by epoch, what they do not show. Where two tables hold the same curve, the
    first counts and the later ones fill in positions that it lacks. A value logged by step whose
    rows know their epoch gets a curve by epoch too, the mean of each epoch (NaN where one of its
    values is), unless such a curve was logged; the finer one is then called ``name@step``.
    """
    curves = Curves()
    files = [
        _guided([table for table in tables if table.file == file])
        for file in dict.fromkeys(table.file for table in tables)
    ]
    loudest = max(reversed(files), key=lambda file: len(file.starts.lines), default=None)
    pieces: list[_Piece] = []
    for file in files:
        found = _pieces(file, curves)
        if file is not loudest and loudest is not None and len(loudest.starts.lines):
            found = [_told(piece, loudest) for piece in found]
        heard = file is loudest
        curves.events += [e for e in file.starts.events if heard or e.kind not in SEAMS]
        pieces += found
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
class _File:
    """The tables of one file with their rows, its starts, and the training that is judged.

    ``guide`` are the rows that show the starts, ``axis`` what they count.
    """

    tables: list[tuple[Table, Rows]]
    axis: Axis
    guide: Rows
    starts: Starts
    judged: int


def judged_lines(tables: Sequence[Table]) -> tuple[int, int]:
    """(first, last) line of the training of one file that is judged; (0, 0) without rows.

    A reader takes from there what the log says once for each start: its plan, its settings.
    """
    if not any(len(table) for table in tables):
        return 0, 0
    file = _guided(tables)
    lines = file.guide.line[file.starts.training(file.guide.line) == file.judged]
    return (int(lines[0]), int(lines[-1])) if len(lines) else (0, 0)


def _guided(tables: Sequence[Table]) -> _File:
    finished = [(table, table.rows()) for table in tables]
    marks = sorted(mark for table in tables for mark in table.marks)
    guide, rows = max(finished, key=lambda pair: len(pair[1].x))
    starts = find_starts(guide, rows, marks)
    judged = judged_training(starts.training(rows.line)) if len(starts.lines) else 0
    return _File(finished, guide.axis, rows, starts, judged)


def _pieces(file: _File, curves: Curves) -> list[_Piece]:
    """The columns of all tables of one file, cut at its starts."""
    pieces = []
    for table, rows in file.tables:
        for name in rows.columns:
            piece = _whole(table.axis, rows, name)
            if len(file.starts.lines):
                piece = _cut(piece, rows.line[rows.columns[name].rows], file, curves)
            if len(piece.x):
                pieces.append(piece)
    return pieces


def _whole(axis: Axis, rows: Rows, name: str) -> _Piece:
    """A column as it is; logs are large, so nothing is copied that need not be."""
    column = rows.columns[name]
    x, epoch = rows.x, rows.epoch
    if len(column.rows) < len(x):
        x = x[column.rows]
        epoch = None if epoch is None else epoch[column.rows]
    segment = np.zeros(len(x), dtype=np.int64)
    return _Piece(name, axis, x, column.y, segment, column.resolution, epoch)


def _cut(whole: _Piece, line: IntArray, file: _File, curves: Curves) -> _Piece:
    """The judged training's part of a column; what other trainings logged is kept aside."""
    segment = file.starts.segment(line)
    mine = file.starts.training(line) == file.judged
    _keep_aside(replace(whole, segment=segment), np.flatnonzero(~mine), curves)
    first = segment[mine][0] if mine.any() else 0
    return replace(
        whole,
        x=whole.x[mine],
        y=whole.y[mine],
        segment=segment[mine] - first,
        epoch=None if whole.epoch is None else whole.epoch[mine],
    )


def _told(piece: _Piece, file: _File) -> _Piece:
    """A curve with the starts that another file tells of, by epoch."""
    own = piece.x if piece.axis == "epoch" else piece.epoch
    told = file.guide.x if file.axis == "epoch" else file.guide.epoch
    if own is None or told is None:
        return piece
    mine = file.starts.training(file.guide.line) == file.judged
    epochs, last = _last_of_each(np.ceil(told[mine]))
    starts = file.starts.segment(file.guide.line[mine])
    starts = starts[last] - starts[0]
    place = np.searchsorted(epochs, np.ceil(own), side="right") - 1
    segment = np.where(place < 0, 0, starts[place])
    return replace(piece, segment=np.maximum(piece.segment, segment))


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


def _last_of_each(x: FloatArray) -> tuple[FloatArray, IntArray | slice]:
    """(positions ascending, which of the values was logged last at each)."""
    if len(x) < 2 or bool(np.all(x[1:] > x[:-1])):
        return x, slice(None)
    unique, from_end = np.unique(x[::-1], return_index=True)
    return unique, len(x) - 1 - from_end


def _take(piece: _Piece, curves: Curves) -> None:
    """Make a Series of a piece; an earlier one of this name goes before it."""
    x, last = _last_of_each(piece.x)
    series = Series(
        piece.name, piece.axis, x, piece.y[last], piece.segment[last], piece.resolution
    )
    before = curves.series.get(piece.name)
    if before is None:
        curves.series[piece.name] = series
        if len(x) < len(piece.x):
            replaced = np.ones(len(piece.x), dtype=bool)
            replaced[last] = False
            _keep_aside(piece, np.flatnonzero(replaced), curves)
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
    epoch, y, segment = np.ceil(piece.epoch[last]), piece.y[last], piece.segment[last]
    known = np.isfinite(epoch)
    epochs, rows = np.unique(epoch[known], return_counts=True)
    if len(epochs) and epochs[-1] > ended and not rows[-1] >= _usual(rows[:-1]):
        known &= epoch < epochs[-1]
        epochs = epochs[:-1]
    if not len(epochs):
        return None
    which = np.searchsorted(epochs, epoch[known])
    means = np.bincount(which, weights=y[known]) / np.bincount(which)
    segments = np.zeros(len(epochs), dtype=np.int64)
    np.maximum.at(segments, which, segment[known])
    return _Piece(piece.name, "epoch", epochs, means, segments, piece.resolution)


def _usual(rows: IntArray) -> float:
    return float(np.median(rows)) if len(rows) else np.inf
