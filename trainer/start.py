"""Set up a training from its settings, in a new run directory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from analyzer.errors import UsageError
from analyzer.formats.workdir import RunWriter
from trainer import checkpoint, distributed
from trainer.config import Config
from trainer.detection.task import DetectionTask
from trainer.device import (
    compile_model,
    describe,
    pick_device,
    pick_precision,
    pick_threads,
    seed_everything,
)
from trainer.ema import WeightMean
from trainer.ending import ending
from trainer.fit import fit
from trainer.memory import keep_freed_memory
from trainer.onlooker import writer
from trainer.optim import begin
from trainer.preflight import SKIPPED, Preflight, preflight
from trainer.session import Session
from trainer.stages import Rate, stage_at, stages_of
from trainer.steps import Plan
from trainer.synth import MARK, render_dataset


def new_run(
    config: Config,
    *,
    command: Sequence[str],
    show: bool,
    may_render: bool = True,
    check: bool = True,
) -> Path:
    """Train from the start in a new run directory; returns its path.

    ``may_render`` lets ``data.synth`` make the data set where its folder does not exist.
    ``check`` asks for the pre-flight, which stops at errors in the data.
    """
    distributed.join(config.train.device)
    notes, looked = distributed.from_first(
        lambda: (
            _render_data(config, show) if may_render else [],
            preflight(config, show=show) if check else SKIPPED,
        )
    )
    task, optimizer, plan, rate = assemble(config)
    flags = {
        "train_data_dir": config.data.train_dir,
        "batch_size": config.data.batch_size,
        "epochs": config.train.epochs,
        "lr": config.optimizer.lr,
    }
    info = run_info(config, task, plan, looked)
    run = writer(
        lambda: RunWriter.create(
            Path(config.output.root),
            config=config.plain(),
            flags=flags,
            command=command,
            info=info,
        )
    )
    mean = mean_of(task, config)
    session = Session(config, task, optimizer, plan, rate, run, mean)
    with ending(run, config):
        log_start(session, [*notes, task.pretrained_note], looked)
        fit(session, show=show)
    return run.path


def _render_data(config: Config, show: bool) -> list[str]:
    """Render the data set that ``data.synth`` asks for where there is none; returns log lines.

    A rendered set of other parameters is refused; a folder of one's own is taken as it is.
    """
    synth, folder = config.data.synth, Path(config.data.train_dir)
    if synth is None:
        return []
    if folder.exists() and not (folder / MARK).is_file():
        return [f"{folder} exists, so data.synth is left aside"]
    fresh = not folder.exists()
    render_dataset(
        folder, train=synth.train, test=synth.test, size=synth.size, seed=synth.seed, progress=show
    )
    verb = "Rendered a synthetic data set into" if fresh else "Synthetic data set in"
    return [
        f"{verb} {folder}: {synth.train} training and {synth.test} "
        f"test images, {synth.size} pixels, seed {synth.seed}"
    ]


def assemble(
    config: Config, *, epoch: int = 1, load_weights: bool = True
) -> tuple[DetectionTask, torch.optim.Optimizer, Plan, Rate]:
    """Build everything a training from ``epoch`` on needs; nothing is written yet."""
    seed_everything(config.train.seed)
    device = pick_device(config.train.device)
    torch.set_num_threads(pick_threads(config.train.threads))
    if device.type == "cpu":
        keep_freed_memory()
    torch.backends.cudnn.benchmark = True  # the input size is fixed
    task = DetectionTask(config, device, load_weights=load_weights)
    _refuse_schedules(config, task)
    stage = stage_at(config, epoch)
    rate = Rate(stage, task.steps_per_epoch)
    precision = pick_precision(config.train.precision, device)
    if config.train.compile:
        compile_model(task.model)
    plan = Plan(
        device=device,
        precision=precision,
        lr_at=rate,
        grad_clip=config.train.grad_clip,
        log_every=config.train.log_every,
        stop_on_nonfinite=config.train.on_nonfinite == "stop",
        scaler=torch.amp.GradScaler(device.type) if precision == "fp16" else None,
    )
    return task, begin(task.model, stage, config.optimizer), plan, rate


def mean_of(task: DetectionTask, config: Config) -> WeightMean | None:
    """The running mean of the weights as they are now, where ``train.ema`` asks for one."""
    decay = config.train.ema
    return None if decay is None else WeightMean(task.model, decay)


def _refuse_schedules(config: Config, task: DetectionTask) -> None:
    """Refuse a warm-up that would never end, and to watch what nobody measures."""
    watched = config.checkpoint.monitor
    if config.train.early_stopping and watched.startswith("val_") and not len(task.test_set):
        raise UsageError(
            f"train.early_stopping goes by checkpoint.monitor, which is {watched}, but the test "
            "list is empty, so nothing is validated; write train_loss, or train.early_stopping: "
            "null"
        )
    for stage in stages_of(config):
        schedule, steps = stage.scheduler, stage.epochs * task.steps_per_epoch
        of, epochs = f"stage {stage.number}", "epochs"
        if not config.stages:
            of, epochs = "the run", "train.epochs"
        if schedule.warmup_steps >= steps:
            raise UsageError(
                f"scheduler.warmup_steps is {schedule.warmup_steps}, but {of} has only "
                f"{steps} steps ({epochs} {stage.epochs} times {task.steps_per_epoch}); "
                "allowed: fewer than that"
            )
        watches = schedule.type == "ReduceLROnPlateau" and schedule.monitor.startswith("val_")
        if watches and not len(task.test_set):
            raise UsageError(
                f"scheduler.monitor is {schedule.monitor}, but the test list is empty, so nothing "
                "is validated; write train_loss, or another scheduler.type"
            )


def run_info(
    config: Config, task: DetectionTask, plan: Plan, looked: Preflight | None = None
) -> dict[str, Any]:
    """What run.json says beside the status."""
    return {
        "seed": config.train.seed,
        "world_size": distributed.world_size(),
        "global_batch": _global_batch(config),
        **describe(plan.device, plan.precision),
        "config_digest": checkpoint.config_digest(config.plain()),
        **about_data(task.data_info, looked),
    }


def about_data(data: Mapping[str, Any], looked: Preflight | None) -> dict[str, Any]:
    """The counts of the data, with those of the pre-flight, and how that ended."""
    if looked is None:
        return {"data": data}
    both = {split: {**counts, **looked.counts.get(split, {})} for split, counts in data.items()}
    return {"data": both, "preflight": looked.info}


def log_start(session: Session, notes: Sequence[str], looked: Preflight | None) -> None:
    """What a reader of the log wants to know before the first epoch."""
    run, task, plan = session.run, session.task, session.plan
    for note in notes:
        run.log(note)
    for text, level in () if looked is None else looked.lines:
        run.log(text, level)
    for split, counts in task.data_info.items():
        run.log(
            f"Data: {counts['images']} {split} images, {counts['boxes']} boxes, "
            f"{counts['ignored']} ignored, {counts['small']} too small to learn at this input size"
        )
    stage = session.rate.stage
    if session.config.stages or stage.freeze_backbone:
        run.log(str(stage))
    if stages_of(session.config)[0].freeze_backbone and session.config.model.pretrained is False:
        why = "as model.pretrained is false: the head learns on noise"
        run.log(f"The backbone is frozen with random weights, {why}", "WARNING")
    for sentence in session.config.augment.beyond_limits():
        run.log(sentence, "WARNING")
    for fault in task.faults:
        run.log(f"Label left out: {fault}", "WARNING")
    if not len(task.test_set):
        run.log("The test list is empty: no validation, so no best.pth by it", "WARNING")
    threads = f", threads: {torch.get_num_threads()}" if plan.device.type == "cpu" else ""
    compiled = ", compiled" if session.config.train.compile else ""
    run.log(f"Device: {plan.device.type}, precision: {plan.precision}{threads}{compiled}")
    if _global_batch(session.config) > session.config.data.batch_size:
        run.log(_images_per_step(session.config))


def _global_batch(config: Config) -> int:
    """Images of a step, over all its batches and processes."""
    return config.data.batch_size * config.train.accumulate * distributed.world_size()


def _images_per_step(config: Config) -> str:
    """The log's line about what a step is."""
    batch, accumulate = config.data.batch_size, config.train.accumulate
    text = f"Images per step: {_global_batch(config)}, {accumulate} batches of {batch}"
    if distributed.world_size() == 1:
        return text
    return (
        f"{text} in each of {distributed.world_size()} processes; optimizer.lr is used as it is "
        "written, not scaled by that"
    )
