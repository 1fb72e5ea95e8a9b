"""Opening what a person names: a folder, a file, an archive, standard input."""

from __future__ import annotations

import io
import re
import weakref
from functools import lru_cache
from pathlib import Path
from typing import BinaryIO, NamedTuple

from analyzer.errors import FormatError, TrainlintError, UsageError
from analyzer.reading.archives.tars import is_tar, tar_tree
from analyzer.reading.archives.zips import MAGIC, zip_tree
from analyzer.reading.checkpoints import WEIGHTS
from analyzer.reading.folder import DiskTree, LooseFile, Tree

PICKLE = b"\x80"

_ZIP = re.compile(r"\.zip$", re.IGNORECASE)
_TAR = re.compile(r"\.(?:tar(?:\.(?:gz|bz2|xz))?|tgz|tbz2?|txz)$", re.IGNORECASE)


class Known(NamedTuple):
    """A file that readers know by name, and the beginning (4096 bytes) that shows it."""

    name: str
    beginning: re.Pattern[bytes]


_HEADER = rb"\A(?:\xef\xbb\xbf)?\s*"
KNOWN = (
    Known("events.out.tfevents.0.stdin", re.compile(rb"\A.{12,80}?brain\.Event:", re.S)),
    Known("mlflow.db", re.compile(rb"\ASQLite format 3\0")),
    Known("trainer_state.json", re.compile(_HEADER + rb'\{.*"(?:log_history|global_step)"', re.S)),
    Known("scalars.json", re.compile(_HEADER + rb'\{[^\n]*"data_time"[^\n]*"step": \d+[^\n]*\}')),
    Known(
        "run.log.json",
        re.compile(_HEADER + rb'\{(?:"env_info"|"mode"|[^\n]*"mode": "(?:train|val))'),
    ),
    Known("metrics.json", re.compile(_HEADER + rb'(?:\[\s*\{|\{[^\n]*"iteration": \d)')),
    Known("log.jsonl", re.compile(_HEADER + rb"\{[^\n]*\}[ \r]*\n\s*\{")),
    Known("history.json", re.compile(_HEADER + rb'\{\s*"[^"]*": *\[')),
    Known("results.csv", re.compile(_HEADER + rb"epoch *,[^\n]*train/")),
    Known("metrics.csv", re.compile(_HEADER + rb"(?=[^\n]*\bepoch\b)(?=[^\n]*\bstep\b)[^\n]*,")),
    Known("summary.csv", re.compile(_HEADER + rb"epoch,train_[^\n]*eval_")),
    Known("results.txt", re.compile(_HEADER + rb"\d+/\d+ +[\d.]+G ")),
    Known(
        "history.csv",
        re.compile(
            _HEADER
            + rb"[^\n:=]*[,;\t][^\n:=]*\n[-+\d.eE \"naifNA]*[,;\t][-+\d.eE,;\t \"naifNA]*\s"
        ),
    ),
)
"""Names under which readers look for what comes in on standard input, most specific first."""


def open_tree(root: Path, content: bytes | None = None) -> Tree:
    """The tree of files at ``root``; ``content`` is that of standard input, where it is ``-``.

    Raises FormatError for a damaged archive and UsageError for a weight file.
    """
    if content is not None:
        return _archive_in(root, content) or LooseFile(root, _name_of(content[:4096]), content)
    if not root.is_file():
        return DiskTree(root)
    stat = root.stat()
    return _archive_at(root, stat.st_size, stat.st_mtime_ns) or DiskTree(root)


@lru_cache(maxsize=2)
def _archive_at(root: Path, size: int, modified: int) -> Tree | None:  # noqa: ARG001
    """The archive in a file as it is now; opened once for all runs in it."""
    file = root.open("rb")
    try:
        tree = _archive(root, file)
    except TrainlintError:
        file.close()
        raise
    if tree is None:
        file.close()
    else:
        weakref.finalize(tree, file.close)
    return tree


@lru_cache(maxsize=1)
def _archive_in(root: Path, content: bytes) -> Tree | None:
    return _archive(root, io.BytesIO(content))


def _archive(root: Path, file: BinaryIO) -> Tree | None:
    head = file.read(4)
    if WEIGHTS.search(root.name) and head.startswith((MAGIC[0], PICKLE)):
        text = f"{root} is a weight file, which says nothing about its training"
        raise UsageError(f"{text}; name the folder of the run, or its log")
    if head.startswith(MAGIC):
        return zip_tree(root, file)
    if is_tar(file) or _TAR.search(root.name):
        return tar_tree(root, file)
    if _ZIP.search(root.name):
        raise FormatError(f"{root} is no zip archive, though it is called one; copy it anew")
    return None


def _name_of(head: bytes) -> str:
    """What to call a file that came without a name."""
    return next((known.name for known in KNOWN if known.beginning.search(head)), "stdin")
