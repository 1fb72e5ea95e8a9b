"""Readers: one module per run format; ``READERS`` lists them all.

Each satisfies ``analyzer.reading.claim.Reader``. The first that claims a file reads it, so the
most specific ones stand first and the last resort last.
"""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Iterable
from concurrent.futures import Executor
from dataclasses import replace
from itertools import islice
from pathlib import Path, PurePosixPath

import numpy as np

from analyzer.errors import NoRunFound, UsageError
from analyzer.readers import (
    clovaai,
    console,
    dbnet,
    detectron2,
    doctr,
    fairseq,
    huggingface,
    jsonlines,
    keras,
    lightning,
    mhliao,
    mlflow,
    mmcv,
    mmengine,
    paddle,
    sacred,
    table,
    tensorboard,
    timm,
    torchvision,
    ultralytics,
    wandb,
    wordlm,
    workdir,
    yolov5,
)
from analyzer.reading.claim import Reader
from analyzer.reading.folder import DiskTree, Folder
from analyzer.reading.paths import expanded
from analyzer.reading.search import STDIN, Found, Located, claimed, find_runs
from analyzer.run import Run

__all__ = ["READERS", "Found", "Located", "find", "read", "read_run"]

MAX_STDIN = 1 << 28
MOST_KINDS = 5
WEIGHTS = frozenset({".pth", ".pt", ".ckpt", ".pdparams", ".safetensors", ".bin", ".h5", ".onnx"})
MOST_SKIPPED = 10
"""Sentences about what was passed over, where nothing was found."""

READERS: tuple[Reader, ...] = (
    workdir,
    mmengine,
    mmcv,
    ultralytics,
    yolov5,
    huggingface,
    clovaai,
    lightning,
    paddle,
    dbnet,
    mhliao,
    doctr,
    detectron2,
    torchvision,
    timm,
    mlflow,
    wandb,
    sacred,
    keras,
    jsonlines,
    wordlm,
    fairseq,
    tensorboard,
    table,
    console,
)

_BY_FORMAT = {reader.FORMAT: reader for reader in READERS}


def read(*paths: str | os.PathLike[str], executor: Executor | None = None) -> list[Run]:
    """Read every run at or below ``paths``.

    ``executor`` spreads the work: any ``concurrent.futures.Executor`` whose workers see the same
    files, such as ``ProcessPoolExecutor()`` or the ``get_executor()`` of a Dask client. Raises
    UsageError for a path that does not exist and NoRunFound where there is no run.
    """
    found = find(Path(path) for path in paths).runs
    return list(map(read_run, found) if executor is None else executor.map(read_run, found))


def find(paths: Iterable[Path]) -> Found:
    """Find every run at or below ``paths`` (``-`` is standard input), and what was passed over.

    Raises UsageError for a path that does not exist and NoRunFound where there is no run.
    """
    paths = expanded(paths)
    if not paths:
        raise UsageError("no path was given; name a folder that holds runs, such as workdirs/")
    content = _standard_input() if STDIN in paths else None
    found = find_runs(paths, READERS, content)
    if not found.runs:
        raise NoRunFound(_nothing_found(paths, found))
    return found


def holds_run(folder: Path) -> bool:
    """Whether the folder itself, and not only a file in it, is what a training wrote."""
    return any(run.claim.whole for run in claimed(Folder(DiskTree(folder)), READERS))


def _standard_input() -> bytes:
    """All of it: what is cut off would look like a training that was."""
    content = sys.stdin.buffer.read(MAX_STDIN + 1)
    if len(content) > MAX_STDIN:
        raise UsageError(
            f"standard input is larger than {MAX_STDIN:,} bytes; name the file itself"
        )
    if not content.strip():
        raise NoRunFound("standard input is empty; pipe a log, a table of metrics or a tar into -")
    return content


def read_run(located: Located, folder: Folder | None = None) -> Run:
    """Read one run that was found. Picklable, so that another process can do it.

    ``folder`` is where it lies, if it is open already. Trouble with one run never stops the
    others: it comes back as unreadable.
    """
    try:
        opened = located.folder() if folder is None else folder
        # Logged values may be anything; what overflows is infinite, without a warning.
        with np.errstate(all="ignore"):
            run = _BY_FORMAT[located.format].read(opened, located.claim)
        return replace(run, name=_name(located, run))
    except Exception as error:
        # The last line of defence: a fault of a reader must not hide the other runs.
        reason = f"{located.path} could not be read: {type(error).__name__}: {error}"
        return Run(located.name, located.path, located.format, unreadable=reason)


def _name(located: Located, run: Run) -> str:
    """Where a run was found; its last part is what the run calls itself, if it does."""
    if run.name == run.path.name:
        return located.name
    return (PurePosixPath(located.name).parent / run.name.replace("/", "_")).as_posix()


def _nothing_found(paths: list[Path], found: Found) -> str:
    if all(path == STDIN or path.is_file() for path in paths):
        return found.skipped[0].text
    where = ", ".join(str(path) for path in paths)
    notes = (note.text for note in found.skipped if not note.text.startswith("no run found in"))
    skipped = "".join(f"\nskipped: {text}" for text in islice(notes, MOST_SKIPPED))
    return (
        f"no run found in {where} (folders searched: {found.folders}, {_found_instead(found)}); a "
        "run is what a training program wrote: metrics.json, results.csv, trainer_state.json, an "
        f"event file, a log with losses; the README lists all formats{_hint(found)}{skipped}"
    )


def _found_instead(found: Found) -> str:
    """``found instead: 3 .jpg, 1 .csv``, the most frequent first."""
    ranked = sorted(found.kinds.items(), key=lambda item: (-item[1], item[0]))
    named = [f"{n} {suffix or 'without a suffix'}" for suffix, n in ranked[:MOST_KINDS]]
    others = sum(n for _, n in ranked[MOST_KINDS:])
    if others:
        named.append(f"{others} others")
    return f"found instead: {', '.join(named)}" if named else "no file in them"


def _hint(found: Found) -> str:
    """What to do with what was found instead, where that is known."""
    if found.lists:
        return (
            f"; {found.lists[0]} looks like a data set: python -m analyzer dataset "
            f"{shlex.quote(str(found.lists[0]))}"
        )
    if found.kinds and found.kinds.keys() <= WEIGHTS:
        return "; weights say nothing about their training: its log is what is read"
    return ""
