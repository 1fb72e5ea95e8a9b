"""Sacred's file storage: curves in ``metrics.json``, settings and status in files beside it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import numpy as np

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import read_object
from analyzer.reading.scalars import Scalar, by_time, scalar_tables
from analyzer.reading.settings import USUAL, canonical, planned
from analyzer.reading.values import number
from analyzer.run import FloatArray, Run, Status, flatten

FORMAT = "sacred"
METRICS = "metrics.json"
CONFIG = "config.json"
INFO = "run.json"

STATUSES = {
    "COMPLETED": Status.FINISHED,
    "INTERRUPTED": Status.INTERRUPTED,
    "FAILED": Status.FAILED,
    "TIMEOUT": Status.KILLED,
}
"""RUNNING is also what a program leaves that died without a word, so it says nothing."""


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with the three files, of which run.json tells a status."""
    if folder.has(METRICS) and folder.has(CONFIG) and b'"status"' in folder.head(INFO):
        yield Claim(METRICS)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    metrics = read_object(folder, METRICS, parts.notes)
    scalars = [_scalar(name, value) for name, value in metrics.items() if isinstance(value, dict)]
    parts.tables = scalar_tables(by_time(scalars), METRICS, parts.notes)
    own = dict(flatten(read_object(folder, CONFIG, parts.notes)))
    parts.config = canonical(own, USUAL, file=CONFIG)
    parts.planned_epochs = planned(parts.config, "train.epochs")
    info = read_object(folder, INFO, parts.notes)
    parts.started, parts.ended = _time(info.get("start_time")), _time(info.get("stop_time"))
    parts.status = STATUSES.get(str(info.get("status")))
    parts.status_because = f"{INFO} says {info.get('status')}"
    return assemble(folder, claim, FORMAT, parts)


def _scalar(name: str, logged: dict[str, Any]) -> Scalar:
    """One metric; lists that a crash left of different lengths are as long as the shortest."""
    lists = [logged.get(key) for key in ("steps", "values", "timestamps")]
    steps, values, times = (value if isinstance(value, list) else [] for value in lists)
    rows = list(zip(_floats(steps), _floats(values), _seconds(times), strict=False))
    step, value, seconds = np.array(rows, dtype=np.float64).reshape(-1, 3).T
    return Scalar(name, step, value, seconds, np.ones(len(rows), dtype=np.int64))


def _floats(logged: list[Any]) -> FloatArray:
    found = (number(value) for value in logged)
    return np.array([np.nan if value is None else value for value in found], dtype=np.float64)


def _seconds(times: list[Any]) -> list[float]:
    return [time.timestamp() if (time := _time(text)) else 0.0 for text in times]


def _time(text: object) -> datetime | None:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        return None
