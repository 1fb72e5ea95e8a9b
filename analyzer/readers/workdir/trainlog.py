"""A documented log as tables and events. It is read in blocks: some hold millions of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import numpy as np

from analyzer.formats.trainlog import HEAD, STAMP, time_of
from analyzer.readers.workdir.epochs import EpochLines, Fields, with_field
from analyzer.readers.workdir.messages import LINE
from analyzer.readers.workdir.steps import StepLines
from analyzer.reading.checkpoints import WEIGHTS
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.tables import Table
from analyzer.reading.text import Block, blocks, decode, lines_at, without_cut
from analyzer.reading.tracebacks import HEADER as TRACEBACK
from analyzer.run import IntArray, LogEvent, Note

STARTS = frozenset({"started", "fold"})
"""Events at which the program begins something: they cut the tables."""

_ERROR = re.compile(
    rb"^" + HEAD.replace(b"[A-Z]+", b"ERROR|CRITICAL") + rb"(?P<text>[^\n]+)", re.MULTILINE
)
_LOGGED_TRACEBACK = re.compile(
    rb"^(\[[^\]\n]*\][ \t]+[A-Z]+[ \t]+" + re.escape(TRACEBACK) + rb"[^\n]*)((?:\n {4}[^\n]*)+)",
    re.MULTILINE,
)


@dataclass
class TrainLog:
    """What one log holds; ``known`` says whether any of its lines is a documented one."""

    name: str
    tables: list[Table] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    planned_epochs: int | None = None
    first_time: datetime | None = None
    last_time: datetime | None = None
    known: bool = False


def read_train_log(folder: Folder, name: str, notes: list[Note]) -> TrainLog:
    """Read a whole log. Lines that are none of ours tell at most of errors, starts and ends."""
    reading = _Reading(name)
    for block in blocks(folder, name, notes):
        reading.take(block._replace(data=without_cut(block.data)))
    return reading.finish()


class _Said(NamedTuple):
    """An event in the making: the epoch is that of the last header, unless it names its own."""

    kind: str
    line: int
    text: str
    epoch: int | None = None
    time: datetime | None = None


class _Reading:
    """What was read of a log so far."""

    def __init__(self, name: str) -> None:
        self.log = TrainLog(name)
        self.epochs = EpochLines(name)
        self.steps = StepLines(name)
        self.scan = EventScan(name)
        self.said: list[_Said] = []

    def take(self, block: Block) -> None:
        """Read the next block."""
        data = block.data
        self._take_times(data)
        count = data.count(b"\n") + (not data.endswith(b"\n"))
        known = [self.steps.take(block, count)]
        if len(known[0]) < count:
            rows = LINE.findall(data)
            known += self.epochs.take(rows, block.line)
            known.append(self._take_saves(rows, block))
        lines = np.concatenate(known)
        self.log.known |= len(lines) > 0
        if len(lines) < count:
            self._take_rest(block, lines)

    def finish(self) -> TrainLog:
        """All of it."""
        log, headers = self.log, self.epochs.headers
        scanned = self.scan.finish()
        for event in scanned:
            if event.kind in STARTS:
                headers.start(event.line, event.text, event.kind)
        log.tables = self.epochs.tables()
        log.tables.append(self.steps.table(headers.rows()))
        log.planned_epochs = self.epochs.planned
        told = {event.line for event in scanned}
        said = [said for said in self.said if said.kind != "error" or said.line not in told]
        said += [_Said(e.kind, e.line, e.text) for e in scanned if e.kind not in STARTS]
        log.events = self._with_epochs(said)
        return log

    def _with_epochs(self, said: list[_Said]) -> list[LogEvent]:
        """What was said as events, each with the epoch that was open, counted from 1."""
        headers = self.epochs.headers.rows()
        lines = np.array([line for _, line, *_ in said], dtype=np.int64)
        place = np.searchsorted(headers.line, lines, side="right").tolist()
        opened = [None, *map(int, headers.x.tolist())]
        return [
            LogEvent(kind, self.log.name, line, text, opened[at] if epoch is None else epoch, time)
            for (kind, line, text, epoch, time), at in zip(said, place, strict=True)
        ]

    def _take_times(self, data: bytes) -> None:
        first = STAMP.search(data)
        if first is None:
            return
        self.log.known = True
        self.log.first_time = self.log.first_time or time_of(first[1])
        last, end = first, len(data)
        while (end := data.rfind(b"[", first.start(), end)) > first.start():
            if found := STAMP.match(data, end):
                last = found
                break
        self.log.last_time = time_of(last[1]) or self.log.last_time

    def _take_saves(self, rows: list[Fields], block: Block) -> IntArray:
        saved, best = (with_field(field, rows, block.line) for field in ("saved", "best"))
        files = [(saved, "saved", saved.column("saved")), (best, "best", best.column("best"))]
        for found, kind, names in files:
            epochs, times = found.column("best_epoch"), found.column("time")
            for line, name, epoch, time in zip(
                found.line.tolist(), names, epochs, times, strict=True
            ):
                if block.data.endswith(name) and not WEIGHTS.search(decode(name)):
                    continue  # the name of a file may be cut off, too
                own = int(epoch) if epoch else None
                self.said.append(_Said(kind, line, decode(name), own, time_of(time)))
        return np.concatenate([saved.line, best.line])

    def _take_rest(self, block: Block, known: IntArray) -> None:
        """Look for errors, starts and ends in the lines that were not understood."""
        rows = block.data.split(b"\n")
        for place in (known - block.line).tolist():
            rows[place] = b""
        text = b"\n".join(rows)
        if not text.strip():
            return
        text = _LOGGED_TRACEBACK.sub(lambda m: m[1] + m[2].replace(b"\n    ", b"\n"), text)
        rest = block._replace(data=text)
        self.scan.add(rest)
        errors = [match for match in _ERROR.finditer(text) if TRACEBACK not in match[0]]
        lines = lines_at(rest, np.array([match.start() for match in errors], dtype=np.int64))
        for match, line in zip(errors, lines.tolist(), strict=True):
            self.said.append(_Said("error", line, decode(match["text"]).strip()))
