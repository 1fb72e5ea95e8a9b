"""What a result hangs on: the files and folders that were looked at, and the code that looked."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from analyzer import __version__

_PACKAGE = Path(__file__).resolve().parent.parent

FRESH_SECONDS = 0.05
COARSE_SECONDS = 2.0
"""A file changed this recently may change again without its time telling; some file systems
count in whole seconds, and then it takes longer."""


def stamp(root: Path, touched: Iterable[str]) -> str | None:
    """Size, times and inode of everything that was looked at; None where that proves nothing yet.

    ``touched`` are paths below ``root``, "" is the root itself; a path that is not there counts
    as such. In an archive every path is the archive itself.
    """
    base = os.fspath(root)
    whole = not os.path.isdir(base)  # noqa: PTH112
    parts = []
    for at in sorted(touched):
        path = base if whole or not at else f"{base}/{at}"
        part = _stat(path)
        if part is None:
            return None
        parts.append((at, part))
        if whole:
            break
    return json.dumps(parts, separators=(",", ":"))


def still(root: Path, text: str) -> bool:
    """Whether everything in a stamp is as it was."""
    base = os.fspath(root)
    whole = not os.path.isdir(base)  # noqa: PTH112
    try:
        parts = json.loads(text)
        return all(
            _numbers(base if whole or not at else f"{base}/{at}") == part for at, part in parts
        )
    except (ValueError, TypeError):
        return False


def _stat(path: str) -> list[int] | None:
    """The numbers of one path; None where it changed just now."""
    numbers = _numbers(path)
    if numbers:
        newest = max(numbers[1], numbers[2])
        wait = FRESH_SECONDS if newest % 1_000_000_000 else COARSE_SECONDS
        if newest / 1e9 > time.time() - wait:
            return None
    return numbers


def _numbers(path: str) -> list[int]:
    try:
        found = os.stat(path)  # noqa: PTH116  called for every file of every run
    except (OSError, ValueError):
        return []
    return [found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino]


@lru_cache(maxsize=8)
def code_digest(rules: Path, settings: str = "") -> str:
    """Of the version, the program's files, the rule files and the settings in force."""
    digest = hashlib.sha256(f"{__version__}\0{settings}".encode())
    for folder, suffix in ((_PACKAGE, ".py"), (rules, ".yaml")):
        for path in sorted(folder.rglob(f"*{suffix}")):
            found = path.stat()
            digest.update(f"{path}\0{found.st_size}\0{found.st_mtime_ns}\0".encode())
    return digest.hexdigest()
