"""Reading files of a run directory, which is untrusted: bounded, regular, inside the run."""

from __future__ import annotations

from pathlib import Path

from analyzer.run import Note

MAX_BYTES = 1 << 30


def read_file(run: Path, name: str, notes: list[Note], *, limit: int = MAX_BYTES) -> bytes | None:
    """The bytes of ``run/name``; None where there is no such file.

    A file that cannot be read, or a link that leads out of the run, gives empty bytes and a note;
    of a file above ``limit`` bytes the beginning is read and a note says so.
    """
    path = run / name
    try:
        if not path.is_file():
            return None
        if not path.resolve().is_relative_to(run.resolve()):
            notes.append(Note(f"{name} is a link that leads out of the run; not followed", name))
            return b""
        with path.open("rb") as file:
            data = file.read(limit + 1)
    except OSError as error:
        notes.append(Note(f"{name} cannot be read: {error.strerror}", name))
        return b""
    if len(data) > limit:
        notes.append(Note(f"{name} is larger than {limit:,} bytes; the rest was not read", name))
        return data[:limit]
    return data
