"""Runs of tests on disk: reading one of them, and what a reader is given."""

from __future__ import annotations

from pathlib import Path

from analyzer.readers import read
from analyzer.reading.claim import Reader
from analyzer.reading.folder import DiskTree, Folder
from analyzer.run import Run


def folder_of(path: Path) -> Folder:
    """The folder ``path`` as a reader gets it."""
    return Folder(DiskTree(path))


def read_one(path: Path) -> Run:
    """The one run at ``path``."""
    (run,) = read(path)
    return run


def claims(reader: Reader, path: Path) -> bool:
    """Whether the reader says that there is a run in the folder ``path``."""
    return bool(list(reader.claims(folder_of(path))))
