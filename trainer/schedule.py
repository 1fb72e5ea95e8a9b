"""The learning rate: a plain function of step and epoch, and of the cuts that a plateau made."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from trainer.monitor import Watch
from trainer.stage_settings import SchedulerConfig

POLY_POWER = 0.9
"""Of the Poly schedule, as in the DB paper."""

NOTICEABLE = 1e-4
"""A value that is better by less than this share of the best one stands still (as in PyTorch)."""


def learning_rate(
    base: float, config: SchedulerConfig, *, step: int, epoch: int, total_steps: int, cuts: int = 0
) -> float:
    """The rate of one step; ``step`` and ``epoch`` count from 1, over ``total_steps``.

    StepLR multiplies by ``gamma`` after every ``step_size`` epochs; Poly falls each step as
    (1 - done)^0.9, Cosine as half a wave that ends at ``min_lr``; Constant stays;
    ReduceLROnPlateau has multiplied ``cuts`` times by ``factor``, down to ``min_lr``. A warm-up
    multiplies any of them by a straight ramp that ends at 1.
    """
    done = (step - 1) / total_steps
    least = min(base, config.min_lr)
    rate = base
    if config.type == "StepLR":
        rate = base * config.gamma ** ((epoch - 1) // config.step_size)
    elif config.type == "Poly":
        rate = base * max(0.0, 1 - done) ** POLY_POWER
    elif config.type == "Cosine":
        rate = least + (base - least) * 0.5 * (1 + math.cos(math.pi * min(1.0, done)))
    elif config.type == "ReduceLROnPlateau":
        rate = max(least, base * config.factor**cuts)
    ramp = min(1.0, step / config.warmup_steps) if config.warmup_steps else 1.0
    return rate * ramp


@dataclass(frozen=True)
class Plateau:
    """What ReduceLROnPlateau remembers: the value it watches, and the cuts made so far."""

    watch: Watch = field(default_factory=Watch)
    cuts: int = 0

    def after(self, value: float | None, config: SchedulerConfig) -> Plateau:
        """The plateau when one more epoch has brought ``value`` of ``config.monitor``.

        Where more than ``patience`` epochs in a row bring nothing better, the rate is cut.
        """
        if config.type != "ReduceLROnPlateau":
            return self
        watch = self.watch.after(value, config.mode, NOTICEABLE * abs(self.watch.best or 0.0))
        if watch.waited > config.patience:
            return Plateau(replace(watch, waited=0), self.cuts + 1)
        return replace(self, watch=watch)

    def plain(self) -> dict[str, Any]:
        """For a weight file."""
        return asdict(self)

    @classmethod
    def of(cls, plain: Mapping[str, Any] | None) -> Plateau:
        """What ``plain`` gave; a new one for None, as an old file has."""
        return cls(Watch(**plain["watch"]), plain["cuts"]) if plain else cls()
