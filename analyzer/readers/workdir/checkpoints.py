"""The weight files of a run: those that exist, and those that the log or the index tells of."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any

from analyzer.formats.workdir import BEST, CHECKPOINTS
from analyzer.readers.workdir.curves import number, whole_number
from analyzer.readers.workdir.files import file_stat
from analyzer.run import Checkpoint, LogEvent

_EPOCH_FILE = re.compile(r"(?:^|/)epoch_(\d{1,9})\.pth$")


def epoch_in_name(file: str) -> int | None:
    """The N of ``.../epoch_N.pth``."""
    found = _EPOCH_FILE.search(file.replace("\\", "/"))
    return int(found[1]) if found else None


def collect_checkpoints(
    run: Path, events: Iterable[LogEvent], index: Iterable[Mapping[str, Any]]
) -> tuple[Checkpoint, ...]:
    """All weight files that log, index or folder know of, by epoch, the best one last."""
    known: dict[str, Checkpoint] = {}
    for event in events:
        if event.kind in ("saved", "best"):
            file = f"{CHECKPOINTS}/{PurePosixPath(event.text.replace(chr(92), '/')).name}"
            named = epoch_in_name(file)
            known[file] = Checkpoint(file, event.epoch if named is None else named)
    for entry in index:
        if isinstance(entry.get("file"), str):
            known[entry["file"]] = _indexed(entry)
    for file, stat in _weight_files(run / CHECKPOINTS):
        before = known.get(file) or Checkpoint(file, epoch_in_name(file))
        known[file] = replace(
            before, exists=True, removed=False, size=stat.st_size, modified=stat.st_mtime
        )
    order = sorted(known.values(), key=lambda c: (c.file == BEST, c.epoch or 0, c.file))
    return tuple(order)


def _indexed(entry: Mapping[str, Any]) -> Checkpoint:
    return Checkpoint(
        entry["file"],
        whole_number(entry.get("epoch")),
        number(entry.get("value")),
        removed=entry.get("removed") is True,
        size=whole_number(entry.get("bytes")),
    )


def _weight_files(folder: Path) -> list[tuple[str, os.stat_result]]:
    try:
        with os.scandir(folder) as entries:
            names = [entry.name for entry in entries if entry.name.endswith(".pth")]
    except OSError:
        return []
    found = [(f"{CHECKPOINTS}/{name}", file_stat(folder / name)) for name in names]
    return [(file, stat) for file, stat in found if stat and S_ISREG(stat.st_mode)]
