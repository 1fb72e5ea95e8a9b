"""The epochs of a training: train, judge, save, and say how it ended."""

from __future__ import annotations

import math
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from analyzer.errors import TrainlintError
from analyzer.formats.workdir import RunWriter
from trainer import checkpoint
from trainer.config import Config
from trainer.detection.sweep import explain_low
from trainer.detection.task import DetectionTask
from trainer.failures import error_chain, failure_sentence, last_sentence
from trainer.interrupt import stop_request
from trainer.loop import NonFinite, Plan, Trained, evaluate, train_epoch

DOCUMENTED = ("epoch", "train_loss", "val_precision", "val_recall", "val_f1", "learning_rate")
"""The documented keys of metrics.json, in their order; ours follow."""


class TrainingFailed(TrainlintError):
    """The training itself went wrong; its run directory says how."""

    exit_code = 1


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
    run: RunWriter
    epoch: int = 0
    best: dict[str, Any] | None = None
    rows: list[dict[str, float]] = field(default_factory=list)
    stop: Callable[[], bool] = lambda: False


def fit(session: Session, *, show: bool) -> None:
    """Train all epochs that are left; ``show`` draws a progress bar."""
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    epochs = session.config.train.epochs
    console.print(f"Run: {session.run.path}")
    progress = Progress(console=console, transient=True, disable=not show)
    with stop_request() as session.stop, progress as bar:
        for epoch in range(session.epoch + 1, epochs + 1):
            record = _epoch(session, epoch, bar)
            scores = "  ".join(f"{k} {record[k]:.3f}" for k in DOCUMENTED[1:5] if k in record)
            console.print(f"Epoch {epoch}/{epochs}  {scores}  {record['epoch_time']:.1f} s")
            if explained := explain_low(record, session.config.validate):
                console.print(f"  {explained}")


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
    if trained.stopped:
        _save_interrupted(session, epoch, trained.rows)
        raise KeyboardInterrupt
    run.train_line(trained.means["train_loss"], trained.means["step_time"])
    record = {"epoch": epoch, "learning_rate": lr, **trained.means}
    if trained.nonfinite:
        _report_nonfinite(run, trained.nonfinite, epoch)
        if plan.stop_on_nonfinite:
            raise _failed(run, record, begin, _failure(trained.nonfinite, epoch))
    try:
        record |= _test_part(session, bar)
    except KeyboardInterrupt:
        _save_interrupted(session, epoch, trained.rows)
        raise
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
    run.drop_interrupted()
    session.epoch = epoch
    return record


def _save_interrupted(session: Session, epoch: int, rows: Sequence[Mapping[str, float]]) -> None:
    """Save the state after the steps made in ``epoch``, so that a resume makes the others."""
    step = (epoch - 1) * session.task.steps_per_epoch + len(rows)
    state = checkpoint.make_state(
        session.task.model,
        session.optimizer,
        session.config.plain(),
        epoch=epoch - 1,
        step=step,
        metrics={},
        best=session.best,
        rows=rows,
    )
    session.run.save_interrupted(epoch, lambda path: checkpoint.save_state(state, path))
    session.run.log(f"Interrupted at step {step}, in epoch {epoch}; --resume goes on from there")


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

    before, session.rows = session.rows, []
    trained = train_epoch(
        session.task,
        session.optimizer,
        session.plan,
        epoch=epoch,
        first_step=first_step,
        on_step=on_step,
        on_record=on_record,
        before=before,
        stop=session.stop,
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
        if session.stop():
            raise KeyboardInterrupt

    tested = evaluate(session.task, session.plan, on_batch=on_batch)
    bar.remove_task(job)
    found = tested.means
    session.run.validate_line(found["val_precision"], found["val_recall"], found["val_f1"])
    best = (found[f"val_best_{name}"] for name in ("f1", "threshold", "box_threshold"))
    session.run.sweep_line(found["val_ap"], *best)
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
def ending(run: RunWriter, config: Config) -> Iterator[None]:
    """Let the run directory say how the run ended, however it did."""
    try:
        yield
    except KeyboardInterrupt:
        _end(run, "interrupted", "Interrupted from outside", "WARNING", "stopped by a signal")
        raise
    except TrainlintError as error:
        error.args = (last_sentence(error),)
        _end(run, "failed", f"Failed: {error}", "ERROR", str(error))
        raise
    except Exception as error:
        sentence = failure_sentence(error, config)
        told = f"Failed: {sentence}\n{traceback.format_exc().rstrip()}"
        for one in error_chain(
            error
        ):  # they hold files open, whose space is needed on a full disk
            traceback.clear_frames(one.__traceback__)
        _end(run, "failed", told, "ERROR", sentence)
        raise TrainingFailed(
            f"{sentence}; the traceback is in {run.path}/logs/train.log"
        ) from error
    run.log(f"Finished: {run.path}")
    run.finish("finished")


def _end(run: RunWriter, status: str, message: str, level: str, reason: str) -> None:
    """Say it in the log and in run.json; a full disk must not hide what went wrong."""
    with suppress(OSError):
        run.log(message, level)
    with suppress(OSError):
        run.finish(status, reason)
