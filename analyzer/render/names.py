"""Names of runs that tell them apart, and that files bear."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from analyzer.render.text import plain


class Named(Protocol):
    """A run, or the place where one was found."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def path(self) -> Path:
        """Where it lies."""


def short_names(runs: Sequence[Named]) -> list[str]:
    """The run's name; where several share one, with as much of the path as tells them apart."""
    names = [plain(run.name, 80) for run in runs]
    same: dict[str, list[int]] = {}
    for i, name in enumerate(names):
        same.setdefault(name, []).append(i)
    for group in same.values():
        if len(group) > 1:
            for i, tail in zip(group, _unique_tails([runs[i].path for i in group]), strict=True):
                names[i] = plain(tail, 120)
    return names


def _unique_tails(paths: list[Path]) -> list[Path]:
    """The last two or more parts of each path, as many as no other path ends with."""
    tails = list(paths)
    left = set(range(len(paths)))
    for length in range(2, max(len(path.parts) for path in paths)):
        counts = Counter(paths[i].parts[-length:] for i in left)
        for i in [i for i in left if counts[paths[i].parts[-length:]] == 1]:
            tails[i] = Path(*paths[i].parts[-length:])
            left.remove(i)
    return tails


def file_name(name: str) -> str:
    """A name that every file system and every link bears."""
    return re.sub(r"[^A-Za-z0-9._-]+", "_", name)[:60].strip("._") or "run"
