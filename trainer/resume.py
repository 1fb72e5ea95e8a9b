"""Go on with a training where it stopped, in its run directory."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import psutil

from analyzer.errors import UsageError
from analyzer.formats.records import read_json, read_records
from analyzer.formats.workdir import CONFIG, METRICS, RUN, RunWriter, host_id
from trainer import checkpoint, distributed
from trainer.config import Config
from trainer.configfile import Override, load_config
from trainer.ending import ending
from trainer.fit import fit
from trainer.monitor import Watch
from trainer.onlooker import writer
from trainer.preflight import SKIPPED, Preflight, preflight
from trainer.schedule import Plateau
from trainer.session import Session, patience_over
from trainer.settings import Source, build
from trainer.start import about_data, assemble, log_start, mean_of, run_info


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
    _refuse_settings(overrides)
    folder, file = checkpoint.find_checkpoint(path)
    config = load_config(folder / CONFIG, overrides)
    distributed.join(config.train.device)
    distributed.from_first(lambda: _refuse_running(folder))
    state = checkpoint.load_state(file)
    _refuse_changed(config, state, folder, file)
    crew = _compare_processes(state, folder)
    epoch = state["epoch"]
    task, optimizer, plan, rate = assemble(config, epoch=epoch + 1, load_weights=False)
    inside = state.get("stage", 1) == rate.stage.number  # else a stage begins here
    checkpoint.restore(state, task.model, optimizer if inside else None)
    if inside:
        rate.plateau = Plateau.of(state["scheduler"].get("plateau"))
    if plan.scaler:
        plan.scaler.load_state_dict(state["scaler"])
    info = run_info(config, task, plan)
    looked, info = distributed.from_first(
        lambda: (_look_again(folder, info, config, show, check), info)
    )
    reopen = partial(RunWriter.reopen, command=command, info=info, config=config.plain())
    recorded = checkpoint.recorded_best(folder)
    run = writer(lambda: reopen(folder))
    rows = checkpoint.partial_rows(state)
    mean = mean_of(task, config)
    if mean is not None:
        mean.load(state["ema"])
    session = Session(config, task, optimizer, plan, rate, run, mean, epoch=epoch, rows=rows)
    session.stopping = Watch(**(state.get("early_stopping") or {}))
    if config.train.epochs > state["config"]["train"]["epochs"] and patience_over(session):
        session.stopping = replace(session.stopping, waited=0)  # more was asked for
    session.best = checkpoint.better_best(recorded, state["best"], config.checkpoint.mode)
    with ending(run, config):
        if session.best != recorded and not rows:
            _catch_up_best(session, state)
        if not rows and not _is_recorded(folder, state["epoch"]):
            run.epoch(state["metrics"])  # killed between the weights and the record
        log_start(session, [_from_where(session, state, file)], looked)
        for sentence in crew:
            run.log(sentence, "WARNING")
        fit(session, show=show)
    return run.path


def _from_where(session: Session, state: Mapping[str, Any], file: Path) -> str:
    """The line of the log that a resume begins with."""
    before, now = state["config"]["train"]["epochs"], session.config.train.epochs
    raised = f"; train.epochs was {before}, is {now}" if now != before else ""
    more = f" and {len(session.rows)} steps of the next" if session.rows else ""
    return f"Resumed from {file.name}, after epoch {session.epoch}{more}{raised}"


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
    info |= about_data(info["data"], looked)
    changed = ("The data are not those that the run began with", "WARNING")
    return looked._replace(lines=(changed, *looked.lines))


def _digests(data: Any) -> list[Any]:
    if not isinstance(data, Mapping):
        return []
    return [one.get("digest") for one in data.values() if isinstance(one, Mapping)]


def _refuse_settings(overrides: Sequence[Override]) -> None:
    for item in overrides:
        if item.key != "train.epochs":
            raise UsageError(
                f"{item.option}: a resumed run keeps its settings, only train.epochs may be "
                "raised; to train with others, start a new run"
            )


def _refuse_running(folder: Path) -> None:
    """Two trainings in one directory would mix their records."""
    info = read_json(folder / RUN, default={})
    pid = info.get("pid")
    if info.get("status") != "running" or info.get("host") != host_id() or pid == os.getpid():
        return
    try:
        begun = datetime.fromisoformat([info["started"], *info.get("resumed", [])][-1])
        if psutil.Process(int(pid)).create_time() > begun.timestamp() + 1:
            return  # a later process that got the number of one that has gone
    except (psutil.Error, KeyError, TypeError, ValueError):
        return
    raise UsageError(f"{folder} is still being trained by process {pid}; stop that first")


def _refuse_changed(config: Config, state: Mapping[str, Any], folder: Path, file: Path) -> None:
    """Settings that are newer than the file have their defaults in both."""
    before = build(Config, state["config"], Source(str(file)))
    if checkpoint.config_digest(config.plain()) != checkpoint.config_digest(before.plain()):
        raise UsageError(
            f"{folder / CONFIG} is not what {file.name} was trained with; put the old settings "
            "back, or start a new run"
        )
    if config.train.epochs < before.train.epochs:
        raise UsageError(
            f"train.epochs was {before.train.epochs}, is {config.train.epochs}: of a resumed run "
            "it may only be raised; ^C ends a training, and its best weights stay"
        )
    if state["epoch"] >= config.train.epochs and not _cut_off(folder, state["epoch"]):
        raise UsageError(
            f"{file} is the state after epoch {state['epoch']} of {config.train.epochs}: nothing "
            f"is left to train; ask for more with --epochs {state['epoch'] + config.train.epochs}"
        )


def _compare_processes(state: Mapping[str, Any], folder: Path) -> list[str]:
    """A warning where other than as many processes as before go on; refused within an epoch."""
    before, now = read_json(folder / RUN, default={}).get("world_size"), distributed.world_size()
    if not isinstance(before, int) or before == now:
        return []
    if checkpoint.partial_rows(state):
        raise UsageError(
            f"{before} processes were interrupted within epoch {state['epoch'] + 1}, and {now} "
            "would train other images in the rest of it; go on with as many (torchrun "
            f"--nproc_per_node={before}), or name an epoch_N.pth"
        )
    return [
        f"Trained by {before} processes before, by {now} now: a step takes {now}/{before} as many "
        "images, so the numbers are not those of one training, and the learning rate may not fit"
    ]


def _cut_off(folder: Path, epoch: int) -> bool:
    """Whether a run was killed after its last weights were saved, and before it could say so."""
    ended = read_json(folder / RUN, default={}).get("status")
    return not _is_recorded(folder, epoch) or ended in ("running", "failed", "interrupted")


def _is_recorded(folder: Path, epoch: int) -> bool:
    return epoch in [record.get("epoch") for record in read_records(folder / METRICS)]
