"""What was collected from the printed lines of one file."""

from __future__ import annotations

from dataclasses import dataclass, field

from analyzer.reading.tables import Column
from analyzer.run import FloatArray, IntArray, LogEvent

MOST_BARS = 300
MOST_DIGITS = 16
STATES = 4096
"""So many states of one line, overwritten one after the other, keep their order."""


def order_of(line: int, state: int = 0) -> int:
    """A number by which lines, and the states of one line, are sorted."""
    return line * STATES + min(state, STATES - 1)


@dataclass
class Chunk:
    """Lines of one shape: ``line`` (n,) as ``order_of`` says; counters (n,), None if not printed.

    ``said`` names the series whose data (training or validation) the line itself says. Of lines
    that are ``progress`` only the last state of each epoch counts. ``fraction`` epochs say how
    much was trained. ``totals`` are the counts of samples that a rate was computed from.
    """

    line: IntArray
    epoch: FloatArray | None = None
    epochs: FloatArray | None = None
    step: FloatArray | None = None
    steps: FloatArray | None = None
    columns: dict[str, Column] = field(default_factory=dict)
    progress: bool = False
    fraction: bool = False
    said: set[str] = field(default_factory=set)
    totals: dict[str, float] = field(default_factory=dict)


@dataclass
class Printed:
    """All that one file prints."""

    chunks: list[Chunk] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    _bars: dict[bytes, float] = field(default_factory=dict)

    def bar(self, total: bytes, elapsed: float) -> None:
        """Note a progress bar without a name: its total, and the seconds since it began."""
        if total in self._bars or len(self._bars) < MOST_BARS:
            self._bars[total] = max(self._bars.get(total, 0.0), elapsed)

    def longest_bar(self) -> int | None:
        """The total of the bar that ran longest: that of the training."""
        totals = {
            int(text): time
            for text, time in self._bars.items()
            if text.isdigit() and len(text) < MOST_DIGITS
        }
        return max(totals, key=lambda total: (totals[total], total), default=None)
