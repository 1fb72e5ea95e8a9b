"""The text logs of mmengine and mmcv: progress lines, the config that is printed, events."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.pairs import matches
from analyzer.reading.text import Block, blocks, decode
from analyzer.run import LogEvent, Note

_PROGRESS = re.compile(
    rb"\b(Epoch|Iter)(?:\((train|val|test)\))?[ \t]*\[ *(\d{1,15})(?:/ *(\d{1,15}))?\]"
    rb"(?:\[ *(\d{1,15})(?:/ *(\d{1,15}))?\])?[ \t]*([^\n]*)"
)
_STAMPED = rb"^(?:\d{4}[-/])?\d\d[-/]\d\d \d\d:\d\d:\d\d[^\n]*"
_DUMP = re.compile(_STAMPED + rb"Config:\s*?\n(.*?)(?=" + _STAMPED + rb"|\Z)", re.M | re.S)
_TIME = re.compile(rb"^(\d{4})[-/](\d\d)[-/](\d\d) (\d\d):(\d\d):(\d\d)", re.M)
_PLAN = re.compile(rb"workflow: \[.*\], max: (\d{1,15}) (epochs|iters)")
_BEST = re.compile(
    rb"best checkpoint with \S+ .{1,80}? at (\d{1,15}) (epoch|iter) is saved to (\S+?)\.?$"
    rb"|[Bb]est (?:\S+) is \S+ at (\d{1,15}) (epoch|iter)",
    re.M,
)
_ITERATION = re.compile(rb"Saving checkpoint at (\d{1,15}) iterations")
_BEGINS = frozenset(bytes([first]) for first in b"+-.0123456789nNiI")
_GPUS = re.compile(rb"GPU number: (\d{1,9})")
_PATIENCE = re.compile(rb"monitored metric did not improve in the last \d+ records[^\n]*")


class Progress(NamedTuple):
    """One progress line. ``by_epoch`` tells ``Epoch`` from ``Iter``; ``mode`` is "" where unsaid.

    ``counts`` are the numbers in the brackets, ``[1][50/1250]`` is (1, None, 50, 1250).
    """

    by_epoch: bool
    mode: str
    counts: tuple[int | None, int | None, int | None, int | None]
    body: bytes
    line: int
    saved: int

    def pairs(self) -> Iterator[tuple[bytes, bytes]]:
        """(name, digits) of the values on the line; a time such as 1:02:03 is none."""
        body = self.body.strip()
        for part in body.split(b"  " if b"  " in body else b", "):
            name, _, value = part.strip().rpartition(b": ")
            if name and value[:1] in _BEGINS and b":" not in value and b" " not in value:
                yield name, value


class Best(NamedTuple):
    """Which checkpoint the log calls the best, and of which epoch or iteration it is."""

    file: str
    at: int
    by_epoch: bool
    line: int


@dataclass
class TextLog:
    """What one text log says."""

    file: str
    progress: list[Progress] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    configs: list[tuple[int, str]] = field(default_factory=list)
    best: Best | None = None
    plan: tuple[int, str] | None = None
    gpus: int | None = None
    stopped: str = ""
    started: datetime | None = None
    ended: datetime | None = None
    lines: int = 0

    @property
    def trains(self) -> bool:
        """Whether it has a line of a training; an evaluation alone has none."""
        return any(_is_train(row) for row in self.progress)

    @property
    def iterations(self) -> int | None:
        """The planned iterations that the last progress line of a training by them says."""
        rows = (row for row in reversed(self.progress) if _is_train(row) and not row.by_epoch)
        return next((row.counts[1] for row in rows), None)

    @property
    def tests(self) -> bool:
        """Whether it has a line of a test."""
        return any(row.mode == "test" for row in self.progress)


def _is_train(row: Progress) -> bool:
    return row.mode in ("train", "")


def read_textlog(folder: Folder, name: str, notes: list[Note]) -> TextLog:
    """Read one log."""
    log = TextLog(name)
    scan = EventScan(name)
    for block in blocks(folder, name, notes):
        scan.add(block)
        _take(log, block)
        log.lines = block.line + block.data.count(b"\n")
    started = {line for line, _ in log.configs}
    log.events = [event for event in scan.finish() if event.kind != "started" or not started]
    return log


def _take(log: TextLog, block: Block) -> None:
    saves = deque((match.start(), int(match[1])) for match in _ITERATION.finditer(block.data))
    for match, line in matches(block, _PROGRESS):
        saved = 0
        while saves and saves[0][0] < match.start():
            saved = saves.popleft()[1]
        a, b, c, d = (None if g is None else int(g) for g in match.group(3, 4, 5, 6))
        mode = decode(match[2] or b"")
        by_epoch = match[1] == b"Epoch"
        log.progress.append(Progress(by_epoch, mode, (a, b, c, d), match[7], line, saved))
    for match, line in matches(block, _DUMP):
        log.configs.append((line, decode(match[1])))
    for match, line in matches(block, _BEST):
        at, kind = (match[1], match[2]) if match[1] else (match[4], match[5])
        log.best = Best(decode(match[3] or b""), int(at), kind == b"epoch", line)
    for match in _PLAN.finditer(block.data):
        log.plan = (int(match[1]), decode(match[2]))
    gpus = _GPUS.search(block.data)
    log.gpus = int(gpus[1]) if gpus else log.gpus
    for match, line in matches(block, _PATIENCE):
        log.stopped = f"{log.file}:{line} says {decode(match[0])}"
    first = _TIME.search(block.data)
    log.started = log.started or _time(first)
    late = list(_TIME.finditer(block.data, max(0, len(block.data) - (1 << 16))))
    log.ended = _time(late[-1] if late else None) or log.ended


def _time(match: re.Match[bytes] | None) -> datetime | None:
    if match is None:
        return None
    try:
        return datetime(*(int(group) for group in match.groups()))  # type: ignore[arg-type]
    except ValueError:
        return None
