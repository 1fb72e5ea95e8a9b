"""Reading files of a run directory, which is untrusted: bounded, regular, inside the run."""

from __future__ import annotations

import codecs
import os
from pathlib import Path

from analyzer.run import Note

MAX_BYTES = 1 << 30


def file_stat(path: Path) -> os.stat_result | None:
    """What the system says of a file; None where it is gone, as may happen in a growing run."""
    try:
        return path.stat()
    except OSError:
        return None


def inside(run: Path, path: Path) -> bool:
    """Whether ``path``, all links followed, lies in ``run``."""
    try:
        return path.resolve().is_relative_to(run.resolve())
    except (OSError, RuntimeError):  # a loop of links
        return False


def read_file(run: Path, name: str, notes: list[Note], *, limit: int = MAX_BYTES) -> bytes | None:
    """The text of ``run/name`` as UTF-8 without BOM; None where there is no such file.

    A file that cannot be read, or a link that leads out of the run, gives None too, and a note; of
    a file above ``limit`` bytes the beginning is read and a note says so.
    """
    path = run / name
    try:
        if not path.is_file():
            return None
        if not inside(run, path):
            notes.append(Note(f"{name} is a link that leads out of the run; not followed", name))
            return None
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        notes.append(Note(f"{name} cannot be read: {error.strerror}", name))
        return None
    if len(data) > limit:
        notes.append(Note(f"{name} is larger than {limit:,} bytes; the rest was not read", name))
        data = data[:limit]
    return _as_utf8(data)


def _as_utf8(data: bytes) -> bytes:
    """Some editors and shells write a byte order mark, or UTF-16, which always has one."""
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data.decode("utf-16", "replace").encode("utf-8", "replace")
    return data.removeprefix(codecs.BOM_UTF8)
