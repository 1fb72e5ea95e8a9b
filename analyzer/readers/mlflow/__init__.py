"""MLflow: the folders of its file store (``mlruns/``) and the runs in an ``mlflow.db``."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from analyzer.readers.mlflow.database import read_database, runs
from analyzer.readers.mlflow.files import META, is_run, read_files
from analyzer.readers.mlflow.stored import Stored
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.literals import scalar
from analyzer.reading.scalars import by_time, scalar_tables
from analyzer.reading.settings import USUAL, canonical, planned
from analyzer.reading.values import number
from analyzer.run import Run, Status

FORMAT = "mlflow"
FOLDERS = ("artifacts", "inputs", "metrics", "outputs", "params", "tags", "traces")

STATUSES = {
    "FINISHED": Status.FINISHED,
    "FAILED": Status.FAILED,
    "KILLED": Status.KILLED,
}
"""RUNNING is also what a program leaves that died without a word, so it says nothing."""


def claims(folder: Folder) -> Iterable[Claim]:
    """The folder of one run, or each run in a database."""
    if is_run(folder):
        yield Claim(META, folders=tuple(name for name in FOLDERS if name in folder.folders))
    else:
        for name, run in runs(folder):
            yield Claim(name, whole=False, part=run)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    if claim.part:
        stored = read_database(folder, claim.main, claim.part, parts.notes)
    else:
        stored = read_files(folder, parts.notes)
        parts.checkpoints = weight_files(folder, "artifacts")
    parts.name = _called(stored, claim.part or folder.path.name)
    parts.tables = scalar_tables(by_time(stored.scalars), claim.main, parts.notes)
    settings = {key: scalar(value) for key, value in stored.params.items()}
    parts.config = canonical(settings, USUAL)
    parts.planned_epochs = planned(parts.config, "train.epochs")
    parts.planned_steps = planned(parts.config, "train.steps")
    parts.started, parts.ended = _time(stored.started), _time(stored.ended)
    parts.status = STATUSES.get(stored.status)
    if parts.status is not None:
        parts.status_because = f"MLflow says that the run is {stored.status}"
    return assemble(folder, claim, FORMAT, parts)


def _called(stored: Stored, run: str) -> str:
    """The name of a run; people reuse names, so a piece of its id is added."""
    return f"{stored.name}-{run[:6]}" if stored.name else run


def _time(milliseconds: object) -> datetime | None:
    seconds = (number(milliseconds) or 0.0) / 1000
    return datetime.fromtimestamp(seconds) if 0 < seconds < 1e10 else None
