"""A training under way, and what of it goes into the weight files."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch

from analyzer.formats.workdir import RunWriter
from trainer import checkpoint, monitor
from trainer.config import Config
from trainer.detection.task import DetectionTask
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
    epoch: int = 0
    best: dict[str, Any] | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    stop: Callable[[], bool] = lambda: False


def begin_stage(session: Session, stage: Stage) -> None:
    """Go on with another stage: with a fresh optimiser, at the start of its schedule."""
    session.rate.stage, session.rate.plateau = stage, Plateau()
    session.optimizer = begin(session.task.model, stage, session.config.optimizer)
    session.run.log(str(stage))


def save_epoch(session: Session, epoch: int, step: int, record: Mapping[str, Any]) -> None:
    """Write epoch_N.pth where its turn has come, and best.pth where this epoch is the best.

    An epoch with a loss that is NaN or inf is never the best, whatever its metric says.
    """
    settings, run = session.config.checkpoint, session.run
    value = record.get(settings.monitor)
    sound = all(math.isfinite(record.get(name, 0.0)) for name in ("train_loss", "val_loss"))
    improved = sound and monitor.beats(value, checkpoint.best_value(session.best), settings.mode)
    if improved:
        session.best = {"epoch": epoch, "value": value}
    state = _state(session, epoch, step, metrics=record)

    def write(path: Path) -> None:
        checkpoint.save_state(state, path)

    if epoch % settings.every == 0 or epoch == session.config.train.epochs:
        run.save(epoch, write, metric=settings.monitor, value=value)
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
    return checkpoint.make_state(
        session.task.model,
        session.optimizer,
        session.config.plain(),
        epoch=epoch,
        stage=session.rate.stage.number,
        scheduler={"step": step, "plateau": session.rate.plateau.plain()},
        metrics=metrics,
        best=session.best,
        rows=rows,
    )
