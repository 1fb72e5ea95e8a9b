"""The ways of training that are compared: the default, the plain one, and what lies between.

The plain recipe is what the older trainers of this family do: fp32, NCHW, a pyramid of 256
channels, and label maps that a polygon clipper draws box by box. All else is the same for all
recipes (network, loss, optimiser, augmentation, decoded images kept in memory), so that nothing
but these four choices is compared.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal
from unittest import mock

import torch
from torch import nn

import trainer.detection.dataset
import trainer.detection.task
from benchmarks import plain_maps
from trainer.config import Config, ModelConfig
from trainer.detection.model import DBNet
from trainer.device import cpu_has_bf16


@dataclass(frozen=True)
class Recipe:
    """``width`` is that of the pyramid, ``precision`` fp32 or bf16; ``clipper`` draws the maps."""

    name: str
    width: int
    precision: Literal["fp32", "bf16"]
    channels_last: bool = True
    clipper: bool = False


PLAIN = Recipe("plain", 256, "fp32", channels_last=False, clipper=True)


def default() -> Recipe:
    """What the trainer does unless told otherwise, on this machine."""
    return Recipe("default", ModelConfig().fpn_channels, "bf16" if cpu_has_bf16() else "fp32")


def recipes() -> list[Recipe]:
    """The plain recipe, the default, the default in fp32, and every mixture of three choices."""
    precisions: list[Literal["fp32", "bf16"]] = ["fp32", "bf16"] if cpu_has_bf16() else ["fp32"]
    mixtures = [
        Recipe(f"{precision} {width} {layout}", width, precision, layout == "NHWC")
        for precision in precisions
        for width in (256, 128, 96, 64)
        for layout in ("NCHW", "NHWC")
    ]
    own = default()
    same = [one for one in mixtures if replace(one, name=own.name) == own]
    return [PLAIN, own, *(one for one in mixtures if one not in same)]


def configured(config: Config, recipe: Recipe) -> Config:
    """The settings of a training by this recipe."""
    return replace(
        config,
        model=replace(config.model, fpn_channels=recipe.width, pretrained=False),
        train=replace(config.train, precision=recipe.precision, threads=1, device="cpu"),
    )


@contextmanager
def cooking(recipe: Recipe) -> Iterator[None]:
    """Tasks that are made and used in here do what no setting offers: NCHW and the clipper."""
    with ExitStack() as stack:
        if not recipe.channels_last:
            stack.enter_context(mock.patch.object(trainer.detection.task, "DBNet", _Nchw))
        if recipe.clipper:
            maps = plain_maps.make_maps
            stack.enter_context(mock.patch.object(trainer.detection.dataset, "make_maps", maps))
        yield


class _Nchw(DBNet):
    """The same network with its tensors in the order NCHW, its heads layer by layer."""

    def __init__(self, fpn_channels: int) -> None:
        super().__init__(fpn_channels)
        self.decoder.binarize = nn.Sequential(*self.decoder.binarize)
        self.decoder.thresh = nn.Sequential(*self.decoder.thresh)

    def to(self, *args: Any, **kwargs: Any) -> _Nchw:
        kwargs.pop("memory_format", None)
        return super().to(*args, **kwargs)

    def normalise(self, images: torch.Tensor) -> torch.Tensor:
        return (images.permute(0, 3, 1, 2).contiguous().float() - self.mean) / self.std
