"""The folder of a run: made under a name of its own, and found again under ``latest``."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from pathlib import Path

from analyzer.errors import UsageError

LATEST = "latest"


def create_run_folder(root: Path, now: datetime) -> Path:
    """Make ``root/exp_YYYYMMDDHHMMSS``; two starts in one second get the next free seconds.

    ``mkdir`` is exclusive, so two processes never share a folder.
    """
    make_folder(root)
    for offset in range(3600):
        folder = root / (now + timedelta(seconds=offset)).strftime("exp_%Y%m%d%H%M%S")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(f"cannot create {folder}: {error.strerror}") from error
        return folder
    raise UsageError(f"{root} already holds a run for every second of the next hour")


def make_folder(folder: Path) -> None:
    """Make a folder and those above it where they are missing; UsageError where that fails."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot create the output folder {folder}: {error.strerror}; "
            "name a folder that can be written"
        ) from error


def point_latest(run: Path) -> None:
    """Let ``latest`` beside ``run`` lead to it; where links cannot be made, leave it out.

    A reader then takes the newest folder instead.
    """
    run = run.resolve()  # a resumed run may be named by this very link
    link = run.parent / LATEST
    temporary = run.parent / f".{LATEST}.{os.getpid()}.tmp"
    if link.exists() and not link.is_symlink():
        return
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(run.name, target_is_directory=True)
        temporary.replace(link)
    except OSError:
        temporary.unlink(missing_ok=True)
