"""The lines of a documented log that count iterations; a log may hold millions of them."""

from __future__ import annotations

import numpy as np

from analyzer.readers.workdir.messages import STEP, STEP_SERIES
from analyzer.reading.tables import Column, Rows, Table, text_column
from analyzer.reading.text import Block, lines_at
from analyzer.run import FloatArray, IntArray

ALIKE = 0.9
"""Share of the epochs that begin with the same iteration where iterations are counted anew."""


class StepLines:
    """Collects them block by block."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._table = Table("step", file)

    def take(self, block: Block, count: int) -> IntArray:
        """Read a block of ``count`` lines; returns the numbers of those that were understood."""
        rows = STEP.findall(block.data) if b"Total Loss=" in block.data else []
        if not rows:
            return np.empty(0, dtype=np.int64)
        if len(rows) == count:
            lines = np.arange(block.line, block.line + count)
        else:
            found = (match.start() for match in STEP.finditer(block.data))
            lines = lines_at(block, np.fromiter(found, np.int64, len(rows)))
        step = np.fromiter((float(row[0]) for row in rows), np.float64, len(rows))
        columns: dict[str, Column] = {}
        for place, name in enumerate(STEP_SERIES, 1):
            texts = [row[place] for row in rows]
            if any(texts):
                columns[name] = text_column(texts)
        self._table.extend(step, columns, lines)
        return lines

    def table(self, epochs: Rows) -> Table:
        """The table by step. ``epochs`` are the rows of the lines that name an epoch.

        Where iterations are counted anew in each epoch they are made to go on.
        """
        if not len(epochs.x) or not len(self._table):
            return self._table
        rows = self._table.rows()
        epoch = _epoch_at(rows.line, epochs)
        table = Table("step", self._file)
        table.extend(_going_on(rows.x, epoch), rows.columns, rows.line, epoch)
        return table


def _epoch_at(line: IntArray, epochs: Rows) -> FloatArray:
    """The epoch of each line: named by the line before it, or by one after it that has a loss."""
    before = np.searchsorted(epochs.line, line)
    if "train_loss" in epochs.columns:
        last = epochs.x[-1] + 1
        return np.append(epochs.x, last)[before]
    return np.concatenate([[np.nan], epochs.x])[before]


def _going_on(step: FloatArray, epoch: FloatArray) -> FloatArray:
    """Iterations through all epochs, from ones that each epoch counts anew."""
    first = np.flatnonzero(np.diff(epoch, prepend=np.nan) != 0)
    if len(first) < 2 or np.mean(step[first] == step.min()) < ALIKE:
        return step
    length = float(step.max()) + (step.min() == 0)
    through: FloatArray = step + np.nan_to_num(epoch - 1, nan=-1.0) * length
    return through
