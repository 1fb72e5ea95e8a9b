"""What else was read of a run, for a page: where it ran, and what its logs say."""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter

from analyzer.render.text import plain, setting
from analyzer.run import LogEvent, Run, flatten

MAX_EVENTS = 200
"""A run that warns at each step has thousands."""


def environment(run: Run) -> list[tuple[str, str]]:
    """Where the run ran, as (key, value) in the order of the keys."""
    pairs = sorted(flatten(run.environment), key=itemgetter(0))
    return [(plain(key), setting(value)) for key, value in pairs]


def events(run: Run) -> Sequence[LogEvent]:
    """What the logs say besides numbers, as much of it as a page bears: the errors first."""
    errors = [event for event in run.events if event.kind == "error"]
    others = [event for event in run.events if event.kind != "error"]
    chosen = (*errors, *others)[:MAX_EVENTS]
    return sorted(chosen, key=lambda event: (event.file, event.line))


def size(number_of_bytes: int | None) -> str:
    """``812 B``, ``44 kB``, ``1.2 GB``; ``-`` where unknown."""
    if number_of_bytes is None:
        return "-"
    for limit, unit in ((1e3, "B"), (1e6, "kB"), (1e9, "MB")):
        if number_of_bytes < limit:
            return f"{number_of_bytes / limit * 1e3:.3g} {unit}"
    return f"{number_of_bytes / 1e9:.1f} GB"
