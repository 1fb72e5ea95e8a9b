"""Tables as CSV: padded headers, ragged rows, repeated headers, any of the usual separators."""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import compress
from typing import NamedTuple

import numpy as np

from analyzer.reading.encoding import guess_encoding
from analyzer.reading.folder import Folder
from analyzer.reading.logs import worth_a_look
from analyzer.reading.tables import Column, text_column
from analyzer.reading.text import MAX_LINE, read_text, short_lines
from analyzer.run import FloatArray, IntArray, Note

MAX_TABLE = 1 << 26
MAX_CELLS = 1 << 22
"""A cell takes some 50 bytes in memory, and a row of its own as much as ``ROW`` cells."""

ROW = 3
MOST_RAGGED = 100_000

MAX_COLUMNS = 4096
SEPARATORS = b",;\t"


class Ragged(NamedTuple):
    """A row whose number of cells is not that of the header."""

    line: int
    cells: tuple[bytes, ...]


@dataclass
class Cells:
    """``columns`` by stripped header name, all of ``line``'s length; ``line`` (n,) is 1-based."""

    names: list[str]
    columns: dict[str, list[bytes]]
    line: IntArray
    ragged: list[Ragged] = field(default_factory=list)

    def column(self, name: str) -> Column:
        """One column as numbers; cells that hold none are left out."""
        return text_column(self.columns[name])

    def values(self, name: str) -> FloatArray:
        """(n,) one column as numbers, NaN also where a cell holds none."""
        found = self.column(name)
        values = np.full(len(self.line), np.nan)
        values[found.rows] = found.y
        return values

    def only(self, kept: Sequence[bool]) -> Cells:
        """The rows of the mask ``kept`` (n,) alone."""
        columns = {name: list(compress(own, kept)) for name, own in self.columns.items()}
        return Cells(self.names, columns, self.line[np.array(kept, dtype=bool)])

    def with_ragged(self, fit: Callable[[Sequence[bytes]], Sequence[bytes] | None]) -> Cells:
        """The table with the ragged rows that ``fit`` turns into whole ones, at their lines."""
        fitted = [(row, fit(row.cells)) for row in self.ragged]
        more = [(row.line, cells) for row, cells in fitted if cells is not None]
        if not more:
            return self
        line = np.concatenate([self.line, [line for line, _ in more]])
        order = np.argsort(line, kind="stable")
        columns = {}
        for place, (name, own) in enumerate(self.columns.items()):
            joined = [*own, *(cells[place] for _, cells in more)]
            columns[name] = [joined[at] for at in order]
        left = [row for row, cells in fitted if cells is None]
        return Cells(self.names, columns, line[order], left)


def read_cells(folder: Folder, name: str, notes: list[Note]) -> Cells | None:
    """The table in a file; None where there is no such file or no header.

    A header inside the file is passed over; a row with more or fewer cells than the header is kept
    apart, never padded. The last row of a growing file may be half written: without a line end it
    is left out unless it is whole.
    """
    data = read_text(folder, name, notes, limit=MAX_TABLE)
    if not data or b"\0" in data[:MAX_LINE]:
        return None
    first = data[:MAX_LINE].lstrip(b"# \r\n").partition(b"\n")[0]
    if len(_cells(first)) > MAX_COLUMNS:
        notes.append(Note(f"{name} has more than {MAX_COLUMNS:,} columns; it was not read", name))
        return None
    data = _bounded(short_lines(data, name, notes), _separator(first), name, notes)
    even = _even_table(data)
    if even is not None:
        return even
    rows = _rows(data)
    if not rows or not rows[0][1]:
        return None
    header = rows[0][1]
    squeezed = [cell.replace(b" ", b"") for cell in header]
    whole = data.endswith((b"\n", b"\r"))
    kept = []
    ragged: list[Ragged] = []
    for line, cells in rows[1:]:
        if len(cells) == len(header) + 1 and not cells[-1]:
            cells.pop()  # a separator ends the line
        if len(cells) != len(header):
            if len(ragged) < MOST_RAGGED:
                ragged.append(Ragged(line, tuple(cells)))
        elif cells[0] not in (header[0], squeezed[0]) or cells not in (header, squeezed):
            kept.append((line, cells))
    if ragged and not whole and ragged[-1].line == rows[-1][0]:
        ragged.pop()
    names = unique_names(header)
    in_columns = zip(*(cells for _, cells in kept), strict=True) if kept else ((),) * len(names)
    columns = {name: list(own) for name, own in zip(names, in_columns, strict=True)}
    return Cells(names, columns, np.array([line for line, _ in kept], dtype=np.int64), ragged)


def _bounded(data: bytes, separator: bytes | None, name: str, notes: list[Note]) -> bytes:
    """The lines of a table that hold no more than ``MAX_CELLS`` cells together."""
    cells = ROW * (data.count(b"\n") + data.count(b"\r"))
    if separator is None:
        raw = np.frombuffer(data, dtype=np.uint8)
        cells += int(np.count_nonzero((raw[1:] > 32) & (raw[:-1] <= 32)))
    else:
        cells += data.count(separator)
    if cells <= MAX_CELLS:
        return data
    text = f"{name} holds more than {MAX_CELLS:,} cells; the rest was not read"
    notes.append(Note(text, name, cut=True))
    return data[: data.rfind(b"\n", 0, len(data) * MAX_CELLS // cells) + 1]


def _even_table(data: bytes) -> Cells | None:
    """The table in one go, which is faster; None where a row is odd or the header stands again."""
    header, _, body = data.partition(b"\n")
    separator = _separator(header)
    if separator is None or b'"' in data or data.startswith((b"#", b"\n")):
        return None
    body = body.replace(b"\r", b"").replace(b" ", b"")
    body = body if body.endswith(b"\n") else body + b"\n"
    raw = np.frombuffer(body, dtype=np.uint8)
    ends = np.flatnonzero(raw == ord("\n"))
    parted = np.searchsorted(np.flatnonzero(raw == ord(separator)), ends)
    names = _cells(header)
    if not np.array_equal(parted, np.arange(1, len(ends) + 1) * (len(names) - 1)):
        return None
    flat = body.replace(b"\n", separator).split(separator)[:-1]
    columns = [flat[place :: len(names)] for place in range(len(names))]
    if names[0].replace(b" ", b"") in columns[0]:
        return None
    own = unique_names(names)
    line = np.arange(2, len(ends) + 2)
    return Cells(own, dict(zip(own, columns, strict=True)), line)


def _rows(data: bytes) -> list[tuple[int, list[bytes]]]:
    """(1-based line, stripped cells) of all lines that are not blank; the first is the header."""
    data = data.lstrip(b"# ") if data.startswith(b"#") else data
    first = data.lstrip(b" \r\n").partition(b"\n")[0]
    separator = _separator(first)
    if b'"' in data and separator:
        return _quoted(data, separator.decode())
    if separator and b" " in data:
        data = data.replace(b" ", b"")
    rows = [
        (n, line.split(separator)) for n, line in enumerate(data.splitlines(), 1) if line.strip()
    ]
    return [(rows[0][0], _cells(first)), *rows[1:]] if rows else []


def _separator(first: bytes) -> bytes | None:
    """What parts the cells of a header; None for blanks."""
    best = max(SEPARATORS, key=lambda s: first.count(bytes([s])))
    return bytes([best]) if best in first else None


def _cells(header: bytes) -> list[bytes]:
    """The names in a header, stripped, blanks inside of them kept."""
    cells = header.split(_separator(header))
    return [cell.strip().strip(b'"').strip() for cell in cells]


def _quoted(data: bytes, separator: str) -> list[tuple[int, list[bytes]]]:
    csv.field_size_limit(MAX_LINE)
    reader = csv.reader(data.decode("utf-8", "replace").splitlines(True), delimiter=separator)
    rows = []
    try:
        for cells in reader:
            stripped = [cell.strip().encode() for cell in cells]
            if any(stripped):
                rows.append((reader.line_num, stripped))
    except csv.Error:
        return rows
    return rows


def unique_names(header: list[bytes]) -> list[str]:
    """Header cells as names; an empty or repeated one gets its position."""
    names: dict[str, None] = {}
    for place, cell in enumerate(header, 1):
        name = cell.strip().decode("utf-8", "replace")
        while not name or name in names:
            name = f"{name or 'column'}_{place}"
        names[name] = None
    return list(names)


@lru_cache(maxsize=8)
def tables_in(folder: Folder, endings: tuple[str, ...]) -> tuple[str, ...]:
    """The files of a folder that may be tables of a training, by their names."""
    names = [name for name in folder.files if name.lower().endswith(endings)]
    return tuple(worth_a_look(names))


def header_names(head: bytes) -> list[str]:
    """The stripped names of a table's first line, from the first bytes of its file."""
    first = first_lines(head)[:1]
    return [cell.decode("utf-8", "replace") for cell in _cells(first[0])] if first else []


def first_lines(head: bytes) -> list[bytes]:
    """The first lines of a text as UTF-8, none where it is no text; the last may be cut."""
    encoding = guess_encoding(head)
    if encoding.startswith("utf-16"):
        head = head[: len(head) & ~1].decode(encoding, "replace").encode()
    head = head.removeprefix("\ufeff".encode()).lstrip(b"# \r\n")
    return [] if b"\0" in head else head.splitlines()


def one_based(epochs: FloatArray) -> float:
    """What to add to logged epochs so that they count from 1."""
    return 1.0 if np.nanmin(epochs, initial=np.inf) == 0 else 0.0
