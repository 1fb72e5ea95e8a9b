"""Rows as they were logged: one counter, many columns, in the order of the file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.growing import Growing, GrowingColumn
from analyzer.reading.values import numbers, printed_resolution
from analyzer.run import Axis, FloatArray, IntArray

Texts = Sequence[bytes]

MOST_X = 1e15
"""A counter beyond this is no count."""


class Column(NamedTuple):
    """The values of one name: ``rows`` (m,) ascending row indices, ``y`` (m,) what was logged.

    A row without an index logged nothing; NaN and inf in ``y`` were logged as such.
    """

    rows: IntArray
    y: FloatArray
    resolution: float = 0.0


class Mark(NamedTuple):
    """A place where the program says that it starts: the next row belongs to a new start."""

    line: int
    text: str
    kind: str = "started"


class Rows(NamedTuple):
    """A finished table: ``x`` (n,) the counter, ``line`` (n,) 1-based, ``epoch`` (n,) or None."""

    x: FloatArray
    line: IntArray
    epoch: FloatArray | None
    columns: dict[str, Column]


@dataclass
class _Pending:
    """Rows added one by one and not yet turned into arrays."""

    x: list[float] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    epochs: list[float] = field(default_factory=list)
    columns: dict[str, tuple[list[int], list[bytes], list[float]]] = field(default_factory=dict)


@dataclass
class Table:
    """Collects rows in file order.

    ``axis`` says what the counter counts: epochs (1-based: the reader converts) or steps. A
    counter that goes back, or a value logged again at the same position, is a new start, unless
    ``repeats`` is set: then a position that is printed again merely updates it. ``factors`` gives
    for names that are logged in another unit (percent, milliseconds) what to multiply them by.
    """

    axis: Axis
    file: str
    repeats: bool = False
    marks: list[Mark] = field(default_factory=list)
    factors: Mapping[str, float] = field(default_factory=dict)
    _x: Growing = field(default_factory=lambda: Growing(np.float64))
    _lines: Growing = field(default_factory=lambda: Growing(np.int64))
    _epochs: Growing = field(default_factory=lambda: Growing(np.float64))
    _columns: dict[str, GrowingColumn] = field(default_factory=dict)
    _pending: _Pending = field(default_factory=_Pending)
    _finished: Rows | None = None

    def __len__(self) -> int:
        return len(self._x) + len(self._pending.x)

    def add(
        self,
        x: float,
        values: Iterable[tuple[str, bytes | float]],
        line: int,
        epoch: float = np.nan,
    ) -> None:
        """Add one row. Values are digits as printed, or numbers; what is no number is left out.

        A name that stands in it twice has its last value.
        ``epoch`` (1-based) tells for a row counted in steps which epoch it belongs to.
        """
        pending = self._pending
        row = len(pending.x)
        pending.x.append(_finite_size(x))
        pending.lines.append(line)
        pending.epochs.append(_finite_size(epoch))
        for name, value in dict(values).items():
            rows, texts, floats = pending.columns.setdefault(name, ([], [], []))
            if isinstance(value, bytes):
                texts.append(value)
            else:
                floats.append(_finite_size(value))
                texts.append(b"")
            rows.append(row)

    def extend(
        self,
        x: FloatArray,
        columns: Mapping[str, Column],
        line: IntArray,
        epoch: FloatArray | None = None,
    ) -> None:
        """Add many rows at once; ``Column.rows`` count from the first of them."""
        self._flush()
        self._finished = None
        start, count = len(self._x), len(x)
        if epoch is not None or len(self._epochs):
            self._epochs.add(np.full(start - len(self._epochs), np.nan))
            self._epochs.add(np.full(count, np.nan) if epoch is None else epoch)
        self._x.add(x)
        self._lines.add(line)
        for name, column in columns.items():
            rows, y, resolution = _last_in_row(column)
            known = self._columns.setdefault(name, GrowingColumn())
            known.add(y, rows, start, count)
            known.resolution = max(known.resolution, resolution)

    def start(self, line: int, text: str, kind: str = "started") -> None:
        """Note that the program starts here (``line``), by what it prints then."""
        self.marks.append(Mark(line, text, kind))

    def rows(self) -> Rows:
        """All that was added; rows whose counter is no finite number are left out."""
        self._flush()
        if self._finished is None:
            self._finished = self._finish()
        return self._finished

    def _finish(self) -> Rows:
        x, line, epoch = self._x.array, self._lines.array, self._epochs.array
        whole = np.arange(len(x))
        columns = {
            name: Column(column.rows(whole), column.y.array, column.resolution)
            for name, column in self._columns.items()
        }
        kept = (x < MOST_X) & (x > -MOST_X)
        if not kept.all():
            place = np.cumsum(kept) - 1
            columns = {name: _only(column, kept, place) for name, column in columns.items()}
            x, line, epoch = x[kept], line[kept], epoch[kept] if len(epoch) else epoch
        columns = {
            name: _scaled(column, self.factors.get(name, 1.0))
            for name, column in columns.items()
            if len(column.rows)
        }
        return Rows(x, line, epoch if np.isfinite(epoch).any() else None, columns)

    def _flush(self) -> None:
        pending, self._pending = self._pending, _Pending()
        if not pending.x:
            return
        columns = {name: _column(*parts) for name, parts in pending.columns.items()}
        self.extend(
            np.array(pending.x, dtype=np.float64),
            columns,
            np.array(pending.lines, dtype=np.int64),
            None if all(map(math.isnan, pending.epochs)) else np.array(pending.epochs),
        )


def _finite_size(value: float) -> float:
    """``value`` as float; a whole number of hundreds of digits does not fit and is infinite."""
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _last_in_row(column: Column) -> Column:
    """The column with one value for each row: the last."""
    rows = np.asarray(column.rows)
    last = np.ones(len(rows), dtype=bool)
    last[:-1] = rows[1:] != rows[:-1]
    return column if last.all() else column._replace(rows=rows[last], y=column.y[last])


def _column(rows: list[int], texts: list[bytes], floats: list[float]) -> Column:
    if len(floats) == len(texts):
        return Column(np.array(rows, dtype=np.int64), np.array(floats, dtype=np.float64))
    if floats:  # some came as digits, some as numbers
        spare = iter(floats)
        texts = [text or repr(next(spare)).encode() for text in texts]
    return text_column(texts, np.array(rows, dtype=np.int64))


def text_column(texts: Texts, rows: IntArray | None = None) -> Column:
    """A column of digits as printed; ``rows`` are their rows, 0, 1, ... where not given."""
    places, y = numbers(texts)
    return Column(
        places if rows is None else rows[places],
        y,
        printed_resolution(texts),
    )


def _only(column: Column, kept: NDArray[np.bool_], place: IntArray) -> Column:
    """What a column holds in the rows of a mask; ``place`` (n,) are their new numbers."""
    mask = kept[column.rows]
    return Column(place[column.rows[mask]], column.y[mask], column.resolution)


def _scaled(column: Column, factor: float) -> Column:
    if factor == 1.0:
        return column
    return Column(column.rows, column.y * factor, column.resolution * factor)
