"""What is known of a run besides its curves: the second half of the rules' vocabulary.

A fact is a number, a text or a yes/no; None means that the run does not tell. It is never a guess:
a default that the framework would have used counts only if it was written down.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from analyzer.facts import (
    data,
    monitor,
    parts,
    progress,
    schedule,
    settings,
    stages,
    sweep,
    timing,
    weights,
)
from analyzer.facts.settings import first_number, number, text
from analyzer.run import Run

__all__ = ["DATA_FACTS", "FACTS", "SETTINGS_LEARN", "Fact", "Kind", "Value"]

DATA_FACTS = data.SAYS
"""The facts about data sets; those of runs are all others."""

Value = float | str | bool
Kind = Literal["number", "text", "yes/no"]


@dataclass(frozen=True)
class Fact:
    """One entry of the vocabulary. ``learn`` says how to let a run tell it."""

    function: Callable[[Run], Value | None]
    says: str
    kind: Kind
    learn: str = ""


SETTINGS_LEARN = _CONFIG = "keep the settings (config file or command line) beside the logs"
_LR_LOG = "log the learning rate each epoch"
_METRIC_LOG = "log a validation metric each epoch (F1, accuracy, mAP)"
_SWEEP = "log the best F1 of a sweep of thresholds, and those thresholds"
_STEP_LOG = "log data_time and step_time"
_LOG = "keep the training log beside the metrics"
_PREFLIGHT = "check the data set before training (python -m analyzer dataset DIR)"

FACTS: Mapping[str, Fact] = {
    # learning rate
    "optimizer": Fact(text("optimizer.type"), "optimiser", "text", _CONFIG),
    "lr": Fact(settings.lr, "base learning rate", "number", _CONFIG),
    "usual_lr": Fact(settings.usual_lr, "usual rate of the optimiser", "number", _CONFIG),
    "lr_over_usual": Fact(
        settings.lr_over_usual,
        "learning rate in units of the optimiser's usual one",
        "number",
        _CONFIG,
    ),
    "lower_lr": Fact(
        settings.lower_lr,
        "a tenth of it, or the optimiser's usual rate where that is less",
        "number",
        _CONFIG,
    ),
    "higher_lr": Fact(
        settings.higher_lr,
        "ten times it, or the optimiser's usual rate where that is more",
        "number",
        _CONFIG,
    ),
    "careful_lr": Fact(
        settings.careful_lr, "a tenth of the optimiser's usual rate", "number", _CONFIG
    ),
    "weight_decay": Fact(number("optimizer.weight_decay"), "weight decay", "number", _CONFIG),
    # schedule
    "scheduler": Fact(text("scheduler.type"), "learning rate schedule", "text", _CONFIG),
    "warmup_share": Fact(
        schedule.warmup_share, "share of the run spent on warm-up", "number", _LR_LOG
    ),
    "lr_end_share": Fact(
        schedule.lr_end_share,
        "last learning rate as a share of the highest one",
        "number",
        _LR_LOG,
    ),
    "lr_constant": Fact(schedule.lr_constant, "learning rate never changed", "yes/no", _LR_LOG),
    "lr_dead_share": Fact(
        schedule.lr_dead_share, "share of the run at a rate of next to nothing", "number", _LR_LOG
    ),
    "decay_share": Fact(
        schedule.decay_share, "first decay as a share of the planned length", "number", _CONFIG
    ),
    "period_share": Fact(
        schedule.period_share,
        "length of the schedule as a share of the planned one",
        "number",
        _CONFIG,
    ),
    # length
    "epochs": Fact(progress.epochs, "epochs done", "number"),
    "planned_epochs": Fact(progress.planned_epochs, "planned epochs", "number", _CONFIG),
    "missing": Fact(
        progress.missing, "planned epochs or steps that were not done", "number", _CONFIG
    ),
    "progress": Fact(progress.progress, "progress", "text", _CONFIG),
    "ending": Fact(progress.ending, "how the run ended", "text"),
    "steps": Fact(progress.steps, "steps done", "number"),
    "planned_steps": Fact(progress.planned_steps, "planned steps", "number", _CONFIG),
    "steps_per_epoch": Fact(schedule.steps_per_epoch, "steps in an epoch", "number", _CONFIG),
    "stage_share": Fact(
        stages.stage_share, "share of the stage under way that is done", "number", _CONFIG
    ),
    "resumes": Fact(progress.resumes, "times that the run began again", "number"),
    "status": Fact(progress.status, "status of the run", "text"),
    "ended": Fact(progress.ended, "run is over", "yes/no", "write how the run ended"),
    "patience": Fact(
        first_number(progress.PATIENCE), "patience of early stopping", "number", _CONFIG
    ),
    "patience_over": Fact(progress.patience_over, "early stopping was due", "yes/no", _CONFIG),
    # batch and data
    "batch_size": Fact(number("data.batch_size"), "batch size", "number", _CONFIG),
    "accumulate": Fact(
        number("train.accumulate"), "steps over which gradients add up", "number", _CONFIG
    ),
    "effective_batch": Fact(
        settings.effective_batch, "samples for each update of the weights", "number", _CONFIG
    ),
    "smaller_batch": Fact(
        settings.smaller_batch, "a quarter of the batch size", "number", _CONFIG
    ),
    "kept_accumulate": Fact(
        settings.kept_accumulate,
        "accumulation that keeps the effective batch at a quarter of the batch size",
        "number",
        _CONFIG,
    ),
    "input_size": Fact(
        first_number(("data.input_size",)), "input size in pixels", "number", _CONFIG
    ),
    "train_images": Fact(progress.train_images, "training samples", "number"),
    "test_images": Fact(
        progress.test_images,
        "validation samples",
        "number",
        "log the number of validation samples",
    ),
    "test_size_known": Fact(
        progress.test_size_known, "number of validation samples is known", "yes/no"
    ),
    "label_errors": Fact(
        data.label_errors, "training labels that cannot be right", "number", _PREFLIGHT
    ),
    "label_error_percent": Fact(
        data.label_error_percent,
        "percentage of the training labels that cannot be right",
        "number",
        _PREFLIGHT,
    ),
    "small_percent": Fact(
        data.small_percent, "percentage of the training boxes too small to learn", "number"
    ),
    "tiny_boxes": Fact(
        data.tiny_boxes, "training boxes under three pixels high or wide", "number", _PREFLIGHT
    ),
    "leaked_images": Fact(
        data.leaked_images, "test images that are training images", "number", _PREFLIGHT
    ),
    "workers": Fact(
        first_number(("data.workers", "train.num_workers")), "loader workers", "number", _CONFIG
    ),
    "augmentation": Fact(settings.augmentation, "augmentation", "yes/no", _CONFIG),
    # model
    "pretrained": Fact(settings.pretrained, "pretrained weights", "yes/no", _CONFIG),
    "backbone_frozen": Fact(
        stages.backbone_frozen,
        "only the head was trained, on a frozen backbone",
        "yes/no",
        _CONFIG,
    ),
    "model_family": Fact(parts.model_family, "kind of model", "text", _CONFIG),
    "classes": Fact(parts.classes, "number of classes", "number", _CONFIG),
    "chance_loss": Fact(parts.chance_loss, "loss of a blind guess", "number", _CONFIG),
    "parts": Fact(parts.parts, "parts of the training loss", "number"),
    "parts_add_up": Fact(
        parts.parts_add_up, "parts make the training loss", "yes/no", "log the parts of the loss"
    ),
    "weight_excess": Fact(
        parts.weight_excess, "largest loss weight over the others", "number", _CONFIG
    ),
    "label_length": Fact(parts.label_length, "longest label allowed", "number", _CONFIG),
    "time_steps": Fact(parts.time_steps, "steps of a CTC prediction", "number", _CONFIG),
    "format": Fact(lambda run: run.format, "format of the run", "text"),
    # numbers
    "precision": Fact(text("train.precision"), "number format of the training", "text", _CONFIG),
    "amp": Fact(settings.amp, "half precision", "yes/no", _CONFIG),
    "clipping": Fact(settings.clipping, "gradient clipping", "yes/no", _CONFIG),
    "grad_clip": Fact(number("train.grad_clip"), "limit of the gradient norm", "number", _CONFIG),
    # result
    "main_metric": Fact(parts.main_metric, "main metric", "text", _METRIC_LOG),
    "metric_name": Fact(parts.metric_name, "name of the main metric", "text", _METRIC_LOG),
    "metric_is_rate": Fact(parts.metric_is_rate, "main metric is a rate", "yes/no", _METRIC_LOG),
    "best_metric": Fact(progress.best_metric, "best metric", "number", _METRIC_LOG),
    "best_rate": Fact(
        progress.best_rate, "best metric, as a share of the most", "number", _METRIC_LOG
    ),
    "best_epoch": Fact(progress.best_epoch, "epoch of the best metric", "number", _METRIC_LOG),
    "best_step": Fact(progress.best_step, "step of the best metric", "number", _METRIC_LOG),
    "threshold_gain": Fact(
        sweep.threshold_gain, "F1 that the best thresholds would add", "number", _SWEEP
    ),
    "best_threshold": Fact(
        sweep.swept("val_best_threshold"), "best pixel threshold", "number", _SWEEP
    ),
    "best_box_threshold": Fact(
        sweep.swept("val_best_box_threshold"), "best box threshold", "number", _SWEEP
    ),
    "validated": Fact(progress.validated, "run was validated", "yes/no"),
    "logs_metric": Fact(progress.logs_metric, "validation metric was logged", "yes/no"),
    "logs_val_loss": Fact(progress.logs_val_loss, "validation loss was logged", "yes/no"),
    # checkpoints
    "monitor": Fact(monitor.monitor, "monitored value", "text", _CONFIG),
    "monitor_logged": Fact(
        monitor.monitor_logged, "monitored value was logged", "yes/no", _CONFIG
    ),
    "monitor_constant": Fact(
        monitor.monitor_constant, "monitored value never changed", "yes/no", _METRIC_LOG
    ),
    "monitor_reversed": Fact(
        monitor.monitor_reversed, "monitored value in the wrong direction", "yes/no", _CONFIG
    ),
    "monitors_other": Fact(
        monitor.monitors_other, "best checkpoint chosen by another value", "yes/no", _CONFIG
    ),
    "right_mode": Fact(monitor.right_mode, "direction of the monitored value", "text", _CONFIG),
    "best_checkpoint_epoch": Fact(
        weights.best_checkpoint_epoch,
        "epoch in the best checkpoint",
        "number",
        "log which epoch the best checkpoint holds",
    ),
    "best_checkpoint_confidence": Fact(
        weights.best_checkpoint_confidence, "certainty about the best checkpoint", "number"
    ),
    "save_logged": Fact(weights.save_logged, "a save was logged or indexed", "yes/no", _LOG),
    "weights_present": Fact(weights.weights_present, "saved weights are still there", "yes/no"),
    "saves": Fact(weights.saves, "what became of the weights", "text"),
    "resume_command": Fact(weights.resume_command, "command that resumes", "text"),
    # time
    "epoch_seconds": Fact(
        timing.epoch_seconds, "seconds for an epoch", "number", "log the time of each epoch"
    ),
    "step_seconds": Fact(timing.step_seconds, "seconds for a step", "number", _STEP_LOG),
    "silence": Fact(
        timing.silence, "seconds without a sign of life, of a run that goes on", "number"
    ),
    "usual_pause": Fact(
        timing.usual_pause, "seconds between two signs of life", "number", _STEP_LOG
    ),
    "waited": Fact(timing.waited, "seconds from the start without a logged value", "number"),
    "data_share": Fact(
        timing.data_share, "share of a step that waits for data", "number", _STEP_LOG
    ),
    "overhead_share": Fact(
        timing.overhead_share,
        "share of the time for validating and saving",
        "number",
        "log val_time, checkpoint_time and epoch_time",
    ),
    **{name: Fact(data.number(name), says, "number") for name, says in data.SAYS.items()},
}
