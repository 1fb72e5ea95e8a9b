"""Tables with a header of words, as skorch, fastai and YOLO print them while they train."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from analyzer.reading.console.printed import Chunk
from analyzer.reading.console.wordings import KNOWN
from analyzer.reading.names import plain
from analyzer.reading.tables import Column, text_column
from analyzer.reading.text import decode
from analyzer.reading.values import numbers
from analyzer.run import FloatArray

MOST_LINES = 400
"""Rows may stand so far below the header before the table is over."""

_RULE = re.compile(rb"[\s|+:=-]*$")
_CELL = re.compile(rb"\s*\|\s*|\s{2,}|\t")
_ROW = re.compile(rb"\s*\|?\s*(\d+)(?:/(\d+))?[\s|]")
_VALIDATED = re.compile(rb"\s*all\s+\d+\s+\d+((?:\s+[\d.]+(?:e-?\d+)?|\s+nan){2,})\s*$")
_YOLO = ("val_precision", "val_recall", "val_map50", "val_map50_95")
_YOLO_CLASS = re.compile(rb"\s*Class\s+Images\s+(?:Instances|Labels|Targets)\s")
_NO_SERIES = frozenset(
    {"gpu_mem", "instances", "size", "labels", "img_size", "total", "targets", "dur", "cp", "time"}
)


@dataclass
class _Open:
    names: list[str]
    yolo: bool
    left: int = MOST_LINES
    lines: list[int] = field(default_factory=list)
    rows: list[list[bytes]] = field(default_factory=list)
    epochs: list[tuple[bytes, bytes]] = field(default_factory=list)


@dataclass
class PrintedTable:
    """Feed it every line; it keeps the rows that stand below a header."""

    _open: _Open | None = None
    _all: list[_Open] = field(default_factory=list)
    _validated: list[tuple[int, list[bytes]]] = field(default_factory=list)

    def header(self, line: bytes) -> None:
        """Take a line without numbers as a header, where it is one."""
        stripped = line.strip().strip(b"|").strip()
        if stripped[:5].lower() != b"epoch" or len(stripped) > 2000:
            return
        names = [decode(cell).strip() for cell in _CELL.split(stripped)]
        if len(names) < 3:
            names = decode(stripped).split()
        known = any(word in KNOWN for name in names for word in re.findall("[a-z]+", name.lower()))
        if len(names) < 3 or any(":" in name for name in names):
            return
        yolo = names[1].lower() in ("gpu_mem", "gpu_mem ", "mem")
        if known or yolo:
            if self._open and self._open.names == names:
                self._open.left = MOST_LINES
                return
            self._open = _Open(names, yolo)
            self._all.append(self._open)

    def row(self, line: bytes, number: int) -> bool:
        """Whether the line is a row of the open table; then it is kept."""
        table = self._open
        if table is None:
            return False
        table.left -= 1
        if table.left < 0:
            self._open = None
            return False
        if table.yolo and (found := _VALIDATED.match(line)):
            self._validated.append((number, found[1].split()))
            return True
        if _YOLO_CLASS.match(line):
            return True
        if _RULE.match(line):
            return True
        found = _ROW.match(line)
        if found is None:
            return False
        cells = [
            c for c in re.split(rb"[\s|]+", line.strip().strip(b"|").strip().rstrip(b":")) if c
        ]
        if len(cells) != len(table.names):
            return False
        table.left = MOST_LINES
        table.lines.append(number)
        table.rows.append(cells)
        table.epochs.append((found[1], found[2] or b""))
        return True

    def chunks(self) -> list[Chunk]:
        """What was collected, as printed rows."""
        made = [_chunk(table) for table in self._all if table.rows]
        if made and self._validated:
            made.append(_validation(self._validated))
        return made


def _chunk(table: _Open) -> Chunk:
    epochs = _floats([epoch for epoch, _ in table.epochs])
    totals = _floats([total for _, total in table.epochs])
    chunk = Chunk(np.array(table.lines, dtype=np.int64), epochs, totals)
    chunk.progress = table.yolo  # the row is a bar that is printed again and again
    for name, cells in zip(
        table.names[1:], zip(*(r[1:] for r in table.rows), strict=True), strict=True
    ):
        series = _series(name, yolo=table.yolo)
        column = text_column(cells)
        if series and len(column.rows):
            chunk.columns[series] = column
            chunk.said.add(series)
    if table.yolo:
        _add_total(chunk)
    return chunk


def _add_total(chunk: Chunk) -> None:
    """The parts are weighted already, so their sum is what was minimised."""
    parts = [column for name, column in chunk.columns.items() if name.startswith("train_loss.")]
    if parts and all(len(column.rows) == len(chunk.line) for column in parts):
        total = np.sum([column.y for column in parts], axis=0)
        resolution = max(column.resolution for column in parts)
        chunk.columns["train_loss"] = Column(parts[0].rows, total, resolution)
        chunk.said.add("train_loss")


def _series(name: str, *, yolo: bool) -> str | None:
    lower = name.lower()
    if lower in _NO_SERIES:
        return None
    if yolo:
        part = lower.removesuffix("_loss")
        return (
            f"train_loss.{part}"
            if lower.endswith("_loss") or part in ("box", "obj", "cls")
            else None
        )
    return plain(name, "val" if "loss" not in lower else "train").series


def _validation(rows: list[tuple[int, list[bytes]]]) -> Chunk:
    chunk = Chunk(np.array([line for line, _ in rows], dtype=np.int64))
    for at, series in enumerate(_YOLO):
        cells = [values[at] if at < len(values) else b"" for _, values in rows]
        chunk.columns[series] = text_column(cells)
        chunk.said.add(series)
    return chunk


def _floats(texts: list[bytes]) -> FloatArray:
    values = np.full(len(texts), np.nan)
    places, found = numbers(texts)
    values[places] = found
    return values
