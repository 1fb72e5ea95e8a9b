"""The documented run directory: ours, those of others that have only some of its files, and the
variant that keeps ``log.txt`` and its weights side by side.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np

from analyzer.formats.workdir import CHECKPOINTS, LOG, METRICS, RUN
from analyzer.readers.workdir.best import best_checkpoint
from analyzer.readers.workdir.checkpoints import collect_checkpoints
from analyzer.readers.workdir.messages import is_documented, is_started
from analyzer.readers.workdir.records import (
    line_of_entry,
    metrics_table,
    read_index,
    steps_table,
)
from analyzer.readers.workdir.settings import read_settings
from analyzer.readers.workdir.status import logged_status, parse_time, said_status
from analyzer.readers.workdir.trainlog import TrainLog, read_train_log
from analyzer.reading.assemble import Parts, assemble, with_status
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import read_json
from analyzer.reading.tables import Table
from analyzer.reading.values import whole_number
from analyzer.run import Config, Note, Run, Status
from analyzer.stages import under_way

FORMAT = "workdir"
LOGS = (LOG, "train.log", "log.txt")
"""Where the log is; some copies keep it beside the other files instead of in ``logs/``."""

PARTS_OF_A_RUN = (CHECKPOINTS, "logs")
BEGINNING = 1 << 16
"""Bytes of a log in which the first documented line has to come."""

MOST_LOOSE = 100
"""Logs of any name, in one folder, that are looked into."""


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder that is a run of this format, or a log in it that can be judged by itself.

    Names and first bytes decide. A damaged file of the right name is ours too: it is to be
    reported, not passed over.
    """
    shown = next((name for name in (METRICS, RUN, *LOGS) if _is_ours(folder, name)), None)
    if shown is not None:
        own = tuple(name for name in PARTS_OF_A_RUN if name in folder.folders)
        yield Claim(shown, files=tuple(filter(folder.has, LOGS[:1])), folders=own)
        return
    loose = [name for name in folder.files if name.endswith((".log", ".txt")) or name == "stdin"]
    for name in loose[:MOST_LOOSE]:
        if name not in LOGS and is_documented(folder.head(name)):
            yield Claim(name, whole=False)


def _is_ours(folder: Folder, name: str) -> bool:
    """Others write JSON lines into ``metrics.json`` and ``log.txt``, which start with a brace."""
    if not folder.has(name):
        return False
    head = folder.head(name).lstrip(b"\xef\xbb\xbf \t\r\n")
    if name == METRICS:
        return not head.startswith(b"{")
    if name == RUN:
        return b'"format_version"' in head
    damaged = name == LOG and (not head or b"\0" in head)
    return damaged or _is_our_log(folder, name)


def _is_our_log(folder: Folder, name: str) -> bool:
    head = folder.head(name)
    if is_documented(head):
        return True
    if not is_started(head):
        return False
    weights = any(file.endswith(".pdparams") for file in folder.files)
    file = None if weights else folder.open(name)
    if file is None:
        return weights
    with file:
        return is_documented(file.read(BEGINNING))


def read(folder: Folder, claim: Claim) -> Run:
    """Read a run directory, or a log alone.

    What is damaged is left out and noted; a run in which nothing can be read comes back with
    ``unreadable`` set to the reason.
    """
    parts = Parts()
    log = _read_log(folder, claim, parts)
    info: dict[str, Any] = {}
    parts.tables = log.tables
    if claim.whole:
        info = _read_info(folder, parts.notes)
        _read_others(folder, log, parts)
        parts.samples, parts.environment = _samples(info), _environment(info)
        parts.counts = _counts(info)
    parts.tables = [table for table in parts.tables if len(table) or table.marks]
    longest = _longest_epoch(parts.tables)
    parts.started, parts.ended = _times(info, log)
    parts.planned_epochs = log.planned_epochs or whole_number(parts.config.get("train.epochs"))
    if said := said_status(info, longest):
        parts.status, parts.status_because = said
    elif not any(map(len, parts.tables)):
        _nothing_logged(parts, started=bool(info) or log.known)
    run = assemble(folder, claim, FORMAT, parts)
    if run.status is Status.UNKNOWN and (told := logged_status(log.last_time, longest)):
        run = with_status(run, folder, claim, *told)
    run = replace(run, config=under_way(run.config, run.epochs_done))
    return _with_lines(folder, run)


def _read_others(folder: Folder, log: TrainLog, parts: Parts) -> None:
    """The files beside the log; ``metrics.json`` is exact and comes first."""
    metrics, steps = metrics_table(folder, parts.notes), steps_table(folder, parts.notes)
    parts.tables = [metrics, steps, *log.tables]
    parts.config = read_settings(folder, parts.notes)
    index = read_index(folder, parts.notes)
    parts.checkpoints = collect_checkpoints(folder, log.saves, index)
    parts.best_checkpoint = best_checkpoint(folder, parts.checkpoints, index, log.events, log.name)


def _nothing_logged(parts: Parts, *, started: bool) -> None:
    """A run that only started is a run; a folder with a config alone, or with damage, is none."""
    if started:
        parts.status, parts.status_because = Status.UNKNOWN, "nothing was logged after its start"
    else:
        parts.config = Config()


def _read_info(folder: Folder, notes: list[Note]) -> dict[str, Any]:
    info = read_json(folder, RUN, notes)
    if isinstance(info, dict):
        return info
    if info is not None:
        notes.append(Note(f"{RUN} holds no object", RUN))
    return {}


def _read_log(folder: Folder, claim: Claim, parts: Parts) -> TrainLog:
    names = filter(folder.has, LOGS) if claim.whole else [claim.main]
    log = read_train_log(folder, next(iter(names), LOG), parts.notes)
    parts.events += log.events
    if not log.known and folder.head(log.name):
        kind = "binary data" if b"\0" in folder.head(log.name) else "no documented line"
        text = f"{log.name} holds {kind} ('[time] LEVEL message' is expected)"
        parts.notes.append(Note(text, log.name, 1))
    return log


def _with_lines(folder: Folder, run: Run) -> Run:
    """The run, with the lines of events in ``metrics.json``, which are told by entry."""
    if not any(event.file == METRICS for event in run.events):
        return run
    events = [
        replace(event, line=line_of_entry(folder, METRICS, event.line))
        if event.file == METRICS
        else event
        for event in run.events
    ]
    return replace(run, events=tuple(events))


def _samples(info: Mapping[str, Any]) -> dict[str, int]:
    """The number of images behind each rate, from the counts the trainer noted."""
    splits = {"val": "test", "train": "train"}
    found = {prefix: _counted(info, split, "images") for prefix, split in splits.items()}
    return {prefix: images for prefix, images in found.items() if images}


def _counts(info: Mapping[str, Any]) -> dict[str, int]:
    """What the trainer counted in its training set, and the test images that are also there.

    Without a pre-flight label errors are known only where the loader met some.
    """
    names = ("boxes", "ignored", "small", "tiny", "label_errors")
    found = {name: _counted(info, "train", name) for name in names}
    if found["label_errors"] is None:
        found["label_errors"] = _counted(info, "train", "left_out") or None
    found["leaked"] = _counted(info, "test", "leaked")
    return {name: count for name, count in found.items() if count is not None}


def _counted(info: Mapping[str, Any], split: str, name: str) -> int | None:
    data = info.get("data")
    found = data.get(split) if isinstance(data, Mapping) else None
    count = whole_number(found.get(name)) if isinstance(found, Mapping) else None
    return count if count is not None and count >= 0 else None


_BOOKKEEPING = frozenset({"status", "reason", "heartbeat", "pid", "host", "started", "ended"})


def _environment(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if key not in _BOOKKEEPING}


def _times(info: Mapping[str, Any], log: TrainLog) -> tuple[datetime | None, datetime | None]:
    """Start and end, both from one clock: run.json's times have a zone, the log's have none."""
    started = parse_time(info.get("started"))
    ended = parse_time(info.get("ended")) or parse_time(info.get("heartbeat"))
    if started is None or ended is None:
        return log.first_time, log.last_time
    return started, ended


def _longest_epoch(tables: Iterable[Table]) -> float:
    """Seconds of the longest epoch that was logged, 0.0 where none was."""
    for table in tables:
        column = table.rows().columns.get("epoch_time")
        if column is not None:
            return float(np.max(column.y[np.isfinite(column.y)], initial=0.0))
    return 0.0
