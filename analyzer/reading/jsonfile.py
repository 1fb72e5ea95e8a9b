"""JSON of unknown origin: one document, or one object per line; NaN and Infinity are accepted."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.folder import Folder
from analyzer.reading.tables import Column
from analyzer.reading.text import blocks, read_text
from analyzer.reading.values import SAMPLE, number, printed_resolution
from analyzer.run import FloatArray, IntArray, Note

MAX_DOCUMENT = 1 << 25
MAX_CONTAINERS = 1 << 20
"""Lists and objects in one document or block: an empty one takes 3 bytes on disk, 60 in memory."""

MAX_NAMES = 5_000
MAX_LEAVES = 1_000
MAX_LIST = 16
"""A longer list is no metric: a histogram, the scores of every sample."""

MAX_DEPTH = 6

Objects = list[dict[str, Any]]


def parse(data: bytes) -> Any:
    """The value of a JSON text; ValueError for anything else, for one too deep or too full."""
    if data.count(b"{") + data.count(b"[") > MAX_CONTAINERS:
        raise ValueError(f"it holds more than {MAX_CONTAINERS:,} lists and objects")
    try:
        return json.loads(data.decode("utf-8", "replace"))
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(folder: Folder, name: str, notes: list[Note]) -> Any:
    """The value in a JSON file; None where there is none, or it is damaged, which is noted."""
    data = read_text(folder, name, notes, limit=MAX_DOCUMENT)
    if data is None:
        return None
    try:
        return parse(data)
    except ValueError as error:
        line = getattr(error, "lineno", None)
        notes.append(Note(f"{name} is no JSON: {error}", name, line))
        return None


def read_object(folder: Folder, name: str, notes: list[Note]) -> dict[str, Any]:
    """The object in a JSON file; empty where there is none."""
    value = read_json(folder, name, notes) if folder.has(name) else None
    return value if isinstance(value, dict) else {}


def first_objects(head: bytes) -> Objects:
    """The objects on the whole lines of a file's beginning; the last line may be cut off."""
    lines = head.removeprefix(b"\xef\xbb\xbf").split(b"\n")
    kept = [line for line in lines if line.strip()][:3]
    return list(_each_object(kept))


class Records(NamedTuple):
    """The objects of JSON lines as columns, in the order of the file.

    ``line`` (n,) is 1-based. ``columns`` by name; nested objects are flattened to ``a.b``, short
    lists to ``a.0``, ``a.1``, ...; numbers written as text count. ``texts`` by name: (n,) str, ""
    where a row has none; only for the names that were asked for.
    """

    line: IntArray
    columns: dict[str, Column]
    texts: dict[str, NDArray[np.object_]]

    def where(self, name: str) -> NDArray[np.bool_]:
        """Mask (n,) of the rows that hold a number under ``name``."""
        mask = np.zeros(len(self.line), dtype=bool)
        if name in self.columns:
            mask[self.columns[name].rows] = True
        return mask

    def column(self, name: str) -> Column:
        """The numbers under ``name``."""
        return self.columns[name]

    def values(self, name: str) -> FloatArray:
        """(n,) the numbers under ``name``, NaN where a row has none."""
        values = np.full(len(self.line), np.nan)
        if name in self.columns:
            values[self.columns[name].rows] = self.columns[name].y
        return values

    def only(self, mask: NDArray[np.bool_]) -> Records:
        """The rows of ``mask`` alone."""
        place = np.cumsum(mask) - 1
        columns = {}
        for name, column in self.columns.items():
            kept = mask[column.rows]
            if kept.any():
                columns[name] = Column(place[column.rows[kept]], column.y[kept], column.resolution)
        texts = {name: text[mask] for name, text in self.texts.items()}
        return Records(self.line[mask], columns, texts)


def read_records(
    folder: Folder, name: str, notes: list[Note], texts: Sequence[str] = ()
) -> Records:
    """All objects in a file of JSON lines.

    Lines that hold no whole object are left out; a note counts them and names the first, unless it
    is a last line that has no end yet.
    """
    collected = _Collected({text: [] for text in texts})
    broken: list[int] = []
    for block in blocks(folder, name, notes):
        lines = block.data.split(b"\n")
        places = [place for place, line in enumerate(lines) if line.strip()]
        kept = [lines[place] for place in places]
        objects = _all_objects(kept)
        if objects is None:
            found = [_object(line) for line in kept]
            if found and found[-1] is None and lines[-1].strip():
                found.pop()  # a growing file: its last line has no end yet
                places.pop()
            broken += [block.line + places[i] for i, value in enumerate(found) if value is None]
            places = [places[i] for i, value in enumerate(found) if value is not None]
            objects = [value for value in found if value is not None]
        collected.add(objects, np.array(places, dtype=np.int64) + block.line)
    if broken:
        count = "a line" if len(broken) == 1 else f"{len(broken):,} lines"
        notes.append(Note(f"{name}: {count} held no whole JSON object", name, broken[0]))
    return collected.records()


def as_columns(objects: Objects, line: IntArray) -> Records:
    """Objects that are at hand as columns; ``line`` (n,) are their lines, or other numbers."""
    collected = _Collected({})
    collected.add(objects, line)
    return collected.records()


def _all_objects(lines: list[bytes]) -> Objects | None:
    """The objects of all lines, parsed at once, which is faster; None where one is broken."""
    try:
        values = parse(b"[" + b",".join(lines) + b"]")
    except ValueError:
        return None
    whole = len(values) == len(lines) and all(type(value) is dict for value in values)
    return values if whole else None


def _each_object(lines: list[bytes]) -> Iterator[dict[str, Any]]:
    for line in lines:
        value = _object(line)
        if value is not None:
            yield value


def _object(line: bytes) -> dict[str, Any] | None:
    line = line.strip()
    if not (line.startswith(b"{") and line.endswith(b"}")):
        return None
    try:
        value = parse(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


@dataclass
class _Collected:
    """Columns being filled: rows of the same keys are taken together."""

    texts: dict[str, list[NDArray[np.object_]]]
    lines: list[IntArray] = field(default_factory=list)
    pieces: dict[str, list[tuple[IntArray, FloatArray]]] = field(default_factory=dict)
    count: int = 0

    def add(self, objects: Objects, lines: IntArray) -> None:
        """Add the objects of one block."""
        alike: dict[tuple[str, ...], list[int]] = {}
        for row, value in enumerate(objects):
            alike.setdefault(tuple(value), []).append(row)
        for keys, rows in alike.items():
            values = zip(*[objects[row].values() for row in rows], strict=True)
            places = np.array(rows, dtype=np.int64) + self.count
            for key, column in zip(keys, values, strict=True):
                self._take(key, places, column)
        for name, parts in self.texts.items():
            found = [value.get(name) for value in objects]
            part = np.array([v if isinstance(v, str) else "" for v in found], dtype=object)
            parts.append(part)
        self.lines.append(lines)
        self.count += len(objects)

    def _take(self, name: str, rows: IntArray, values: Sequence[Any]) -> None:
        kinds = set(map(type, values))
        if kinds <= {int, float, type(None)}:
            if type(None) in kinds:
                rows = rows[[value is not None for value in values]]
                values = [value for value in values if value is not None]
            try:
                if values:
                    self._keep(name, rows, np.array(values, dtype=np.float64))
                return
            except OverflowError:
                pass
        found: dict[str, tuple[list[int], list[float]]] = {}
        for row, value in zip(rows.tolist(), values, strict=True):
            for leaf, y in leaves(name, value):
                places, ys = found.setdefault(leaf, ([], []))
                places.append(row)
                ys.append(y)
        for leaf, (places, ys) in found.items():
            self._keep(leaf, np.array(places, dtype=np.int64), np.array(ys, dtype=np.float64))

    def _keep(self, name: str, rows: IntArray, y: FloatArray) -> None:
        if name in self.pieces or len(self.pieces) < MAX_NAMES:
            self.pieces.setdefault(name, []).append((rows, y))

    def records(self) -> Records:
        """All that was added."""
        line = np.concatenate(self.lines) if self.lines else np.empty(0, dtype=np.int64)
        empty = np.empty(0, dtype=object)
        texts = {name: np.concatenate([empty, *parts]) for name, parts in self.texts.items()}
        columns = {name: _column(pieces) for name, pieces in self.pieces.items()}
        return Records(line, columns, texts)


def _column(pieces: list[tuple[IntArray, FloatArray]]) -> Column:
    rows = np.concatenate([piece[0] for piece in pieces])
    y = np.concatenate([piece[1] for piece in pieces])
    if not np.all(rows[1:] > rows[:-1]):
        rows, first = np.unique(rows, return_index=True)
        y = y[first]
    sample = y[:: max(1, len(y) // SAMPLE)].tolist()
    digits = [repr(value).removesuffix(".0").encode() for value in sample]
    return Column(rows, y, printed_resolution(digits))


def leaves(name: str, value: Any, depth: int = MAX_DEPTH) -> list[tuple[str, float]]:
    """(flattened name, number) of all numbers in a value, within bounds."""
    if isinstance(value, Mapping | list):
        if depth == 0 or (isinstance(value, list) and len(value) > MAX_LIST):
            return []
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        found: list[tuple[str, float]] = []
        for key, inner in items:
            found += leaves(f"{name}.{key}", inner, depth - 1)
            if len(found) > MAX_LEAVES:
                break
        return found[:MAX_LEAVES]
    y = number(value) if not isinstance(value, str) or len(value) < 40 else None
    return [] if y is None else [(name, y)]
