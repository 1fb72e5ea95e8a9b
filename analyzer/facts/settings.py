"""Facts that the settings tell: optimiser, rates, batch, what is switched on."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from analyzer.run import FloatArray, Run
from analyzer.signals.stats import finite

USUAL_LR: Mapping[str, float] = {
    "sgd": 0.01,
    "rmsprop": 1e-3,
    "adagrad": 0.01,
    "adadelta": 1.0,
    "adam": 1e-3,
    "adamw": 1e-3,
    "nadam": 1e-3,
    "radam": 1e-3,
    "adamax": 2e-3,
    "lion": 1e-4,
}
"""The rate that each optimiser usually bears.

The adaptive ones: the default of their paper and of PyTorch (Adadelta: the 1.0 that text
recognition trainings use; Lion: a tenth of Adam's, as its paper says). SGD with momentum: detector
recipes use 0.007 to 0.02, fine-tuning 0.001 to 0.01, training a classifier from scratch on large
batches up to 0.1; 0.01 is the middle, and rules allow a factor of three or more on either side.
"""


def text(key: str) -> Callable[[Run], str | None]:
    """The fact that is the text under a config key, in lower case."""

    def read(run: Run) -> str | None:
        value = run.config.get(key)
        return value.lower() if isinstance(value, str) and value else None

    return read


def number(key: str) -> Callable[[Run], float | None]:
    """The fact that is the number under a config key."""

    def read(run: Run) -> float | None:
        return asnumber(run.config.get(key))

    return read


def first_number(keys: Sequence[str]) -> Callable[[Run], float | None]:
    """The fact that is the first number under one of several keys."""

    def read(run: Run) -> float | None:
        found = (asnumber(run.config.get(key)) for key in keys)
        return next((value for value in found if value is not None), None)

    return read


def numbers(value: Any) -> list[float]:
    """The numbers in a list, or in a text such as ``30,60``; none where it is neither."""
    if isinstance(value, str):
        value = [_parsed(part) for part in value.strip("[]() ").split(",")]
    items = value if isinstance(value, list | tuple) else [value]
    return [found for item in items if (found := asnumber(item)) is not None]


def _parsed(part: str) -> float | None:
    try:
        return float(part)
    except ValueError:
        return None


def asnumber(value: Any) -> float | None:
    """The value as a finite float; whole numbers in files may be too large for one."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if np.isfinite(number) else None


def _numbers(run: Run, name: str) -> FloatArray:
    """The finite values of a curve, none where it was not logged."""
    curve = run.get(name)
    return np.empty(0) if curve is None else finite(curve)[1]


def lr(run: Run) -> float | None:
    """The base learning rate: what the config says, else the highest one logged, if above 0."""
    written = asnumber(run.config.get("optimizer.lr"))
    if written is not None:
        return written
    y = _numbers(run, "learning_rate")
    return float(np.max(y)) if (y > 0).any() else None


def usual_lr(run: Run) -> float | None:
    """The rate that the run's optimiser usually bears, by ``USUAL_LR``."""
    name = text("optimizer.type")(run)
    return None if name is None else USUAL_LR.get(name.rpartition(".")[2])


def lr_over_usual(run: Run) -> float | None:
    """The base learning rate over the usual one of the run's optimiser."""
    rate, usual = lr(run), usual_lr(run)
    return None if rate is None or usual is None else rate / usual


def lower_lr(run: Run) -> float | None:
    """What to try when the rate is too high: a tenth, or the usual rate where that is less."""
    rate = lr(run)
    return min(0.1 * rate, usual_lr(run) or rate) if rate else None


def careful_lr(run: Run) -> float | None:
    """A tenth of the optimiser's usual rate: what few images, or a whole net being tuned, bear."""
    usual = usual_lr(run)
    return None if usual is None else 0.1 * usual


def higher_lr(run: Run) -> float | None:
    """What to try when the rate is too low: ten times, or the usual rate where that is more."""
    rate = lr(run)
    return None if rate is None else max(10 * rate, usual_lr(run) or 0.0) or None


def effective_batch(run: Run) -> float | None:
    """Batch size times the steps over which gradients are added up, where that is written."""
    batch = asnumber(run.config.get("data.batch_size"))
    steps = asnumber(run.config.get("train.accumulate"))
    return None if batch is None else batch * (steps or 1)


def smaller_batch(run: Run) -> float | None:
    """A quarter of the batch size, at least 1: 2 for a batch of 8."""
    batch = asnumber(run.config.get("data.batch_size"))
    return None if batch is None or batch < 1 else max(1, batch // 4)


def kept_accumulate(run: Run) -> float | None:
    """The steps of accumulation that keep the effective batch with ``smaller_batch``."""
    whole, smaller = effective_batch(run), smaller_batch(run)
    return None if whole is None or smaller is None else math.ceil(whole / smaller)


def amp(run: Run) -> bool | None:
    """Whether the training computes in half precision, of whichever kind."""
    written = run.config.get("train.amp")
    if isinstance(written, bool):
        return written
    precision = text("train.precision")(run)
    return None if precision in (None, "auto") else "16" in str(precision)


def pretrained(run: Run) -> bool | None:
    """Whether training started from pretrained weights; a path counts as yes."""
    value = run.config.get("model.pretrained")
    if isinstance(value, str):
        return value.lower() not in ("", "none", "false", "no")
    return value if isinstance(value, bool) else None


def augmentation(run: Run) -> bool | None:
    """Whether any augmentation is on."""
    settings = {k: v for k, v in run.config.values.items() if k.startswith("augment.")}
    if settings.get("augment.enabled") is False:
        return False
    # An area without blocks, and a range from 1 to 1, change nothing.
    settings.pop("augment.cutout_area", None)
    on = (min(v) != max(v) if isinstance(v, list) and v else bool(v) for v in settings.values())
    return any(on) if settings else None


def clipping(run: Run) -> bool | None:
    """Whether gradients are clipped; a norm of null, 0 or infinity is no clipping."""
    if "train.grad_clip" not in run.config.values:
        return None
    return bool(number("train.grad_clip")(run))
