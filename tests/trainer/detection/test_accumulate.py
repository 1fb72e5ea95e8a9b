"""Gradients that add up over batches, on the detector: what equals one large batch."""

from pathlib import Path

import pytest
import torch

from trainer.configfile import load_config, parse_set
from trainer.detection.task import DetectionTask
from trainer.laps import Laps
from trainer.optim import make_optimizer
from trainer.steps import Plan, make_update
from trainer.synth import render_dataset

CPU = torch.device("cpu")
CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: DATA, test_dir: DATA, input_size: 64}
train: {device: cpu, precision: fp32, grad_clip: null}
"""
SEPARABLE = ("loss.binary=0", "loss.negative_ratio=1000000")
"""A loss that is a sum over pixels: no dice, and all of the background."""


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("accumulate")
    render_dataset(folder / "data", train=6, test=1, size=64)
    path = folder / "c.yaml"
    path.write_text(CONFIG.replace("DATA", str(folder / "data")))
    return path


def gradients(config: Path, *settings: str, frozen_norms: bool) -> torch.Tensor:
    """Those of the first update, all in one vector; the same weights each time."""
    torch.manual_seed(0)
    task = DetectionTask(load_config(config, [parse_set(text) for text in settings]), CPU)
    task.model.train(not frozen_norms)
    optimizer = make_optimizer(task.model, task.config.optimizer)
    plan = Plan(CPU, "fp32", lambda *_: 0.0)
    make_update(task, optimizer, plan, next(task.train_updates(1)), Laps(CPU))
    return torch.cat([weight.grad.flatten() for weight in task.model.parameters()])


def distance(first: torch.Tensor, second: torch.Tensor) -> float:
    return float((first - second).norm() / second.norm())


def test_a_loss_over_pixels_gives_the_gradients_of_the_large_batch(config):
    parted, whole = (
        gradients(config, *SEPARABLE, size, count, frozen_norms=True)
        for size, count in (
            ("data.batch_size=2", "train.accumulate=2"),
            ("data.batch_size=4", "train.accumulate=1"),
        )
    )
    assert distance(parted, whole) < 1e-5


def test_batches_of_unlike_size_too(config):
    """Six images as 4 + 2: the mean of the two means would be another gradient."""
    parted = gradients(
        config, *SEPARABLE, "data.batch_size=4", "train.accumulate=2", frozen_norms=True
    )
    whole = gradients(config, *SEPARABLE, "data.batch_size=6", frozen_norms=True)
    assert distance(parted, whole) < 1e-5


def test_hard_background_and_dice_are_chosen_in_each_batch_and_come_close(config):
    parted = gradients(config, "data.batch_size=2", "train.accumulate=2", frozen_norms=True)
    whole = gradients(config, "data.batch_size=4", frozen_norms=True)
    assert 1e-5 < distance(parted, whole) < 0.5
