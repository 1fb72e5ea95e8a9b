"""The loss of DB: text map, threshold map, and the binary map that ties them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config import LossConfig
from trainer.detection.model import Maps

STEEPNESS = 50.0
"""k of the differentiable step, sigmoid(k (p - t)); the value of the paper."""


@dataclass(frozen=True)
class Targets:
    """What the maps should be, (B, H, W) each, and two counts.

    ``text`` and ``text_mask``, ``border_mask`` are 0 or 1, ``border`` is 0..1. ``positives`` and
    ``negatives`` count text and background pixels inside ``text_mask``; they are taken before the
    tensors move to the device, so that no step waits for it.
    """

    text: Tensor
    text_mask: Tensor
    border: Tensor
    border_mask: Tensor
    positives: int
    negatives: int


def db_loss(maps: Maps, targets: Targets, config: LossConfig) -> dict[str, Tensor]:
    """The parts ``shrink``, ``binary`` and ``threshold``, weighted: their sum is the loss.

    Computed in fp32 on logits, as sigmoid and log do not survive half precision. A part without
    any pixel to learn from is 0.
    """
    if maps.threshold is None:
        raise ValueError("the loss needs the threshold map; ask the model for it")
    with torch.autocast(maps.text.device.type, enabled=False):
        text, threshold = maps.text.float(), maps.threshold.float()
        return {
            "shrink": config.shrink * _balanced_bce(text, targets, config.negative_ratio),
            "binary": config.binary * _dice(text, threshold, targets),
            "threshold": config.threshold * _masked_l1(threshold, targets),
        }


def _balanced_bce(logits: Tensor, targets: Targets, ratio: float) -> Tensor:
    """Binary cross entropy over all text pixels and the hardest ``ratio`` times as many others.

    A batch without text takes all its background, or pages without text would teach nothing.
    """
    losses = F.binary_cross_entropy_with_logits(logits, targets.text, reduction="none")
    positive = (losses * targets.text * targets.text_mask).sum()
    negatives = (losses * (1 - targets.text) * targets.text_mask).flatten()
    count = targets.negatives
    if targets.positives:
        count = min(count, int(targets.positives * ratio))
    hardest = torch.topk(negatives, count, sorted=False).values.sum()
    return (positive + hardest) / max(1, targets.positives + count)


def _dice(text: Tensor, threshold: Tensor, targets: Targets) -> Tensor:
    """1 - dice of the approximate binary map against the text map."""
    if not targets.positives:
        return text.sum() * 0.0
    binary = torch.sigmoid(STEEPNESS * (torch.sigmoid(text) - torch.sigmoid(threshold)))
    binary = binary * targets.text_mask
    overlap = (binary * targets.text).sum()
    return 1 - 2 * overlap / (binary.sum() + (targets.text * targets.text_mask).sum() + 1e-6)


def _masked_l1(threshold: Tensor, targets: Targets) -> Tensor:
    """Mean distance of the threshold map inside the bands around text."""
    difference = (torch.sigmoid(threshold) - targets.border).abs() * targets.border_mask
    return difference.sum() / (targets.border_mask.sum() + 1e-6)
