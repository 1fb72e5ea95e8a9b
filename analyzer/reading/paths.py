"""What a path as it was typed means: patterns and ``~`` that no shell has expanded.

On Windows no shell expands patterns, in quotes none does anywhere, and from Python neither.
"""

from __future__ import annotations

import glob
import os
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from analyzer.errors import UsageError

MOST = 200_000
"""Matches of one pattern that are looked at."""


def expanded(paths: Iterable[Path]) -> list[Path]:
    """Each path; in the place of a pattern what matches it, sorted.

    ``**`` stands for folders at any depth. What is on disk under exactly that name is no pattern.
    Raises UsageError for a pattern that nothing matches.
    """
    return [found for path in paths for found in _meant(path)]


def _meant(path: Path) -> list[Path]:
    text = str(path)
    if text.startswith("~") and not os.path.lexists(text):
        path = Path(os.path.expanduser(text))  # noqa: PTH111  an unknown user stays as typed
        text = str(path)
    if not glob.has_magic(text) or os.path.lexists(text):
        return [path]
    # Path.glob also finds hidden files and takes no absolute pattern.
    found = sorted(islice(glob.iglob(text, recursive=True), MOST))  # noqa: PTH207
    if not found:
        raise UsageError(f"{path} matches nothing; check the spelling, or name a folder of runs")
    return [Path(name) for name in found]
