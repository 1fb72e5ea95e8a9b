"""A documented log as tables and events. It is read in blocks: some hold millions of lines."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
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

MOST_TRIES = 1000
"""Lines from the end of a block that are looked at for the last time stamp."""

STARTS = frozenset({"started", "fold"})
"""Events at which the program begins something: they cut the tables."""

_ERROR = re.compile(
    rb"^" + HEAD.replace(b"[A-Z]+", b"ERROR|CRITICAL") + rb"(?P<text>[^\n]+)", re.MULTILINE
)
_LOGGED_TRACEBACK = re.compile(
    rb"^(\[[^\]\n]*\][ \t]+[A-Z]+[ \t]+[^\n]*)((?:\n {4}[^\n]*)+)", re.MULTILINE
)
"""Lines that are indented below one with a head belong to its message, such as a traceback."""


class Save(NamedTuple):
    """A weight file that the log names. ``time`` is as printed."""

    line: int
    kind: str
    file: str
    epoch: int | None
    time: bytes


@dataclass
class TrainLog:
    """What one log holds; ``known`` says whether any of its lines is a documented one.

    Of ``saves`` only those that name the best weights, and the last one, are events too.
    """

    name: str
    tables: list[Table] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    saves: list[Save] = field(default_factory=list)
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


class _Reading:
    """What was read of a log so far."""

    def __init__(self, name: str) -> None:
        self.log = TrainLog(name)
        self.epochs = EpochLines(name)
        self.steps = StepLines(name)
        self.scan = EventScan(name)
        self.errors: list[LogEvent] = []
        self.saves: list[tuple[int, str, str, int | None, bytes]] = []

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
        events = [event for event in self.errors if event.line not in told]
        events += [event for event in scanned if event.kind not in STARTS]
        opened = self._opened_at([event.line for event in events])
        log.events = [
            event if epoch is None else replace(event, epoch=epoch)
            for event, epoch in zip(events, opened, strict=True)
        ]
        opened = self._opened_at([line for line, *_ in self.saves])
        log.saves = [
            Save(line, kind, file, epoch if own is None else own, time)
            for (line, kind, file, own, time), epoch in zip(self.saves, opened, strict=True)
        ]
        log.events += _told_saves(log)
        return log

    def _opened_at(self, lines: list[int]) -> list[int | None]:
        """The epoch, counted from 1, that is open at each line."""
        headers = self.epochs.headers.rows()
        place = np.searchsorted(headers.line, lines, side="right").tolist()
        opened = [None, *map(int, headers.x.tolist())]
        return [opened[at] for at in place]

    def _take_times(self, data: bytes) -> None:
        first = STAMP.search(data)
        if first is None:
            return
        self.log.known = True
        self.log.first_time = self.log.first_time or time_of(first["time"])
        last, end = first, len(data)
        for _ in range(MOST_TRIES):
            end = data.rfind(b"\n[", first.start(), end)
            if end < 0 or (found := STAMP.match(data, end + 1)):
                last = found if end >= 0 and found else last
                break
        self.log.last_time = time_of(last["time"]) or self.log.last_time

    def _take_saves(self, rows: list[Fields], block: Block) -> IntArray:
        saved, best = (with_field(field, rows, block.line) for field in ("saved", "best"))
        for found, kind in ((saved, "saved"), (best, "best")):
            fields = map(found.column, (kind, "best_epoch", "time"))
            for line, name, epoch, time in zip(found.line.tolist(), *fields, strict=True):
                if not block.data.endswith(name) or WEIGHTS.search(decode(name)):  # else cut off
                    own = int(epoch) if epoch else None
                    self.saves.append((line, kind, decode(name), own, time))
        return np.concatenate([saved.line, best.line])

    def _take_rest(self, block: Block, known: IntArray) -> None:
        """Look for errors, starts and ends in the lines that were not understood."""
        rows = block.data.split(b"\n")
        for place in (known - block.line).tolist():
            rows[place] = b""
        text = b"\n".join(rows)
        if not text.strip():
            return
        if TRACEBACK in text:
            text = _LOGGED_TRACEBACK.sub(lambda m: m[1] + m[2].replace(b"\n    ", b"\n"), text)
        rest = block._replace(data=text)
        self.scan.add(rest)
        errors = [match for match in _ERROR.finditer(text) if TRACEBACK not in match[0]]
        lines = lines_at(rest, np.array([match.start() for match in errors], dtype=np.int64))
        for match, line in zip(errors, lines.tolist(), strict=True):
            message = decode(match["text"]).strip()
            self.errors.append(LogEvent("error", self.log.name, line, message))


def _told_saves(log: TrainLog) -> list[LogEvent]:
    best = [save for save in log.saves if save.kind == "best" or "best" in save.file]
    last = [save for save in log.saves[-1:] if save not in best[-1:]]
    return [
        LogEvent(save.kind, log.name, save.line, save.file, save.epoch, time_of(save.time))
        for save in best + last
    ]
