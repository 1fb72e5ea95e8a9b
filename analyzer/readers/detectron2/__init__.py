"""detectron2: ``metrics.json`` (JSON lines) and text logs, counted in iterations from 0.

The values are medians over 20 iterations, the rates of an evaluation are in percent. Both files
are appended to on a resume.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

import numpy as np

from analyzer.readers.detectron2.names import MAIN, all_series, factor_of, is_evaluation
from analyzer.readers.detectron2.settings import SPELLINGS, with_defaults
from analyzer.readers.detectron2.textlog import PROGRESS, TextLog, log_tables, read_textlog
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import Records, first_objects, read_records
from analyzer.reading.logs import logs_with
from analyzer.reading.settings import yaml_settings
from analyzer.reading.tables import Column, Table
from analyzer.reading.values import whole_number
from analyzer.run import Config, Run, Status

FORMAT = "detectron2"
METRICS = "metrics.json"
CONFIGS = ("config.yaml", "config.yml")
WORK_DIR = ("last_checkpoint", "model_final.pth", *CONFIGS)
INFERENCE = "inference"

_ITERATION = re.compile(rb'"iteration"\s*:\s*\d')


def claims(folder: Folder) -> Iterable[Claim]:
    """A work dir is one run; elsewhere metrics.json and a log beside it, or each log alone."""
    metrics = folder.has(METRICS) and _is_metrics(folder.head(METRICS))
    logs = [name for name in logs_with(folder, PROGRESS) if ".rank" not in name]
    beside = (*(name for name in CONFIGS if folder.has(name)),)
    below = tuple(name for name in folder.folders if name.startswith(INFERENCE))
    main = METRICS if metrics else "log.txt" if "log.txt" in logs else (logs or [""])[0]
    if main and len(logs) <= 1 and any(folder.has(name) for name in WORK_DIR):
        yield Claim(main, files=(*logs, *beside), folders=below)
        return
    if metrics:
        companions = logs if len(logs) == 1 else [name for name in logs if name == "log.txt"]
        yield Claim(METRICS, whole=False, files=(*companions, *beside))
        logs = [name for name in logs if name not in companions]
    for name in logs:
        yield Claim(name, whole=False, files=beside if len(logs) == 1 else ())


def _is_metrics(head: bytes) -> bool:
    if not head.lstrip().startswith(b"{"):
        return False
    first = first_objects(head)
    return any("iteration" in row for row in first) or bool(_ITERATION.search(head))


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    names = dict.fromkeys((claim.main, *claim.files))
    texts = [name for name in names if name != METRICS and name not in CONFIGS]
    log = read_textlog(folder, texts[0], parts.notes) if texts else None
    parts.config = _settings(folder, list(names), log, parts)
    parts.planned_steps = whole_number(parts.config.get("train.steps"))
    period = whole_number(parts.config.get("TEST.EVAL_PERIOD")) or 0
    from_log = log_tables(log, period) if log is not None else []
    if METRICS in names and folder.has(METRICS):
        records = read_records(folder, METRICS, parts.notes)
        parts.tables = _tables(records)
        _status(parts, records)
    if not parts.tables:
        parts.tables = from_log
    elif not any(_evaluates(table) for table in parts.tables):
        parts.tables += [table for table in from_log if _evaluates(table)]
    if log is not None:
        parts.events += log.events
        if parts.tables and parts.tables[0].file != log.file:
            parts.events += log.starts()
        parts.samples = log.samples
    columns = {name for table in parts.tables for name in table.rows().columns}
    parts.main_metric = next((name for name in MAIN if name in columns), None)
    if claim.whole:
        parts.checkpoints = weight_files(folder, epoch_of=lambda _: None)
    _finished(parts)
    return assemble(folder, claim, FORMAT, parts)


def _settings(folder: Folder, names: list[str], log: TextLog | None, parts: Parts) -> Config:
    """The config that the last start printed, else the file beside."""
    if log is not None and log.config is not None:
        return with_defaults(log.config)
    for name in CONFIGS:
        if name in names:
            return with_defaults(yaml_settings(folder, name, SPELLINGS, parts.notes))
    return Config()


def _evaluates(table: Table) -> bool:
    return any(name.startswith("val_") for name in table.rows().columns)


def _tables(records: Records) -> list[Table]:
    """Training and evaluation apart: the last keep their place where they are logged again."""
    x = records.values("iteration")
    tables = []
    for evaluation in (False, True):
        own = [name for name in records.columns if is_evaluation(name) == evaluation]
        series = all_series(own)
        table = Table("step", METRICS, repeats=evaluation)
        table.factors = {name: factor_of(name) for name in series.values()}
        columns = {series[name]: _held(records.columns[name], series[name]) for name in series}
        held = np.zeros(len(x), dtype=bool)
        for column in columns.values():
            held[column.rows] = True
        place = np.cumsum(held) - 1
        moved = {name: c._replace(rows=place[c.rows]) for name, c in columns.items() if len(c.y)}
        table.extend(x[held], moved, records.line[held])
        tables.append(table)
    return [table for table in tables if len(table)]


def _held(column: Column, series: str) -> Column:
    """Without NaN where it says only that a class or a size has no object to be measured by."""
    if not series.startswith("val_") or series in MAIN or "loss" in series:
        return column
    kept = np.isfinite(column.y)
    return column._replace(rows=column.rows[kept], y=column.y[kept])


def _status(parts: Parts, records: Records) -> None:
    """The last line says that no time is left."""
    eta = records.columns.get("eta_seconds")
    if eta is not None and len(eta.y) and eta.y[-1] == 0 and parts.planned_steps is None:
        at = records.values("iteration")[eta.rows[-1]]
        parts.status = Status.FINISHED
        parts.status_because = f"{METRICS} says at iteration {at:g} that no time is left"


def _finished(parts: Parts) -> None:
    """Iterations count from 0, so the last one is one less than their number."""
    steps = [table.rows().x for table in parts.tables if table.axis == "step"]
    last = max((x[-1] for x in steps if len(x)), default=-1.0)
    if parts.planned_steps and last >= parts.planned_steps - 1:
        parts.status = Status.FINISHED
        parts.status_because = f"iteration {last:g} of {parts.planned_steps:,} is logged"
