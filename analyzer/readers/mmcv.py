"""mmcv (OpenMMLab 1.x): ``*.log.json`` and text logs, one of each for each start.

The first line of the JSON holds the environment and the config. ``iter`` restarts every epoch
where the training is by epochs; in the rows of a validation it is the length of its loader.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from analyzer.readers.openmmlab.config import MMCV, config_beside, config_of
from analyzer.readers.openmmlab.names import MAIN
from analyzer.readers.openmmlab.rows import Mask, Rows
from analyzer.readers.openmmlab.textlog import Progress, TextLog, read_textlog
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import number_in_name, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import tables_in
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import Records, first_objects, read_records
from analyzer.reading.logs import text_logs
from analyzer.reading.text import read_text
from analyzer.reading.values import whole_number
from analyzer.run import BestCheckpoint, Config, LogEvent, Note, Run

FORMAT = "mmcv"
JSON = ".log.json"

_STAMP = re.compile(r"\d{8}_\d{6}(?:\.log)?(?:\.json)?")
_TEXT = re.compile(rb"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} - (mm)?\w+ - [A-Z]+ - ", re.MULTILINE)
_ENVIRONMENT = re.compile(rb"Environment info:|MMCV: |Config:|load checkpoint from|Start running")
_HEAD_LINE = 1 << 20


class Start(NamedTuple):
    """The files of one start of the program; either may be missing."""

    json: str | None
    text: str | None


def claims(folder: Folder) -> Iterable[Claim]:
    """The logs called by the time of their start are starts of one run; another is one alone."""
    jsons = [name for name in tables_in(folder, (".json",)) if _is_json(folder, name)]
    texts = [name for name in text_logs(folder) if _is_text(folder, name)]
    stamped = [name for name in (*jsons, *texts) if _STAMP.fullmatch(name)]
    rest = [name for name in (*jsons, *texts) if name not in stamped]
    if stamped:
        newest = max(stamped, key=lambda name: (_stem(name), name.endswith(".json")))
        below = tuple(name for name in folder.folders if name == "tf_logs")
        yield Claim(newest, _is_work_dir(folder), tuple(stamped), below)
    for name in rest:
        twin = _stem(name) + ".log"
        if name.endswith(".json") or not any(_stem(name) == _stem(json) for json in jsons):
            files = (twin,) if name.endswith(".json") and twin in texts else ()
            yield Claim(name, whole=False, files=files)


def _stem(name: str) -> str:
    return name.removesuffix(".json").removesuffix(".log")


def _is_work_dir(folder: Folder) -> bool:
    return any(name.endswith((".pth", ".py")) for name in folder.files)


def _is_json(folder: Folder, name: str) -> bool:
    head = folder.head(name)
    if name.endswith(JSON) and re.match(rb'\s*\{"(?:env_info|seed|exp_name|config)"', head):
        return True
    rows = first_objects(head)
    return any(row.get("mode") in ("train", "val") and "iter" in row for row in rows)


def _is_text(folder: Folder, name: str) -> bool:
    if not name.endswith((".log", ".txt", ".out")):
        return False
    head = folder.head(name)
    found = _TEXT.search(head)
    return bool(found and (found[1] or _ENVIRONMENT.search(head)))


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    starts = _starts(claim)
    logs = [read_textlog(folder, s.text, parts.notes) if s.text else None for s in starts]
    parts.config = _config(folder, claim, starts, logs)
    rows = Rows(claim.main, _interval(parts.config))
    for start, log in zip(starts, logs, strict=True):
        records = read_records(folder, start.json, parts.notes, ("mode",)) if start.json else None
        _add(rows, start, records, log)
    parts.tables = rows.tables
    for log in logs:
        if log is not None:
            parts.events += _events(log)
            parts.started = parts.started or log.started
            parts.ended = log.ended or parts.ended
    _plan(parts, rows, logs)
    columns = {name for table in parts.tables for name in table.rows().columns}
    wanted = (parts.config.get("checkpoint.monitor"), *MAIN)
    parts.main_metric = next((name for name in wanted if name in columns), None)
    if claim.whole:
        parts.checkpoints = weight_files(folder, epoch_of=_epoch_of)
    _best(parts, logs)
    return rows.placed(assemble(folder, claim, FORMAT, parts))


def _starts(claim: Claim) -> list[Start]:
    names = sorted({claim.main, *claim.files})
    stems = dict.fromkeys(_stem(name) for name in names)
    return [
        Start(
            next((n for n in names if _stem(n) == stem and n.endswith(".json")), None),
            next((n for n in names if _stem(n) == stem and not n.endswith(".json")), None),
        )
        for stem in stems
    ]


def _interval(config: Config) -> int:
    return whole_number(config.get("evaluation.interval")) or 0


def _config(
    folder: Folder, claim: Claim, starts: list[Start], logs: list[TextLog | None]
) -> Config:
    """The config of the last start that tells one, else that of a file beside."""
    for start, log in zip(reversed(starts), reversed(logs), strict=True):
        if log is not None and log.configs:
            return config_of(log.configs[-1][1], MMCV, log.file)
        if start.json is not None:
            first = first_objects(_first_line(folder, start.json))
            text = first[0].get("config") if first else None
            if isinstance(text, str) and text:
                return config_of(text, MMCV, start.json)
    names = [name for name in folder.files if name.endswith(".py")] if claim.whole else []
    return config_beside(folder, names[:20], MMCV)


def _first_line(folder: Folder, name: str) -> bytes:
    ignored: list[Note] = []
    data = read_text(folder, name, ignored, limit=_HEAD_LINE) or b""
    return data.partition(b"\n")[0]


def _add(rows: Rows, start: Start, records: Records | None, log: TextLog | None) -> None:
    """Add what one start logged: from the JSON lines, where there are any, else from the text."""
    if records is not None and len(records.columns.get("iter", ((),))[0]):
        rows.begin(start.json or "")
        _add_records(rows, records, log)
        rows.end(int(records.line[-1]))
    elif log is not None:
        rows.begin(log.file)
        rows.add_text(log)
        rows.end(log.lines)


def _add_records(rows: Rows, records: Records, log: TextLog | None) -> None:
    mode = records.texts["mode"]
    placed = records.where("iter")
    train, val = placed & (mode == "train"), placed & (mode == "val")
    iteration, epoch = records.values("iter"), records.values("epoch")
    if _by_epochs(train, val, records, log):
        rows.counts_epochs = True
        length = _length(log) or np.max(iteration[train], initial=1.0)
        step = (epoch - 1) * length + iteration
        rows.add_columns(rows.train, records, train, step, epoch)
        rows.add_columns(rows.by_epoch, records, val, epoch, None)
        return
    rows.add_columns(rows.train, records, train, iteration, None)
    reached = np.maximum.accumulate(np.where(train, iteration, 0.0))
    if rows.interval:
        reached = np.ceil(reached / rows.interval) * rows.interval
    rows.add_columns(rows.by_step, records, val, reached, None)


def _by_epochs(train: Mask, val: Mask, records: Records, log: TextLog | None) -> bool:
    """Whether the training counts epochs: then the iterations begin anew in each.

    A log that says it decides. Within a single epoch, one that is validated twice goes by
    iterations.
    """
    told = _train_lines(log)
    if told:
        return told[0].by_epoch
    epoch, iteration = records.values("epoch"), records.values("iter")
    onward = np.diff(epoch[train]) > 0
    if onward.any():
        return bool(np.mean(np.diff(iteration[train])[onward] <= 0) >= 0.5)
    return len(np.unique(epoch[val])) == np.count_nonzero(val)


def _train_lines(log: TextLog | None) -> list[Progress]:
    return [row for row in log.progress if row.mode in ("train", "")] if log else []


def _length(log: TextLog | None) -> float:
    """Iterations in an epoch, as the text log prints them: ``[1][50/1250]``."""
    return float(max((row.counts[3] or 0 for row in _train_lines(log)), default=0))


def _events(log: TextLog) -> list[LogEvent]:
    if len(log.configs) == 1:
        line = log.configs[0][0]
        return [LogEvent("started", log.file, line, "the config is printed"), *log.events]
    return log.events


def _plan(parts: Parts, rows: Rows, logs: list[TextLog | None]) -> None:
    told = next((log.plan for log in reversed(logs) if log is not None and log.plan), None)
    if rows.counts_epochs or not len(rows.train):
        epochs = told[0] if told and told[1] == "epochs" else None
        parts.planned_epochs = epochs or whole_number(parts.config.get("train.epochs"))
    if not rows.counts_epochs:
        steps = told[0] if told and told[1] == "iters" else None
        config = whole_number(parts.config.get("train.steps"))
        printed = (log.iterations for log in reversed(logs) if log is not None)
        parts.planned_steps = steps or config or next((n for n in printed if n), None)


def _epoch_of(file: str) -> int | None:
    return None if "iter" in file else number_in_name(file)


def _best(parts: Parts, logs: list[TextLog | None]) -> None:
    for log in reversed(logs):
        if log is not None and log.best is not None:
            found = log.best
            if found.by_epoch:
                file = next(
                    (c.file for c in parts.checkpoints if c.file.startswith("best")),
                    f"epoch_{found.at}.pth",
                )
                because = f"{log.file}:{found.line} says so"
                parts.best_checkpoint = BestCheckpoint(file, found.at, "log", 0.95, because)
            return
