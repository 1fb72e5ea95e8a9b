"""Archives as folders: zip and tar files of unknown origin, read in place and within bounds.

Nothing is unpacked to disk. Names that lead out of the archive, links, encrypted members and
archives inside it are left out.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO, NamedTuple, TypeVar

from analyzer.errors import FormatError
from analyzer.reading.folder import NOT_SEARCHED, FileStat, Listing
from analyzer.run import Note

MAX_MEMBERS = 250_000
MAX_READ = 1 << 34
"""Bytes unpacked from one archive, all reading together."""

MOST_NOTES = 20

T = TypeVar("T")

_DRIVE = re.compile(r"[A-Za-z]:")
_LEFT_OUT = frozenset({"__MACOSX", *NOT_SEARCHED})


class Member(NamedTuple):
    """One file: ``open`` gives its content, or None where it cannot be read."""

    stat: FileStat
    open: Callable[[], BinaryIO | None]


class ArchiveTree:
    """The files of an archive as a tree; ``root`` is where the archive lies."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.notes: Sequence[Note] = ()
        self._members: dict[str, Member] = {}
        self._folders: dict[str, tuple[set[str], set[str]]] = {"": (set(), set())}
        self._count = 0

    def add(self, name: str, member: Member) -> None:
        """Take a file in, under its name made safe; one of the same name goes before it."""
        self._count += 1
        if self._count > MAX_MEMBERS:
            text = f"{self.root} holds more than {MAX_MEMBERS:,} files"
            raise FormatError(f"{text}; unpack it and name the folder with the runs")
        at = safe_name(name)
        if at is None:
            self.note(f"{name[:200]!r} in {self.root} leads out of the archive; it is left out")
            return
        *above, last = at.split("/")
        if any(part.startswith(".") or part in _LEFT_OUT for part in above):
            return
        if at in self._folders or not self._made(above):
            return  # a file cannot be a folder too
        self._folders["/".join(above)][0].add(last)
        self._members[at] = member

    def _made(self, above: list[str]) -> bool:
        """Make the folders above a file; False where one of them is a file already."""
        for depth in range(len(above)):
            at = "/".join(above[: depth + 1])
            if at in self._members:
                return False
            if at not in self._folders:
                self._folders[at] = (set(), set())
                self._folders["/".join(above[:depth])][1].add(above[depth])
        return True

    def note(self, text: str) -> None:
        """Say what was left out, but not thousands of times."""
        if len(self.notes) < MOST_NOTES:
            self.notes = (*self.notes, Note(text, str(self.root)))

    def list(self, at: str) -> Listing:
        """The names in a folder."""
        files, folders = self._folders.get(at, ((), ()))
        return Listing(tuple(sorted(files)), tuple(sorted(folders)))

    def stat(self, at: str) -> FileStat | None:
        """Size and time of a file."""
        member = self._members.get(at)
        return member.stat if member else None

    def open(self, at: str) -> BinaryIO | None:
        """A file, opened for reading."""
        member = self._members.get(at)
        return member.open() if member else None

    def local(self, at: str) -> Path | None:  # noqa: ARG002
        """Nowhere on disk."""
        return None


def safe_name(name: str) -> str | None:
    """A member's path below the root of its archive; None for one that leads elsewhere."""
    name = name.replace("\\", "/")
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or _DRIVE.match(name) or ".." in parts or "\0" in name:
        return None
    return "/".join(parts) if parts and len(name) < 4096 and len(parts) < 64 else None


class Budget:
    """How much may still be unpacked from one archive."""

    def __init__(self, left: int = MAX_READ) -> None:
        self.left = left

    def spend(self, count: int) -> None:
        """Count what was unpacked; OSError when it is too much."""
        self.left -= count
        if self.left < 0:
            raise OSError(f"more than {MAX_READ:,} bytes would be unpacked from one archive")


class Bounded(io.RawIOBase):
    """A stream that spends a budget; whatever is wrong with it is an OSError when it is read."""

    def __init__(
        self, inner: BinaryIO, budget: Budget, errors: tuple[type[Exception], ...]
    ) -> None:
        self._inner = inner
        self._budget = budget
        self._errors = errors

    def readable(self) -> bool:
        """It can be read."""
        return True

    def seekable(self) -> bool:
        """It can be passed over."""
        return True

    def readinto(self, buffer: object) -> int:
        """Read some bytes."""
        view = memoryview(buffer)  # type: ignore[arg-type]
        data = self._safely(lambda: self._inner.read(len(view)))
        self._budget.spend(len(data))
        view[: len(data)] = data
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go somewhere else; what lies between is unpacked, so it counts."""
        before = self._inner.tell()
        after = self._safely(lambda: self._inner.seek(offset, whence))
        self._budget.spend(after - before if after >= before else after)
        return after

    def tell(self) -> int:
        """Where it is."""
        return self._inner.tell()

    def close(self) -> None:
        """Close the stream behind it too."""
        self._inner.close()
        super().close()

    def _safely(self, action: Callable[[], T]) -> T:
        try:
            return action()
        except self._errors as error:
            raise OSError(str(error) or type(error).__name__) from error
