"""Facts of where the time goes: shares of waiting, validating and saving, seconds per step."""

from __future__ import annotations

from datetime import datetime
from itertools import pairwise

import numpy as np

from analyzer.names import STEP_SUFFIX
from analyzer.run import Run
from analyzer.signals.pair import align
from analyzer.signals.stats import finite, median

INSIDE = ("workdir",)
"""Formats whose epoch times take in validating and saving."""


def data_share(run: Run) -> float | None:
    """The median share of a step that waits for data; a step's time takes that in."""
    for suffix in (STEP_SUFFIX, ""):
        waiting = run.series.get("data_time" + suffix)
        step = run.series.get("step_time" + suffix)
        if waiting is not None and step is not None and waiting.axis == step.axis:
            one, whole = align(waiting, step)
            usable = whole.y > 0
            if usable.any():
                return median(one.y[usable] / whole.y[usable])
    return None


def overhead_share(run: Run) -> float | None:
    """The share of the epochs' time that validating and saving take."""
    epoch = _total(run, "epoch_time")
    extra = [_total(run, name) for name in ("val_time", "checkpoint_time")]
    known = [seconds for seconds in extra if seconds is not None]
    if epoch is None or not known or epoch <= 0:
        return None
    whole = epoch if run.format in INSIDE else epoch + sum(known)
    return sum(known) / whole


def _total(run: Run, name: str) -> float | None:
    curve = run.series.get(name)
    if curve is None or curve.axis != "epoch" or not curve.finite.any():
        return None
    return float(np.mean(finite(curve)[1]))


def step_seconds(run: Run) -> float | None:
    """Seconds for a step: the median logged."""
    for name in ("step_time" + STEP_SUFFIX, "step_time"):
        curve = run.series.get(name)
        if curve is not None and curve.finite.any():
            return median(finite(curve)[1])
    return None


def epoch_seconds(run: Run) -> float | None:
    """Seconds for an epoch: the median logged, else from the time stamps of the run's epochs."""
    curve = run.get("epoch_time")
    if curve is not None and curve.finite.any():
        return median(finite(curve)[1])
    starts = [event.time for event in run.events if event.kind == "header" and event.time]
    if len(starts) > 2:
        steps = [_seconds(a, b) for a, b in pairwise(starts)]
        return float(np.median(steps))
    if run.started and run.ended and run.epochs_done:
        return _seconds(run.started, run.ended) / run.epochs_done
    return None


def usual_pause(run: Run) -> float | None:
    """Seconds that may pass between two signs of life while all is well.

    Where steps are logged that is what the steps between two records take, and the longest
    validation and save; else the longest epoch.
    """
    epoch = _longest(run, "epoch_time") or epoch_seconds(run)
    step = step_seconds(run)
    between = _steps_between(run)
    if step is None or between is None:
        return epoch
    breaks = [_longest(run, name) for name in ("val_time", "checkpoint_time")]
    if all(seconds is None for seconds in breaks) and epoch is not None:
        return epoch
    return step * between + sum(seconds or 0.0 for seconds in breaks)


def _steps_between(run: Run) -> float | None:
    """Steps between the last two records of the training loss by step."""
    for name in ("train_loss" + STEP_SUFFIX, "train_loss"):
        curve = run.series.get(name)
        if curve is not None and curve.axis == "step" and len(curve) > 1:
            return float(curve.x[-1] - curve.x[-2])
    return None


def _longest(run: Run, name: str) -> float | None:
    curve = run.series.get(name)
    return float(np.max(finite(curve)[1])) if curve is not None and curve.finite.any() else None


def silence(run: Run) -> float | None:
    """Seconds that a run which goes on had written nothing when it was read."""
    return run.silent


def waited(run: Run) -> float | None:
    """Seconds from the start without any logged value, until the last sign of life or until now.

    The learning rate at the head of an epoch is no sign of progress. None where other values were
    logged, or where the times are not known.
    """
    if any(len(curve) for name, curve in run.series.items() if name != "learning_rate"):
        return None
    if run.started is None:
        return run.silent
    if run.ended is None:
        return None
    return max(0.0, _seconds(run.started, run.ended)) + (run.silent or 0.0)


def _seconds(start: datetime, end: datetime) -> float:
    """Seconds between two local times, with zone or without."""
    return (end.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds()
