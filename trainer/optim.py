"""The optimiser: which weights it changes, how, and at which rate."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from trainer.config import OptimizerConfig
from trainer.detection.model import DBNet
from trainer.stages import Stage


def begin(model: DBNet, stage: Stage, config: OptimizerConfig) -> torch.optim.Optimizer:
    """Freeze what ``stage`` freezes; returns an optimiser of the rest, which knows nothing yet."""
    model.freeze_backbone(stage.freeze_backbone)
    return make_optimizer(model, config)


def make_optimizer(model: nn.Module, config: OptimizerConfig) -> torch.optim.Optimizer:
    """SGD, Adam or AdamW; batch norms and biases (tensors of one dimension) do not decay.

    Fused: on two cores this halves the time of an AdamW step.
    """
    trained = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in trained if p.ndim > 1], "weight_decay": config.weight_decay},
        {"params": [p for p in trained if p.ndim <= 1], "weight_decay": 0.0},
    ]
    if config.type == "SGD":
        return torch.optim.SGD(groups, lr=config.lr, momentum=config.momentum, fused=True)
    kind: Any = {"Adam": torch.optim.Adam, "AdamW": torch.optim.AdamW}[config.type]
    betas = (config.momentum, 0.999)
    optimizer: torch.optim.Optimizer = kind(groups, lr=config.lr, betas=betas, fused=True)
    return optimizer


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Use ``lr`` from the next step on."""
    for group in optimizer.param_groups:
        group["lr"] = lr
