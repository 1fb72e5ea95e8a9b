"""What is known of a run besides its curves: the second half of the rules' vocabulary.

A fact is a number, a text or a yes/no; None means that the run does not tell. It is never a guess:
a default that the framework would have used counts only if it was written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from analyzer.facts import progress, settings, weights
from analyzer.facts.settings import number, text
from analyzer.run import Run

__all__ = ["FACTS", "Fact", "Kind", "Value"]

Value = float | str | bool
Kind = Literal["number", "text", "yes/no"]


@dataclass(frozen=True)
class Fact:
    """One entry of the vocabulary. ``learn`` says how to let a run tell it."""

    function: Callable[[Run], Value | None]
    says: str
    kind: Kind
    learn: str = ""


_CONFIG = "keep config.yaml beside the logs"
_LR_LOG = "log the learning rate each epoch"
_METRIC_LOG = "log a validation metric each epoch (F1, accuracy, mAP)"
_LOG = "keep the training log beside the metrics"

FACTS: Mapping[str, Fact] = {
    "optimizer": Fact(text("optimizer.type"), "optimiser", "text", _CONFIG),
    "lr": Fact(settings.lr, "base learning rate", "number", _CONFIG),
    "lr_over_usual": Fact(
        settings.lr_over_usual, "learning rate over the optimiser's usual one", "number", _CONFIG
    ),
    "lower_lr": Fact(
        settings.lower_lr, "tenth of it, or the optimiser's usual rate", "number", _CONFIG
    ),
    "higher_lr": Fact(
        settings.higher_lr, "tenfold, or the optimiser's usual rate", "number", _CONFIG
    ),
    "lr_end_share": Fact(
        settings.lr_end_share, "last learning rate over the highest one", "number", _LR_LOG
    ),
    "warmup_share": Fact(
        settings.warmup_share, "share of the run spent on warm-up", "number", _LR_LOG
    ),
    "scheduler": Fact(text("scheduler.type"), "learning rate schedule", "text", _CONFIG),
    "batch_size": Fact(number("data.batch_size"), "batch size", "number", _CONFIG),
    "effective_batch": Fact(
        settings.effective_batch, "samples for each update of the weights", "number", _CONFIG
    ),
    "weight_decay": Fact(number("optimizer.weight_decay"), "weight decay", "number", _CONFIG),
    "clipping": Fact(settings.clipping, "gradient clipping", "yes/no", _CONFIG),
    "precision": Fact(text("train.precision"), "number format of the training", "text", _CONFIG),
    "pretrained": Fact(settings.pretrained, "pretrained weights", "yes/no", _CONFIG),
    "augmentation": Fact(settings.augmentation, "augmentation", "yes/no", _CONFIG),
    "monitor_reversed": Fact(
        settings.monitor_reversed, "monitored value in the wrong direction", "yes/no", _CONFIG
    ),
    "monitors_other": Fact(
        settings.monitors_other, "best checkpoint chosen by another value", "yes/no", _CONFIG
    ),
    "epochs": Fact(progress.epochs, "epochs done", "number"),
    "planned_epochs": Fact(progress.planned_epochs, "planned epochs", "number", _CONFIG),
    "missing": Fact(
        progress.missing, "planned epochs or steps that were not done", "number", _CONFIG
    ),
    "progress": Fact(progress.progress, "progress", "text", _CONFIG),
    "epoch_seconds": Fact(
        progress.epoch_seconds, "seconds for an epoch", "number", "log the time of each epoch"
    ),
    "ended": Fact(progress.ended, "run is over", "yes/no", "write how the run ended"),
    "status": Fact(progress.status, "status of the run", "text"),
    "test_images": Fact(
        progress.test_images,
        "validation samples",
        "number",
        "log the number of validation samples",
    ),
    "test_size_known": Fact(
        progress.test_size_known, "number of validation samples is known", "yes/no"
    ),
    "logs_val_loss": Fact(progress.logs_val_loss, "validation loss was logged", "yes/no"),
    "validated": Fact(progress.validated, "run was validated", "yes/no"),
    "best_epoch": Fact(progress.best_epoch, "epoch of the best metric", "number", _METRIC_LOG),
    "best_metric": Fact(progress.best_metric, "best metric", "number", _METRIC_LOG),
    "best_checkpoint_epoch": Fact(
        weights.best_checkpoint_epoch,
        "epoch in the best checkpoint",
        "number",
        "log which epoch the best checkpoint holds",
    ),
    "best_checkpoint_confidence": Fact(
        weights.best_checkpoint_confidence, "certainty about the best checkpoint", "number"
    ),
    "right_mode": Fact(settings.right_mode, "direction of the monitored value", "text", _CONFIG),
    "patience_over": Fact(progress.patience_over, "early stopping was due", "yes/no", _CONFIG),
    "saves": Fact(weights.saves, "what became of the weights", "text"),
    "resume_command": Fact(weights.resume_command, "command that resumes", "text"),
    "train_images": Fact(progress.train_images, "training samples", "number"),
    "save_logged": Fact(weights.save_logged, "a save was logged or indexed", "yes/no", _LOG),
    "weights_present": Fact(weights.weights_present, "saved weights are still there", "yes/no"),
}
