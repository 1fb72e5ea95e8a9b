"""What a learning rate schedule is laid out for, as the settings of several frameworks say it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from analyzer.facts.settings import asnumber, number, numbers, text
from analyzer.run import Axis, Run

Point = tuple[Axis, float]
"""A place on an axis: an epoch or a step."""

MILESTONES: Mapping[str, Axis] = {
    "scheduler.milestones": "epoch",
    "lr_scheduler.milestones": "epoch",
    "lr_milestones": "epoch",
    "lr_steps": "epoch",
    "decay_epochs": "epoch",
    "Optimizer.lr.decay_epochs": "epoch",
    "Optimizer.lr.milestones": "epoch",
    "LRScheduler.decay_epochs": "epoch",
    "LRScheduler.milestones": "epoch",
    "SOLVER.STEPS": "step",
}
"""Keys that list where a stepped schedule lowers the rate, and what they count."""

STEPPED = ("step", "multistep", "piecewise", "warmupmultistep")
"""How the names of schedules begin that lower the rate in steps."""

PERIODS: Mapping[str, Axis] = {
    "scheduler.t_max": "epoch",
    "scheduler.T_max": "epoch",
    "lr_scheduler.T_max": "epoch",
    "lr_scheduler.periods": "step",
}
"""Keys that say how long a smooth schedule is; of several periods their sum counts."""

SMOOTH = ("cosine", "poly", "exponential", "linear")


def first_decay(run: Run) -> Point | None:
    """Where a stepped schedule is to lower the rate first, as the config says."""
    if parts := list(_parts(run)):
        points = [point for part in parts if (point := _first_step(part)) is not None]
        return min(points, key=lambda point: point[1]) if points else None
    if _is_stepped(run):
        if listed := numbers(run.config.get("lr_config.step")):
            return _axis(run.config.get("lr_config.by_epoch")), min(listed)
        for key, axis in MILESTONES.items():
            if listed := numbers(run.config.get(key)):
                return axis, min(listed)
    size = number("scheduler.step_size")(run) if _name(run).startswith("step") else None
    return None if size is None else ("epoch", size)


def period(run: Run) -> Point | None:
    """Where a smooth schedule ends, as the config says."""
    if parts := list(_parts(run)):
        ends = [point for part in parts if (point := _end(part)) is not None]
        return ends[-1] if ends else None
    for key, axis in PERIODS.items():
        if listed := numbers(run.config.get(key)):
            return axis, sum(listed)
    return None


def _name(run: Run) -> str:
    return text("scheduler.type")(run) or ""


def _is_stepped(run: Run) -> bool:
    """Milestones may be left in a config whose schedule is another one; no name says nothing."""
    return not _name(run) or _name(run).startswith(STEPPED)


def _axis(by_epoch: object) -> Axis:
    return "step" if by_epoch is False else "epoch"


def _parts(run: Run) -> Iterator[Mapping[str, Any]]:
    """The schedules that follow each other in a config of mmengine."""
    given = run.config.get("param_scheduler")
    for part in given if isinstance(given, list) else [given]:
        if isinstance(part, Mapping):
            yield part


def _first_step(part: Mapping[str, Any]) -> Point | None:
    """Where a stepped part lowers the rate first; it counts from its own beginning."""
    if not str(part.get("type", "")).lower().startswith(STEPPED):
        return None
    listed = numbers(part.get("milestones")) or numbers(part.get("step_size"))
    begin = asnumber(part.get("begin")) or 0.0
    return (_axis(part.get("by_epoch")), begin + min(listed)) if listed else None


def _end(part: Mapping[str, Any]) -> Point | None:
    """Where a smooth part ends; a part that begins with a factor is a warm-up."""
    is_smooth = str(part.get("type", "")).lower().startswith(SMOOTH)
    if not is_smooth or "start_factor" in part:
        return None
    end, length = asnumber(part.get("end")), asnumber(part.get("T_max"))
    if end is None and length is not None:
        end = (asnumber(part.get("begin")) or 0.0) + length
    return None if end is None else (_axis(part.get("by_epoch")), end)
