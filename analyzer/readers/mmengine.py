"""mmengine (OpenMMLab 2.0): ``scalars.json`` and text logs, a folder for each start.

``step`` counts iterations in the rows of the training, and epochs in those of a validation where
the training is by epochs. Losses and times are means over the last iterations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np

from analyzer.readers.openmmlab.config import MMENGINE, config_beside, config_of
from analyzer.readers.openmmlab.names import MAIN
from analyzer.readers.openmmlab.rows import Mask, Rows
from analyzer.readers.openmmlab.textlog import TextLog, read_textlog
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import number_in_name, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import Records, read_records
from analyzer.reading.logs import text_logs
from analyzer.reading.values import whole_number
from analyzer.run import BestCheckpoint, Config, FloatArray, LogEvent, Note, Run, Status

FORMAT = "mmengine"
SCALARS = "scalars.json"
VISUAL = "vis_data"

_STAMP = re.compile(r"\d{8}_\d{6}")
_TRAINS = re.compile(rb'"(?:[\w./]*[._/])?(?:base_)?(?:lr|loss\w*)"\s*:')
_TEXT = re.compile(rb" - mmengine - (?:INFO|WARNING|ERROR|DEBUG|CRITICAL)")


class Start(NamedTuple):
    """The files of one start of the program; either may be missing."""

    json: str | None
    text: str | None


def claims(folder: Folder) -> Iterable[Claim]:
    """A work dir with a folder for each start, one such folder, its vis_data, or loose files."""
    stamps = [name for name in folder.folders if _STAMP.fullmatch(name)]
    starts = [start for name in stamps if (start := _start(folder, name)) is not None]
    if starts:
        yield Claim(starts[-1].json or starts[-1].text or "", folders=tuple(stamps))
        return
    start = _start(folder, "")
    if start is not None and VISUAL in folder.folders:
        yield Claim(start.json or start.text or "", folders=(VISUAL,))
        return
    yield from _loose(folder)


def _start(folder: Folder, name: str) -> Start | None:
    """The start whose folder this is, "" for the folder itself; None where it is none."""
    where = folder.below(name) if name else folder
    above = f"{name}/" if name else ""
    texts = [f for f in text_logs(where) if f.endswith(".log") and _is_text(where, f)]
    inner = where.below(VISUAL) if VISUAL in where.folders else None
    scalars = _scalars(inner) if inner is not None else None
    if scalars is None and not texts:
        return None
    json = f"{above}{VISUAL}/{scalars}" if scalars else None
    return Start(json, above + texts[0] if texts else None)


def _scalars(folder: Folder) -> str | None:
    """The file of JSON lines that a training wrote."""
    names = [name for name in folder.files if name == SCALARS]
    names += [name for name in folder.files if _STAMP.fullmatch(name.removesuffix(".json"))]
    return next((name for name in names if _is_scalars(folder.head(name))), None)


def _is_scalars(head: bytes) -> bool:
    return head.lstrip(b"\xef\xbb\xbf").startswith(b"{") and bool(
        re.search(rb'"(?:step|iter)"\s*:', head) and _TRAINS.search(head)
    )


def _is_text(folder: Folder, name: str) -> bool:
    return bool(_TEXT.search(folder.head(name)))


def _loose(folder: Folder) -> Iterator[Claim]:
    """One file of JSON lines and one log in a folder are one run, else each log is its own."""
    scalars = _scalars(folder)
    texts = [
        name
        for name in text_logs(folder)
        if name.endswith((".log", ".txt", ".out")) and _is_text(folder, name)
    ]
    if scalars is not None:
        beside = (*(texts if len(texts) == 1 else ()), *_copies(folder, scalars))
        yield Claim(scalars, whole=False, files=beside)
        texts = [name for name in texts if name not in beside]
    for name in texts:
        yield Claim(name, whole=False)


def _copies(folder: Folder, scalars: str) -> list[str]:
    """The same lines are written twice, under the name of the start too."""
    names = (n for n in folder.files if _STAMP.fullmatch(n.removesuffix(".json")))
    return [name for name in names if name != scalars and _is_scalars(folder.head(name))]


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    starts = _starts(folder, claim)
    logs = [read_textlog(folder, s.text, parts.notes) if s.text else None for s in starts]
    parts.config = _config(folder, claim, logs)
    rows = Rows(claim.main, whole_number(parts.config.get("train_cfg.val_interval")) or 0)
    for start, log in zip(starts, logs, strict=True):
        _add(rows, folder, start, log, parts.notes)
    parts.tables = rows.tables
    for log in logs:
        if log is not None:
            parts.events += _events(log)
            parts.started = parts.started or log.started
            parts.ended = log.ended or parts.ended
    if len(rows.train) or not any(log is not None and log.tests for log in logs):
        _plan(parts, rows, logs)
    else:
        parts.notes.append(Note(f"{claim.main} is of an evaluation, not of a training"))
    columns = {name for table in parts.tables for name in table.rows().columns}
    wanted = (parts.config.get("checkpoint.monitor"), *MAIN)
    parts.main_metric = next((name for name in wanted if name in columns), None)
    _weights(parts, folder, claim, logs)
    _samples(parts, rows, logs)
    return rows.placed(assemble(folder, claim, FORMAT, parts))


def _starts(folder: Folder, claim: Claim) -> list[Start]:
    if not claim.whole:
        text = next((name for name in claim.files if _is_text(folder, name)), None)
        return [
            Start(None, claim.main) if _is_text(folder, claim.main) else Start(claim.main, text)
        ]
    stamps = [name for name in claim.folders if _STAMP.fullmatch(name)]
    found = [start for name in stamps or [""] if (start := _start(folder, name)) is not None]
    return found or [Start(claim.main, None)]


def _config(folder: Folder, claim: Claim, logs: list[TextLog | None]) -> Config:
    """The config of the last start that printed one, else that of a file beside."""
    for log in reversed(logs):
        if log is not None and log.configs:
            return config_of(log.configs[-1][1], MMENGINE, log.file)
    names = [f"{above}config.py" for above in (f"{VISUAL}/", "")]
    names += [f"{name}/{VISUAL}/config.py" for name in reversed(claim.folders)]
    names += [name for name in folder.files if name.endswith(".py")] if claim.whole else []
    return config_beside(folder, [name for name in names if folder.has(name)][:20], MMENGINE)


def _add(rows: Rows, folder: Folder, start: Start, log: TextLog | None, notes: list[Note]) -> None:
    """Add what one start logged: from the JSON lines, where there are any, else from the text."""
    records = read_records(folder, start.json, notes) if start.json else None
    if records is not None and len(records.line):
        rows.begin(start.json or "")
        _add_records(rows, records)
        rows.end(int(records.line[-1]))
    elif log is not None:
        rows.begin(log.file)
        rows.add_text(log)
        rows.end(log.lines)


def _add_records(rows: Rows, records: Records) -> None:
    train = _training(records)
    step = records.values("step")
    step = np.where(np.isnan(step), records.values("iter"), step)
    epoch = records.values("epoch")
    rows.counts_epochs = rows.counts_epochs or bool(np.isfinite(epoch[train]).any())
    if train.any():
        rows.add_columns(rows.train, records, train, step, epoch)
    val = ~train & _evaluation(records)
    if not val.any():
        return
    if _counts_epochs(train, val, step, epoch):
        rows.add_columns(rows.by_epoch, records, val, step, None)
    else:
        rows.add_columns(rows.by_step, records, val, step, None)


def _training(records: Records) -> Mask:
    """Mask of the rows of the training: they tell the learning rate, or the epoch they are in."""
    mask = records.where("epoch") | records.where("iter")
    for name in records.columns:
        if name.startswith("train/") or (
            re.search(r"(?:^|[._/])(?:base_)?lr$", name) and not name.startswith("val/")
        ):
            mask |= records.where(name)
    return mask


def _evaluation(records: Records) -> Mask:
    """Mask of the rows that hold more than times: without a metric they say nothing."""
    mask = np.zeros(len(records.line), dtype=bool)
    for name in records.columns:
        if name.rpartition("/")[2] not in ("time", "data_time", "step", "memory"):
            mask |= records.where(name)
    return mask


def _counts_epochs(train: Mask, val: Mask, step: FloatArray, epoch: FloatArray) -> bool:
    """Whether the step of a validation is the epoch that the training has just ended."""
    if not train.any():
        return True
    if not np.isfinite(epoch[train]).any():
        return False
    place = np.maximum.accumulate(np.where(train, np.arange(len(train)), -1))[val]
    before = place >= 0
    if not before.any():
        return True
    return bool(np.mean(step[val][before] == epoch[place[before]]) >= 0.5)


def _events(log: TextLog) -> list[LogEvent]:
    if len(log.configs) == 1:
        line = log.configs[0][0]
        return [LogEvent("started", log.file, line, "the config is printed"), *log.events]
    return log.events


def _plan(parts: Parts, rows: Rows, logs: list[TextLog | None]) -> None:
    if rows.counts_epochs or not len(rows.train):
        parts.planned_epochs = whole_number(parts.config.get("train.epochs"))
    if not rows.counts_epochs:
        told = (log.iterations for log in reversed(logs) if log is not None)
        steps = whole_number(parts.config.get("train.steps"))
        parts.planned_steps = next((n for n in told if n), steps)


def _epoch_of(file: str) -> int | None:
    return None if "iter" in file.rpartition("/")[2] else number_in_name(file)


def _weights(parts: Parts, folder: Folder, claim: Claim, logs: list[TextLog | None]) -> None:
    if claim.whole:
        parts.checkpoints = weight_files(folder, epoch_of=_epoch_of)
    best = next((log for log in reversed(logs) if log is not None and log.best), None)
    if best is not None and best.best is not None and best.best.by_epoch:
        found = best.best
        because = f"{best.file}:{found.line} says so"
        file = found.file or f"epoch_{found.at}.pth"
        parts.best_checkpoint = BestCheckpoint(file, found.at, "log", 0.95, because)
    last = logs[-1] if logs else None
    if last is not None and last.stopped:
        parts.status, parts.status_because = Status.STOPPED_EARLY, last.stopped


def _samples(parts: Parts, rows: Rows, logs: list[TextLog | None]) -> None:
    """Samples of a validation: batches times their size, where one process ran."""
    size = whole_number(parts.config.get("val_dataloader.batch_size"))
    alone = any(log is not None and log.gpus == 1 for log in logs)
    batches = rows.batches or max(
        (
            row.counts[3] or row.counts[1] or 0
            for log in logs
            if log
            for row in log.progress
            if row.mode == "val"
        ),
        default=0,
    )
    if size and alone and batches:
        parts.samples["val"] = size * batches
