"""Zip archives: each file is unpacked when it is read, and only as far as it is read."""

from __future__ import annotations

import io
import lzma
import struct
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from stat import S_ISLNK
from typing import BinaryIO

from analyzer.errors import FormatError, UsageError
from analyzer.reading.archives import ArchiveTree, Bounded, Budget, Member
from analyzer.reading.folder import FileStat

MAGIC = (b"PK\x03\x04", b"PK\x05\x06")
MAX_DIRECTORY = 1 << 25
"""Bytes of the list of members; each takes ten times as much in memory."""

BOMB_SIZE, BOMB_RATIO = 1 << 26, 120
"""A member above this size that was packed better than this holds nothing that anyone logged."""

_ERRORS = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, NotImplementedError, RuntimeError)
_TORCH = ("/data.pkl", "/constants.pkl", "/.data/serialization_id")
_TAIL = 22 + (1 << 16)


def zip_tree(root: Path, file: BinaryIO) -> ArchiveTree:
    """The tree of a zip file; FormatError where it is damaged, UsageError for weights."""
    try:
        if _directory_size(file) > MAX_DIRECTORY:
            raise FormatError(f"{root} lists too many files; unpack it and name the folder")
        opened = zipfile.ZipFile(file)
    except (*_ERRORS, OSError, ValueError, EOFError) as error:
        raise FormatError(f"{root} is a damaged zip archive ({error}); copy it anew") from error
    if any(info.filename.endswith(_TORCH) for info in opened.filelist[:50]):
        text = f"{root} is a weight file, which says nothing about its training"
        raise UsageError(f"{text}; name the folder of the run, or its log")
    tree = ArchiveTree(root)
    budget = Budget()
    for info in opened.filelist:
        if info.is_dir() or S_ISLNK(info.external_attr >> 16):
            continue
        if info.flag_bits & 1:
            tree.note(f"{info.filename[:200]} in {root} is encrypted; it is left out")
        elif _is_bomb(info):
            tree.note(f"{info.filename[:200]} in {root} is packed too well to be true; left out")
        else:
            stat = FileStat(info.file_size, _modified(info))
            tree.add(info.filename, Member(stat, _opener(opened, info, budget)))
    return tree


def _is_bomb(info: zipfile.ZipInfo) -> bool:
    return info.file_size > max(BOMB_SIZE, BOMB_RATIO * info.compress_size)


def _opener(
    opened: zipfile.ZipFile, info: zipfile.ZipInfo, budget: Budget
) -> Callable[[], BinaryIO | None]:
    def open_member() -> BinaryIO | None:
        try:
            inner: BinaryIO = opened.open(info)  # type: ignore[assignment]
        except (*_ERRORS, OSError, ValueError, EOFError):
            return None
        return io.BufferedReader(Bounded(inner, budget, _ERRORS))

    return open_member


def _modified(info: zipfile.ZipInfo) -> float:
    """POSIX time of the last change, 0.0 where the date is none."""
    try:
        return time.mktime((*info.date_time, 0, 0, -1))
    except (ValueError, OverflowError):
        return 0.0


def _directory_size(file: BinaryIO) -> int:
    """Bytes of the central directory as the end record says, before anything is made of it."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _TAIL))
    tail = file.read()
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 16 > len(tail):
        return 0  # zipfile says what is wrong
    (length,) = struct.unpack_from("<L", tail, at + 12)
    if length < 0xFFFFFFFF:
        return int(length)
    big = tail.rfind(b"PK\x06\x06")
    return int(struct.unpack_from("<Q", tail, big + 40)[0]) if 0 <= big <= len(tail) - 48 else size
