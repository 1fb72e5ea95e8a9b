"""A documented ``train.log`` as curves and events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field, replace
from datetime import datetime

from analyzer.formats.trainlog import Line, parse_line
from analyzer.readers.workdir.curves import CurveBuilder, number, resolution_of
from analyzer.run import LogEvent

TRACEBACK = "Traceback (most recent call last)"


@dataclass
class TrainLog:
    """What one log holds.

    ``epoch_ends`` maps an epoch to the time of its last line, ``segments`` to the number of
    resumes before it was (last) opened; ``lines`` counts those with the documented head.
    """

    curves: dict[str, CurveBuilder] = field(default_factory=dict)
    events: list[LogEvent] = field(default_factory=list)
    epoch_ends: dict[int, datetime] = field(default_factory=dict)
    segments: dict[float, int] = field(default_factory=dict)
    planned_epochs: int | None = None
    first_time: datetime | None = None
    last_time: datetime | None = None
    lines: int = 0


def read_train_log(data: bytes, name: str) -> TrainLog:
    """Parse a whole log. Lines that are none of ours are passed over; tracebacks become events."""
    reading = _Reading(name)
    rows = data.split(b"\n")
    for row, raw in enumerate(rows, 1):
        line = parse_line(raw, row) if raw.startswith(b"[") else None
        if line is not None and row == len(rows):
            line = _without_cut(line)
        reading.take(raw, line, row)
    return reading.finish()


def _without_cut(line: Line) -> Line:
    """The last line of a file, if no line end follows, may be cut short in a number or a name."""
    if line.kind in ("saved", "best") and not (line.file or "").endswith(".pth"):
        return replace(line, kind="other", file=None)
    *sure, last = line.values or (("", ""),)
    if line.text.endswith(last[1]) and not any(
        resolution_of([last[1]]) <= resolution_of([text]) for _, text in sure
    ):
        return replace(line, values=tuple(sure))
    return line


@dataclass
class _Traceback:
    """A traceback so far: its last line is the one that names the exception."""

    line: int
    text: str
    indent: int
    whole: bool = False


class _Reading:
    """The state of reading a log: the epoch that is open, the traceback that is running."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.log = TrainLog()
        self.epoch: int | None = None
        self.segment = 0
        self.digits: dict[str, list[str]] = defaultdict(list)
        self.trace: _Traceback | None = None

    def take(self, raw: bytes, line: Line | None, row: int) -> None:
        """Take the next line of the file, parsed where it is a documented one."""
        if line is None:
            self._take_other(raw, row)
            return
        self._end_trace()
        self.log.lines += 1
        if line.time is not None:
            self.log.first_time = self.log.first_time or line.time
            self.log.last_time = line.time
        if line.kind == "header":
            self._open_epoch(line)
        self._take_values(line)
        self._take_event(line)

    def finish(self) -> TrainLog:
        """What was read."""
        self._end_trace()
        for key, curve in self.log.curves.items():
            curve.resolution = resolution_of(self.digits[key])
        return self.log

    def _open_epoch(self, line: Line) -> None:
        """An epoch that does not come after the one before is a resume."""
        epoch = line.epoch or 0
        if self.epoch is not None and epoch <= self.epoch:
            self._resume(line, f"the epoch goes back from {self.epoch} to {epoch}", epoch)
        self.epoch = epoch
        self.log.segments[epoch] = self.segment
        self.log.planned_epochs = line.epochs

    def _resume(self, line: Line, text: str, epoch: int | None) -> None:
        self.segment += 1
        self._event("resumed", line.number, text, epoch, line.time)

    def _take_values(self, line: Line) -> None:
        if self.epoch is None:
            return
        for key, text in line.values:
            value = number(text)
            if value is not None:
                curve = self.log.curves.setdefault(key, CurveBuilder(key, "epoch"))
                curve.add(self.epoch, value, segment=self.segment)
                self.digits[key].append(text)
        if line.kind in ("train", "validate") and line.time is not None:
            self.log.epoch_ends[self.epoch] = line.time

    def _take_event(self, line: Line) -> None:
        if line.kind in ("saved", "best"):
            epoch = self.epoch if line.epoch is None else line.epoch
            self._event(line.kind, line.number, line.file or "", epoch, line.time)
        elif line.kind == "resumed":
            self._resume(line, line.text, line.epoch)
            self.epoch = None  # the next header goes on, whatever its number
        elif line.level in ("ERROR", "CRITICAL"):
            if line.text.startswith(TRACEBACK):
                self.trace = _Traceback(line.number, line.text, indent=4)
            else:
                self._event("error", line.number, line.text, self.epoch, line.time)

    def _take_other(self, raw: bytes, row: int) -> None:
        """Follow a traceback, in the open or indented below a line of the log."""
        text = raw.decode("utf-8", "replace").rstrip()
        indent = len(text) - len(text.lstrip(" "))
        if text.lstrip().startswith(TRACEBACK):
            self.trace = _Traceback(row, text.strip(), indent)
        elif self.trace is not None and text and not self.trace.whole:
            whole = indent <= self.trace.indent
            self.trace = _Traceback(row, text.strip(), self.trace.indent, whole)

    def _end_trace(self) -> None:
        if self.trace is not None:
            self._event("error", self.trace.line, self.trace.text, self.epoch, None)
            self.trace = None

    def _event(
        self, kind: str, row: int, text: str, epoch: int | None, time: datetime | None
    ) -> None:
        self.log.events.append(LogEvent(kind, self.name, row, text, epoch, time))
