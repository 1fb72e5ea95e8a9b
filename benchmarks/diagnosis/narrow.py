"""The trainer's network at a quarter of its width, so that hundreds of runs are affordable."""

from __future__ import annotations

from torch import nn
from torchvision.models.resnet import BasicBlock

from trainer.detection import model

WIDTH = 16
"""Channels of the first stage; ResNet-18 has 64. A step takes a sixth of the time."""


class NarrowBackbone(nn.Module):
    """ResNet-18 as ``trainer.detection.model.Backbone`` uses it, with fewer channels."""

    channels = (WIDTH, 2 * WIDTH, 4 * WIDTH, 8 * WIDTH)
    forward = model.Backbone.forward

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, WIDTH, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(WIDTH)
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, 2, 1)
        inputs = (WIDTH, *self.channels)
        for number, width in enumerate(self.channels):
            self.add_module(f"layer{number + 1}", _stage(inputs[number], width, number > 0))
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")


def _stage(inputs: int, width: int, halve: bool) -> nn.Sequential:
    """Two blocks; the first one halves the resolution in all stages but the first."""
    stride = 2 if halve else 1
    shortcut = None
    if halve:
        shortcut = nn.Sequential(
            nn.Conv2d(inputs, width, 1, stride, bias=False), nn.BatchNorm2d(width)
        )
    return nn.Sequential(BasicBlock(inputs, width, stride, shortcut), BasicBlock(width, width))


def use_narrow_network() -> None:
    """Let every model built from now on in this process be narrow."""
    model.Backbone = NarrowBackbone  # type: ignore[misc, assignment]
