"""Weight files of a run, by their names alone; they are never opened."""

from __future__ import annotations

import re
from collections.abc import Callable

from analyzer.reading.folder import Folder
from analyzer.run import Checkpoint

WEIGHTS = re.compile(r"\.(?:pth|pt|ckpt|safetensors|pdparams|h5|keras|weights|bin|tar)$")
MOST = 10_000
"""More files than this are counted by nobody; the newest names are kept."""

EpochOf = Callable[[str], int | None]

_NUMBER = re.compile(r"(?:epoch|ep|iter|step|_|-|=)[_=-]?(\d{1,9})(?=\D*$)", re.IGNORECASE)


def number_in_name(file: str) -> int | None:
    """The last number of a file's name that follows ``epoch``, ``=``, ``_`` or ``-``."""
    found = _NUMBER.search(file.rpartition("/")[2].rpartition(".")[0])
    return int(found[1]) if found else None


def weight_files(
    folder: Folder, below: str = "", epoch_of: EpochOf = number_in_name
) -> tuple[Checkpoint, ...]:
    """The weight files in ``folder``, or in its folder ``below``, by epoch and name."""
    where = folder.below(below) if below else folder
    prefix = f"{below}/" if below else ""
    names = [name for name in where.files if WEIGHTS.search(name)][-MOST:]
    found = []
    for name in names:
        stat = where.stat(name)
        if stat is not None:
            file = prefix + name
            found.append(
                Checkpoint(
                    file, epoch_of(file), exists=True, size=stat.size, modified=stat.modified
                )
            )
    return tuple(sorted(found, key=lambda c: (c.epoch is None, c.epoch or 0, c.file)))
