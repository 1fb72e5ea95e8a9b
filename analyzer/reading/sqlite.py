"""SQLite files of unknown origin: read only, nothing in them runs, every query ends."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from analyzer.reading.folder import Folder
from analyzer.reading.text import read_raw
from analyzer.run import Note

MAGIC = b"SQLite format 3\0"
ENDINGS = (".db", ".sqlite", ".sqlite3", ".db3")
MAX_IN_MEMORY = 1 << 28
"""A database inside an archive is read into memory up to this size."""

MOST_FILES = 100
MAX_SECONDS = 30.0
MAX_VALUE = 1 << 24
_STEPS = 20_000
_ALLOWED = frozenset({sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION})
_JOURNAL = slice(18, 20)
"""Header bytes that ask for a write-ahead log, which a database in memory cannot have."""


def databases(folder: Folder) -> list[str]:
    """The SQLite files in a folder."""
    names = [name for name in folder.files if name.endswith(ENDINGS)][:MOST_FILES]
    return [name for name in names if folder.head(name).startswith(MAGIC)]


@contextmanager
def open_database(folder: Folder, name: str, notes: list[Note]) -> Iterator[Reading | None]:
    """A database opened for reading; None, with a note, where it cannot be.

    The file is taken as it is: no lock, no journal and no other file is touched, so a training
    that writes it is not held up. What is only in its write-ahead log is not seen.
    """
    connection = None
    try:
        connection = _connect(folder, name, notes)
        if connection is not None:
            _harden(connection)
    except (sqlite3.Error, OSError, ValueError) as error:
        notes.append(Note(f"{name} cannot be opened as a database: {error}", name))
        connection = None
    if connection is None:
        yield None
        return
    if (log := folder.stat(f"{name}-wal")) is not None and log.size:
        text = f"{name}-wal holds changes that the program has not moved into {name} yet"
        notes.append(Note(f"{text}; they are not read", name))
    with closing(connection):
        yield Reading(connection, name, notes)


class Reading:
    """Queries on an open database; what goes wrong ends the query and is noted."""

    def __init__(self, connection: sqlite3.Connection, name: str, notes: list[Note]) -> None:
        self._connection = connection
        self._name = name
        self._notes = notes

    def has_tables(self, *names: str) -> bool:
        """Whether all of these are real tables: no views, no virtual tables."""
        rows = self.rows("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
        real = {name for name, sql in rows if not str(sql).upper().startswith("CREATE VIRTUAL")}
        return real.issuperset(names)

    def rows(self, query: str, values: Sequence[str | int] = ()) -> list[tuple[object, ...]]:
        """The rows of a SELECT; those up to the damage where the file is damaged."""
        rows: list[tuple[object, ...]] = []
        try:
            rows.extend(self._connection.execute(query, values))
        except (sqlite3.Error, ValueError, OverflowError, MemoryError) as error:
            self._notes.append(Note(f"{self._name} cannot be read further: {error}", self._name))
        return rows


def _connect(folder: Folder, name: str, notes: list[Note]) -> sqlite3.Connection | None:
    path = folder.local(name)
    if path is not None:
        uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
        return sqlite3.connect(uri, uri=True, isolation_level=None)
    data = read_raw(folder, name, notes, limit=MAX_IN_MEMORY)
    if data is None or len(data) == MAX_IN_MEMORY:
        return None
    connection = sqlite3.connect(":memory:", isolation_level=None)
    head = bytearray(data[:100])
    head[_JOURNAL] = b"\1\1"
    connection.deserialize(bytes(head) + data[100:])
    return connection


def _harden(connection: sqlite3.Connection) -> None:
    """https://www.sqlite.org/security.html, "Untrusted SQLite Database Files"."""
    ends = time.monotonic() + MAX_SECONDS
    connection.set_progress_handler(lambda: int(time.monotonic() > ends), _STEPS)
    connection.text_factory = lambda raw: raw.decode("utf-8", "replace")
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_VALUE)
    for pragma in ("trusted_schema = OFF", "cell_size_check = ON", "query_only = ON"):
        connection.execute(f"PRAGMA {pragma}").close()
    connection.set_authorizer(_only_reading)


def _only_reading(action: int, *_: object) -> int:
    return sqlite3.SQLITE_OK if action in _ALLOWED else sqlite3.SQLITE_DENY
