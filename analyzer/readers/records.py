"""Lists of JSON records: ``metrics.json``, ``steps.jsonl``, ``index.json``. Damage costs its part.

A file that breaks off, or holds a record that is none, gives the records that are whole and a
note with the place.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from analyzer.formats.records import decode_record
from analyzer.readers.files import read_file
from analyzer.run import Note

Records = tuple[list[dict[str, Any]], list[Note]]

_DECODER = json.JSONDecoder()


def read_array(run: Path, name: str) -> Records:
    """The records of a JSON array. NaN and Infinity, which JSON lacks, are read as numbers."""
    notes: list[Note] = []
    data = read_file(run, name, notes)
    if data is None:
        return [], []
    if not data.strip():
        return [], notes or [Note(f"{name} is empty", name)]
    text = data.decode("utf-8-sig", "replace")
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return _salvage(text, name)
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        return [], [
            Note(f"{name} holds no list of records; each epoch should be one object", name)
        ]
    return _only_objects(value, name, notes)


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


def _salvage(text: str, name: str) -> Records:
    """The whole records before the place where a JSON array breaks."""
    values: list[Any] = []
    place = text.find("[") + 1
    if not text.lstrip().startswith("["):
        return [], [
            Note(f"{name} is not JSON; it should be a list of one object per epoch", name, 1)
        ]
    while True:
        while place < len(text) and text[place] in " \t\r\n,":
            place += 1
        try:
            value, place = _DECODER.raw_decode(text, place)
        except (ValueError, RecursionError):
            break
        values.append(value)
    line = text.count("\n", 0, place) + 1
    note = Note(
        f"{name} breaks off in line {line}; the {len(values)} whole records before it were read",
        name,
        line,
    )
    return _only_objects(values, name, [note])


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
