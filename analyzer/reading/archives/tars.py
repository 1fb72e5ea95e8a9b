"""Tar archives: a plain one is read in place, a packed one once, keeping what readers may want."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import re
import tarfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, cast

from analyzer.errors import FormatError
from analyzer.reading.archives import ArchiveTree, Bounded, Budget, Member
from analyzer.reading.checkpoints import WEIGHTS
from analyzer.reading.folder import FileStat

PACKED: dict[bytes, Callable[[BinaryIO], BinaryIO]] = {
    b"\x1f\x8b": lambda file: cast(BinaryIO, gzip.GzipFile(fileobj=file)),
    b"BZh": lambda file: cast(BinaryIO, bz2.BZ2File(file)),
    b"\xfd7zXZ\0": lambda file: cast(BinaryIO, lzma.LZMAFile(file)),  # noqa: SIM115
}
"""First bytes -> what unpacks the stream."""

MAX_UNPACKED = 1 << 33
MAX_SECONDS = 120.0
MAX_HEADER = 1 << 20
"""Bytes of one header that tarfile may ask for: long names are short, bombs are not."""

MAX_KEPT_FILE = 1 << 27
MAX_KEPT = 3 << 27
"""Bytes in memory: of one file, and of all files of a packed archive."""

_UNWANTED = re.compile(
    r"\.(?:png|jpe?g|bmp|gif|tiff?|webp|mp4|avi|mp3|wav|npz|npy|pkl|pickle|onnx|zip|gz|bz2|xz|tar"
    r"|tgz|so|dll|whl|whn|index|data-\d+-of-\d+)$",
    re.IGNORECASE,
)
_ERRORS = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, OverflowError)


def is_tar(file: BinaryIO) -> bool:
    """Whether a file is a tar archive, packed or not, by its first bytes."""
    file.seek(0)
    head = file.read(512)
    unpack = _unpacker(head)
    if unpack is not None:
        file.seek(0)
        try:
            head = unpack(file).read(512)
        except (*_ERRORS, OSError):
            return False
    return head[257:262] == b"ustar"


def _unpacker(head: bytes) -> Callable[[BinaryIO], BinaryIO] | None:
    return next((unpack for magic, unpack in PACKED.items() if head.startswith(magic)), None)


def tar_tree(root: Path, file: BinaryIO) -> ArchiveTree:
    """The tree of a tar file; FormatError where nothing in it can be read."""
    file.seek(0)
    unpack = _unpacker(file.read(8))
    file.seek(0)
    tree = ArchiveTree(root)
    stream = _Forward(unpack(file) if unpack else file)
    try:
        with tarfile.open(fileobj=stream, mode="r:") as opened:  # type: ignore[call-overload]
            for info in opened:
                _take(tree, stream, info, file if unpack is None else None)
                opened.members.clear()
    except (*_ERRORS, OSError) as error:
        if not tree.list("").files and not tree.list("").folders:
            text = f"{root} is a damaged tar archive ({error}); copy it anew"
            raise FormatError(text) from error
        tree.note(f"{root} cannot be read to its end: {error}")
    return tree


def _take(
    tree: ArchiveTree, stream: _Forward, info: tarfile.TarInfo, plain: BinaryIO | None
) -> None:
    """Take in one member: by its place in a plain archive, else by its content if it is small."""
    if not info.isreg() or info.issparse():
        return
    stat = FileStat(info.size, float(info.mtime))
    if plain is not None:
        tree.add(info.name, Member(stat, _slice(plain, info)))
        return
    wanted = not WEIGHTS.search(info.name) and not _UNWANTED.search(info.name)
    if wanted and (info.size > MAX_KEPT_FILE or stream.kept + info.size > MAX_KEPT):
        tree.note(f"{info.name[:200]} in {tree.root} is too large to be read; unpack the archive")
        wanted = False
    content = stream.content(info.offset_data, info.size) if wanted else None
    tree.add(info.name, Member(stat, lambda: None if content is None else io.BytesIO(content)))


def _slice(plain: BinaryIO, info: tarfile.TarInfo) -> Callable[[], BinaryIO | None]:
    start, size = info.offset_data, info.size
    return lambda: io.BufferedReader(Bounded(_Part(plain, start, size), Budget(), ()))


class _Part(io.RawIOBase, BinaryIO):
    """A piece of an open file."""

    def __init__(self, file: BinaryIO, start: int, size: int) -> None:
        self._file, self._start, self._size, self._at = file, start, size, 0

    def read(self, size: int = -1) -> bytes:
        """Some bytes from where it is."""
        left = max(0, self._size - self._at)
        self._file.seek(self._start + self._at)
        data = self._file.read(left if size < 0 else min(size, left))
        self._at += len(data)
        return data

    def seek(self, offset: int, whence: int = 0) -> int:
        """Go to another place."""
        base = (0, self._at, self._size)[whence]
        self._at = max(0, base + offset)
        return self._at

    def tell(self) -> int:
        """Where it is."""
        return self._at


class _Forward:
    """What tarfile reads from: forward only, within limits of size and time."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._ends = time.monotonic() + MAX_SECONDS
        self.kept = 0

    def tell(self) -> int:
        """Where it is."""
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        """Pass over what lies between, in pieces, so that a bomb ends in time."""
        if whence or offset < self.tell():
            raise OSError("its headers lead backwards")
        while (left := offset - self.tell()) > 0:
            self._in_bounds()
            before = self.tell()
            if self._file.seek(before + min(left, 1 << 24)) == before:
                break
        return self.tell()

    def read(self, size: int = -1) -> bytes:
        """The bytes of a header."""
        self._in_bounds()
        if not 0 <= size <= MAX_HEADER:
            raise OSError(f"a header of {size:,} bytes")
        return self._file.read(size)

    def content(self, start: int, size: int) -> bytes:
        """The content of a member."""
        self.seek(start)
        self._in_bounds()
        data = self._file.read(size)
        if len(data) < size:
            raise EOFError("it ends inside a file")
        self.kept += len(data)
        return data

    def _in_bounds(self) -> None:
        if self.tell() > MAX_UNPACKED or time.monotonic() > self._ends:
            raise OSError(f"more than {MAX_UNPACKED:,} bytes or {MAX_SECONDS:g} seconds")
