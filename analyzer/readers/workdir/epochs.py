"""The lines of a documented log that count epochs: headers, training and validation values."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from analyzer.readers.workdir.messages import FIELD, values
from analyzer.reading.tables import Column, Table, text_column
from analyzer.reading.text import decode
from analyzer.reading.values import whole_number
from analyzer.run import FloatArray, IntArray

VALUES: Mapping[str, Mapping[str, str]] = {
    "loss": {"loss": "train_loss", "step_time": "step_time"},
    "precision": {"precision": "val_precision", "recall": "val_recall", "f1": "val_f1"},
    "ap": {
        "ap": "val_ap",
        "best_f1": "val_best_f1",
        "best_threshold": "val_best_threshold",
        "best_box_threshold": "val_best_box_threshold",
    },
}
"""First field of a line -> its fields and the series that they mean."""

Fields = tuple[bytes, ...]

_EPOCHS_NOW = re.compile(rb"train\.epochs was \d{1,9}, is (\d{1,9})")
"""What a resume says of epochs that were changed."""


class Numbered(NamedTuple):
    """Lines of one kind: their numbers, and what they hold."""

    line: IntArray
    rows: list[Fields]

    def column(self, field: str) -> list[bytes]:
        """One field of all lines."""
        place = FIELD[field]
        return [row[place] for row in self.rows]


def with_field(field: str, rows: list[Fields], first: int) -> Numbered:
    """Those of a block's ``rows`` that hold ``field``; ``first`` is the number of the first."""
    place = FIELD[field]
    found = [number for number, row in enumerate(rows) if row[place]]
    return Numbered(np.array(found, dtype=np.int64) + first, [rows[number] for number in found])


class _Opened(NamedTuple):
    """Where epochs are opened: line numbers and epochs as printed (k,), ascending.

    The first entry is the epoch that was open before. NaN where none is: before the first one, and
    after a line that says that the run was resumed.
    """

    line: IntArray
    epoch: FloatArray

    def at(self, line: IntArray) -> FloatArray:
        """The epoch that is open at each line."""
        return self.epoch[np.searchsorted(self.line, line, side="right") - 1]


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
        self._values = {field: Table("epoch", file, repeats=True) for field in VALUES}
        self._best = Table("epoch", file)
        self._best_row: _Rows | None = None
        self._rows: list[_Rows] = []
        self._epochs = np.empty(0)
        self._open = np.nan
        self._bare = False

    def take(self, rows: list[Fields], first: int) -> list[IntArray]:
        """Read the lines of a block, the first of which has the number ``first``.

        Returns the numbers of those that were understood.
        """
        opened, known = self._take_headers(rows, first)
        for field, names in VALUES.items():
            found = with_field(field, rows, first)
            epoch = opened.at(found.line)
            if np.isfinite(epoch).any():
                columns = _columns((name, found.column(own)) for own, name in names.items())
                self._rows.append(_Rows(self._values[field], epoch, columns, found.line))
            known.append(found.line)
        best = with_field("best_metric", rows, first)
        if best.rows:
            self._take_best(best.column("best_metric")[-1], opened.at(best.line)[-1:], best.line)
        known.append(best.line)
        self._open = float(opened.epoch[-1])
        return known

    @property
    def shift(self) -> float:
        """What to add to printed epochs so that they count from 1.

        The bare form counts from 0: then it neither begins with 1 nor gets to its last epoch.
        """
        epochs = self._epochs
        if not len(epochs):
            return 0.0
        from_zero = epochs.min() == 0
        if self._bare:
            from_zero |= epochs[0] != 1 and epochs.max() < (self.planned or 0)
        return 1.0 if from_zero else 0.0

    def tables(self) -> list[Table]:
        """What was collected; the best metric that the end of a log sums up comes last."""
        shift = self.shift
        self._leave_open_epoch()
        for table, epoch, columns, line in [*self._rows, *filter(None, [self._best_row])]:
            table.extend(epoch + shift, columns, line)
        self._rows = []
        return [self.headers, *self._values.values(), self._best]

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

    def _take_headers(self, rows: list[Fields], first: int) -> tuple[_Opened, list[IntArray]]:
        headers, bare = (with_field(field, rows, first) for field in ("epoch", "bare_epoch"))
        resumed = with_field("resumed", rows, first)
        for line, text in zip(resumed.line.tolist(), resumed.column("resumed"), strict=True):
            self.headers.start(line, decode(text), "resumed")
        self._bare |= len(bare.rows) > 0
        rates, none = headers.column("lr"), [b""] * len(bare.rows)
        opened = (
            self._opened(headers, "epoch", rates, headers.column("more")),
            self._opened(bare, "bare_epoch", none, bare.column("bare_more")),
        )
        self._plan_anew(resumed, max([first, *headers.line[-1:], *bare.line[-1:]]))
        line = np.concatenate([[first - 1], headers.line, bare.line, resumed.line])
        epoch = np.concatenate([[self._open], *opened, np.full(len(resumed.line), np.nan)])
        if bare.rows or resumed.rows:
            order = np.argsort(line, kind="stable")
            line, epoch = line[order], epoch[order]
        self._note_repeated(line, epoch)
        return _Opened(line, epoch), [headers.line, bare.line, resumed.line]

    def _opened(
        self, found: Numbered, field: str, rates: list[bytes], more: list[bytes]
    ) -> FloatArray:
        """Keep the rows of some headers; returns their epochs."""
        epoch = np.array(list(map(int, found.column(field))), dtype=np.float64)
        if found.rows:
            self.planned = int(found.column(f"{field}s")[-1]) or None
            self._epochs = np.concatenate([self._epochs, epoch])
            columns = _columns([("learning_rate", rates)]) | _free_columns(more)
            self._rows.append(_Rows(self.headers, epoch, columns, found.line))
        return epoch

    def _plan_anew(self, resumed: Numbered, opened: int) -> None:
        """A resume that says other epochs, and has opened none of them in line ``opened``."""
        for line, text in zip(resumed.line[-1:], resumed.column("resumed")[-1:], strict=True):
            if line >= opened and (found := _EPOCHS_NOW.search(text)):
                self.planned = int(found[1])

    def _note_repeated(self, line: IntArray, epoch: FloatArray) -> None:
        """The same epoch opened again is a start, whether or not it logged anything before."""
        for place in np.flatnonzero(epoch[1:] == epoch[:-1]).tolist():
            value = epoch[place]
            kind = "resumed" if value > self._epochs[0] else "restarted"
            text = f"the epoch goes back from {value:g} to {value:g}"
            self.headers.start(int(line[place + 1]), text, kind)

    def _take_best(self, text: bytes, epoch: FloatArray, line: IntArray) -> None:
        """The last one counts; it may say which epoch it is of."""
        found = dict(values(text, "val"))
        own = whole_number(found.get("best_epoch"))
        epoch = epoch if own is None else np.array([float(own)])
        columns = _columns(
            [(name, [digits]) for name, digits in found.items() if name.startswith("val_")]
        )
        self._best_row = _Rows(self._best, epoch, columns, line[-1:])


def _free_columns(texts: list[bytes]) -> dict[str, Column]:
    """The ``name: value`` pairs of lines, in whatever order."""
    found: dict[str, list[bytes]] = {}
    for row, text in enumerate(texts):
        for name, digits in values(text, "train") if text else ():
            found.setdefault(name, [b""] * len(texts))[row] = digits
    return _columns(found.items())


def _columns(texts: Iterable[tuple[str, Sequence[bytes]]]) -> dict[str, Column]:
    """Columns of what was printed, without those that no line has."""
    return {name: text_column(column) for name, column in texts if any(column)}
