"""The epochs of a training: train, judge, save."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from rich.console import Console
from rich.progress import Progress

from analyzer.formats import trainlog
from analyzer.formats.workdir import RunWriter
from trainer import checkpoint, distributed
from trainer.detection.sweep import explain_low, explain_zero
from trainer.ending import StoppedEarly, TrainingFailed
from trainer.failures import last_good, nonfinite_line, nonfinite_sentence
from trainer.interrupt import stop_request
from trainer.loop import Trained, evaluate, train_epoch
from trainer.session import (
    Session,
    begin_stage,
    patience_over,
    save_epoch,
    save_interrupted,
    watch,
)
from trainer.stages import stage_at

DOCUMENTED = ("epoch", "train_loss", "val_precision", "val_recall", "val_f1", "learning_rate")
"""The documented keys of metrics.json, in their order; ours follow."""


def fit(session: Session, *, show: bool) -> None:
    """Train all epochs that are left; ``show`` draws a progress bar."""
    first = distributed.rank() == 0
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True, quiet=not first)
    epochs, folder = session.config.train.epochs, session.config.data.train_dir
    told = ""
    console.print(f"Run: {session.run.path}")
    if session.config.stages:
        console.print(str(session.rate.stage))
    progress = Progress(console=console, transient=True, disable=not (show and first))
    with stop_request(tell=first) as session.stop, progress as bar:
        for epoch in range(session.epoch + 1, epochs + 1):
            if reason := patience_over(session):
                console.print(f"Stopped early: {reason}")
                raise StoppedEarly(reason)
            if epoch > session.rate.stage.last:
                begin_stage(session, stage_at(session.config, epoch))
                console.print(str(session.rate.stage))
            record = _epoch(session, epoch, bar)
            scores = "  ".join(f"{k} {record[k]:.3f}" for k in DOCUMENTED[1:5] if k in record)
            console.print(f"Epoch {epoch}/{epochs}  {scores}  {record['epoch_time']:.1f} s")
            if explained := explain_low(record, session.config.validate):
                console.print(f"  {explained}")
            elif not told and (told := explain_zero(record, session.run.path, folder)):
                console.print(f"  {told}")


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
        save_interrupted(session, epoch, trained.rows)
        raise KeyboardInterrupt
    run.train_line(trained.means["train_loss"], trained.means["step_time"])
    stage = {"stage": session.rate.stage.number} if config.stages else {}
    record = {"epoch": epoch, "learning_rate": lr, **stage, **trained.means}
    if trained.nonfinite:
        run.log(nonfinite_line(trained.nonfinite, epoch), "ERROR")
        if plan.stop_on_nonfinite:
            good = checkpoint.newest(run.path)
            why = nonfinite_sentence(trained.nonfinite, epoch, good)
            raise _failed(run, record, begin, why)
    try:
        record |= _test_part(session, bar)
    except KeyboardInterrupt:
        save_interrupted(session, epoch, trained.rows)
        raise
    if plan.stop_on_nonfinite and not math.isfinite(record.get("val_loss", 0.0)):
        why = (
            f"the validation loss is {record['val_loss']} in epoch {epoch}, so the weights are "
            f"broken; {last_good(checkpoint.newest(run.path))}; lower optimizer.lr or set "
            "train.grad_clip"
        )
        raise _failed(run, record, begin, why)
    watch(session, record)
    saving = time.perf_counter()
    save_epoch(session, epoch, first_step + trained.steps - 1, _ordered(record))
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
        if session.mean is not None:
            session.mean.update()
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
        replace(session.plan, halve=partial(_halve, session)),
        epoch=epoch,
        first_step=first_step,
        on_step=on_step,
        on_record=on_record,
        before=before,
        stop=session.stop,
    )
    bar.remove_task(job)
    return trained


def _halve(session: Session) -> bool:
    """After memory ran out: go on with smaller batches where that is asked for and possible.

    One of several processes cannot do so alone.
    """
    config, task = session.config, session.task
    if not config.train.halve_on_oom or distributed.world_size() > 1 or not task.halve():
        return False
    accumulate = -(-config.data.batch_size * config.train.accumulate // task.largest)
    halved = {"batch_size": task.largest, "accumulate": accumulate}
    session.run.heartbeat(force=True, halved=halved)
    session.run.log(
        f"Out of memory: going on at the same step with batches of {task.largest}, {accumulate} "
        f"of them for each step; set data.batch_size={task.largest} train.accumulate={accumulate}",
        "WARNING",
    )
    return True


def _test_part(session: Session, bar: Progress) -> dict[str, float]:
    """Validation scores and time; nothing where the test list is empty."""
    if not len(session.task.test_set):
        return {}
    job = bar.add_task("Validate", total=None)

    def on_batch(_: int) -> None:
        bar.advance(job)
        session.run.heartbeat()
        if distributed.world_size() == 1 and session.stop():  # several stop after their next step
            raise KeyboardInterrupt

    with session.mean.used() if session.mean else nullcontext():
        tested = evaluate(session.task, session.plan, on_batch=on_batch)
    bar.remove_task(job)
    found = tested.means
    session.run.validate_line(found["val_precision"], found["val_recall"], found["val_f1"])
    best = (found[f"val_best_{name}"] for name in ("f1", "threshold", "box_threshold"))
    session.run.log(trainlog.sweep(found["val_ap"], *best))
    return found | {"val_time": tested.seconds}


def _ordered(record: Mapping[str, Any]) -> dict[str, Any]:
    """The documented keys first."""
    first = {key: record[key] for key in DOCUMENTED if key in record}
    return first | {key: value for key, value in record.items() if key not in first}
