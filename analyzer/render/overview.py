"""The chart of all runs: losses and rates, epochs and steps do not share one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analyzer.render.text import count

if TYPE_CHECKING:
    from analyzer.render.report import Entry

MAIN_METRIC = "main metric"
"""What is said where the runs do not share one."""


@dataclass(frozen=True)
class Overview:
    """The main metric of ``entries``, called ``label``, over their ``axis``."""

    title: str
    label: str
    axis: str
    entries: Sequence[Entry]


def overview(entries: Sequence[Entry]) -> Overview:
    """The chart of those runs that share the most common main metric and axis."""
    metrics = [(entry, m) for entry in entries if (m := entry.item.metric) is not None]
    kinds = Counter((m.label, m.axis) for _, m in metrics)
    if not kinds:
        return Overview(f"{MAIN_METRIC} of all runs", MAIN_METRIC, "epoch", ())
    label, axis = kinds.most_common(1)[0][0]
    same = [entry for entry, m in metrics if (m.label, m.axis) == (label, axis)]
    whose = "all runs" if len(kinds) == 1 else f"{count(len(same), 'run')} of {len(entries)}"
    return Overview(f"{label} of {whose}", label, axis, same)
