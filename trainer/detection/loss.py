"""The loss of DB: text map, threshold map, and the binary map that ties them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from trainer.config import LossConfig
from trainer.detection.model import Maps

STEEPNESS = 50.0
"""k of the differentiable step, sigmoid(k (p - t)); the value of the paper."""
FULL_SHARE = 0.02
"""Share of text pixels from which a batch counts in full where positives weigh."""


class Counts(NamedTuple):
    """Pixels that the parts of the loss are means over.

    Text and background inside ``text_mask``, and those of ``border_mask``. They are taken before
    the tensors move to the device, so that no step waits for it.
    """

    positives: float
    negatives: float
    border: float


@dataclass(frozen=True)
class Targets:
    """What the maps should be, (B, H, W) each, and their counts.

    ``text`` and ``text_mask``, ``border_mask`` are 0 or 1, ``border`` is 0..1. ``whole`` counts
    the pixels of all batches that make one update, see ``db_loss``.
    """

    text: Tensor
    text_mask: Tensor
    border: Tensor
    border_mask: Tensor
    counts: Counts
    whole: Counts


def db_loss(maps: Maps, targets: Targets, config: LossConfig) -> dict[str, Tensor]:
    """The parts ``shrink``, ``binary`` and ``threshold``, weighted: their sum is the loss.

    Computed in fp32 on logits, as sigmoid and log do not survive half precision. A part without
    any pixel to learn from is 0. With ``weighting: positives`` the parts that are about text alone
    are multiplied by min(1, share of text pixels / FULL_SHARE).

    Where several batches make one update, the parts are shares that add up to its loss. The sum is
    that of one large batch but for two things: each batch chooses its own hardest background
    pixels, as many as its share of the background, and has its own dice, which weighs by its share
    of the text.
    """
    if maps.threshold is None:
        raise ValueError("the loss needs the threshold map; ask the model for it")
    with torch.autocast(maps.text.device.type, enabled=False):
        text, threshold = maps.text.float(), maps.threshold.float()
        if config.focal_gamma is None:
            shrink = _balanced_bce(text, targets, config.negative_ratio)
        else:
            shrink = _focal(text, targets, config.focal_gamma, config.focal_alpha)
        fullness = _fullness(targets.whole) if config.weighting == "positives" else 1.0
        return {
            "shrink": config.shrink * shrink,
            "binary": config.binary * fullness * _dice(text, threshold, targets),
            "threshold": config.threshold * fullness * _masked_l1(threshold, targets),
        }


def _fullness(whole: Counts) -> float:
    """1 for an update with the usual text, less for one with little."""
    return min(1.0, whole.positives / max(1, whole.positives + whole.negatives) / FULL_SHARE)


def _balanced_bce(logits: Tensor, targets: Targets, ratio: float) -> Tensor:
    """Binary cross entropy over all text pixels and the hardest ``ratio`` times as many others.

    A batch without text takes all its background, or pages without text would teach nothing.
    """
    losses = F.binary_cross_entropy_with_logits(logits, targets.text, reduction="none")
    positive = (losses * targets.text * targets.text_mask).sum()
    negatives = (losses * (1 - targets.text) * targets.text_mask).flatten()
    whole, own = targets.whole, targets.counts.negatives
    hard = int(whole.negatives)
    if whole.positives:
        hard = min(hard, int(whole.positives * ratio))
    count = round(hard * own / whole.negatives) if own else 0
    hardest = torch.topk(negatives, count, sorted=False).values.sum()
    return (positive + hardest) / max(1, whole.positives + hard)


def _focal(logits: Tensor, targets: Targets, gamma: float, alpha: float) -> Tensor:
    """Mean over all pixels that count of w (1 - q)^gamma (-log q), q the probability of the truth.

    w is ``alpha`` for text and 1 - ``alpha`` for the rest. After Lin et al., "Focal loss for dense
    object detection" (2017), averaged as docTR does. The power is taken of a logarithm: of a
    pixel that is sure it would have no gradient where gamma is below 1.
    """
    signed = torch.where(targets.text > 0, logits, -logits)
    weight = torch.where(targets.text > 0, alpha, 1 - alpha) * targets.text_mask
    losses = -F.logsigmoid(signed) * torch.exp(gamma * F.logsigmoid(-signed))
    return (losses * weight).sum() / max(1, targets.whole.positives + targets.whole.negatives)


def _dice(text: Tensor, threshold: Tensor, targets: Targets) -> Tensor:
    """1 - dice of the approximate binary map against the text map."""
    if not targets.counts.positives:
        return text.sum() * 0.0
    binary = torch.sigmoid(STEEPNESS * (torch.sigmoid(text) - torch.sigmoid(threshold)))
    binary = binary * targets.text_mask
    overlap = (binary * targets.text).sum()
    both = binary.sum() + (targets.text * targets.text_mask).sum()
    share = targets.counts.positives / targets.whole.positives
    return share * (1 - 2 * overlap / (both + 1e-6))


def _masked_l1(threshold: Tensor, targets: Targets) -> Tensor:
    """Mean distance of the threshold map inside the bands around text."""
    difference = (torch.sigmoid(threshold) - targets.border).abs() * targets.border_mask
    return difference.sum() / (targets.whole.border + 1e-6)
