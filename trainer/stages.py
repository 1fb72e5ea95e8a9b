"""The stages of a training: epochs that are trained alike, each with a schedule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer.config import Config
from trainer.schedule import Plateau, learning_rate
from trainer.stage_settings import SchedulerConfig, StageConfig


@dataclass(frozen=True)
class Stage:
    """The epochs ``first`` to ``last``; ``number`` counts from 1."""

    number: int
    name: str
    first: int
    last: int
    lr: float
    scheduler: SchedulerConfig
    freeze_backbone: bool

    @property
    def epochs(self) -> int:
        """How many epochs it has."""
        return self.last - self.first + 1

    def __str__(self) -> str:
        """One line for the log."""
        name = f" ({self.name})" if self.name else ""
        what = "backbone frozen" if self.freeze_backbone else "whole net"
        span = f"epochs {self.first} to {self.last}" if self.epochs > 1 else f"epoch {self.last}"
        return f"Stage {self.number}{name}: {span}, {what}, {self.scheduler.type} from {self.lr:g}"


def stages_of(config: Config) -> tuple[Stage, ...]:
    """All stages in their order; one where the config names none."""
    found: list[Stage] = []
    for number, given in enumerate(config.stages or (StageConfig(),), start=1):
        first = found[-1].last + 1 if found else 1
        frozen = given.freeze_backbone
        stage = Stage(
            number=number,
            name=given.name,
            first=first,
            last=config.train.epochs if given.epochs is None else first + given.epochs - 1,
            lr=config.optimizer.lr if given.lr is None else given.lr,
            scheduler=given.scheduler or config.scheduler,
            freeze_backbone=config.train.freeze_backbone if frozen is None else frozen,
        )
        found.append(stage)
    return tuple(found)


def stage_at(config: Config, epoch: int) -> Stage:
    """The stage that ``epoch`` lies in; the last one where there is no such epoch."""
    stages = stages_of(config)
    return next((stage for stage in stages if epoch <= stage.last), stages[-1])


@dataclass
class Rate:
    """The learning rate of the stage under way, as a function of step and epoch of the run."""

    stage: Stage
    steps_per_epoch: int
    plateau: Plateau = field(default_factory=Plateau)

    def __call__(self, step: int, epoch: int) -> float:
        """Both count from 1 over the whole run; the schedule begins anew with the stage."""
        before = self.stage.first - 1
        return learning_rate(
            self.stage.lr,
            self.stage.scheduler,
            step=step - before * self.steps_per_epoch,
            epoch=epoch - before,
            total_steps=self.stage.epochs * self.steps_per_epoch,
            cuts=self.plateau.cuts,
        )

    def watch(self, record: Mapping[str, Any]) -> bool:
        """Look at the record of an epoch; whether the rate is cut for the epochs after it."""
        before, config = self.plateau, self.stage.scheduler
        self.plateau = before.after(record.get(config.monitor), config)
        return self.plateau.cuts > before.cuts
