"""Facts of the value by which the best checkpoint is chosen."""

from __future__ import annotations

import re

import numpy as np

from analyzer.facts.settings import text
from analyzer.names import RATES
from analyzer.run import Run
from analyzer.signals.stats import finite

LEAST = 5
"""Evaluations from which on a value that never moves is a constant."""


LESS_IS_BETTER = frozenset(
    {"error", "err", "cer", "wer", "mae", "mse", "rmse", "ppl", "perplexity", "fid", "nme"}
)
MORE_IS_BETTER = frozenset(
    {"acc", "accuracy", "f1", "fscore", "hmean", "precision", "recall", "iou", "miou", "map"}
    | {"ap", "auc", "dice", "psnr", "ssim", "bleu", "pck", "top1", "top5"}
)
"""Words in the name of a value that tell its good direction."""

_WORDS = re.compile(r"[a-z0-9]+")


def monitor(run: Run) -> str | None:
    """The name of the monitored value, spelled as the run logs it where it does."""
    name = text("checkpoint.monitor")(run)
    if name is None:
        return None
    return next((logged for logged in run.series if logged.lower() == name), name)


def right_mode(run: Run) -> str | None:
    """The direction, min or max, that the monitored value has to be followed in.

    By the words of its name; the direction of the main metric if it is that; else not known.
    """
    name = monitor(run)
    if name is None:
        return None
    words = set(_WORDS.findall(name.lower()))
    words |= {word.rstrip("0123456789") for word in words}
    if "loss" in name.lower() or words & LESS_IS_BETTER:
        return "min"
    if name in RATES or words & MORE_IS_BETTER:
        return "max"
    return ("max" if run.higher_is_better else "min") if name == run.main_metric else None


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
