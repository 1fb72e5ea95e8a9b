"""The text detector: ResNet-18, a feature pyramid, and a head for two maps.

DB = "Real-time Scene Text Detection with Differentiable Binarization" (Liao et al., 2020). Modules
are named as in its official code (``backbone.*``, ``decoder.in5``, ``decoder.out5``,
``decoder.binarize``, ``decoder.thresh``), so that state dicts of that family fit a model with 256
pyramid channels; ``pretrained.py`` turns their BGR into our RGB.
"""

from __future__ import annotations

from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torchvision.models import resnet18

TEXT_PRIOR = -2.2
"""Logit of p = 0.1, the usual share of text pixels.

Starting at 0.5 leaves the background above the 0.3 bitmap threshold for the first thousand images,
as the hardest-first loss gives most of it no gradient: everything merges into one box and F1 is 0.
"""
THRESHOLD_PRIOR = -0.85
"""Logit of 0.3, the value of the threshold map away from text."""

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
"""Of ImageNet, RGB in 0..1: what torchvision's weights expect."""


class Maps(NamedTuple):
    """Logits at the resolution of the input, (B, H, W) each."""

    text: Tensor
    threshold: Tensor | None


class Backbone(nn.Module):
    """The trunk of torchvision's ResNet-18 with its names; features at strides 4, 8, 16, 32."""

    channels = (64, 128, 256, 512)
    conv1: nn.Module
    bn1: nn.Module
    relu: nn.Module
    maxpool: nn.Module
    layer1: nn.Module
    layer2: nn.Module
    layer3: nn.Module
    layer4: nn.Module

    def __init__(self) -> None:
        super().__init__()
        whole = resnet18(weights=None)
        for name in ("conv1", "bn1", "relu", "maxpool", "layer1", "layer2", "layer3", "layer4"):
            self.add_module(name, getattr(whole, name))

    def forward(self, x: Tensor) -> list[Tensor]:
        # The largest is the same before and after the rectifier, which has a quarter left to do.
        x = self.relu(self.maxpool(self.bn1(self.conv1(x))))
        features = []
        for layer in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = layer(x)
            features.append(x)
        return features


class Decoder(nn.Module):
    """Feature pyramid and heads. ``channels`` is the width of the pyramid."""

    def __init__(self, inputs: tuple[int, ...], channels: int) -> None:
        super().__init__()
        part = channels // 4
        self.in2, self.in3, self.in4, self.in5 = (
            nn.Conv2d(n, channels, 1, bias=False) for n in inputs
        )
        self.out2 = nn.Conv2d(channels, part, 3, padding=1, bias=False)
        self.out3, self.out4, self.out5 = (
            nn.Sequential(
                nn.Conv2d(channels, part, 3, padding=1, bias=False),
                nn.Upsample(scale_factor=scale),
            )
            for scale in (2, 4, 8)
        )
        self.up = nn.Upsample(scale_factor=2)
        self.binarize = Head(channels, TEXT_PRIOR)
        self.thresh = Head(channels, THRESHOLD_PRIOR)

    def forward(self, features: list[Tensor], with_threshold: bool) -> Maps:
        c2, c3, c4, c5 = features
        p5 = self.in5(c5)
        p4 = self.up(p5) + self.in4(c4)
        p3 = self.up(p4) + self.in3(c3)
        p2 = self.up(p3) + self.in2(c2)
        fused = torch.cat((self.out5(p5), self.out4(p4), self.out3(p3), self.out2(p2)), 1)
        threshold = self.thresh(fused).squeeze(1) if with_threshold else None
        return Maps(self.binarize(fused).squeeze(1), threshold)


class Head(nn.Sequential):
    """A 3x3 convolution, then twice up by two: from stride 4 to one logit per input pixel.

    The layers are those of the official code. Run one after the other they spend more than a third
    of their time on the transposed convolutions, whose windows do not overlap: each is a matrix
    product that makes four pixels of one. Here the four stay side by side, as norm and rectifier
    do not ask where a pixel lies, and only the logits are put in their places.
    """

    def __init__(self, channels: int, prior: float) -> None:
        part = channels // 4
        last = nn.ConvTranspose2d(part, 1, 2, 2)
        last.bias = nn.Parameter(torch.tensor([prior]))
        super().__init__(
            nn.Conv2d(channels, part, 3, padding=1, bias=False),
            nn.BatchNorm2d(part),
            nn.ReLU(inplace=True),
            nn.ConvTranspose2d(part, part, 2, 2),
            nn.BatchNorm2d(part),
            nn.ReLU(inplace=True),
            last,
        )

    def forward(self, fused: Tensor) -> Tensor:
        """(B, channels, H, W) to logits (B, 1, 4 H, 4 W)."""
        convolution, norm, relu, up, fine_norm, fine_relu, last = self
        batch, _, height, width = fused.shape
        coarse = relu(norm(convolution(fused))).permute(0, 2, 3, 1)
        weight, bias = _parameters(up)  # (in, out, row, column)
        weight = weight.permute(2, 3, 1, 0).reshape(-1, weight.shape[0])
        four = F.linear(coarse, weight, bias.repeat(4))  # (B, H, W, row, column, part)
        four = four.reshape(batch, height * width, 4, -1).permute(0, 3, 1, 2)
        four = fine_relu(fine_norm(four)).permute(0, 2, 3, 1)
        four = four.reshape(batch, height, width, -1)
        weight, bias = _parameters(last)
        same = torch.eye(2, device=fused.device)  # a logit is made of its own quarter alone
        weight = torch.einsum("ab,cd,koij->aicjbdk", same, same, weight).reshape(16, -1)
        logits = F.linear(four, weight, bias.repeat(16))  # (B, H, W, four rows of four)
        logits = logits.reshape(batch, height, width, 4, 4).transpose(2, 3)
        return logits.reshape(batch, 1, 4 * height, 4 * width)


def _parameters(layer: nn.Module) -> tuple[Tensor, Tensor]:
    return layer.get_parameter("weight"), layer.get_parameter("bias")


class DBNet(nn.Module):
    """uint8 RGB images in, logits out."""

    mean: Tensor
    std: Tensor

    def __init__(self, fpn_channels: int) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.decoder = Decoder(Backbone.channels, fpn_channels)
        mean, std = (torch.tensor(value).view(1, 3, 1, 1) * 255 for value in (MEAN, STD))
        # Kept with the weights: those of other sources were trained with other numbers.
        self.register_buffer("mean", mean)
        self.register_buffer("std", std)
        self.decoder.apply(_init)
        self._frozen = False

    def forward(self, images: Tensor, with_threshold: bool | None = None) -> Maps:
        """(B, H, W, 3) uint8, H and W multiples of 32, to ``Maps``.

        The threshold head is for training; in eval mode it is left out unless asked for.
        """
        wanted = self.training if with_threshold is None else with_threshold
        maps: Maps = self.decoder(self.backbone(self.normalise(images)), wanted)
        return maps

    def normalise(self, images: Tensor) -> Tensor:
        """(B, H, W, 3) bytes to (B, 3, H, W) floats around 0, as the weights expect them.

        By whole rows of pixels, as loops over three numbers take three times as long; the result
        is in channels_last without a copy.
        """
        mean, std = (value.flatten().repeat(images.shape[2]) for value in (self.mean, self.std))
        rows = images.flatten(2).to(self.mean.dtype).sub_(mean).div_(std)
        return rows.view(images.shape).permute(0, 3, 1, 2)

    def freeze_backbone(self, frozen: bool) -> None:
        """Leave the backbone as it is, its batch norms too, or let it be trained."""
        self._frozen = frozen
        self.backbone.requires_grad_(not frozen)
        self.train(self.training)

    def train(self, mode: bool = True) -> DBNet:
        """As of any module, but a frozen backbone keeps the statistics of its batch norms."""
        super().train(mode)
        self.backbone.train(mode and not self._frozen)
        return self

    @property
    def first_weight(self) -> nn.Parameter:
        """Of the first convolution that is trained, whose gradient is the first to vanish."""
        first = self.decoder.in5 if self._frozen else self.backbone.get_submodule("conv1")
        return _weight(first)

    @property
    def last_weight(self) -> nn.Parameter:
        """Of the layer that makes the text logits."""
        return _weight(self.decoder.binarize[-1])


def _weight(layer: nn.Module) -> nn.Parameter:
    return layer.get_parameter("weight")


def _init(module: nn.Module) -> None:
    if isinstance(module, nn.Conv2d):
        nn.init.kaiming_normal_(module.weight)
