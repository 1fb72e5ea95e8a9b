"""What is known of a run besides its curves.

A fact is a number, a text or a yes/no; None means that the run does not tell. It is never a guess:
a default that the framework would have used counts only if it was written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from analyzer.run import FloatArray, Run, Series, Status
from analyzer.signals.stats import best_index, finite

Value = float | str | bool
Kind = Literal["number", "text", "yes/no"]

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


@dataclass(frozen=True)
class Fact:
    """One entry of the vocabulary. ``learn`` says how to let a run tell it."""

    function: Callable[[Run], Value | None]
    says: str
    kind: Kind
    learn: str = ""


def _text(key: str) -> Callable[[Run], str | None]:
    def read(run: Run) -> str | None:
        value = run.config.get(key)
        return value.lower() if isinstance(value, str) and value else None

    return read


def _number(key: str) -> Callable[[Run], float | None]:
    def read(run: Run) -> float | None:
        return _as_number(run.config.get(key))

    return read


def _as_number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number and np.isfinite(value) else None


def _numbers(run: Run, name: str) -> FloatArray:
    """The finite values of a curve, none where it was not logged."""
    curve = run.get(name)
    return np.empty(0) if curve is None else finite(curve)[1]


def lr(run: Run) -> float | None:
    """The base learning rate: what the config says, else the highest one logged."""
    written = _as_number(run.config.get("optimizer.lr"))
    if written is not None:
        return written
    y = _numbers(run, "learning_rate")
    return float(np.max(y)) if len(y) else None


def lr_over_usual(run: Run) -> float | None:
    """The base learning rate over ``USUAL_LR`` of the run's optimiser."""
    rate, name = lr(run), _text("optimizer.type")(run)
    usual = USUAL_LR.get(name.rpartition(".")[2]) if name is not None else None
    return None if rate is None or usual is None else rate / usual


def lr_end_share(run: Run) -> float | None:
    """The last learning rate logged over the highest one."""
    y = _numbers(run, "learning_rate")
    return float(y[-1] / np.max(y)) if len(y) > 1 and np.max(y) > 0 else None


def warmup_share(run: Run) -> float | None:
    """The share of the logged points before the learning rate first reached its height."""
    y = _numbers(run, "learning_rate")
    return float(np.argmax(y >= 0.99 * np.max(y)) / len(y)) if len(y) > 1 else None


def effective_batch(run: Run) -> float | None:
    """Batch size times the steps over which gradients are added up, where that is written."""
    batch = _as_number(run.config.get("data.batch_size"))
    steps = _as_number(run.config.get("train.accumulate"))
    return None if batch is None else batch * (steps or 1)


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
    return bool(_number("train.grad_clip")(run))


def epochs(run: Run) -> float:
    """The last epoch that ended."""
    return run.epochs_done


def planned_epochs(run: Run) -> float | None:
    """The number of epochs that the run was to have."""
    return run.planned_epochs or None


def epochs_missing(run: Run) -> float | None:
    """Planned epochs that did not end."""
    return None if not run.planned_epochs else max(0, run.planned_epochs - run.epochs_done)


def ended(run: Run) -> bool | None:
    """Whether the run is over; unknown where nothing on disk says it."""
    return None if run.status is Status.UNKNOWN else run.status is not Status.RUNNING


def status(run: Run) -> str:
    """How the run stands: the words of ``Status``."""
    return run.status.value


def test_images(run: Run) -> float | None:
    """The number of samples that the validation metrics were computed from."""
    return run.samples.get("val")


def train_images(run: Run) -> float | None:
    """The number of training samples."""
    return run.samples.get("train")


def metric_curve(run: Run) -> Series | None:
    """The main metric's curve if it holds a number."""
    curve = run.get("metric")
    return curve if curve is not None and curve.finite.any() else None


def best_epoch(run: Run) -> float | None:
    """Where the main metric was first at its best; epochs only."""
    curve = metric_curve(run)
    if curve is None or curve.axis != "epoch":
        return None
    x, y, _ = finite(curve)
    return float(x[best_index(y, run.higher_is_better)])


def best_metric(run: Run) -> float | None:
    """The best value of the main metric."""
    curve = metric_curve(run)
    if curve is None:
        return None
    y = finite(curve)[1]
    return float(y[best_index(y, run.higher_is_better)])


def best_checkpoint_epoch(run: Run) -> float | None:
    """The epoch that the best checkpoint holds."""
    return None if run.best_checkpoint is None else run.best_checkpoint.epoch


def epoch_seconds(run: Run) -> float | None:
    """Seconds for an epoch: the median logged, else from the time stamps of the run's epochs."""
    curve = run.get("epoch_time")
    if curve is not None and curve.finite.any():
        return float(np.median(finite(curve)[1]))
    starts = [event.time for event in run.events if event.kind == "header" and event.time]
    if len(starts) > 2:
        steps = [_seconds(a, b) for a, b in pairwise(starts)]
        return float(np.median(steps))
    if run.started and run.ended and run.epochs_done:
        return _seconds(run.started, run.ended) / run.epochs_done
    return None


def _seconds(start: datetime, end: datetime) -> float:
    """Seconds between two local times, with zone or without."""
    return (end.replace(tzinfo=None) - start.replace(tzinfo=None)).total_seconds()


def save_logged(run: Run) -> bool | None:
    """Whether a save was logged or indexed, or a weight file is there; unknown without a log."""
    if run.checkpoints or any(event.kind in ("saved", "best") for event in run.events):
        return True
    return False if run.events else None


def weights_present(run: Run) -> bool | None:
    """Whether any weight file that was saved is still there."""
    kept = [checkpoint for checkpoint in run.checkpoints if not checkpoint.removed]
    return any(checkpoint.exists for checkpoint in kept) if kept else None


def saves(run: Run) -> str | None:
    """What is known of weight files, in words, when none of them is there."""
    if save_logged(run) is False:
        return "no save was ever logged and no weight file is there"
    if weights_present(run) is False:
        count = len({checkpoint.file for checkpoint in run.checkpoints})
        return f"none of the {count} weight files that were saved is in this folder"
    return None


def best_checkpoint_confidence(run: Run) -> float | None:
    """How sure it is which epoch the best checkpoint holds, 0..1."""
    return None if run.best_checkpoint is None else run.best_checkpoint.confidence


def right_mode(run: Run) -> str | None:
    """The direction, min or max, that the monitored value has to be followed in."""
    monitor = _text("checkpoint.monitor")(run)
    return None if monitor is None else "min" if "loss" in monitor else "max"


def patience_over(run: Run) -> bool | None:
    """Whether early stopping explains the end: no better epoch for as many as the patience."""
    patience, best = _number("train.patience")(run), best_epoch(run)
    if not patience or best is None:
        return None
    return run.epochs_done - best >= patience


def monitor_reversed(run: Run) -> bool | None:
    """Whether the config asks for the wrong direction of the monitored value."""
    mode, right = _text("checkpoint.mode")(run), right_mode(run)
    return None if right is None or mode not in ("min", "max") else mode != right


def monitors_other(run: Run) -> bool | None:
    """Whether the best checkpoint is chosen by another value than the main metric."""
    monitor = _text("checkpoint.monitor")(run)
    return None if monitor is None or run.main_metric is None else monitor != run.main_metric


_CONFIG = "keep config.yaml beside the logs"
_LR_LOG = "log the learning rate each epoch"
_METRIC_LOG = "log a validation metric each epoch (F1, accuracy, mAP)"
_LOG = "keep the training log beside the metrics"

FACTS: Mapping[str, Fact] = {
    "optimizer": Fact(_text("optimizer.type"), "optimiser", "text", _CONFIG),
    "lr": Fact(lr, "base learning rate", "number", _CONFIG),
    "lr_over_usual": Fact(
        lr_over_usual, "learning rate over the optimiser's usual one", "number", _CONFIG
    ),
    "lr_end_share": Fact(
        lr_end_share, "last learning rate over the highest one", "number", _LR_LOG
    ),
    "warmup_share": Fact(warmup_share, "share of the run spent on warm-up", "number", _LR_LOG),
    "scheduler": Fact(_text("scheduler.type"), "learning rate schedule", "text", _CONFIG),
    "batch_size": Fact(_number("data.batch_size"), "batch size", "number", _CONFIG),
    "effective_batch": Fact(
        effective_batch, "samples for each update of the weights", "number", _CONFIG
    ),
    "weight_decay": Fact(_number("optimizer.weight_decay"), "weight decay", "number", _CONFIG),
    "clipping": Fact(clipping, "gradient clipping", "yes/no", _CONFIG),
    "precision": Fact(_text("train.precision"), "number format of the training", "text", _CONFIG),
    "pretrained": Fact(pretrained, "pretrained weights", "yes/no", _CONFIG),
    "augmentation": Fact(augmentation, "augmentation", "yes/no", _CONFIG),
    "monitor_reversed": Fact(
        monitor_reversed, "monitored value in the wrong direction", "yes/no", _CONFIG
    ),
    "monitors_other": Fact(
        monitors_other, "best checkpoint chosen by another value", "yes/no", _CONFIG
    ),
    "epochs": Fact(epochs, "epochs done", "number"),
    "planned_epochs": Fact(planned_epochs, "planned epochs", "number", _CONFIG),
    "epochs_missing": Fact(epochs_missing, "planned epochs that did not end", "number", _CONFIG),
    "epoch_seconds": Fact(
        epoch_seconds, "seconds for an epoch", "number", "log the time of each epoch"
    ),
    "ended": Fact(ended, "run is over", "yes/no", "write how the run ended"),
    "status": Fact(status, "status of the run", "text"),
    "test_images": Fact(
        test_images, "validation samples", "number", "log the number of validation samples"
    ),
    "best_epoch": Fact(best_epoch, "epoch of the best metric", "number", _METRIC_LOG),
    "best_metric": Fact(best_metric, "best metric", "number", _METRIC_LOG),
    "best_checkpoint_epoch": Fact(
        best_checkpoint_epoch,
        "epoch in the best checkpoint",
        "number",
        "log which epoch the best checkpoint holds",
    ),
    "best_checkpoint_confidence": Fact(
        best_checkpoint_confidence, "certainty about the best checkpoint", "number"
    ),
    "right_mode": Fact(right_mode, "direction of the monitored value", "text", _CONFIG),
    "patience_over": Fact(patience_over, "early stopping was due", "yes/no", _CONFIG),
    "saves": Fact(saves, "what became of the weights", "text"),
    "train_images": Fact(train_images, "training samples", "number"),
    "save_logged": Fact(save_logged, "a save was logged or indexed", "yes/no", _LOG),
    "weights_present": Fact(weights_present, "saved weights are still there", "yes/no"),
}
