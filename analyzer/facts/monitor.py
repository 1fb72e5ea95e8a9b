"""Facts of the value by which the best checkpoint is chosen."""

from __future__ import annotations

import numpy as np

from analyzer.facts.settings import text
from analyzer.run import Run
from analyzer.signals.stats import finite

LEAST = 5
"""Evaluations from which on a value that never moves is a constant."""


def monitor(run: Run) -> str | None:
    """The name of the monitored value, as the config says."""
    return text("checkpoint.monitor")(run)


def right_mode(run: Run) -> str | None:
    """The direction, min or max, that the monitored value has to be followed in."""
    name = monitor(run)
    return None if name is None else "min" if "loss" in name else "max"


def monitor_reversed(run: Run) -> bool | None:
    """Whether the config asks for the wrong direction of the monitored value."""
    mode, right = text("checkpoint.mode")(run), right_mode(run)
    return None if right is None or mode not in ("min", "max") else mode != right


def monitors_other(run: Run) -> bool | None:
    """Whether the best checkpoint is chosen by another value than the main metric."""
    name = monitor(run)
    return None if name is None or run.main_metric is None else name != run.main_metric


def monitor_logged(run: Run) -> bool | None:
    """Whether the monitored value is among the logged ones; unknown for a foreign spelling."""
    name = monitor(run)
    if name is None:
        return None
    if name in run.series:
        return True
    return False if name.startswith(("val_", "train_")) else None


def monitor_constant(run: Run) -> bool | None:
    """Whether the monitored value was the same at every one of at least five evaluations."""
    curve = run.series.get(monitor(run) or "")
    y = np.empty(0) if curve is None else finite(curve)[1]
    return bool((y == y[0]).all()) if len(y) >= LEAST else None
