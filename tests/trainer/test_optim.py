"""Optimiser groups."""

import pytest
import torch
from torch import nn

from trainer.config import OptimizerConfig
from trainer.optim import make_optimizer, set_learning_rate


@pytest.mark.parametrize("kind", ["SGD", "Adam", "AdamW"])
def test_batch_norms_and_biases_do_not_decay(kind):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4))
    optimizer = make_optimizer(model, OptimizerConfig(type=kind, weight_decay=0.5))
    decays = {
        tuple(p.shape): group["weight_decay"]
        for group in optimizer.param_groups
        for p in group["params"]
    }
    assert decays == {(4, 3, 3, 3): 0.5, (4,): 0.0}
    assert type(optimizer) is getattr(torch.optim, kind)


def test_momentum_is_the_first_beta_of_adam():
    optimizer = make_optimizer(nn.Linear(2, 2), OptimizerConfig(type="Adam", momentum=0.8))
    assert optimizer.param_groups[0]["betas"] == (0.8, 0.999)


def test_frozen_weights_are_left_out():
    model = nn.Linear(2, 2)
    model.bias.requires_grad_(False)
    optimizer = make_optimizer(model, OptimizerConfig())
    assert [len(group["params"]) for group in optimizer.param_groups] == [1, 0]


def test_the_rate_of_every_group_is_set():
    optimizer = make_optimizer(nn.Linear(2, 2), OptimizerConfig())
    set_learning_rate(optimizer, 0.25)
    assert [group["lr"] for group in optimizer.param_groups] == [0.25, 0.25]
