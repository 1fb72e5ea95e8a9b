"""The lines of a documented log that count epochs: headers, training and validation values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from analyzer.formats.trainlog import HEADER, RESUMED, TRAIN, VALIDATE, Message
from analyzer.readers.workdir.messages import BARE, BEST_METRIC, values
from analyzer.reading.tables import Column, Table, text_column
from analyzer.reading.text import Block, decode, lines_at
from analyzer.reading.values import whole_number
from analyzer.run import FloatArray, IntArray

VALUES: tuple[tuple[Message, tuple[str, ...]], ...] = (
    (TRAIN, ("train_loss", "step_time")),
    (VALIDATE, ("val_precision", "val_recall", "val_f1")),
)


class Opened(NamedTuple):
    """Where epochs are opened in a block: byte offsets and epochs as printed (k,), ascending.

    The first entry is the epoch that was open before. NaN where none is: before the first one, and
    after a line that says that the run was resumed.
    """

    offset: IntArray
    epoch: FloatArray

    def at(self, offsets: IntArray) -> FloatArray:
        """The epoch that is open at each offset."""
        return self.epoch[np.searchsorted(self.offset, offsets, side="right") - 1]


class _Rows(NamedTuple):
    """Rows of one table, with epochs as printed."""

    table: Table
    epoch: FloatArray
    columns: Mapping[str, Column]
    line: IntArray


class EpochLines:
    """Collects them block by block; how epochs are counted shows only at the end."""

    def __init__(self, file: str) -> None:
        self.planned: int | None = None
        self.headers = Table("epoch", file)
        self._values = [Table("epoch", file, repeats=True) for _ in VALUES]
        self._best = Table("epoch", file)
        self._best_row: _Rows | None = None
        self._rows: list[_Rows] = []
        self._opened = [np.empty(0)]
        self._open = np.nan
        self._bare = False

    def take(self, block: Block) -> list[IntArray]:
        """Read a block; returns the numbers of the lines that were understood."""
        known: list[IntArray] = []
        opened = self._take_headers(block, known)
        for (message, names), table in zip(VALUES, self._values, strict=True):
            if matches := message.find(block.data):
                offsets = starts(matches)
                known.append(lines_at(block, offsets))
                texts = zip(*[match.groups(b"") for match in matches], strict=True)
                columns = _columns(zip(names, texts, strict=True))
                epoch = opened.at(offsets)
                if np.isfinite(epoch).any():
                    self._rows.append(_Rows(table, epoch, columns, known[-1]))
        if best := BEST_METRIC.find(block.data):
            known.append(lines_at(block, starts(best)))
            self._take_best(best[-1][1], opened.at(starts(best))[-1:], known[-1][-1:])
        self._open = float(opened.epoch[-1])
        return known

    @property
    def shift(self) -> float:
        """What to add to printed epochs so that they count from 1.

        The bare form counts from 0: then it neither begins with 1 nor gets to its last epoch.
        """
        epochs = np.concatenate(self._opened)
        if not len(epochs):
            return 0.0
        from_zero = min(epochs) == 0
        if self._bare:
            from_zero |= epochs[0] != 1 and max(epochs) < (self.planned or 0)
        return 1.0 if from_zero else 0.0

    def tables(self) -> list[Table]:
        """What was collected; the best metric that the end of a log sums up comes last."""
        shift = self.shift
        self._leave_open_epoch()
        for table, epoch, columns, line in [*self._rows, *filter(None, [self._best_row])]:
            table.extend(epoch + shift, columns, line)
        self._rows = []
        return [self.headers, *self._values, self._best]

    def _leave_open_epoch(self) -> None:
        """The rate of a last epoch that was only opened is not one that an epoch ended with."""
        ended = [rows.line[-1] for rows in self._rows if rows.table is not self.headers]
        opened = [place for place, rows in enumerate(self._rows) if rows.table is self.headers]
        if not ended or not opened:
            return
        last = self._rows[opened[-1]]
        rates = last.columns.get("learning_rate")
        if len(last.columns) == 1 and rates is not None and last.line[-1] > max(ended):
            kept = rates.rows < len(last.line) - 1
            left = rates._replace(rows=rates.rows[kept], y=rates.y[kept])
            self._rows[opened[-1]] = last._replace(columns={"learning_rate": left})

    def _take_headers(self, block: Block, known: list[IntArray]) -> Opened:
        found = [
            (m.start(), m[1], m[2], m[3] or b"", m[4] or b"") for m in HEADER.find(block.data)
        ]
        bare = [(m.start(), m[1], m[2], b"", m[3]) for m in BARE.find(block.data)]
        if bare:
            self._bare, found = True, sorted(found + bare)
        offset = np.array([row[0] for row in found], dtype=np.int64)
        epoch = np.array([int(row[1]) for row in found], dtype=np.float64)
        known.append(lines_at(block, offset))
        if found:
            self.planned = int(found[-1][2]) or None
            self._opened.append(epoch)
            columns = _columns([("learning_rate", [row[3] for row in found])])
            columns |= self._free_columns([row[4] for row in found])
            self._rows.append(_Rows(self.headers, epoch, columns, known[-1]))
        resumed = RESUMED.find(block.data)
        known.append(lines_at(block, starts(resumed)))
        for match, line in zip(resumed, known[-1].tolist(), strict=True):
            self.headers.start(line, decode(match[0]), "resumed")
        return self._in_order(block, offset, epoch, starts(resumed))

    def _in_order(
        self, block: Block, offset: IntArray, epoch: FloatArray, resumed: IntArray
    ) -> Opened:
        """All that opens an epoch; the same one again is a start, whether or not it logged."""
        offset = np.concatenate([[-1], offset, resumed])
        epoch = np.concatenate([[self._open], epoch, np.full(len(resumed), np.nan)])
        order = np.argsort(offset, kind="stable")
        opened = Opened(offset[order], epoch[order])
        again = np.flatnonzero(opened.epoch[1:] == opened.epoch[:-1]) + 1
        lines = lines_at(block, opened.offset[again])
        first = next((epochs[0] for epochs in self._opened if len(epochs)), np.nan)
        for value, line in zip(opened.epoch[again].tolist(), lines.tolist(), strict=True):
            kind = "resumed" if value > first else "restarted"
            self.headers.start(line, f"the epoch goes back from {value:g} to {value:g}", kind)
        return opened

    def _free_columns(self, rests: list[bytes]) -> dict[str, Column]:
        """The ``name: value`` pairs of the lines, in whatever order."""
        texts: dict[str, list[bytes]] = {}
        for row, rest in enumerate(rests):
            for name, digits in values(rest, "train") if rest else ():
                texts.setdefault(name, [b""] * len(rests))[row] = digits
        return _columns(texts.items())

    def _take_best(self, text: bytes, epoch: FloatArray, line: IntArray) -> None:
        """The last one counts; it may say which epoch it is of."""
        found = dict(values(text, "val"))
        own = whole_number(found.pop("val_best_epoch", None))
        epoch = epoch if own is None else np.array([float(own)])
        columns = _columns([(name, [digits]) for name, digits in found.items()])
        self._best_row = _Rows(self._best, epoch, columns, line)


def starts(matches: list[re.Match[bytes]]) -> IntArray:
    """Byte offsets of what was found."""
    return np.array([match.start() for match in matches], dtype=np.int64)


def _columns(texts: Iterable[tuple[str, Sequence[bytes]]]) -> dict[str, Column]:
    """Columns of what was printed, without those that no line has."""
    return {name: text_column(column) for name, column in texts if any(column)}
