"""The event files of a run: what was logged after the last state was saved, and the arguments."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np

from analyzer.names import STEP_SUFFIX
from analyzer.readers import tensorboard
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.run import Run

FOLDERS = ("runs", "logs")
"""Where the trainer puts a folder for each start, called by its time and host."""

MOST = 100

_STARTED = re.compile(r"[A-Z][a-z]{2}\d\d_\d\d-\d\d-\d\d_")


def event_folders(folder: Folder) -> list[str]:
    """The folders that hold the event files of the run in ``folder``."""
    return [name for name in FOLDERS if any(_starts(folder, name))]


def _starts(folder: Folder, name: str) -> Iterator[Folder]:
    if name not in folder.folders:
        return
    for below in folder.below(name).folders[:MOST]:
        if _STARTED.match(below):
            yield folder.below(f"{name}/{below}")


def newest_events(folder: Folder) -> Run | None:
    """What the event files of the last start say; their names begin with the time."""
    found: list[tuple[str, Folder, Claim]] = [
        (claim.main, below, claim)
        for name in event_folders(folder)
        for below in _starts(folder, name)
        for claim in tensorboard.claims(below)
    ]
    if not found:
        return None
    _, below, claim = max(found, key=lambda each: each[0])
    return tensorboard.read(below, claim)


def later_values(run: Run, steps_in_epoch: float, after: float) -> dict[float, dict[str, float]]:
    """Series and values by step, of all that was logged behind step ``after``.

    What the event files count in epochs is turned back into steps.
    """
    found: dict[float, dict[str, float]] = {}
    for name, series in run.series.items():
        base = name.removesuffix(STEP_SUFFIX)
        if base == name and f"{name}{STEP_SUFFIX}" in run.series:
            continue
        x = series.x if series.axis == "step" else np.rint(series.x * steps_in_epoch)
        for step, y in zip(x.tolist(), series.y.tolist(), strict=True):
            if step > after:
                found.setdefault(step, {})[base] = y
    return dict(sorted(found.items()))
