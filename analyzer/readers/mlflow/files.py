"""MLflow's file store: a folder for each run, a file for each parameter, metric and tag."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.readers.mlflow.stored import MOST_METRICS, MOST_PARAMS, STATUSES, Stored
from analyzer.reading.folder import Folder
from analyzer.reading.scalars import Scalar
from analyzer.reading.text import decode, read_text
from analyzer.reading.values import numbers, whole_number
from analyzer.run import Note

META = "meta.yaml"
METRICS, PARAMS, TAGS = "metrics", "params", "tags"
MAX_PARAM = 1 << 14
MAX_METRIC = 1 << 28
DEPTH = 6
"""A slash in a key makes a folder; deeper ones are not searched."""

_IS_RUN = re.compile(rb"^run_(?:id|uuid):", re.M)
_DELETED = re.compile(rb"^lifecycle_stage: *['\"]?deleted", re.M)


def is_run(folder: Folder) -> bool:
    """Whether the folder is that of a run that was not deleted."""
    if not folder.has(META) or not {METRICS, PARAMS, TAGS} & {*folder.folders}:
        return False
    head = folder.head(META)
    return bool(_IS_RUN.search(head)) and not _DELETED.search(head)


def read_files(folder: Folder, notes: list[Note]) -> Stored:
    """All that the files of a run say."""
    meta = _meta(folder, notes)
    tag = read_text(folder, f"{TAGS}/mlflow.runName", notes, limit=MAX_PARAM)
    status = meta.get("status")
    number = whole_number(status)
    params = {
        key: decode(text)
        for key, below, name in _keys(folder, PARAMS, MOST_PARAMS, notes)
        if (text := read_text(below, name, notes, limit=MAX_PARAM)) is not None
    }
    metrics = (
        _metric(key, below, name, notes)
        for key, below, name in _keys(folder, METRICS, MOST_METRICS, notes)
    )
    return Stored(
        name=str(meta.get("run_name") or decode(tag or b"")).strip(),
        status=str(status) if number is None else STATUSES.get(number, ""),
        started=meta.get("start_time"),
        ended=meta.get("end_time"),
        params=params,
        scalars=[scalar for scalar in metrics if scalar is not None],
    )


def _meta(folder: Folder, notes: list[Note]) -> dict[str, object]:
    data = read_text(folder, META, notes, limit=1 << 16)
    try:
        value = yaml12.parse(decode(data or b""), file=META, lenient=True).value
    except FormatError as error:
        notes.append(Note(str(error), META, error.line))
        return {}
    return dict(value) if isinstance(value, dict) else {}


def _keys(
    folder: Folder, kind: str, most: int, notes: list[Note]
) -> Iterator[tuple[str, Folder, str]]:
    """(key, the folder of its file, the file's name) of all parameters or metrics."""
    count = 0
    if kind not in folder.folders:
        return
    top = folder.below(kind)
    for below in top.walk(DEPTH):
        prefix = below.at[len(top.at) + 1 :]
        for name in below.files:
            count += 1
            if count > most:
                notes.append(Note(f"more than {most:,} {kind}; further ones were left out"))
                return
            yield (f"{prefix}/{name}" if prefix else name), below, name


def _metric(key: str, folder: Folder, name: str, notes: list[Note]) -> Scalar | None:
    """The lines of one metric: milliseconds, value, and since MLflow 1.0 the step.

    What follows is the id of a run or a data set and its digest. A line that is cut off, the last
    one of a growing file, has no line end and is left out.
    """
    data = read_text(folder, name, notes, limit=MAX_METRIC) or b""
    lines = data[: data.rfind(b"\n") + 1].split(b"\n")
    rows = [(n, cells) for n, line in enumerate(lines, 1) if len(cells := line.split()) > 1]
    if not rows:
        return None
    table = np.full((3, len(rows)), np.nan)
    for place in range(3):
        texts = [cells[place] if len(cells) > place else b"0" for _, cells in rows]
        found, values = numbers(texts)
        table[place, found] = values
    time, value, step = table
    kept = np.isfinite(step) & np.isfinite(time)
    kept &= np.isin(np.arange(len(rows)), numbers([cells[1] for _, cells in rows])[0])
    line = np.array([n for n, _ in rows], dtype=np.int64)
    return Scalar(key, step[kept], value[kept], time[kept] / 1000, line[kept])
