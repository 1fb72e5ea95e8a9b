"""How a run ended, where no file of it says so: from its length, its errors and its age."""

from __future__ import annotations

from datetime import datetime

from analyzer.reading import clock
from analyzer.reading.events import told_status
from analyzer.reading.folder import Folder
from analyzer.run import Run, Status

QUIET_SECONDS = 600.0
"""A trainer whose file has not changed for this long is gone, unless its epochs are longer."""

CLONED_SECONDS = 60.0
"""Files whose times lie closer together than this may all have been written by a copy."""


def judge(run: Run, folder: Folder, main: str) -> tuple[Status, str]:
    """The status and the sentence that says where it is from.

    A fresh clone gives all files the time of the clone, so a recent change counts as life only
    where the files of the run differ in time.
    """
    if run.steps_missing == 0:
        return Status.FINISHED, f"all {run.planned_steps:,} planned steps are logged"
    if run.planned_epochs and run.epochs_done >= run.planned_epochs:
        return Status.FINISHED, f"all {run.planned_epochs:,} planned epochs are logged"
    told = told_status(run.events)
    if told is not None:
        return told
    if _alive(run, folder, main):
        return Status.RUNNING, f"{main} changed less than {QUIET_SECONDS / 60:.0f} minutes ago"
    return Status.UNKNOWN, "nothing in the run says how it ended"


def silence(folder: Folder, main: str, last: datetime | None) -> float | None:
    """Seconds since a run that goes on wrote anything: its last sign of life, else its file."""
    if last is not None:
        return max(0.0, clock.seconds_since(last))
    changed = folder.stat(main)
    if changed is None or not changed.modified:
        return None
    return max(0.0, clock.now().timestamp() - changed.modified)


def _alive(run: Run, folder: Folder, main: str) -> bool:
    changed = folder.stat(main)
    if changed is None or not changed.modified:
        return False
    epoch_time = run.get("epoch_time")
    longest = max(epoch_time.y[epoch_time.finite], default=0.0) if epoch_time else 0.0
    if abs(clock.now().timestamp() - changed.modified) > max(QUIET_SECONDS, 3 * float(longest)):
        return False
    others = (folder.stat(name) for name in folder.files[:20] if name != main)
    oldest = min((stat.modified for stat in others if stat), default=changed.modified)
    return changed.modified - oldest > CLONED_SECONDS
