"""Rows as they were logged: one counter, many columns, in the order of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.values import numbers, printed_resolution
from analyzer.run import Axis, FloatArray, IntArray

Texts = Sequence[bytes]


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
    _x: list[FloatArray] = field(default_factory=list)
    _lines: list[IntArray] = field(default_factory=list)
    _epochs: list[FloatArray] = field(default_factory=list)
    _columns: dict[str, list[Column]] = field(default_factory=dict)
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

        ``epoch`` (1-based) tells for a row counted in steps which epoch it belongs to.
        """
        pending = self._pending
        row = len(pending.x)
        pending.x.append(x)
        pending.lines.append(line)
        pending.epochs.append(epoch)
        for name, value in values:
            rows, texts, floats = pending.columns.setdefault(name, ([], [], []))
            if isinstance(value, bytes):
                texts.append(value)
            else:
                floats.append(value)
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
        self._x.append(np.asarray(x, dtype=np.float64))
        self._lines.append(np.asarray(line, dtype=np.int64))
        self._epochs.append(np.full(len(x), np.nan) if epoch is None else epoch)
        for name, column in columns.items():
            moved = column._replace(rows=np.asarray(column.rows, np.int64) + self._count)
            self._columns.setdefault(name, []).append(moved)
        self._count += len(x)

    def start(self, line: int, text: str, kind: str = "started") -> None:
        """Note that the program starts here (``line``), by what it prints then."""
        self.marks.append(Mark(line, text, kind))

    def rows(self) -> Rows:
        """All that was added; rows whose counter is no finite number are left out."""
        self._flush()
        x = _joined(self._x)
        epoch = _joined(self._epochs)
        line = np.concatenate(self._lines) if self._lines else np.empty(0, dtype=np.int64)
        kept = np.isfinite(x) & (np.abs(x) < 1e15)
        columns = {
            name: _scaled(_join(parts, kept), self.factors.get(name, 1.0))
            for name, parts in self._columns.items()
        }
        return Rows(
            x[kept],
            line[kept],
            epoch[kept] if np.isfinite(epoch[kept]).any() else None,
            {name: column for name, column in columns.items() if len(column.rows)},
        )

    def _flush(self) -> None:
        pending, self._pending = self._pending, _Pending()
        if not pending.x:
            return
        columns = {name: _column(*parts) for name, parts in pending.columns.items()}
        self.extend(
            np.array(pending.x, dtype=np.float64),
            columns,
            np.array(pending.lines, dtype=np.int64),
            np.array(pending.epochs, dtype=np.float64),
        )


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


def _joined(parts: list[FloatArray]) -> FloatArray:
    return np.concatenate(parts) if parts else np.empty(0)


def _join(parts: list[Column], kept: NDArray[np.bool_]) -> Column:
    rows = np.concatenate([part.rows for part in parts])
    y = np.concatenate([part.y for part in parts])
    resolution = max(part.resolution for part in parts)
    mask = kept[rows]
    if mask.all() and kept.all():
        return Column(rows, y, resolution)
    return Column((np.cumsum(kept) - 1)[rows[mask]], y[mask], resolution)


def _scaled(column: Column, factor: float) -> Column:
    if factor == 1.0:
        return column
    return Column(column.rows, column.y * factor, column.resolution * factor)
