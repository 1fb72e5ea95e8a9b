"""Facts from a sweep of thresholds: what others than those that are set would have given."""

from __future__ import annotations

from collections.abc import Callable

from analyzer.run import Run
from analyzer.signals.stats import finite


def _last(run: Run, name: str) -> float | None:
    curve = run.series.get(name)
    if curve is None or not curve.finite.any():
        return None
    return float(finite(curve)[1][-1])


def threshold_gain(run: Run) -> float | None:
    """How much higher the last F1 would have been at the best thresholds."""
    best, f1 = _last(run, "val_best_f1"), _last(run, "val_f1")
    return None if best is None or f1 is None else best - f1


def swept(name: str) -> Callable[[Run], float | None]:
    """The threshold that gave the best F1 at the last validation."""
    return lambda run: _last(run, name)
