"""The stages of a training: epochs that are trained alike, each with a schedule of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trainer.config import Config, SchedulerConfig
from trainer.schedule import Plateau, learning_rate


@dataclass(frozen=True)
class Stage:
    """The epochs ``first`` to ``last``."""

    first: int
    last: int
    lr: float
    scheduler: SchedulerConfig

    @property
    def epochs(self) -> int:
        """How many epochs it has."""
        return self.last - self.first + 1


def stages_of(config: Config) -> tuple[Stage, ...]:
    """All stages in their order."""
    return (Stage(1, config.train.epochs, config.optimizer.lr, config.scheduler),)


def stage_at(config: Config, epoch: int) -> Stage:
    """The stage that ``epoch`` lies in."""
    return next(stage for stage in stages_of(config) if epoch <= stage.last)


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
