"""Lists of JSON records: ``metrics.json``, ``steps.jsonl``, ``index.json``. Damage costs its part.

A file that breaks off, or holds a record that is none, gives the records that are whole and a
note with the place.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from analyzer.formats.records import decode_record
from analyzer.readers.workdir.files import read_file
from analyzer.run import Note

MAX_ARRAY_BYTES = 1 << 26

Records = tuple[list[dict[str, Any]], list[Note]]

_DECODER = json.JSONDecoder()
_BETWEEN = re.compile(r"[ \t\r\n,]*")


def read_array(run: Path, name: str) -> Records:
    """The records of a JSON array. NaN and Infinity, which JSON lacks, are read as numbers."""
    notes: list[Note] = []
    data = read_file(run, name, notes, limit=MAX_ARRAY_BYTES)
    if data is None:
        return [], notes
    text = data.decode("utf-8", "replace").strip()
    if not text:
        return [], [*notes, Note(f"{name} is empty", name)]
    if not text.startswith("["):
        problem = f"{name} holds no list; it should be a JSON list of one object per epoch"
        return [], [*notes, Note(problem, name, 1)]
    try:
        values = json.loads(text)
    except (ValueError, RecursionError):
        values, line = _salvage(data.decode("utf-8", "replace"))
        problem = f"{name} breaks off in line {line}; the {len(values)} whole entries before it"
        notes.append(Note(f"{problem} were read", name, line))
    return _only_objects(values, name, notes)


def _only_objects(values: list[Any], name: str, notes: list[Note]) -> Records:
    records = [decode_record(value) for value in values if isinstance(value, dict)]
    if len(records) < len(values):
        notes.append(
            Note(
                f"{name}: {len(values) - len(records)} entries are no objects and were left out",
                name,
            )
        )
    return records, notes


def _salvage(text: str) -> tuple[list[Any], int]:
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


def _next(text: str, place: int) -> int:
    found = _BETWEEN.match(text, place)
    return found.end() if found else place


def line_of_entry(run: Path, name: str, entry: int) -> int:
    """The line in which the 0-based ``entry`` of a JSON array begins; 1 where that is unknown."""
    data = read_file(run, name, [], limit=MAX_ARRAY_BYTES) or b""
    text = data.decode("utf-8", "replace")
    place = text.find("[") + 1
    try:
        for _ in range(entry):
            _, place = _DECODER.raw_decode(text, _next(text, place))
    except (ValueError, RecursionError):
        return 1
    return text.count("\n", 0, _next(text, place)) + 1


def read_lines(run: Path, name: str) -> Records:
    """The records of a JSON-lines file; an unfinished last line is no fault of a growing file."""
    notes: list[Note] = []
    records: list[dict[str, Any]] = []
    broken: list[int] = []
    lines = (read_file(run, name, notes) or b"").split(b"\n")
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            records.append(decode_record(value))
        elif number < len(lines):
            broken.append(number)
    if broken:
        notes.append(
            Note(
                f"{name}: {len(broken)} lines are no JSON objects and were left out",
                name,
                broken[0],
            )
        )
    return records, notes
