"""A training under way, and what of it goes into the weight files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from analyzer.formats.workdir import RunWriter
from trainer import checkpoint, monitor
from trainer.config import Config
from trainer.detection.task import DetectionTask
from trainer.ema import WeightMean
from trainer.monitor import Watch
from trainer.optim import begin
from trainer.schedule import Plateau
from trainer.stages import Rate, Stage
from trainer.steps import Plan


@dataclass
class Session:
    """A training under way. ``best`` is {epoch, value} of best.pth.

    ``rows`` are the numbers of the steps that an interrupted training made in the epoch after
    ``epoch``; ``stop`` says whether somebody asked for an end.
    """

    config: Config
    task: DetectionTask
    optimizer: torch.optim.Optimizer
    plan: Plan
    rate: Rate
    run: RunWriter
    mean: WeightMean | None = None
    epoch: int = 0
    best: dict[str, Any] | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    stopping: Watch = field(default_factory=Watch)
    stop: Callable[[], bool] = lambda: False


def begin_stage(session: Session, stage: Stage) -> None:
    """Go on with another stage: with a fresh optimiser, at the start of its schedule."""
    session.rate.stage, session.rate.plateau = stage, Plateau()
    session.optimizer = begin(session.task.model, stage, session.config.optimizer)
    session.run.log(str(stage))


def watch(session: Session, record: Mapping[str, Any]) -> None:
    """Let schedule and early stopping see the record of an epoch that has ended."""
    checkpoints, early = session.config.checkpoint, session.config.train.early_stopping
    if session.rate.watch(record):
        watched = session.rate.stage.scheduler.monitor
        lr = session.rate(record["epoch"] * session.task.steps_per_epoch, record["epoch"])
        session.run.log(f"{watched} stands still: from now on LR: {lr:.6f}")
    if early is not None and session.rate.stage.last == session.config.train.epochs:
        value = record.get(checkpoints.monitor) if is_sound(record) else None
        session.stopping = session.stopping.after(value, checkpoints.mode, early.min_delta)


def patience_over(session: Session) -> str | None:
    """Why the training ends before its last epoch; None where it goes on."""
    early, stopping = session.config.train.early_stopping, session.stopping
    if early is None or stopping.waited < early.patience:
        return None
    epochs = f"{stopping.waited} epochs" if stopping.waited > 1 else "an epoch"
    by = f" by more than {early.min_delta:g}" if early.min_delta else ""
    best = "" if stopping.best is None else f" than {stopping.best:.4f}"
    return f"{session.config.checkpoint.monitor} has not been better{best}{by} for {epochs}"


def is_sound(record: Mapping[str, Any]) -> bool:
    """Whether the losses of an epoch are finite; the metric of another one proves nothing."""
    return all(math.isfinite(record.get(name, 0.0)) for name in ("train_loss", "val_loss"))


def save_epoch(session: Session, epoch: int, step: int, record: Mapping[str, Any]) -> None:
    """Write epoch_N.pth where its turn has come, and best.pth where this epoch is the best.

    An epoch with a loss that is NaN or inf is never the best, whatever its metric says.
    """
    settings, run = session.config.checkpoint, session.run
    value = record.get(settings.monitor)
    improved = is_sound(record) and monitor.beats(
        value, checkpoint.best_value(session.best), settings.mode
    )
    if improved:
        session.best = {"epoch": epoch, "value": value}
    state = _state(session, epoch, step, metrics=record)

    def write(path: Path) -> None:
        checkpoint.save_state(state, path)

    last = epoch == session.config.train.epochs or patience_over(session) is not None
    if epoch % settings.every == 0 or last:
        run.save(epoch, write, metric=settings.monitor, value=value)
        run.drop_interrupted()
    if improved and value is not None:
        run.save_best(epoch, write, metric=settings.monitor, value=value)
    if settings.keep is not None:
        run.prune(settings.keep)


def save_interrupted(session: Session, epoch: int, rows: Sequence[Mapping[str, float]]) -> None:
    """Save the state after the steps made in ``epoch``, so that a resume makes the others."""
    step = (epoch - 1) * session.task.steps_per_epoch + len(rows)
    state = _state(session, epoch - 1, step, metrics={}, rows=rows)
    session.run.save_interrupted(epoch, lambda path: checkpoint.save_state(state, path))
    session.run.log(f"Interrupted at step {step}, in epoch {epoch}; --resume goes on from there")


def _state(
    session: Session,
    epoch: int,
    step: int,
    *,
    metrics: Mapping[str, Any],
    rows: Sequence[Mapping[str, float]] = (),
) -> dict[str, Any]:
    """What a weight file holds after ``epoch`` epochs, and ``rows`` more steps."""
    mean = session.mean
    return checkpoint.make_state(
        mean.weights() if mean else session.task.model.state_dict(),
        session.optimizer,
        session.config.plain(),
        epoch=epoch,
        stage=session.rate.stage.number,
        scheduler={"step": step, "plateau": session.rate.plateau.plain()},
        metrics=metrics,
        best=session.best,
        rows=rows,
        ema=mean.state() if mean else None,
        stopping=asdict(session.stopping),
        scaler=session.plan.scaler.state_dict() if session.plan.scaler else None,
    )
