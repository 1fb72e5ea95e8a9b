"""The colours of plots, charts and pages, in one place.

Curve colours differ in lightness and hue for colour-blind readers, and all have a contrast of at
least 3 on both the white and the dark ground, so that one chart serves light and dark pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from zlib import crc32

from analyzer.finding import Severity

FLAG = {Severity.ERROR: "#d43d38", Severity.WARNING: "#b57a0a", Severity.INFO: "#4b80b9"}
QUIET = "#868d97"
"""Runs and lines that nothing is to be said about."""

_SERIES = {
    "train_loss": "#3a7fc4",
    "val_loss": "#d2691e",
    "val_f1": "#3a7fc4",
    "val_precision": "#2a9270",
    "val_recall": "#b05fa8",
    "learning_rate": "#7a8593",
}
_CYCLE = ("#3a7fc4", "#d2691e", "#2a9270", "#b05fa8", "#8a7f2c", "#a6655a")


def curve_colour(name: str, place: int) -> str:
    """The colour of a series; ``place`` decides for those without one of their own."""
    return _SERIES.get(name.partition("@")[0]) or _CYCLE[place % len(_CYCLE)]


def run_colours(names: Sequence[str]) -> list[str]:
    """A colour for each run, by its name: it keeps it when others come, go or change places.

    Where two would have the same, the one that is named later takes the next that is free. Of more
    runs than there are colours some share one.
    """
    taken: list[int] = []
    for name in names:
        own = crc32(name.encode("utf-8", "surrogatepass")) % len(_CYCLE)
        turns = ((own + turn) % len(_CYCLE) for turn in range(len(_CYCLE)))
        fewest = min((taken.count(i) for i in range(len(_CYCLE))), default=0)
        taken.append(next(i for i in turns if taken.count(i) == fewest))
    return [_CYCLE[i] for i in taken]
