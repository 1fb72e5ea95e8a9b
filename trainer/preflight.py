"""The look at the data before the first step: the dataset doctor's check, and what is kept of it.

The doctor is imported here only when it is asked, so a training without it starts as fast as ever.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from rich.console import Console
from rich.progress import track

from analyzer.errors import UsageError
from trainer.config import Config

SAMPLE = 200
"""So many images are decoded; of all others the header and the end are read."""

PIPED_COLUMNS = 160

FEW = 200
"""Up to this many images are checked in about a second; no bar is shown."""


class Preflight(NamedTuple):
    """``lines`` are (text, level) for the log. ``info`` goes into run.json, ``counts`` (by split)
    beside the counts of the data there.
    """

    lines: tuple[tuple[str, str], ...]
    info: Mapping[str, Any]
    counts: Mapping[str, Mapping[str, int]]


SKIPPED = Preflight(
    (("Pre-flight skipped by --no-preflight: the data set was not checked", "INFO"),),
    {"status": "skipped"},
    {},
)


class BadData(UsageError):
    """The data set has errors, which are on the terminal already."""


def preflight(config: Config, *, show: bool) -> Preflight:
    """Check the data set that ``config`` names and print what was found; ``show`` draws a bar.

    Raises BadData where a finding is an error.
    """
    from analyzer.preflight import check

    console = _console()

    def bar(items: Iterable[Any], count: int, what: str) -> Iterator[Any]:
        if not show or count <= FEW:
            return iter(items)
        return iter(track(items, what, total=count, console=console, transient=True))

    train, test = Path(config.data.train_dir), Path(config.data.test_dir)
    checked = check(train, test, input_size=config.data.side, sample=SAMPLE, track=bar)
    checked.show(console)
    if checked.errors:
        raise BadData(_sentence(checked.errors, config))
    found = ", ".join(f"{word} {rule}" for rule, word in checked.findings.items())
    lines = [(f"Pre-flight passed: {found or 'nothing wrong was found in the data set'}", "INFO")]
    lines += [(f"Pre-flight: {text}", "WARNING") for text in checked.warnings]
    counts = {split: checked.counts(split) for split in ("train", "test")}
    return Preflight(tuple(lines), {"status": "passed", "findings": checked.findings}, counts)


def _console() -> Console:
    """A file or a pipe gets lines that are not cut at 80 columns."""
    width = None if sys.stderr.isatty() or "COLUMNS" in os.environ else PIPED_COLUMNS
    return Console(stderr=True, highlight=False, width=width)


def _sentence(errors: Sequence[str], config: Config) -> str:
    """The first error, how many more there are, and what to do."""
    data = config.data
    more = f" (and {len(errors) - 1} more above)" if len(errors) > 1 else ""
    folder = data.train_dir if data.same_folder else "DIR"
    return (
        f"{errors[0]}{more}; nothing was trained: repair the data (python -m analyzer dataset "
        f"{folder} --fix OUT writes a copy with what is safe to repair), or train without the "
        "check: --no-preflight"
    )
