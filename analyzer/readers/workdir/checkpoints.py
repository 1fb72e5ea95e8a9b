"""The weight files of a run: those that exist, and those that the log or the index tells of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.formats.workdir import BEST, CHECKPOINTS
from analyzer.readers.workdir.trainlog import Save
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.folder import Folder
from analyzer.reading.values import number, whole_number
from analyzer.run import Checkpoint

_EPOCH_FILE = re.compile(r"epoch_(\d{1,9})\.(?:pth|pt|pdparams)")


def name_in_path(path: str) -> str:
    """The last part of a path as any system writes it."""
    return path.replace("\\", "/").rpartition("/")[2]


def epoch_in_name(file: str) -> int | None:
    """The N of ``.../epoch_N.pth``."""
    found = _EPOCH_FILE.fullmatch(name_in_path(file))
    return int(found[1]) if found else None


def collect_checkpoints(
    folder: Folder, saves: Iterable[Save], index: Iterable[Mapping[str, Any]]
) -> tuple[Checkpoint, ...]:
    """All weight files that log, index or folder know of, by epoch, the best one last."""
    known: dict[str, Checkpoint] = {}
    beside = {found.file: found for found in weight_files(folder, epoch_of=epoch_in_name)}
    for save in saves:
        name = name_in_path(save.file)
        named = _EPOCH_FILE.fullmatch(name)
        file = name if name in beside else f"{CHECKPOINTS}/{name}"
        known[file] = Checkpoint(file, int(named[1]) if named else save.epoch)
    for entry in index:
        if isinstance(entry.get("file"), str):
            known[entry["file"]] = _indexed(entry)
    for found in [*weight_files(folder, CHECKPOINTS, epoch_in_name), *beside.values()]:
        told = known.get(found.file, found)
        known[found.file] = found._replace(epoch=told.epoch, value=told.value)
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
