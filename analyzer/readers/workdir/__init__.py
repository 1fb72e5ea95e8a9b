"""The documented run directory: ours, and those of others that have only some of its files."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from analyzer.formats.workdir import INDEX, LOG, METRICS, RUN, STEPS
from analyzer.readers.workdir.best import best_checkpoint
from analyzer.readers.workdir.checkpoints import collect_checkpoints
from analyzer.readers.workdir.curves import whole_number
from analyzer.readers.workdir.files import read_file
from analyzer.readers.workdir.records import line_of_entry, read_array, read_lines
from analyzer.readers.workdir.series import collect_series, resume_events
from analyzer.readers.workdir.settings import read_settings
from analyzer.readers.workdir.status import judge_status, parse_time
from analyzer.readers.workdir.trainlog import TrainLog, read_train_log
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.run import RATES, Config, LogEvent, Note, Run, Series

FORMAT = "workdir"
SHORT_LOG = "train.log"
"""Some copies keep the log beside the other files instead of in ``logs/``."""

PARTS_OF_A_RUN = ("checkpoints", "logs")

_LOG_LINE = re.compile(rb"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] [A-Z]+ ", re.MULTILINE)


@dataclass
class _Parts:
    """What was found of a run, file by file."""

    log: TrainLog = field(default_factory=TrainLog)
    records: list[dict[str, Any]] = field(default_factory=list)
    steps: list[dict[str, Any]] = field(default_factory=list)
    index: list[dict[str, Any]] = field(default_factory=list)
    info: dict[str, Any] = field(default_factory=dict)
    config: Config = field(default_factory=Config)
    notes: list[Note] = field(default_factory=list)


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder that is a run of this format, or a log in it that can be judged by itself.

    Names and first bytes decide. A damaged file of the right name is ours too: it is to be
    reported, not passed over.
    """
    shown = next((name for name in (METRICS, LOG, RUN, SHORT_LOG) if _is_ours(folder, name)), None)
    if shown is not None:
        own = tuple(name for name in PARTS_OF_A_RUN if name in folder.folders)
        yield Claim(shown, files=(LOG,) if folder.has(LOG) else (), folders=own)


def _is_ours(folder: Folder, name: str) -> bool:
    """Others write JSON lines into ``metrics.json``, which start with a brace."""
    if not folder.has(name):
        return False
    head = folder.head(name).lstrip(b"\xef\xbb\xbf \t\r\n")
    if name == METRICS:
        return not head.startswith(b"{")
    if name == SHORT_LOG:
        return _LOG_LINE.search(head) is not None
    return name != RUN or b'"format_version"' in head


def read(folder: Folder, claim: Claim) -> Run:  # noqa: ARG001
    """Read a run directory.

    What is damaged is left out and noted; a run in which nothing can be read comes back with
    ``unreadable`` set to the reason.
    """
    return _build(folder.path, folder.path.resolve().name, _gather(folder.path))


def _gather(run: Path) -> _Parts:
    parts = _Parts()
    parts.log = _read_log(run, LOG if (run / LOG).is_file() else SHORT_LOG, parts.notes)
    parts.records, record_notes = read_array(run, METRICS)
    parts.steps, step_notes = read_lines(run, STEPS)
    parts.index, index_notes = read_array(run, INDEX)
    parts.config, config_notes = read_settings(run)
    parts.notes += [*record_notes, *step_notes, *index_notes, *config_notes]
    parts.info = _read_info(run, parts.notes)
    return parts


def _read_log(run: Path, name: str, notes: list[Note]) -> TrainLog:
    data = read_file(run, name, notes)
    log = read_train_log(data or b"", name)
    if data and not log.lines:
        kind = "binary data" if b"\0" in data[:4096] else "no line of the documented form"
        notes.append(Note(f"{name} holds {kind} ('[time] LEVEL message' is expected)", name, 1))
    return log


def _read_info(run: Path, notes: list[Note]) -> dict[str, Any]:
    data = read_file(run, RUN, notes)
    if data is None:
        return {}
    try:
        info = json.loads(data)
    except (ValueError, RecursionError) as error:
        notes.append(Note(f"{RUN} is not valid JSON: {error}", RUN))
        return {}
    if not isinstance(info, dict):
        notes.append(Note(f"{RUN} holds no object", RUN))
        return {}
    return info


def _build(path: Path, name: str, parts: _Parts) -> Run:
    log = parts.log
    series = collect_series(parts.records, parts.steps, log.curves, log.segments)
    if not (series or parts.info or parts.log.lines):
        return _unreadable(path, name, parts.notes)
    checkpoints = collect_checkpoints(path, parts.log.events, parts.index)
    planned = _planned_epochs(parts)
    metric = _main_metric(series)
    started, ended = _times(parts)
    run = Run(
        name=name,
        path=path,
        format=FORMAT,
        series=series,
        config=parts.config,
        checkpoints=checkpoints,
        best_checkpoint=best_checkpoint(path, checkpoints, parts.index, parts.log),
        events=_events(path, parts),
        notes=tuple(parts.notes),
        planned_epochs=planned,
        samples=_samples(parts.info),
        environment=_environment(parts.info),
        main_metric=metric,
        started=started,
        ended=ended,
    )
    status, because = judge_status(
        parts.info,
        epochs_done=run.epochs_done,
        planned_epochs=planned,
        longest_epoch=_longest(series.get("epoch_time")),
        last_line=parts.log.last_time,
    )
    return replace(run, status=status, status_because=because)


def _unreadable(path: Path, name: str, notes: list[Note]) -> Run:
    reasons = "; ".join(note.text for note in notes) or "it holds no record and no log line"
    reasons = f"{path}: {reasons}; copy its logs/train.log or metrics.json anew"
    return Run(name=name, path=path, format=FORMAT, notes=tuple(notes), unreadable=reasons)


def _events(path: Path, parts: _Parts) -> tuple[LogEvent, ...]:
    """The log's events; a resume is taken from the log where it has one."""
    events = list(parts.log.events)
    if not any(event.kind == "resumed" for event in events):
        folder = path if path.is_dir() else path.parent
        line_of = partial(line_of_entry, folder, METRICS)
        events += resume_events(parts.records, METRICS, line_of)
    return tuple(events)


def _main_metric(series: Mapping[str, Series]) -> str | None:
    return next((metric for metric in RATES if metric in series), None)


def _planned_epochs(parts: _Parts) -> int | None:
    """The log's own word first: it knows of a run that was prolonged when resumed."""
    candidates = (parts.log.planned_epochs, parts.config.get("train.epochs"))
    counts = (whole_number(candidate) for candidate in candidates)
    return next((count for count in counts if count is not None and count > 0), None)


def _samples(info: Mapping[str, Any]) -> dict[str, int]:
    """The number of images behind each rate, from the counts the trainer noted."""
    data = info.get("data")
    counts = {"val": "test", "train": "train"}
    samples = {}
    for prefix, split in counts.items():
        found = data.get(split) if isinstance(data, Mapping) else None
        images = whole_number(found.get("images")) if isinstance(found, Mapping) else None
        if images is not None and images > 0:
            samples[prefix] = images
    return samples


_BOOKKEEPING = frozenset({"status", "reason", "heartbeat", "pid", "host", "started", "ended"})


def _environment(info: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in info.items() if key not in _BOOKKEEPING}


def _times(parts: _Parts) -> tuple[datetime | None, datetime | None]:
    """Start and end, both from one clock: run.json's times have a zone, the log's have none."""
    started = parse_time(parts.info.get("started"))
    ended = parse_time(parts.info.get("ended")) or parse_time(parts.info.get("heartbeat"))
    if started is None or ended is None:
        return parts.log.first_time, parts.log.last_time
    return started, ended


def _longest(series: Series | None) -> float:
    values = series.y[series.finite] if series is not None else ()
    return float(max(values, default=0.0))
