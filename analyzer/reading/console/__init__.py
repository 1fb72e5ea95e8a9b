"""Console captures and free text logs: from whatever a program prints to the tables of a run.

Lines of one shape are looked at once (``lineshapes``); the numbers of all of them are converted
together. Where a line does not say where it stands, it belongs to the epoch printed before it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from analyzer.reading.assemble import Parts
from analyzer.reading.console.banner import Banner
from analyzer.reading.console.plain import plain_line
from analyzer.reading.console.printed import Chunk, Printed, order_of
from analyzer.reading.console.rows import arrange
from analyzer.reading.console.shapes import NUMBER, Shape, shape_of
from analyzer.reading.console.tables import PrintedTable
from analyzer.reading.console.wordings import section_of
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.names import Split
from analyzer.reading.settings import merged
from analyzer.reading.tables import Column, text_column
from analyzer.reading.text import Block, blocks
from analyzer.reading.values import numbers
from analyzer.run import FloatArray

LONGEST = 20_000
"""A longer line is no line that a person was to read."""

MOST_SHAPES = 50_000
"""Free text makes a new shape with every line; after so many only known ones are read."""

FARTHEST = 1e12
"""A counter beyond it is none."""

_BAR = re.compile(
    rb"(?<!\d)\d{1,4}%\|[^|\n]{0,200}\|\s*(\d[\d.]{0,15})[kKMG]?/(\d[\d.]{0,15})[kKMG]?\s*"
    rb"(?:\[([^\]]*)\]?)?"
)
_ENDLESS_BAR = re.compile(rb"[^|\n]*\|\s*\|\s*\d+/\? \[[^\]]*\]")
_ELAPSED = re.compile(rb"(?:(\d{1,9}):)?(\d{1,9}):(\d\d)<")
_RANK = re.compile(rb"(?i)^ *\[(?:rank ?|default)(\d+)\]:? ?")


class Found(NamedTuple):
    """How much speaks for a training: lines with values that stand at an epoch or step, lines
    that name an epoch, values without a place, bars without a name, kinds of events.
    """

    values: int
    epochs: int
    loose: int
    bars: bool
    events: frozenset[str]


@dataclass
class _Group:
    shape: Shape
    lines: list[int] = field(default_factory=list)
    numbers: list[list[bytes]] = field(default_factory=list)


@dataclass
class Console:
    """Reads one file block by block; ``finish`` adds what it says to the parts of a run."""

    file: str
    printed: Printed = field(default_factory=Printed)
    _events: EventScan = field(init=False)
    _banner: Banner = field(init=False)
    _table: PrintedTable = field(init=False)
    _groups: dict[tuple[object, ...], _Group] = field(default_factory=dict)
    _section: Split | None = None

    def __post_init__(self) -> None:
        self._events = EventScan(self.file)
        self._banner = Banner(self.file)
        self._table = PrintedTable()

    def add(self, block: Block) -> None:
        """Read the next block of the file."""
        self._events.add(block)
        for number, line in enumerate(block.data.split(b"\n"), block.line):
            if b"%|" in line or b"\r" in line:
                for place, state in enumerate(_states(line)):
                    self._line(state[:LONGEST], number, place)
            elif line and len(line) < LONGEST:
                self._line(line, number)
        self._convert()

    def found(self) -> Found:
        """What speaks for a training in what was read so far."""
        chunks = [*self.printed.chunks, *self._table.chunks()]
        valued = [chunk for chunk in chunks if chunk.columns]
        placed = [c for c in valued if c.epoch is not None or c.step is not None]
        return Found(
            sum(len(chunk.line) for chunk in placed),
            sum(len(chunk.line) for chunk in chunks if chunk.epoch is not None),
            sum(len(chunk.line) for chunk in valued) - sum(len(c.line) for c in placed),
            self.printed.longest_bar() is not None,
            frozenset(event.kind for event in self._events.finish()),
        )

    def finish(self, parts: Parts) -> None:
        """Add tables, plans, settings and events to ``parts``."""
        self.printed.events = self._events.finish()
        self.printed.chunks += self._table.chunks()
        arranged = arrange(self.printed, self.file)
        config = self._banner.config()
        parts.tables += arranged.tables
        parts.events += arranged.events
        parts.samples |= arranged.samples
        parts.config = merged(parts.config, config) if parts.config.values else config
        parts.planned_epochs = parts.planned_epochs or arranged.planned_epochs
        parts.planned_steps = parts.planned_steps or arranged.planned_steps
        if not parts.planned_epochs and not parts.planned_steps:
            parts.planned_epochs = self._banner.planned("train.epochs")
            parts.planned_steps = self._banner.planned("train.steps")
        if not (parts.planned_epochs or parts.planned_steps) and self._events.events:
            parts.planned_steps = self.printed.longest_bar()

    def _line(self, line: bytes, number: int, state: int = 0) -> None:
        at = order_of(number, state)
        if b"%|" in line and (bar := _BAR.search(line)):
            self._bar(line, bar, number, state)
            return
        if line.startswith(b"wandb:"):
            return  # its summary repeats what was logged last
        if b"/? [" in line:
            line = _ENDLESS_BAR.sub(b"", line)
        if line[:1] in b" [" and (rank := _RANK.match(line)):
            if int(rank[1]) > 0:
                return  # the first rank says the same
            line = line[rank.end() :]
        if self._table.row(line, at):
            return
        pieces = NUMBER.split(plain_line(line))
        if len(pieces) == 1:
            self._words(line)
            return
        if not self._take(pieces, at, self._section):
            self._banner.line(line, number)

    def _words(self, line: bytes) -> None:
        """A line without numbers may say what the next lines are about."""
        self._table.header(line)
        self._banner.line(line, 0)
        if len(line) < 80 and (section := section_of(line)):
            self._section = section

    def _bar(self, line: bytes, bar: re.Match[bytes], number: int, state: int) -> None:
        at = order_of(number, state)
        done, total, inside = bar.groups()
        items = (inside or b"").split(b",")[2:]
        rest = line[: bar.start()].rstrip(b" :") + b" : " + b",".join(items)
        if self._table.row(line[: bar.start()], at):
            return
        pieces = NUMBER.split(plain_line(rest))
        if not line[: bar.start()].strip():
            elapsed = _ELAPSED.search(inside or b"")
            self.printed.bar(total, _seconds(elapsed))
        if len(pieces) > 1:
            self._take(pieces, at, None, bar=(done, total))

    def _take(
        self,
        pieces: list[bytes],
        at: int,
        section: Split | None,
        bar: tuple[bytes, bytes] | None = None,
    ) -> bool:
        """Keep the numbers of a line by its shape; true where it says that training goes on."""
        key = (section, bar is None, *pieces[0::2])
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) > MOST_SHAPES:
                return False
            shape = shape_of(pieces[0::2], section)
            if bar is not None and shape.step is None:
                count = len(pieces) // 2
                shape = replace_step(shape, count)
            group = self._groups[key] = _Group(shape)
        shape = group.shape
        if shape.epoch is not None:
            self._section = shape.section
        if shape.pairs or shape.epoch is not None:
            group.lines.append(at)
            group.numbers.append([*pieces[1::2], *(bar or ())])
        return shape.placed

    def _convert(self) -> None:
        """Turn the digits that were collected into numbers, so that a block's memory is free."""
        for group in self._groups.values():
            if group.lines:
                self.printed.chunks.append(_chunk(group))
                group.lines, group.numbers = [], []


def add_console(folder: Folder, name: str, parts: Parts) -> None:
    """Read a console capture and add what it says to the parts of a run."""
    console = Console(name)
    for block in blocks(folder, name, parts.notes, states=True):
        console.add(block)
    console.finish(parts)


def _states(line: bytes) -> Iterator[bytes]:
    """The states of a line that was overwritten, and what another stream wrote behind a bar."""
    for state in line.split(b"\r"):
        start = 0
        for bar in _BAR.finditer(state):
            yield state[start : bar.end()]
            start = bar.end()
        if len(rest := state[start:].strip()) > 3 or not start:
            yield rest


def replace_step(shape: Shape, count: int) -> Shape:
    """The shape of a line with a bar, whose two counts stand behind its own ``count`` numbers."""
    return shape._replace(step=count, steps=count + 1, progress=True)


def _chunk(group: _Group) -> Chunk:
    columns = list(zip(*group.numbers, strict=True))
    shape = group.shape
    chunk = Chunk(
        np.array(group.lines, dtype=np.int64),
        epoch=_positions(columns, shape.epoch),
        epochs=_positions(columns, shape.epochs),
        step=_positions(columns, shape.step),
        steps=_positions(columns, shape.steps),
        progress=shape.progress,
        fraction=shape.epoch is not None and any(b"." in t for t in columns[shape.epoch]),
    )
    for pair in shape.pairs:
        column = text_column(columns[pair.at])
        if pair.of is not None:
            column, most = _shares(column, _positions(columns, pair.of))
            chunk.totals[pair.series] = most
        elif pair.percent:
            column = column._replace(y=column.y / 100, resolution=column.resolution / 100)
        chunk.columns[pair.series] = column
        if pair.said:
            chunk.said.add(pair.series)
    return chunk


def _shares(counts: Column, totals: FloatArray | None) -> tuple[Column, float]:
    """(counts over their totals, the greatest total); a total that is no count leaves a gap."""
    of = np.full(len(counts.rows), np.nan) if totals is None else totals[counts.rows]
    kept = of > 0
    return Column(counts.rows[kept], counts.y[kept] / of[kept]), float(np.max(of[kept], initial=0))


def _positions(columns: list[tuple[bytes, ...]], at: int | None) -> FloatArray | None:
    if at is None:
        return None
    texts = [text.replace(b",", b"") for text in columns[at]]
    values = np.full(len(texts), np.nan)
    places, found = numbers(texts)
    values[places] = np.where(np.abs(found) < FARTHEST, found, np.nan)
    return values


def _seconds(elapsed: re.Match[bytes] | None) -> float:
    if elapsed is None:
        return 0.0
    hours, minutes, seconds = (int(part or 0) for part in elapsed.groups())
    return hours * 3600.0 + minutes * 60 + seconds
