"""The epochs of a training: train, judge, save, and say how it ended."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from analyzer.errors import TrainlintError
from analyzer.formats.workdir import RunWriter
from trainer import checkpoint
from trainer.config import Config
from trainer.detection.task import DetectionTask
from trainer.loop import NonFinite, Plan, Trained, evaluate, train_epoch

DOCUMENTED = ("epoch", "train_loss", "val_precision", "val_recall", "val_f1", "learning_rate")
"""The documented keys of metrics.json, in their order; ours follow."""


class TrainingFailed(TrainlintError):
    """The training itself went wrong; its run directory says how."""

    exit_code = 1


@dataclass
class Session:
    """A training under way. ``best`` is {epoch, value} of best.pth."""

    config: Config
    task: DetectionTask
    optimizer: torch.optim.Optimizer
    plan: Plan
    run: RunWriter
    epoch: int = 0
    best: dict[str, Any] | None = None


def fit(session: Session, *, show: bool) -> None:
    """Train all epochs that are left; ``show`` draws a progress bar."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    epochs = session.config.train.epochs
    console.print(f"Run: {session.run.path}")
    with Progress(console=console, transient=True, disable=not show) as bar:
        for epoch in range(session.epoch + 1, epochs + 1):
            record = _epoch(session, epoch, bar)
            scores = "  ".join(f"{k} {record[k]:.3f}" for k in DOCUMENTED[1:5] if k in record)
            console.print(f"Epoch {epoch}/{epochs}  {scores}  {record['epoch_time']:.1f} s")


def _epoch(session: Session, epoch: int, bar: Progress) -> dict[str, Any]:
    """Train, judge and save one epoch; returns its record in metrics.json.

    ``epoch_time`` is the wall time of all of it, ``val_time`` and ``checkpoint_time`` are inside.
    """
    config, run, plan = session.config, session.run, session.plan
    begin = time.perf_counter()
    first_step = (epoch - 1) * session.task.steps_per_epoch + 1
    lr = plan.lr_at(first_step, epoch)
    run.epoch_header(epoch, config.train.epochs, lr)
    trained = _train_part(session, epoch, first_step, bar)
    run.train_line(trained.means["train_loss"], trained.means["step_time"])
    record = {"epoch": epoch, "learning_rate": lr, **trained.means}
    if trained.nonfinite:
        _report_nonfinite(run, trained.nonfinite, epoch)
        if plan.stop_on_nonfinite:
            raise _failed(run, record, begin, _failure(trained.nonfinite, epoch))
    record |= _test_part(session, bar)
    if plan.stop_on_nonfinite and not math.isfinite(record.get("val_loss", 0.0)):
        why = (
            f"the validation loss is {record['val_loss']} in epoch {epoch}, so the weights are "
            "broken; lower optimizer.lr or set train.grad_clip"
        )
        raise _failed(run, record, begin, why)
    saving = time.perf_counter()
    _save(session, epoch, first_step + trained.steps - 1, _ordered(record))
    record["checkpoint_time"] = time.perf_counter() - saving
    record["epoch_time"] = time.perf_counter() - begin
    run.epoch(_ordered(record))
    session.epoch = epoch
    return record


def _failed(run: RunWriter, record: Mapping[str, Any], begin: float, why: str) -> TrainingFailed:
    """The error that ends a training; the record of its last epoch is written first."""
    run.epoch(_ordered({**record, "epoch_time": time.perf_counter() - begin}))
    return TrainingFailed(why)


def _train_part(session: Session, epoch: int, first_step: int, bar: Progress) -> Trained:
    job = bar.add_task(f"Epoch {epoch} train", total=session.task.steps_per_epoch)

    def on_step(_: int) -> None:
        bar.advance(job)
        session.run.heartbeat()

    def on_record(record: dict[str, float]) -> None:
        memory = {}
        if session.plan.device.type == "cuda":
            memory = {"gpu_memory_mb": torch.cuda.max_memory_allocated() / 2**20}
        session.run.step(record | memory)

    trained = train_epoch(
        session.task,
        session.optimizer,
        session.plan,
        epoch=epoch,
        first_step=first_step,
        on_step=on_step,
        on_record=on_record,
    )
    bar.remove_task(job)
    return trained


def _test_part(session: Session, bar: Progress) -> dict[str, float]:
    """Validation scores and time; nothing where the test list is empty."""
    if not len(session.task.test_set):
        return {}
    job = bar.add_task("Validate", total=None)

    def on_batch(_: int) -> None:
        bar.advance(job)
        session.run.heartbeat()

    tested = evaluate(session.task, session.plan, on_batch=on_batch)
    bar.remove_task(job)
    found = tested.means
    session.run.validate_line(found["val_precision"], found["val_recall"], found["val_f1"])
    return found | {"val_time": tested.seconds}


def _save(session: Session, epoch: int, step: int, record: Mapping[str, Any]) -> None:
    """Write epoch_N.pth where its turn has come, and best.pth where this epoch is the best.

    An epoch with a loss that is NaN or inf is never the best, whatever its metric says.
    """
    settings, run = session.config.checkpoint, session.run
    value = record.get(settings.monitor)
    sound = all(math.isfinite(record.get(name, 0.0)) for name in ("train_loss", "val_loss"))
    improved = sound and checkpoint.is_better(value, session.best, settings.mode)
    if improved:
        session.best = {"epoch": epoch, "value": value}
    state = checkpoint.make_state(
        session.task.model,
        session.optimizer,
        session.config.plain(),
        epoch=epoch,
        step=step,
        metrics=record,
        best=session.best,
    )

    def write(path: Path) -> None:
        checkpoint.save_state(state, path)

    if epoch % settings.every == 0 or epoch == session.config.train.epochs:
        run.save(epoch, write, metric=settings.monitor, value=value)
    if improved and value is not None:
        run.save_best(epoch, write, metric=settings.monitor, value=value)
    if settings.keep is not None:
        run.prune(settings.keep)


def _ordered(record: Mapping[str, Any]) -> dict[str, Any]:
    """The documented keys first."""
    first = {key: record[key] for key in DOCUMENTED if key in record}
    return first | {key: value for key, value in record.items() if key not in first}


def _report_nonfinite(run: RunWriter, found: NonFinite, epoch: int) -> None:
    run.log(
        f"Training loss is {found.value} at step {found.step} in epoch {epoch}; the images of "
        f"that batch: {', '.join(found.files)}",
        "ERROR",
    )


def _failure(found: NonFinite, epoch: int) -> str:
    return (
        f"the training loss became {found.value} at step {found.step} in epoch {epoch}; lower "
        "optimizer.lr, set train.grad_clip, or look at the images that the log names"
    )


@contextmanager
def ending(run: RunWriter) -> Iterator[None]:
    """Let the run directory say how the run ended, however it did."""
    try:
        yield
    except KeyboardInterrupt:
        run.log("Interrupted from outside", "WARNING")
        run.finish("interrupted", "stopped from outside by a signal")
        raise
    except TrainlintError as error:
        error.args = (_sentence(error),)
        run.log(f"Failed: {error}", "ERROR")
        run.finish("failed", str(error))
        raise
    except Exception as error:
        run.log(f"Failed: {traceback.format_exc().rstrip()}", "ERROR")
        run.finish("failed", f"{type(error).__name__}: {_sentence(error)}")
        raise TrainingFailed(
            f"unexpected {type(error).__name__}: {_sentence(error)}; the traceback is in "
            f"{run.path}/logs/train.log"
        ) from error
    run.log(f"Finished: {run.path}")
    run.finish("finished")


def _sentence(error: Exception) -> str:
    """The message; one that crossed from a loader process comes wrapped in a traceback there."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].partition("Error: ")[2] or lines[-1] if len(lines) > 1 else lines[0]
