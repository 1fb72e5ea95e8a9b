"""Set up a training: a new one from its settings, or one that goes on where it stopped."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from analyzer.errors import UsageError
from analyzer.formats.records import read_json
from analyzer.formats.workdir import CONFIG, METRICS, RUN, RunWriter, host_id
from trainer import checkpoint
from trainer.config import Config
from trainer.configfile import Override, load_config
from trainer.detection.task import DetectionTask
from trainer.device import describe, pick_bf16, pick_device, pick_threads, seed_everything
from trainer.fit import Session, ending, fit
from trainer.loop import Plan
from trainer.optim import learning_rate, make_optimizer
from trainer.preflight import SKIPPED, Preflight, preflight
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
    notes = _render_data(config, show) if may_render else []
    looked = preflight(config, show=show) if check else SKIPPED
    task, optimizer, plan = _assemble(config)
    flags = {
        "train_data_dir": config.data.train_dir,
        "batch_size": config.data.batch_size,
        "epochs": config.train.epochs,
        "lr": config.optimizer.lr,
    }
    run = RunWriter.create(
        Path(config.output.root),
        config=config.plain(),
        flags=flags,
        command=command,
        info=_info(config, task, plan, looked),
    )
    session = Session(config, task, optimizer, plan, run)
    with ending(run, config):
        _log_start(session, [*notes, task.pretrained_note], looked)
        fit(session, show=show)
    return run.path


def resume_run(
    path: Path,
    overrides: Sequence[Override],
    *,
    command: Sequence[str],
    show: bool,
    check: bool = True,
) -> Path:
    """Go on with a run in its directory, with its settings; only ``train.epochs`` may change.

    ``check`` asks for the pre-flight where the data are no longer those of the run.
    """
    for item in overrides:
        if item.key != "train.epochs":
            raise UsageError(
                f"{item.option}: a resumed run keeps its settings, only train.epochs may be "
                "raised; to train with others, start a new run"
            )
    folder, file = checkpoint.find_checkpoint(path)
    _refuse_running(folder)
    config = load_config(folder / CONFIG, overrides)
    state = checkpoint.load_state(file)
    _refuse_changed(config, state, folder, file)
    task, optimizer, plan = _assemble(config, load_weights=False)
    checkpoint.restore(state, task.model, optimizer)
    info = _info(config, task, plan)
    looked = _look_again(folder, info, config, show, check)
    run = RunWriter.reopen(folder, command=command, info=info, config=config.plain())
    rows = checkpoint.partial_rows(state)
    session = Session(config, task, optimizer, plan, run, epoch=state["epoch"], rows=rows)
    recorded = checkpoint.recorded_best(folder)
    session.best = checkpoint.better_best(recorded, state["best"], config.checkpoint.mode)
    with ending(run, config):
        if session.best != recorded and not rows:
            _catch_up_best(session, state)
        if not rows and state["epoch"] not in [record.get("epoch") for record in _records(folder)]:
            run.epoch(state["metrics"])  # killed between the weights and the record
        before, now = state["config"]["train"]["epochs"], config.train.epochs
        raised = f"; train.epochs was {before}, is {now}" if now != before else ""
        inside = f" and {len(rows)} steps of the next" if rows else ""
        note = f"Resumed from {file.name}, after epoch {session.epoch}{inside}{raised}"
        _log_start(session, [note], looked)
        fit(session, show=show)
    return run.path


def _catch_up_best(session: Session, state: Mapping[str, Any]) -> None:
    """Write best.pth of a run that was killed between its epoch file and its best file."""
    best = session.best
    if best is None or best["epoch"] != state["epoch"]:
        return
    session.run.save_best(
        best["epoch"],
        lambda path: checkpoint.save_state(state, path),
        metric=session.config.checkpoint.monitor,
        value=best["value"],
    )


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


def _assemble(
    config: Config, *, load_weights: bool = True
) -> tuple[DetectionTask, torch.optim.Optimizer, Plan]:
    """Build everything a training needs; nothing is written yet."""
    seed_everything(config.train.seed)
    device = pick_device(config.train.device)
    torch.set_num_threads(pick_threads(config.train.threads))
    torch.backends.cudnn.benchmark = True  # the input size is fixed
    task = DetectionTask(config, device, load_weights=load_weights)
    total_steps = config.train.epochs * task.steps_per_epoch
    if config.scheduler.warmup_steps >= total_steps:
        raise UsageError(
            f"scheduler.warmup_steps is {config.scheduler.warmup_steps}, but the run has only "
            f"{total_steps} steps (train.epochs {config.train.epochs} times "
            f"{task.steps_per_epoch}); allowed: fewer than that"
        )

    def lr_at(step: int, epoch: int) -> float:
        base, schedule = config.optimizer.lr, config.scheduler
        return learning_rate(base, schedule, step=step, epoch=epoch, total_steps=total_steps)

    plan = Plan(
        device=device,
        bf16=pick_bf16(config.train.precision, device),
        lr_at=lr_at,
        grad_clip=config.train.grad_clip,
        log_every=config.train.log_every,
        stop_on_nonfinite=config.train.on_nonfinite == "stop",
    )
    return task, make_optimizer(task.model, config.optimizer), plan


def _info(
    config: Config, task: DetectionTask, plan: Plan, looked: Preflight | None = None
) -> dict[str, Any]:
    """What run.json says beside the status."""
    return {
        "seed": config.train.seed,
        **describe(plan.device, plan.bf16),
        "config_digest": checkpoint.config_digest(config.plain()),
        **_about_data(task.data_info(), looked),
    }


def _about_data(data: Mapping[str, Any], looked: Preflight | None) -> dict[str, Any]:
    """The counts of the data, with those of the pre-flight, and how that ended."""
    if looked is None:
        return {"data": data}
    both = {split: {**counts, **looked.counts.get(split, {})} for split, counts in data.items()}
    return {"data": both, "preflight": looked.info}


def _look_again(
    folder: Path, info: dict[str, Any], config: Config, show: bool, check: bool
) -> Preflight | None:
    """Check the data of a resumed run where they were changed; None where they were not.

    What run.json says of the data then stays, else it is put into ``info``.
    """
    before = read_json(folder / RUN, default={}).get("data")
    if _digests(before) == _digests(info["data"]):
        del info["data"]
        return None
    looked = preflight(config, show=show) if check else SKIPPED
    info |= _about_data(info["data"], looked)
    changed = ("The data are not those that the run began with", "WARNING")
    return looked._replace(lines=(changed, *looked.lines))


def _digests(data: Any) -> list[Any]:
    if not isinstance(data, Mapping):
        return []
    return [one.get("digest") for one in data.values() if isinstance(one, Mapping)]


def _refuse_running(folder: Path) -> None:
    """Two trainings in one directory would mix their records."""
    info = read_json(folder / RUN, default={})
    pid = info.get("pid")
    if os.name != "posix":  # elsewhere signal 0 is no harmless question
        return
    if info.get("status") != "running" or info.get("host") != host_id() or pid == os.getpid():
        return
    try:
        os.kill(int(pid), 0)
    except (OSError, TypeError, ValueError):
        return
    raise UsageError(f"{folder} is still being trained by process {pid}; stop that first")


def _refuse_changed(config: Config, state: Mapping[str, Any], folder: Path, file: Path) -> None:
    if checkpoint.config_digest(config.plain()) != state["config_digest"]:
        raise UsageError(
            f"{folder / CONFIG} is not what {file.name} was trained with; put the old settings "
            "back, or start a new run"
        )
    if state["epoch"] >= config.train.epochs:
        raise UsageError(
            f"{file} is the state after epoch {state['epoch']} of {config.train.epochs}: nothing "
            f"is left to train; ask for more with --epochs {state['epoch'] + config.train.epochs}"
        )


def _records(folder: Path) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = read_json(folder / METRICS, default=[])
    return records


def _log_start(session: Session, notes: Sequence[str], looked: Preflight | None) -> None:
    """What a reader of the log wants to know before the first epoch."""
    run, task, plan = session.run, session.task, session.plan
    for note in notes:
        run.log(note)
    for text, level in () if looked is None else looked.lines:
        run.log(text, level)
    for split, counts in task.data_info().items():
        run.log(
            f"Data: {counts['images']} {split} images, {counts['boxes']} boxes, "
            f"{counts['ignored']} ignored, {counts['small']} too small to learn at this input size"
        )
    for fault in task.faults:
        run.log(f"Label left out: {fault}", "WARNING")
    if not len(task.test_set):
        run.log("The test list is empty: no validation, so no best.pth by it", "WARNING")
    precision = "bf16" if plan.bf16 else "fp32"
    threads = f", threads: {torch.get_num_threads()}" if plan.device.type == "cpu" else ""
    run.log(f"Device: {plan.device.type}, precision: {precision}{threads}")
