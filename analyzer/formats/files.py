"""Writing files so that a reader, or a resume after a kill, never meets half of one."""

from __future__ import annotations

import os
import shutil
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, TextIO

_BLOCK = 1 << 20
WINDOWS = os.name == "nt"
_NAMED = {
    f"{folder}/{name}": number
    for number, own in enumerate(("stdin", "stdout", "stderr"))
    if number
    for folder, name in (("/dev", own), ("/dev/fd", number), ("/proc/self/fd", number))
}
"""What is written to these goes on where the program stands: opened anew, a file behind one would
lose what was printed before."""


def replace_file(path: Path, write: Callable[[Path], object]) -> None:
    """Let ``write`` fill a neighbouring file, then put it in the place of ``path`` in one step.

    What is no file, such as ``/dev/stdout`` or a pipe, is written to and never replaced.
    """
    if _is_stream(path):
        write(path)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        write(temporary)
        _put_in_place(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def _put_in_place(temporary: Path, path: Path) -> None:
    """On Windows no file can be replaced while it is read: wait for that, a second at most."""
    for seconds in (0.01, 0.1, 0.9) if WINDOWS else ():
        try:
            temporary.replace(path)
            return
        except PermissionError:
            time.sleep(seconds)
    temporary.replace(path)


def _is_stream(path: Path) -> bool:
    """Whether it is a pipe, a device, or a name for an open file, whatever that leads to."""
    named = path.parent in (Path("/dev"), Path("/dev/fd"), Path("/proc/self/fd"))
    return path.exists() and (named or not path.is_file())


def replace_text(path: Path, text: str) -> None:
    """Replace a small text file in one step.

    File names that are not UTF-8 come from the command line as surrogates and are written as the
    bytes they were.
    """
    data = text.encode("utf-8", "surrogateescape")
    number = _NAMED.get(path.as_posix())
    if number is None:
        replace_file(path, lambda temporary: temporary.write_bytes(data))
        return
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    with open(number, "wb", closefd=False) as file:
        file.write(data)


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed process left of ``replace_file`` in ``folder``."""
    for temporary in folder.glob(".*.tmp"):
        temporary.unlink(missing_ok=True)


def open_log(path: Path) -> TextIO:
    """Open for appending, line by line; an unfinished last line of a killed run is taken off.

    Half a line may end in half a number, which would look whole once another line follows.
    """
    if path.is_file():
        with path.open("rb+") as file:
            file.truncate(_end_of_last_line(file))
    return path.open("a", encoding="utf-8", errors="backslashreplace", buffering=1)


def _end_of_last_line(file: BinaryIO) -> int:
    end = file.seek(0, os.SEEK_END)
    while end:
        start = max(0, end - _BLOCK)
        file.seek(start)
        found = file.read(end - start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
        end = start
    return 0


def link_or_copy(source: Path, target: Path) -> None:
    """Let ``target`` hold what ``source`` holds, by a hard link where the file system has them."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def file_crc(path: Path) -> int:
    """The CRC-32 of a file's bytes."""
    crc = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            crc = zlib.crc32(block, crc)
    return crc
