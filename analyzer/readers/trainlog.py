"""A documented ``train.log`` as curves and events."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime

from analyzer.formats.trainlog import Line, parse_line
from analyzer.readers.curves import CurveBuilder, number, resolution_of
from analyzer.run import LogEvent

EVENT_KINDS = {"saved": "saved", "best": "best"}
"""Documented lines that are events and not only numbers."""


@dataclass
class TrainLog:
    """What one log holds. ``epoch_ends`` maps an epoch to the time of its last line."""

    curves: dict[str, CurveBuilder] = field(default_factory=dict)
    events: list[LogEvent] = field(default_factory=list)
    epoch_ends: dict[int, datetime] = field(default_factory=dict)
    planned_epochs: int | None = None
    first_time: datetime | None = None
    last_time: datetime | None = None
    lines: int = 0
    """How many lines had the documented head."""


def read_train_log(data: bytes, name: str) -> TrainLog:
    """Parse a whole log. Lines that are none of ours are passed over; tracebacks become events."""
    log = TrainLog()
    digits: dict[str, list[str]] = defaultdict(list)
    epoch = 0
    trace: tuple[int, str] | None = None
    for index, raw in enumerate(data.replace(b"\r\n", b"\n").split(b"\n"), 1):
        line = parse_line(raw, index) if raw.startswith(b"[") else None
        if line is None:
            trace = _follow_traceback(raw, index, trace)
            continue
        if trace is not None:
            log.events.append(LogEvent("error", name, *trace, epoch=epoch or None))
            trace = None
        log.lines += 1
        if line.kind == "header":
            epoch = _open_epoch(log, line, epoch, name)
        _take_line(log, line, epoch, name, digits)
    if trace is not None:
        log.events.append(LogEvent("error", name, *trace, epoch=epoch or None))
    for key, curve in log.curves.items():
        curve.resolution = resolution_of(digits[key])
    return log


def _follow_traceback(
    raw: bytes, index: int, trace: tuple[int, str] | None
) -> tuple[int, str] | None:
    """The (line, text) of a traceback's last line so far: the one that names the exception."""
    text = raw.decode("utf-8", "replace").strip()
    if text.startswith("Traceback (most recent call last)"):
        return index, text
    if trace is None or not text:
        return trace
    return index, text


def _open_epoch(log: TrainLog, line: Line, before: int, name: str) -> int:
    epoch = line.epoch or 0
    log.planned_epochs = line.epochs
    if before and epoch <= before:
        text = f"the epoch goes back from {before} to {epoch}"
        log.events.append(LogEvent("resumed", name, line.number, text, epoch, line.time))
    return epoch


def _take_line(
    log: TrainLog, line: Line, epoch: int, name: str, digits: dict[str, list[str]]
) -> None:
    if line.time is not None:
        log.first_time = log.first_time or line.time
        log.last_time = line.time
    if epoch:
        _take_values(log, line, epoch, digits)
    if line.kind in EVENT_KINDS:
        held = line.epoch if line.epoch is not None else epoch or None
        text = line.file or line.text
        log.events.append(
            LogEvent(EVENT_KINDS[line.kind], name, line.number, text, held, line.time)
        )
    elif line.level in ("ERROR", "CRITICAL"):
        log.events.append(
            LogEvent("error", name, line.number, line.text, epoch or None, line.time)
        )


def _take_values(log: TrainLog, line: Line, epoch: int, digits: dict[str, list[str]]) -> None:
    for key, text in line.values:
        value = number(text)
        if value is not None:
            log.curves.setdefault(key, CurveBuilder(key, "epoch")).add(epoch, value)
            digits[key].append(text)
    if line.kind in ("train", "validate") and line.time is not None:
        log.epoch_ends[epoch] = line.time
