"""Where results are kept: one SQLite file in the user's cache folder."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import time
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from analyzer.cache.codec import decode
from analyzer.cache.stamps import stamp, still
from analyzer.finding import Diagnosis
from analyzer.run import Run

VARIABLE = "TRAINLINT_CACHE"
OFF = "off"
FILE = "results-1.sqlite"
MOST_BYTES = 1 << 29
WAIT_SECONDS = 0.5

_SCHEMA = """
CREATE TABLE IF NOT EXISTS results (
    key TEXT PRIMARY KEY, digest TEXT NOT NULL, stamp TEXT NOT NULL, data BLOB NOT NULL,
    kept REAL NOT NULL
)
"""


class Result(NamedTuple):
    """One run to keep: ``key`` names it, ``touched`` below ``root`` is what it hangs on.

    ``data`` is the run with its diagnosis, encoded.
    """

    key: str
    root: Path
    touched: frozenset[str]
    data: bytes


class ResultCache:
    """Results by key, as long as ``digest``, that of the code and the rules, is theirs.

    Trouble of any kind means that nothing was kept.
    """

    def __init__(self, connection: sqlite3.Connection, digest: str) -> None:
        self._connection = connection
        self._digest = digest

    def get(self, key: str, root: Path) -> tuple[Run, Diagnosis] | None:
        """The result kept under ``key``, if nothing that it hangs on has changed."""
        try:
            row = self._connection.execute(
                "SELECT stamp, data FROM results WHERE key = ? AND digest = ?",
                (key, self._digest),
            ).fetchone()
            return decode(row[1]) if row and still(root, row[0]) else None
        except (sqlite3.Error, ValueError):
            return None

    def put(self, results: Iterable[Result]) -> None:
        """Keep results whose files did not change just now."""
        now = time.time()
        marks = ((result, stamp(result.root, result.touched)) for result in results)
        rows = [
            (result.key, self._digest, mark, result.data, now)
            for result, mark in marks
            if mark is not None
        ]
        with contextlib.suppress(sqlite3.Error), self._connection:
            self._connection.executemany("INSERT OR REPLACE INTO results VALUES (?,?,?,?,?)", rows)
            self._trim()

    def _trim(self) -> None:
        """Forget the oldest results beyond the size that a cache may have."""
        (size,) = self._connection.execute("SELECT sum(length(data)) FROM results").fetchone()
        if size and size > MOST_BYTES:
            self._connection.execute(
                "DELETE FROM results WHERE key IN (SELECT key FROM results ORDER BY kept "
                "LIMIT (SELECT count(*) / 2 FROM results))"
            )

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()


def open_cache(digest: str) -> ResultCache | None:
    """The user's cache; None where it is switched off or cannot be used."""
    wanted = os.environ.get(VARIABLE, "")
    if wanted == OFF:
        return None
    folder = Path(wanted) if wanted else _user_folder()
    for _ in range(2):
        with contextlib.suppress(OSError, sqlite3.Error):
            return ResultCache(_opened(folder), digest)
        with contextlib.suppress(OSError):  # a damaged file is worth nothing: once more, anew
            (folder / FILE).unlink()
    return None


def _opened(folder: Path) -> sqlite3.Connection:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = sqlite3.connect(folder / FILE, timeout=WAIT_SECONDS)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(_SCHEMA)
    connection.execute("SELECT count(*) FROM results WHERE key = ''").fetchone()
    return connection


def _user_folder() -> Path:
    from platformdirs import user_cache_path

    return user_cache_path("trainlint", appauthor=False)
