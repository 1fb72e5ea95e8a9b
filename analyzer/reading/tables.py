"""Rows as they were logged: one counter, many columns, in the order of the file."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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


class _Part(NamedTuple):
    """What one call added to a column; a range of rows costs no memory."""

    rows: IntArray | range
    y: FloatArray
    resolution: float


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
    _x: list[FloatArray] = field(default_factory=list)
    _lines: list[IntArray] = field(default_factory=list)
    _epochs: list[FloatArray] = field(default_factory=list)
    _columns: dict[str, list[_Part]] = field(default_factory=dict)
    _pending: _Pending = field(default_factory=_Pending)
    _count: int = 0

    def __len__(self) -> int:
        return self._count + len(self._pending.x)

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
        if epoch is not None or self._epochs:
            before = [np.full(self._count, np.nan)] if self._count and not self._epochs else []
            known = np.full(len(x), np.nan) if epoch is None else np.asarray(epoch, np.float64)
            self._epochs += [*before, known]
        self._x.append(np.asarray(x, dtype=np.float64))
        self._lines.append(np.asarray(line, dtype=np.int64))
        whole = range(self._count, self._count + len(x))
        for name, column in columns.items():
            rows, y, resolution = _last_in_row(column)
            moved = whole if len(rows) == len(x) else np.asarray(rows, np.int64) + self._count
            self._columns.setdefault(name, []).append(_Part(moved, y, resolution))
        self._count += len(x)

    def start(self, line: int, text: str, kind: str = "started") -> None:
        """Note that the program starts here (``line``), by what it prints then."""
        self.marks.append(Mark(line, text, kind))

    def rows(self) -> Rows:
        """All that was added; rows whose counter is no finite number are left out."""
        self._flush()
        self._merge()
        x, line, epoch = _one(self._x), _one(self._lines), _one(self._epochs)
        columns = {
            name: Column(np.asarray(rows), y, resolution)
            for name, ((rows, y, resolution),) in self._columns.items()
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

    def _merge(self) -> None:
        """Make one array of the parts of each; the parts are let go at once, as logs are large."""
        self._x = _joined(self._x)
        self._lines = _joined(self._lines)
        self._epochs = _joined(self._epochs)
        whole = np.arange(self._count)
        for parts in self._columns.values():
            full = sum(len(part.rows) for part in parts) == self._count
            rows = whole if full else np.concatenate([part.rows for part in parts])
            (y,) = _joined([part.y for part in parts])
            parts[:] = [_Part(rows, y, max(part.resolution for part in parts))]

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


def _joined(parts: list[NDArray[Any]]) -> list[NDArray[Any]]:
    return [np.concatenate(parts)] if len(parts) > 1 else parts


def _one(parts: list[NDArray[Any]]) -> NDArray[Any]:
    return parts[0] if parts else np.empty(0)


def _only(column: Column, kept: NDArray[np.bool_], place: IntArray) -> Column:
    """What a column holds in the rows of a mask; ``place`` (n,) are their new numbers."""
    mask = kept[column.rows]
    return Column(place[column.rows[mask]], column.y[mask], column.resolution)


def _scaled(column: Column, factor: float) -> Column:
    if factor == 1.0:
        return column
    return Column(column.rows, column.y * factor, column.resolution * factor)
