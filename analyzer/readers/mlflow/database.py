"""MLflow's SQLite store (``mlflow.db``): all runs of all experiments in one file."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from analyzer.readers.mlflow.stored import MOST_METRICS, MOST_PARAMS, MOST_VALUES, Stored
from analyzer.reading.folder import Folder
from analyzer.reading.scalars import Scalar
from analyzer.reading.sqlite import databases, open_database
from analyzer.reading.values import number
from analyzer.run import FloatArray, Note

MOST_RUNS = 10_000
LARGEST = 1.7976931348623157e308
"""What MLflow stores for infinity."""

_ID = re.compile(r"[0-9a-zA-Z_-]{1,64}\Z")


def runs(folder: Folder) -> Iterator[tuple[str, str]]:
    """(database, id of a run) of all runs that were not deleted, in the order of their start."""
    for name in databases(folder):
        with open_database(folder, name, []) as database:
            if database is None or not database.has_tables("runs", "metrics", "params"):
                continue
            query = (
                "SELECT run_uuid FROM runs WHERE lifecycle_stage = 'active'"
                f" ORDER BY start_time, run_uuid LIMIT {MOST_RUNS}"
            )
            found = [str(row[0]) for row in database.rows(query)]
        yield from ((name, run) for run in found if _ID.match(run))


def read_database(folder: Folder, name: str, run: str, notes: list[Note]) -> Stored:
    """All that the database says of the run with this id."""
    with open_database(folder, name, notes) as database:
        if database is None or not database.has_tables("runs", "metrics", "params"):
            return Stored()
        query = "SELECT name, status, start_time, end_time FROM runs WHERE run_uuid = ?"
        rows = database.rows(query, (run,))
        query = f"SELECT key, value FROM params WHERE run_uuid = ? LIMIT {MOST_PARAMS}"
        params = {str(key): str(value) for key, value in database.rows(query, (run,))}
        query = (
            "SELECT key, value, timestamp, step, is_nan FROM metrics WHERE run_uuid = ?"
            f" ORDER BY timestamp, step LIMIT {MOST_VALUES}"
        )
        metrics = database.rows(query, (run,))
        query = "SELECT value FROM tags WHERE run_uuid = ? AND key = 'mlflow.runName'"
        tags = database.rows(query, (run,)) if database.has_tables("tags") else []
    own, status, started, ended = rows[0] if rows else ("", "", None, None)
    named = str(own or (tags[0][0] if tags else "") or "")
    return Stored(named, str(status), started, ended, params, _scalars(metrics, notes))


def _scalars(rows: list[tuple[object, ...]], notes: list[Note]) -> list[Scalar]:
    keys = dict.fromkeys(str(row[0]) for row in rows)
    if len(keys) > MOST_METRICS:
        notes.append(Note(f"more than {MOST_METRICS:,} metrics; further ones were left out"))
    grouped: dict[str, list[int]] = {key: [] for key in list(keys)[:MOST_METRICS]}
    for place, row in enumerate(rows):
        if (key := str(row[0])) in grouped:
            grouped[key].append(place)
    value, time, step, is_nan = (_column(rows, place) for place in range(1, 5))
    value[is_nan == 1] = np.nan
    value[np.abs(value) >= LARGEST] *= 2  # to the infinity of its sign
    sound = np.isfinite(step) & np.isfinite(time)
    scalars = []
    for key, places in grouped.items():
        at = np.array(places, dtype=np.int64)
        at = at[sound[at]]
        scalars.append(Scalar(key, step[at], value[at], time[at] / 1000, at + 1))
    return scalars


def _column(rows: list[tuple[object, ...]], place: int) -> FloatArray:
    values = (number(row[place]) for row in rows)
    return np.array([np.nan if v is None else v for v in values], dtype=np.float64)
