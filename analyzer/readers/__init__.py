"""Readers: one module per run format, each satisfying ``Reader``; ``READERS`` lists them all.

The first reader that claims a path reads it, so the most specific ones stand first.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Protocol

from analyzer.errors import NoRunFound
from analyzer.readers import workdir
from analyzer.readers.search import Found, find_runs
from analyzer.run import Run

__all__ = ["READERS", "Found", "Reader", "find", "read", "read_run"]


class Reader(Protocol):
    """What a reader module offers."""

    FORMAT: str

    def claims(self, path: Path) -> bool:
        """Whether ``path`` (a folder or a file) is of this format; cheap, never raises."""

    def read(self, path: Path) -> Run:
        """Read it; whatever is damaged is left out and noted, never raised."""


READERS: tuple[Reader, ...] = (workdir,)


def read(*paths: str | os.PathLike[str]) -> list[Run]:
    """Read every run at or below ``paths``.

    Raises UsageError for a path that does not exist and NoRunFound where there is no run.
    """
    found = find(Path(path) for path in paths)
    return [read_run(path, name) for path, name in found.runs.items()]


def find(paths: Iterable[Path]) -> Found:
    """Find every run at or below ``paths``, and what was passed over.

    Raises UsageError for a path that does not exist and NoRunFound where there is no run.
    """
    paths = list(paths)
    found = find_runs(paths, lambda path: _reader(path) is not None)
    if not found.runs:
        raise NoRunFound(_nothing_found(paths, found))
    return found


def read_run(path: Path, name: str | None = None) -> Run:
    """Read one run that a reader claims; ``name`` is what to call it, else its folder's name.

    Trouble with one run never stops the others: it comes back as unreadable.
    """
    reader = _reader(path)
    if reader is None:
        raise NoRunFound(f"{path} is no run of a known format")
    try:
        run = reader.read(path)
        return run if name is None else replace(run, name=name)
    except Exception as error:
        # The last line of defence: a fault of a reader must not hide the other runs.
        reason = f"{path} could not be read: {type(error).__name__}: {error}"
        return Run(name or path.name, path, reader.FORMAT, unreadable=reason)


def _reader(path: Path) -> Reader | None:
    return next((reader for reader in READERS if reader.claims(path)), None)


def _nothing_found(paths: list[Path], found: Found) -> str:
    if all(path.is_file() for path in paths):
        return found.skipped[0].text
    where = ", ".join(str(path) for path in paths)
    return (
        f"no run found in {where} (folders searched: {found.folders}); a run is a folder with "
        "metrics.json or logs/train.log, as `python -m trainer.train` writes it"
    )
