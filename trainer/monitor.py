"""A value that is watched from epoch to epoch: which is the best, and for how long none was."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace


def beats(value: float | None, best: float | None, mode: str, by: float = 0.0) -> bool:
    """Whether ``value`` is better than ``best`` by more than ``by``; ``mode`` is max or min.

    NaN, inf and a value that was not logged never are, a tie neither. Anything finite beats None.
    """
    if value is None or not math.isfinite(value):
        return False
    if best is None:
        return True
    return value > best + by if mode == "max" else value < best - by


@dataclass(frozen=True)
class Watch:
    """The best value so far, and how many epochs have passed since."""

    best: float | None = None
    waited: int = 0

    def after(self, value: float | None, mode: str, by: float = 0.0) -> Watch:
        """The watch when one more epoch has brought ``value``; see ``beats``."""
        if beats(value, self.best, mode, by):
            return Watch(value)
        return replace(self, waited=self.waited + 1)
