"""How long the parts of a step take, by the clock of the device that does the work."""

from __future__ import annotations

import time

import torch

Mark = float | torch.cuda.Event


class Laps:
    """Times of the parts of one step.

    A GPU works behind the program that gives it orders, so there the marks are events in its own
    queue; they are read after the step, when the program waits for its numbers anyway.
    """

    def __init__(self, device: torch.device) -> None:
        self._on_gpu = device.type == "cuda"
        self._last = self._now()
        self._laps: list[tuple[str, Mark, Mark]] = []

    def lap(self, name: str) -> None:
        """All since the mark before was ``name``; laps of one name add up."""
        now = self._now()
        self._laps.append((name, self._last, now))
        self._last = now

    def read(self) -> dict[str, float]:
        """Seconds by name; a GPU must have reached the last mark."""
        found: dict[str, float] = {}
        for name, begin, end in self._laps:
            found[name] = found.get(name, 0.0) + _seconds(begin, end)
        return found

    def _now(self) -> Mark:
        if not self._on_gpu:
            return time.perf_counter()
        event = torch.cuda.Event(enable_timing=True)
        event.record()
        return event


def _seconds(begin: Mark, end: Mark) -> float:
    if isinstance(begin, float) or isinstance(end, float):
        return float(end) - float(begin)  # type: ignore[arg-type]
    return float(begin.elapsed_time(end)) / 1000
