"""Optimiser groups and learning-rate schedules."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from trainer.config import OptimizerConfig, SchedulerConfig
from trainer.optim import learning_rate, make_optimizer, set_learning_rate


def rates(config, *, epochs, steps_per_epoch, base=1.0):
    total = epochs * steps_per_epoch
    return [
        learning_rate(base, config, step=s + 1, epoch=s // steps_per_epoch + 1, total_steps=total)
        for s in range(total)
    ]


def test_step_lr_drops_after_every_step_size_epochs():
    config = SchedulerConfig(type="StepLR", step_size=3, gamma=0.1)
    assert rates(config, epochs=7, steps_per_epoch=1) == pytest.approx(
        [1, 1, 1, 0.1, 0.1, 0.1, 0.01]
    )


def test_poly_falls_each_step_and_never_reaches_zero():
    found = rates(SchedulerConfig(type="Poly"), epochs=2, steps_per_epoch=5)
    assert found[0] == 1
    assert found == sorted(found, reverse=True)
    assert found[-1] == pytest.approx(0.1**0.9)


def test_constant_with_warm_up_ends_its_ramp_at_the_full_rate():
    config = SchedulerConfig(type="Constant", warmup_steps=4)
    assert rates(config, epochs=1, steps_per_epoch=6) == [0.25, 0.5, 0.75, 1, 1, 1]


@given(
    kind=st.sampled_from(["StepLR", "Poly", "Constant"]),
    warmup=st.integers(0, 50),
    epochs=st.integers(1, 9),
    steps=st.integers(1, 9),
)
def test_a_rate_is_positive_and_never_above_the_base(kind, warmup, epochs, steps):
    config = SchedulerConfig(type=kind, warmup_steps=warmup)
    assert all(
        0 < rate <= 2.0 for rate in rates(config, epochs=epochs, steps_per_epoch=steps, base=2.0)
    )


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
