"""Facts of the learning rate's course and of the length of the run: warm-up, decay, milestones."""

from __future__ import annotations

import math

import numpy as np

from analyzer.facts import plan
from analyzer.facts.settings import effective_batch, number
from analyzer.names import STEP_SUFFIX
from analyzer.run import Axis, FloatArray, Run, Series
from analyzer.signals.stats import finite

FULL = 0.99
"""A rate within 1 % of the highest one counts as full."""

DEAD = 1e-3
"""A rate below a thousandth of the highest one moves nothing any more."""

SAME = 1e-6
"""Rates that differ by less than this share are one and the same."""


UPDATES = ("workdir",)
"""Formats whose steps are updates of the weights, however many batches make one."""


def steps_per_epoch(run: Run) -> float | None:
    """Steps in an epoch: by the planned lengths, else by the images and the batch."""
    if run.planned_steps and run.planned_epochs:
        return run.planned_steps / run.planned_epochs
    images = run.samples.get("train")
    batch = effective_batch(run) if run.format in UPDATES else number("data.batch_size")(run)
    if images and batch and batch >= 1:
        return float(math.ceil(images / batch))
    return None


def rate_curve(run: Run) -> Series | None:
    """The finest curve of the learning rate that holds a number."""
    for name in ("learning_rate" + STEP_SUFFIX, "learning_rate"):
        curve = run.series.get(name)
        if curve is not None and curve.finite.any():
            return curve
    return None


def _rates(run: Run) -> FloatArray:
    """The learning rates that were logged, at least two of them and one above 0; else none."""
    curve = rate_curve(run)
    y = np.empty(0) if curve is None else finite(curve)[1]
    return y if len(y) > 1 and y.max() > 0 else np.empty(0)


def _warm(y: FloatArray) -> int:
    """Where a warm-up ended: at the first height of the rate, the one before it first fell.

    A later stage at a higher rate is no warm-up of the first.
    """
    height = int(np.argmax(y >= FULL * y.max()))
    falls = np.flatnonzero(y[1 : height + 1] < FULL * np.maximum.accumulate(y)[:height])
    if len(falls) == 0:
        return height
    rise = y[: falls[0] + 1]
    return int(np.argmax(rise >= FULL * rise.max()))


def warmup_end(run: Run) -> tuple[Axis, float] | None:
    """Where the warm-up ended: by the curve of the learning rate, else as the config says."""
    y = _rates(run)
    curve = rate_curve(run)
    if len(y) and curve is not None:
        at = _warm(y)
        return curve.axis, float(finite(curve)[0][at]) if at else 0.0
    epochs = number("scheduler.warmup_epochs")(run)
    if epochs is not None:
        return "epoch", epochs
    steps = number("scheduler.warmup_steps")(run)
    return None if steps is None else ("step", steps)


def warmup_share(run: Run) -> float | None:
    """The share of the run before the learning rate first reached its height (``_warm``)."""
    y = _rates(run)
    if len(y):
        return _warm(y) / len(y)
    end = warmup_end(run)
    if end is None:
        return None
    total = planned_on(run, end[0])
    return min(1.0, end[1] / total) if total else None


def planned_on(run: Run, axis: Axis) -> float | None:
    """The planned length of the run in epochs or in steps."""
    planned = run.planned_epochs if axis == "epoch" else run.planned_steps
    if planned:
        return planned
    other = run.planned_steps if axis == "epoch" else run.planned_epochs
    per_epoch = steps_per_epoch(run)
    if not other or not per_epoch:
        return None
    return other / per_epoch if axis == "epoch" else other * per_epoch


def lr_end_share(run: Run) -> float | None:
    """The last learning rate logged over the highest one."""
    y = _rates(run)
    return float(y[-1] / y.max()) if len(y) else None


def lr_constant(run: Run) -> bool | None:
    """Whether the learning rate was the same at each logged point after the warm-up."""
    y = _rates(run)
    full = y[_warm(y) :] if len(y) else y
    return bool(full.max() - full.min() <= SAME * full.max()) if len(full) > 1 else None


def lr_dead_share(run: Run) -> float | None:
    """The share of the run, at its end, in which the rate was below a thousandth of its height."""
    y = _rates(run)
    if len(y) == 0:
        return None
    alive = np.flatnonzero(y > DEAD * y.max())
    return float((len(y) - 1 - alive[-1]) / len(y))


def decay_share(run: Run) -> float | None:
    """Where the first step of the schedule comes, as a share of the planned length."""
    return _of_plan(plan.first_decay(run), run)


def period_share(run: Run) -> float | None:
    """Where a smooth schedule is laid out to end, as a share of the planned length."""
    return _of_plan(plan.period(run), run)


def _of_plan(point: plan.Point | None, run: Run) -> float | None:
    total = None if point is None else planned_on(run, point[0])
    return point[1] / total if point is not None and total else None
