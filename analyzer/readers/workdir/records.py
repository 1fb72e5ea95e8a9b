"""``metrics.json``, ``steps.jsonl`` and ``index.json`` as tables. Damage costs its part.

A file that breaks off, or holds a record that is none, gives the records that are whole and a
note with the place.
"""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np

from analyzer.formats.records import decode_record
from analyzer.formats.workdir import INDEX, METRICS, STEPS
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import (
    MAX_CONTAINERS,
    Objects,
    Records,
    as_columns,
    parse,
    read_records,
)
from analyzer.reading.tables import MOST_X, Column, Table
from analyzer.reading.text import decode, read_text
from analyzer.run import Axis, Note

MAX_ARRAY = 1 << 26

NO_CURVE = frozenset({"epoch", "step", "time"})
NONFINITE = "nonfinite."
"""Before the name of a value that is no finite number, which JSON lacks."""

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[ \t\r\n,]*")


def metrics_table(folder: Folder, notes: list[Note]) -> Table:
    """``metrics.json`` by epoch. Its rows are numbered by entry: many write it in one line.

    A record that names no epoch is that of its place.
    """
    objects = read_array(folder, METRICS, notes)
    return _table("epoch", METRICS, as_columns(objects, np.arange(1, len(objects) + 1)))


def steps_table(folder: Folder, notes: list[Note]) -> Table:
    """``steps.jsonl`` by step."""
    return _table("step", STEPS, read_records(folder, STEPS, notes))


def _table(axis: Axis, file: str, records: Records) -> Table:
    """The rows that hold a value; one whose counter is none is that of its place."""
    columns = {k: c for k, c in _decoded(records).items() if k not in NO_CURVE}
    held = np.zeros(len(records.line), dtype=bool)
    for column in columns.values():
        held[column.rows] = True
    x = records.values(axis)
    x = np.where(np.abs(x) < MOST_X, x, np.arange(1.0, len(x) + 1))
    epoch = records.values("epoch") if axis == "step" else None
    if not held.all():
        place = np.cumsum(held) - 1
        columns = {name: c._replace(rows=place[c.rows]) for name, c in columns.items()}
        epoch = None if epoch is None else epoch[held]
    table = Table(axis, file)
    table.extend(x[held], columns, records.line[held], epoch)
    return table


def _decoded(records: Records) -> dict[str, Column]:
    """The columns, with the values that are named as no finite numbers in their places."""
    columns = {k: c for k, c in records.columns.items() if not k.startswith(NONFINITE)}
    for name, named in records.columns.items():
        own = name.removeprefix(NONFINITE)
        if own != name:
            columns[own] = _both(columns[own], named) if own in columns else named
    return columns


def _both(column: Column, other: Column) -> Column:
    rows = np.concatenate([column.rows, other.rows])
    order = np.argsort(rows, kind="stable")
    return Column(rows[order], np.concatenate([column.y, other.y])[order], column.resolution)


def read_array(folder: Folder, name: str, notes: list[Note]) -> Objects:
    """The objects in a JSON array; NaN and Infinity, which JSON lacks, are read as numbers."""
    data = read_text(folder, name, notes, limit=MAX_ARRAY)
    if data is None:
        return []
    if not data.strip():
        notes.append(Note(f"{name} is empty", name))
        return []
    if not data.lstrip().startswith(b"["):
        problem = f"{name} holds no list; it should be a JSON list of one object per epoch"
        notes.append(Note(problem, name, 1))
        return []
    try:
        values = parse(data)
    except ValueError:
        values, line = _salvaged(decode(data))
        problem = f"{name} breaks off in line {line}; the {len(values)} whole entries before it"
        notes.append(Note(f"{problem} were read", name, line))
    objects = [value for value in values if isinstance(value, dict)]
    if len(objects) < len(values):
        left = len(values) - len(objects)
        notes.append(Note(f"{name}: {left} entries are no objects and were left out", name))
    return objects


def read_index(folder: Folder, notes: list[Note]) -> Objects:
    """What the trainer noted of its weight files."""
    return [decode_record(entry) for entry in read_array(folder, INDEX, notes)]


def line_of_entry(folder: Folder, name: str, entry: int) -> int:
    """The line in which the 1-based ``entry`` of a JSON array begins; 1 where that is unknown."""
    text = decode(read_text(folder, name, [], limit=MAX_ARRAY) or b"")
    place = text.find("[") + 1
    try:
        for _ in range(entry - 1):
            _, place = _DECODER.raw_decode(text, _next(text, place))
    except (ValueError, RecursionError):
        return 1
    return text.count("\n", 0, _next(text, place)) + 1


def _salvaged(text: str) -> tuple[list[Any], int]:
    """The whole values before the place where a JSON array breaks, and the line of that place."""
    values: list[Any] = []
    place = text.index("[") + 1
    while True:
        place = _next(text, place)
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            return values, text.count("\n", 0, place) + 1
        values.append(value)
        if len(values) > MAX_CONTAINERS:
            return values, text.count("\n", 0, place) + 1


def _next(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place
