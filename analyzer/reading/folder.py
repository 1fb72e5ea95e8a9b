"""A folder of untrusted files, on disk or inside an archive: listed once, read within bounds."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from stat import S_ISREG
from typing import BinaryIO, NamedTuple, Protocol

from analyzer.run import Note

HEAD = 4096
"""Bytes of a file's beginning that decide what it is."""

NOT_SEARCHED = frozenset({"node_modules", "__pycache__", "site-packages"})


class FileStat(NamedTuple):
    """Size in bytes and POSIX time of the last change."""

    size: int
    modified: float


class Listing(NamedTuple):
    """Names in one folder, sorted; ``trouble`` says why it could not be listed.

    ``outside`` is the name of a link in it that leads out of the tree, "" where there is none.
    """

    files: tuple[str, ...]
    folders: tuple[str, ...]
    trouble: str = ""
    outside: str = ""


class Tree(Protocol):
    """What holds the files. ``at`` is a path with slashes below its root, "" the root itself.

    ``notes`` say what of it was left out when it was opened.
    """

    root: Path
    notes: Sequence[Note]

    def list(self, at: str) -> Listing:
        """The names in a folder; links to folders, and hidden folders, are left out."""

    def stat(self, at: str) -> FileStat | None:
        """Size and time of a regular file; None where there is none, or it lies outside."""

    def open(self, at: str) -> BinaryIO | None:
        """A regular file, opened for reading; None where it cannot be."""

    def local(self, at: str) -> Path | None:
        """Where it lies on disk, for libraries that need a path; None in an archive."""


class DiskTree:
    """Files on disk below ``root``; links that lead out of it are not followed."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes: Sequence[Note] = ()
        self._folders: dict[str, bool] = {}

    @cached_property
    def _real(self) -> str:
        return os.path.realpath(self.root)

    def list(self, at: str) -> Listing:
        """The names in a folder."""
        files, folders = [], []
        outside = ""
        try:
            with os.scandir(self.root / at) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        if not entry.name.startswith(".") and entry.name not in NOT_SEARCHED:
                            folders.append(entry.name)
                    elif entry.is_file(follow_symlinks=False) or entry.is_symlink():
                        files.append(entry.name)
                        if not outside and entry.is_symlink() and not self._leads_inside(entry):
                            outside = entry.name
        except OSError as error:
            return Listing((), (), error.strerror or str(error))
        return Listing(tuple(sorted(files)), tuple(sorted(folders)), outside=outside)

    def stat(self, at: str) -> FileStat | None:
        """Size and time of a regular file inside the tree."""
        path = self.local(at)
        try:
            found = path.stat() if path else None
        except (OSError, ValueError):
            return None
        return (
            FileStat(found.st_size, found.st_mtime) if found and S_ISREG(found.st_mode) else None
        )

    def open(self, at: str) -> BinaryIO | None:
        """A regular file inside the tree; a pipe or a device is never opened."""
        path = self.local(at)
        try:
            return path.open("rb") if path and S_ISREG(path.stat().st_mode) else None
        except (OSError, ValueError):
            return None

    def local(self, at: str) -> Path | None:
        """The path on disk, None where a link leads out of the tree."""
        path = os.path.join(self.root, at)  # noqa: PTH118  asked for often, and faster so
        try:
            plain = self._inside(at.rpartition("/")[0]) and not os.path.islink(path)  # noqa: PTH114
            return Path(path) if plain or self._holds(os.path.realpath(path)) else None
        except (OSError, ValueError):
            return None

    def _leads_inside(self, link: os.DirEntry[str]) -> bool:
        return self._holds(os.path.realpath(link.path))

    def _inside(self, at: str) -> bool:
        """Whether a folder, its links followed, lies in the tree; looked up once."""
        if at not in self._folders:
            self._folders[at] = not at or self._holds(os.path.realpath(self.root / at))
        return self._folders[at]

    def _holds(self, real: str) -> bool:
        return real == self._real or real.startswith(self._real + os.sep)


class OneFile(DiskTree):
    """The folder of a file on disk, of which only that file is seen."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.parent)
        self._name = path.name

    def list(self, at: str) -> Listing:
        """The one name."""
        return Listing((self._name,) if at == "" else (), ())


class LooseFile:
    """A tree of one file whose content is at hand: standard input, a file named by itself."""

    def __init__(self, root: Path, name: str, content: bytes) -> None:
        self.root = root
        self.notes: Sequence[Note] = ()
        self._name = name
        self._content = content

    def list(self, at: str) -> Listing:
        """The one name."""
        return Listing((self._name,) if at == "" else (), ())

    def stat(self, at: str) -> FileStat | None:
        """Its size; the time is not known."""
        return FileStat(len(self._content), 0.0) if at == self._name else None

    def open(self, at: str) -> BinaryIO | None:
        """The content as a file."""
        import io

        return io.BytesIO(self._content) if at == self._name else None

    def local(self, at: str) -> Path | None:  # noqa: ARG002
        """Nowhere on disk."""
        return None


@dataclass(eq=False)
class Folder:
    """One folder of a tree. Names may hold slashes (``logs/train.log``).

    ``touched`` collects what was looked at, so that a cache knows what a result hangs on;
    ``passed_over`` what a reader did not look at, so that a person is told.
    """

    tree: Tree
    at: str = ""
    touched: set[str] = field(default_factory=set)
    passed_over: list[Note] = field(default_factory=list)
    _heads: dict[tuple[str, int], bytes] = field(default_factory=dict)
    _below: dict[str, Folder] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        """What to call it: where it lies, also inside an archive."""
        return self.tree.root / self.at

    @cached_property
    def listing(self) -> Listing:
        """The names in it."""
        self.touched.add(self.at)
        return self.tree.list(self.at)

    @property
    def files(self) -> tuple[str, ...]:
        """Names of the files in it, sorted."""
        return self.listing.files

    @property
    def folders(self) -> tuple[str, ...]:
        """Names of the folders in it, sorted; hidden ones and links are left out."""
        return self.listing.folders

    @cached_property
    def _names(self) -> frozenset[str]:
        return frozenset(self.files)

    def below(self, name: str) -> Folder:
        """The folder ``name`` in it; an empty one where there is none."""
        if name not in self._below:
            self._below[name] = Folder(self.tree, self._at(name), self.touched)
        return self._below[name]

    def has(self, name: str) -> bool:
        """Whether there is a file of this name."""
        if "/" not in name:
            return name in self._names
        above, _, last = name.rpartition("/")
        first = above.partition("/")[0]
        return first in self.folders and last in self.below(above).files

    def stat(self, name: str) -> FileStat | None:
        """Size and time of a file; None where there is none."""
        self.touched.add(self._at(name))
        return self.tree.stat(self._at(name))

    def open(self, name: str) -> BinaryIO | None:
        """The raw file; None where there is none or it leads out of the tree."""
        self.touched.add(self._at(name))
        return self.tree.open(self._at(name))

    def local(self, name: str) -> Path | None:
        """Its path on disk, for libraries that need one; None in an archive."""
        self.touched.add(self._at(name))
        return self.tree.local(self._at(name))

    def head(self, name: str, size: int = HEAD) -> bytes:
        """The first ``size`` bytes of a file, empty where there is none; read once."""
        if (name, size) not in self._heads:
            file = self.open(name)
            try:
                with file or open(os.devnull, "rb") as opened:  # noqa: PTH123
                    self._heads[name, size] = opened.read(size)
            except (OSError, ValueError, EOFError):
                self._heads[name, size] = b""
        return self._heads[name, size]

    def walk(self, depth: int) -> Iterator[Folder]:
        """It and the folders below it, down to ``depth`` levels."""
        yield self
        if depth > 0:
            for name in self.folders:
                yield from self.below(name).walk(depth - 1)

    def _at(self, name: str) -> str:
        return f"{self.at}/{name}" if self.at else name
