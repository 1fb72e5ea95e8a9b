"""The ``run-<id>.wandb`` file: everything that a run sent, as records of protocol buffers.

Blocks of 32 KiB hold pieces with a CRC, as in LevelDB's log format; field numbers are those of
wandb_internal.proto.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import Struct, unpack_from
from typing import Any, BinaryIO

import numpy as np

from analyzer.reading import wire
from analyzer.reading.scalars import Scalar
from analyzer.reading.values import number
from analyzer.run import Note, flatten

MAGIC = b":W&B\xe1\xbe\x00"
BLOCK = 1 << 15
MAX_RECORD = 1 << 22
MAX_BYTES = 1 << 32
MOST_NAMES = 2_000
MOST_VALUES = 10_000_000

_PIECE = Struct("<IHB")
_FULL, _FIRST, _MIDDLE, _LAST = range(1, 5)
_HISTORY, _CONFIG, _RUN, _EXIT = 2, 5, 17, 18  # Record
_ITEM, _STEP = 1, 2  # HistoryRecord
_KEY, _NESTED_KEY, _BOOL, _INTEGER, _NUMBER, _JSON = 1, 2, 4, 5, 6, 16  # HistoryItem
_RUN_CONFIG, _DISPLAY_NAME = 4, 8  # RunRecord


@dataclass
class History:
    """What was read: logged values by key and row, settings, name, how the program ended."""

    columns: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    steps: list[float] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    config: dict[str, Any] = field(default_factory=dict)
    name: str = ""
    exit_code: int | None = None
    values: int = 0

    def scalars(self) -> list[Scalar]:
        """The curves, their rows as lines."""
        steps, times = np.array(self.steps), np.array(self.times)
        found = []
        for name, points in self.columns.items():
            rows = np.array([row for row, _ in points], dtype=np.int64)
            values = np.array([value for _, value in points], dtype=np.float64)
            found.append(Scalar(name, steps[rows], values, times[rows], rows + 1))
        return found


def read_history(file: BinaryIO, name: str, notes: list[Note]) -> History:
    """Everything in a ``.wandb`` file up to its end, which may be cut off."""
    history = History()
    for record in _records(file, name, notes):
        for part in wire.fields(record):
            if part.number == _HISTORY:
                _take_row(record, part, history)
            elif part.number == _CONFIG:
                _take_settings(record, part, history)
            elif part.number == _RUN:
                _take_run(record, part, history)
            elif part.number == _EXIT:
                history.exit_code = _first(record, part)
        if history.values > MOST_VALUES:
            notes.append(Note(f"{name} holds more than {MOST_VALUES:,} values; the rest is left"))
            break
    return history


def _records(file: BinaryIO, name: str, notes: list[Note]) -> Iterator[bytes]:
    """The records, pieced together; what a wrong CRC makes doubtful is left out, and noted."""
    whole, started, read, damaged = b"", False, 0, 0
    while (block := file.read(BLOCK)) and read < MAX_BYTES:
        at = len(MAGIC) if not read else 0
        read += len(block)
        while at + _PIECE.size <= len(block):
            crc, length, kind = _PIECE.unpack_from(block, at)
            start = at + _PIECE.size
            piece = block[start : start + length]
            if kind == 0 and crc == 0 and length == 0:
                break  # the rest of the block is padding
            if len(piece) < length and len(block) < BLOCK:
                break  # the end of a growing file
            if zlib.crc32(piece, zlib.crc32(bytes([kind]))) != crc:
                damaged, started = damaged + 1, False
                break  # lengths cannot be trusted up to the next block
            at = start + length
            if kind in (_FULL, _FIRST):
                whole, started = piece, True
            elif started and len(whole) + length <= MAX_RECORD:
                whole += piece
            else:
                started = False
            if started and kind in (_FULL, _LAST):
                yield whole
                started = False
    if damaged:
        text = f"{name} holds {damaged:,} blocks whose checksum is wrong; their rest is left out"
        notes.append(Note(text, name))


def _items(data: bytes, whole: wire.Field) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of the items of a history or a config; values are JSON or typed."""
    for item in wire.fields(data, whole.start, whole.end):
        if item.number != _ITEM or item.kind != wire.BYTES:
            continue
        keys: list[str] = []
        value: Any = None
        for part in wire.fields(data, item.start, item.end):
            if part.kind == wire.BYTES and part.number in (_KEY, _NESTED_KEY):
                keys.append(wire.text(data, part))
            elif part.kind == wire.BYTES and part.number == _JSON:
                value = _json(wire.text(data, part))
            elif part.kind == wire.FIXED64 and part.number == _NUMBER:
                value = unpack_from("<d", data, part.start)[0]
            elif part.kind == wire.VARINT and part.number == _INTEGER:
                value = (part.value >> 1) ^ -(part.value & 1)
            elif part.kind == wire.VARINT and part.number == _BOOL:
                value = bool(part.value)
        if keys:
            yield ".".join(keys), value


def _first(data: bytes, whole: wire.Field) -> int:
    """The number in field 1 of a message; 0 is not written."""
    inner = wire.fields(data, whole.start, whole.end)
    return next((f.value for f in inner if f.number == 1 and f.kind == wire.VARINT), 0)


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _take_row(data: bytes, whole: wire.Field, history: History) -> None:
    row = len(history.steps)
    step, time = float(row), np.nan
    for part in wire.fields(data, whole.start, whole.end):
        if part.number == _STEP and part.kind == wire.BYTES:
            step = float(_first(data, part))
    for key, value in _items(data, whole):
        if key == "_step":
            step = _finite(value, step)
        elif key == "_timestamp":
            time = _finite(value, time)
        else:
            _take_value(key, value, row, history)
    history.steps.append(step)
    history.times.append(time)


def _finite(value: Any, otherwise: float) -> float:
    found = number(value)
    return otherwise if found is None or not np.isfinite(found) else found


def _take_value(key: str, value: Any, row: int, history: History) -> None:
    """Keep numbers; what has a ``_type`` is a histogram, an image or a table."""
    leaves = [(key, value)]
    if isinstance(value, dict):
        leaves = [] if "_type" in value else list(flatten(value, f"{key}."))
    for name, leaf in leaves:
        found = number(leaf) if not isinstance(leaf, str) or leaf in _SPECIAL else None
        known = name in history.columns or len(history.columns) < MOST_NAMES
        if found is not None and known:
            history.columns.setdefault(name, []).append((row, found))
            history.values += 1


_SPECIAL = ("NaN", "Infinity", "-Infinity")


def _take_settings(data: bytes, whole: wire.Field, history: History) -> None:
    for key, value in _items(data, whole):
        if not key.startswith("_wandb") and len(history.config) < MOST_NAMES:
            history.config |= dict(flatten({key: value}))


def _take_run(data: bytes, whole: wire.Field, history: History) -> None:
    for part in wire.fields(data, whole.start, whole.end):
        if part.number == _RUN_CONFIG and part.kind == wire.BYTES:
            _take_settings(data, part, history)
        elif part.number == _DISPLAY_NAME and part.kind == wire.BYTES:
            history.name = wire.text(data, part)[:200]
