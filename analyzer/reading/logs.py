"""Text logs in a folder: which files may be one, and which of them begin like a format's."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from analyzer.reading.folder import HEAD, Folder
from analyzer.reading.text import clean_lines

BEGINNING = 1 << 16
"""A log may print the model and its settings before the first line that counts."""

FEW = 64
"""A folder with more files of a kind than this holds data; only what is called a log counts."""

MOST = 2000
"""Of these, so many are looked into, the last by name."""

_TEXT = re.compile(
    r"(?:\.(?:log|txt|out|err|md|o\d+|log\.?\d+)|^(?!\.)[^.]+|^workerlog\.\d+)$", re.I
)
_CALLED_LOG = re.compile(
    r"log|train|out|slurm|nohup|result|console|histor|metric|loss|epoch|progress|scalar", re.I
)


def worth_a_look(names: Sequence[str]) -> list[str]:
    """Those of ``names`` whose beginning is to be read: all of a few, else those called a log.

    Data sets have a label file for each of 100,000 images, which must not be opened to be known.
    """
    if len(names) <= FEW:
        return list(names)
    return [name for name in names if _CALLED_LOG.search(name)][-MOST:]


@lru_cache(maxsize=8)
def text_logs(folder: Folder) -> tuple[str, ...]:
    """Names of the files that may be text logs; found once for all readers."""
    return tuple(worth_a_look([name for name in folder.files if _TEXT.search(name)]))


def logs_with(folder: Folder, pattern: re.Pattern[bytes]) -> list[str]:
    """Names of the text logs whose beginning ``pattern`` fits, without colours and bars."""
    return [name for name in text_logs(folder) if begins_with(folder, name, pattern)]


def begins_with(folder: Folder, name: str, pattern: re.Pattern[bytes]) -> bool:
    """Whether ``pattern`` fits somewhere in the beginning of a text file."""
    head = folder.head(name)
    if b"\0" in head[:64] and not head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return False
    if _fits(pattern, head):
        return True
    return len(head) == HEAD and _fits(pattern, folder.head(name, BEGINNING))


def _fits(pattern: re.Pattern[bytes], data: bytes) -> bool:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        data = data.decode("utf-16", "ignore").encode()
    return pattern.search(clean_lines(data)) is not None
