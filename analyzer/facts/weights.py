"""Facts about weight files: which were saved, which are there, what the best one holds."""

from __future__ import annotations

import shlex

from analyzer.run import Run, Status

LOGS_SAVES = ("workdir",)
"""Formats whose log names every save, so that a log without one says that there was none."""


def best_checkpoint_epoch(run: Run) -> float | None:
    """The epoch that the best checkpoint holds."""
    return None if run.best_checkpoint is None else run.best_checkpoint.epoch


def best_checkpoint_confidence(run: Run) -> float | None:
    """How sure it is which epoch the best checkpoint holds, 0..1."""
    return None if run.best_checkpoint is None else run.best_checkpoint.confidence


def save_logged(run: Run) -> bool | None:
    """Whether a save was logged or indexed, or a weight file is there; unknown without a log."""
    if run.checkpoints or any(event.kind in ("saved", "best") for event in run.events):
        return True
    return False if run.events and run.format in LOGS_SAVES else None


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


def resume_command(run: Run) -> str | None:
    """The command that goes on with a run of our own trainer, where its weights are.

    One that has come to its end is asked for as many epochs again.
    """
    if "format_version" not in run.environment or not weights_present(run):
        return None
    ended = run.status in (Status.FINISHED, Status.STOPPED_EARLY)
    more = f" --epochs {run.epochs_done + (run.planned_epochs or 1)}" if ended else ""
    return f"python -m trainer.train --resume {shlex.quote(str(run.path))}{more}"
