"""Hits, misses and false alarms, and what they come to, as a calm table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import isnan, nan, sqrt

Z95 = 1.959964
"""The 97.5 % point of the normal distribution: what a 95 % interval is made of."""

HEAD = ("hits", "missed", "false", "precision", "recall")


@dataclass(frozen=True)
class Counts:
    """Hits, misses and false alarms. They are fractions where runs are weighted."""

    hits: float = 0
    misses: float = 0
    false: float = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.hits + other.hits, self.misses + other.misses, self.false + other.false)

    def times(self, weight: float) -> Counts:
        """The same, each counted ``weight`` times."""
        return Counts(self.hits * weight, self.misses * weight, self.false * weight)

    @property
    def precision(self) -> float:
        """Share of what was said that is right; NaN where nothing was said."""
        return _share(self.hits, self.hits + self.false)

    @property
    def recall(self) -> float:
        """Share of what is there that was said; NaN where nothing is there."""
        return _share(self.hits, self.hits + self.misses)

    @property
    def f1(self) -> float:
        """Harmonic mean of both; NaN where there was nothing to say and nothing was said."""
        return _share(2 * self.hits, 2 * self.hits + self.misses + self.false)


HIT, MISS, FALSE = Counts(hits=1), Counts(misses=1), Counts(false=1)


def total(counts: Iterable[Counts]) -> Counts:
    """All of them together."""
    return sum(counts, Counts())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else nan


def wilson(successes: float, trials: float) -> tuple[float, float]:
    """The 95 % interval of a rate (Wilson 1927), (0, 1) without a trial.

    Unlike the usual p +- 2 standard errors it stays inside 0 to 1 and has a width at 0 and 1.
    """
    if not trials:
        return 0.0, 1.0
    rate, square = successes / trials, Z95 * Z95
    middle = rate + square / (2 * trials)
    half = Z95 * sqrt((rate * (1 - rate) + square / (4 * trials)) / trials)
    scale = 1 + square / trials
    return max(0.0, (middle - half) / scale), min(1.0, (middle + half) / scale)


def row(name: str, counts: Counts) -> tuple[str, ...]:
    """One line of a table: counts, and both rates with their intervals."""
    said, there = counts.hits + counts.false, counts.hits + counts.misses
    return (
        name,
        *(f"{n:.0f}" for n in (counts.hits, counts.misses, counts.false)),
        _rate(counts.precision, said),
        _rate(counts.recall, there),
    )


def _rate(rate: float, trials: float) -> str:
    if isnan(rate):
        return "-".ljust(len("0.00 (0.00 to 0.00)"))
    low, high = wilson(rate * trials, trials)
    return f"{rate:.2f} ({low:.2f} to {high:.2f})"


def table(title: str, rows: Mapping[str, Counts]) -> str:
    """A table of counts under its title, aligned."""
    return aligned([(title, *HEAD), *(row(name, counts) for name, counts in rows.items())])


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(len(cells[i]) for cells in rows) for i in range(len(rows[0]))]
    lines = (
        "  ".join([cells[0].ljust(widths[0]), *map(str.rjust, cells[1:], widths[1:])])
        for cells in rows
    )
    return "\n".join(line.rstrip() for line in lines)
