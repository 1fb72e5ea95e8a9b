"""Where a training was resumed, begun anew, or logged beside others in the same files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.tables import Mark, Rows, Table
from analyzer.run import IntArray, LogEvent

WORTH_JUDGING = 0.25
"""Of several trainings in one file the last one is judged that has at least this share of the
positions of the longest: a start that died at once does not hide the training before it."""

TOLD = {"restarted": True, "fold": True, "resumed": False}
"""Kinds of marks that know whether another training begins, whatever its counter says."""

SEAMS = frozenset({*TOLD, "continued"})
"""Kinds of events that tell of a start inside a file; other files of the run tell of it too."""


class Starts(NamedTuple):
    """Where the starts of one file lie: ``lines`` (k,) ascending, first line of each new start.

    ``anew`` (k,) is true where another training begins, false where the same one goes on.
    """

    lines: IntArray
    anew: NDArray[np.bool_]
    events: tuple[LogEvent, ...] = ()

    def segment(self, line: IntArray) -> IntArray:
        """How many starts came before each line."""
        return np.searchsorted(self.lines, line, side="right")

    def training(self, line: IntArray) -> IntArray:
        """Which training, counted from 0, each line belongs to."""
        return np.concatenate([[0], np.cumsum(self.anew)])[self.segment(line)]


def find_starts(table: Table, rows: Rows, marks: Sequence[Mark]) -> Starts:
    """Cut a file where the counter of ``table`` goes back or a mark says that the program starts.

    Back to the first position of the training, or before it, is another training (a restart, a
    fold, the next of several); back to a later position is a resume of the same one. A mark whose
    kind is one of ``TOLD`` knows better, and speaks for its place.
    """
    n = len(rows.x)
    new = np.zeros(n, dtype=bool)
    new[1:] = rows.x[1:] < rows.x[:-1]
    mark_lines = np.array([mark.line for mark in marks], dtype=np.int64)
    marked = np.searchsorted(rows.line, mark_lines)
    new[marked[(marked > 0) & (marked < n)]] = True
    if not table.repeats:
        new[_logged_again(rows, new)] = True
    seams = np.flatnonzero(new)
    told = {
        int(row): TOLD[mark.kind]
        for row, mark in zip(marked, marks, strict=True)
        if mark.kind in TOLD
    }
    anew = _begins_anew(rows, seams, told)
    events = [LogEvent(mark.kind, table.file, mark.line, mark.text) for mark in marks]
    events += [
        _event(table, rows, int(seam), a)
        for seam, a in zip(seams, anew, strict=True)
        if int(seam) not in told
    ]
    lines = _first_lines(rows, seams, mark_lines)
    return Starts(lines, anew, tuple(sorted(events, key=lambda event: event.line)))


def _logged_again(rows: Rows, new: NDArray[np.bool_]) -> list[int]:
    """The rows that log a value anew at the position where the same start has logged it.

    ``new`` (n,) marks the starts that are known already. Several rows may share a position (one
    line for each split); the first that repeats a value is the start, and the others follow it.
    """
    if not (rows.x[1:] == rows.x[:-1]).any():
        return []
    start = np.cumsum(new)
    before = np.full(len(rows.x), -1, dtype=np.int64)
    for column in rows.columns.values():
        x, here = rows.x[column.rows], start[column.rows]
        again = (x[1:] == x[:-1]) & (here[1:] == here[:-1])
        place = column.rows[1:][again]
        before[place] = np.maximum(before[place], column.rows[:-1][again])
    found: list[int] = []
    for row in np.flatnonzero(before >= 0).tolist():
        if not found or found[-1] <= before[row]:
            found.append(row)
    return found


def _begins_anew(rows: Rows, seams: IntArray, told: Mapping[int, bool]) -> NDArray[np.bool_]:
    anew = np.zeros(len(seams), dtype=bool)
    first = rows.x[0] if len(rows.x) else 0.0
    for place, seam in enumerate(seams.tolist()):
        if told.get(seam, rows.x[seam] <= first):
            anew[place] = True
            first = rows.x[seam]
    return anew


def _first_lines(rows: Rows, seams: IntArray, marks: IntArray) -> IntArray:
    """The line that opens each start: its mark, where one stands since the row before."""
    lines = rows.line[seams]
    if not len(marks):
        return lines
    last = np.searchsorted(marks, lines, side="right") - 1
    mark = marks[np.maximum(last, 0)]
    return np.where((last >= 0) & (mark > rows.line[seams - 1]), mark, lines)


def _event(table: Table, rows: Rows, seam: int, anew: bool) -> LogEvent:
    before, x = rows.x[seam - 1], rows.x[seam]
    back = x <= before
    text = f"the {table.axis} goes {'back' if back else 'on'} from {before:g} to {x:g}"
    epoch = int(x) if table.axis == "epoch" else None
    kind = "restarted" if anew else "resumed" if back else "continued"
    return LogEvent(kind, table.file, int(rows.line[seam]), text, epoch)


def judged_training(training: IntArray) -> int:
    """The last training that has a good share of the rows of the longest; ``training`` by row."""
    if not len(training):
        return 0
    lengths = np.bincount(training)
    return int(np.flatnonzero(lengths >= WORTH_JUDGING * lengths.max())[-1])
