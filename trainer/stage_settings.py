"""The settings of learning-rate schedules, and of stages that are trained one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from trainer.settings import Range

Count = Annotated[int, Range(low=1)]
Weight = Annotated[float, Range(low=0)]
Positive = Annotated[float, Range(above=0)]
Monitored = Literal[
    "val_f1", "val_best_f1", "val_ap", "val_precision", "val_recall", "val_loss", "train_loss"
]
"""Keys of metrics.json of which one can be the best or stand still."""
Mode = Literal["auto", "max", "min"]


def direction(monitor: Monitored, mode: Mode) -> Mode:
    """``mode``, where auto means less of a loss and more of all else."""
    if mode != "auto":
        return mode
    return "min" if monitor.endswith("_loss") else "max"


@dataclass(frozen=True)
class SchedulerConfig:
    """The learning rate as a function of the step and the epoch.

    StepLR drops it every few epochs. ReduceLROnPlateau drops it where ``monitor`` stands still.
    Poly lets it fall each step towards 0, Cosine in half a wave to ``min_lr``. Constant leaves it.
    """

    type: Literal["StepLR", "ReduceLROnPlateau", "Poly", "Cosine", "Constant"] = "StepLR"
    step_size: Count = 3
    """epochs between two drops of StepLR"""
    gamma: Annotated[float, Range(above=0, high=1)] = 0.1
    """factor of each drop of StepLR"""
    monitor: Monitored = "val_loss"
    """what ReduceLROnPlateau watches"""
    mode: Mode = "auto"
    """whether more or less of it is better; auto: less of a loss, more of all else"""
    patience: Annotated[int, Range(low=0)] = 2
    """epochs without a better value that ReduceLROnPlateau lets pass; the next one is a drop"""
    factor: Annotated[float, Range(above=0, below=1)] = 0.5
    """factor of each drop of ReduceLROnPlateau"""
    min_lr: Weight = 1e-6
    """where Cosine ends, and below which ReduceLROnPlateau does not go"""
    warmup_steps: Annotated[int, Range(low=0)] = 0
    """steps over which the rate of any of them grows in a straight line to its full height"""

    def __post_init__(self) -> None:
        object.__setattr__(self, "mode", direction(self.monitor, self.mode))


@dataclass(frozen=True)
class StageConfig:
    """Epochs that are trained alike; what is left out is as in the rest of the config.

    Each stage begins with a fresh optimiser, its schedule at the start, its warm-up too.
    """

    name: str = ""
    """for the log"""
    epochs: Count | None = None
    """null, in the last stage only: all that are left of train.epochs"""
    freeze_backbone: bool | None = None
    """null: train.freeze_backbone"""
    lr: Positive | None = None
    """null: optimizer.lr"""
    scheduler: SchedulerConfig | None = None
    """a whole schedule of its own; null: the one under ``scheduler``"""


def ending_open(stages: Sequence[StageConfig], epochs: int) -> tuple[StageConfig, ...]:
    """The stages with the length of the last one left open: it lasts as long as ``epochs`` do.

    So a resume that raises ``train.epochs`` lengthens the last stage. Raises ValueError where the
    stages do not fill the epochs.
    """
    if not stages:
        return ()
    *first, last = stages
    lengths = [stage.epochs for stage in first if stage.epochs is not None]
    if len(lengths) < len(first):
        number = next(i for i, stage in enumerate(first, 1) if stage.epochs is None)
        raise ValueError(
            f"stages: stage {number} does not say its epochs; only the last one may leave them "
            "out, and then lasts as long as train.epochs"
        )
    if last.epochs is None and sum(lengths) >= epochs:
        raise ValueError(
            f"stages have {sum(lengths)} epochs before the last one, but train.epochs is "
            f"{epochs}; allowed: more than {sum(lengths)}"
        )
    total = sum(lengths) + (last.epochs or 0)
    if last.epochs is not None and total != epochs:
        raise ValueError(
            f"stages have {' + '.join(map(str, [*lengths, last.epochs]))} = {total} epochs, but "
            f"train.epochs is {epochs}; leave train.epochs out, or the epochs of the last stage"
        )
    return (*first, replace(last, epochs=None))
