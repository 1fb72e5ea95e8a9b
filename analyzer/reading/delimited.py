"""Tables as CSV: padded headers, ragged rows, repeated headers, any of the usual separators."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.reading.folder import Folder
from analyzer.reading.tables import Column, text_column
from analyzer.reading.text import MAX_LINE, read_text
from analyzer.run import FloatArray, IntArray, Note

MAX_TABLE = 1 << 28
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


def read_cells(folder: Folder, name: str, notes: list[Note]) -> Cells | None:
    """The table in a file; None where there is no such file or no header.

    A header inside the file is passed over; a row with more or fewer cells than the header is kept
    apart, never padded. The last row of a growing file may be half written: without a line end it
    is left out unless it is whole.
    """
    data = read_text(folder, name, notes, limit=MAX_TABLE)
    if not data or b"\0" in data[:MAX_LINE]:
        return None
    rows = _rows(data)
    if not rows:
        return None
    header = rows[0][1]
    names = unique_names(header)
    kept, lines, ragged = [], [], []
    whole = data.endswith((b"\n", b"\r"))
    for place, (line, cells) in enumerate(rows[1:], 2):
        if len(cells) != len(header):
            if whole or place < len(rows):
                ragged.append(Ragged(line, tuple(cells)))
        elif cells != header:
            kept.append(cells)
            lines.append(line)
    columns = dict(zip(names, map(list, zip(*kept, strict=True)), strict=False))
    if not kept:
        columns = {name: [] for name in names}
    return Cells(names, columns, np.array(lines, dtype=np.int64), ragged)


def _rows(data: bytes) -> list[tuple[int, list[bytes]]]:
    """(1-based line, stripped cells) of all lines that are not blank."""
    if data.startswith(b"#"):
        data = data.lstrip(b"# ")
    first = data[: data.find(b"\n")] if b"\n" in data else data
    separator = max(SEPARATORS, key=lambda s: first.count(bytes([s])))
    if b'"' in data:
        return _quoted(data, chr(separator))
    mark = bytes([separator])
    lines = data.replace(b" ", b"").splitlines() if b" " in first else data.splitlines()
    return [(n, line.split(mark)) for n, line in enumerate(lines, 1) if line.strip()]


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
    names: list[str] = []
    for place, cell in enumerate(header, 1):
        name = cell.strip().decode("utf-8", "replace")
        names.append(name if name and name not in names else f"{name or 'column'}_{place}")
    return names


def header_names(head: bytes) -> list[str]:
    """The stripped names of a table's first line, from the first bytes of its file."""
    first = head.lstrip(b"\xef\xbb\xbf\r\n ").splitlines()[:1]
    if not first or b"\0" in first[0]:
        return []
    separator = max(SEPARATORS, key=lambda s: first[0].count(bytes([s])))
    return [
        cell.strip().strip(b'"').decode("utf-8", "replace")
        for cell in first[0].split(bytes([separator]))
    ]


def one_based(epochs: FloatArray) -> float:
    """What to add to logged epochs so that they count from 1."""
    return 1.0 if len(epochs) and np.nanmin(epochs) == 0 else 0.0
