"""A tree of files held in memory, for readers that are tried on many small folders."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from analyzer.reading.folder import FileStat, Folder, Listing
from analyzer.run import Note

ROOT = Path("/in-memory")


class MemoryTree:
    """``files`` gives the content of each file by its path with slashes below the root.

    A library that needs a file on disk gets a copy in a folder that ``close`` removes.
    """

    def __init__(self, files: Mapping[str, bytes], root: Path = ROOT) -> None:
        self.root = root
        self.notes: Sequence[Note] = ()
        self.files = dict(files)
        self._listings: dict[str, tuple[set[str], set[str]]] = {"": (set(), set())}
        self._disk: tempfile.TemporaryDirectory[str] | None = None
        for name in files:
            self._enter(name)

    def _enter(self, name: str) -> None:
        above, _, last = name.rpartition("/")
        self._listings.setdefault(above, (set(), set()))[0].add(last)
        while above:
            name = above
            above, _, last = name.rpartition("/")
            self._listings.setdefault(above, (set(), set()))[1].add(last)

    def list(self, at: str) -> Listing:
        """The names in a folder."""
        files, folders = self._listings.get(at, (set(), set()))
        return Listing(tuple(sorted(files - folders)), tuple(sorted(folders)))

    def stat(self, at: str) -> FileStat | None:
        """Its size; the time is not known."""
        return FileStat(len(self.files[at]), 0.0) if at in self.files else None

    def open(self, at: str) -> BinaryIO | None:
        """The content as a file."""
        return io.BytesIO(self.files[at]) if at in self.files else None

    def local(self, at: str) -> Path | None:
        """A copy on disk; None where there is no such file or its name does not fit there."""
        if at not in self.files or ".." in at.split("/"):
            return None
        if self._disk is None:
            self._disk = tempfile.TemporaryDirectory(prefix="memory-tree-")
        path = Path(self._disk.name, at)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(self.files[at])
        except (OSError, ValueError):
            return None
        return path

    def close(self) -> None:
        """Remove what ``local`` wrote."""
        if self._disk is not None:
            self._disk.cleanup()
            self._disk = None


def memory_folder(files: Mapping[str, bytes]) -> Folder:
    """The root of a tree of ``files``, as a reader gets it."""
    return Folder(MemoryTree(files))
