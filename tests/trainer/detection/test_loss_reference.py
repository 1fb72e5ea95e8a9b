"""Each option of the loss against sums over single pixels, and its gradients against differences.

The sums below are in double precision, pixel by pixel; a gradient is what a part changes by when
one logit moves a little to both sides.
"""

import math

import numpy as np
import pytest
import torch

from trainer.config import LossConfig
from trainer.detection.loss import Counts, Targets, db_loss
from trainer.detection.model import Maps

RNG = np.random.default_rng(0)
SHAPE = (2, 5, 6)
TEXT = RNG.normal(0, 2, SHAPE)
THRESHOLD = RNG.normal(-0.8, 0.5, SHAPE)
TRUTH = (RNG.random(SHAPE) < 0.2).astype(float)
MASK = (RNG.random(SHAPE) < 0.9).astype(float)
BORDER = RNG.uniform(0.3, 0.7, SHAPE)
BAND = (RNG.random(SHAPE) < 0.4).astype(float)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def truth_is(text):
    """Probability that each pixel gives to what it is."""
    return np.where(TRUTH > 0, sigmoid(text), 1 - sigmoid(text))


def hardest_first(text, ratio):
    losses = -np.log(truth_is(text))
    positive = [x for x, t, m in zip(losses.flat, TRUTH.flat, MASK.flat, strict=True) if t and m]
    rest = [x for x, t, m in zip(losses.flat, TRUTH.flat, MASK.flat, strict=True) if m and not t]
    taken = sorted(rest, reverse=True)[: int(ratio * len(positive))]
    return (sum(positive) + sum(taken)) / (len(positive) + len(taken))


def focal(text, gamma, alpha):
    total = 0.0
    for q, t, m in zip(truth_is(text).flat, TRUTH.flat, MASK.flat, strict=True):
        total += m * (alpha if t else 1 - alpha) * (1 - q) ** gamma * -math.log(q)
    return total / MASK.sum()


def dice(text, threshold):
    step = sigmoid(50 * (sigmoid(text) - sigmoid(threshold))) * MASK
    return 1 - 2 * (step * TRUTH).sum() / (step.sum() + (TRUTH * MASK).sum() + 1e-6)


def distance(threshold):
    return (np.abs(sigmoid(threshold) - BORDER) * BAND).sum() / (BAND.sum() + 1e-6)


def reference(text, threshold, config):
    if config.focal_gamma is None:
        shrink = hardest_first(text, config.negative_ratio)
    else:
        shrink = focal(text, config.focal_gamma, config.focal_alpha)
    share = (TRUTH * MASK).sum() / MASK.sum()
    full = min(1, share / 0.02) if config.weighting == "positives" else 1
    return {
        "shrink": config.shrink * shrink,
        "binary": config.binary * full * dice(text, threshold),
        "threshold": config.threshold * full * distance(threshold),
    }


def ours(config):
    """The parts, and the gradients of their sum by both maps."""
    text = torch.tensor(TEXT, dtype=torch.float32, requires_grad=True)
    threshold = torch.tensor(THRESHOLD, dtype=torch.float32, requires_grad=True)
    planes = [torch.tensor(plane, dtype=torch.float32) for plane in (TRUTH, MASK, BORDER, BAND)]
    positives = (TRUTH * MASK).sum()
    counts = Counts(positives, MASK.sum() - positives, BAND.sum())
    targets = Targets(*planes, counts, counts)
    parts = db_loss(Maps(text, threshold), targets, config)
    sum(parts.values()).backward()
    return {name: float(part.detach()) for name, part in parts.items()}, text.grad, threshold.grad


CONFIGS = {
    "the default": LossConfig(),
    "other weights": LossConfig(shrink=2, binary=0.5, threshold=0),
    "other ratio": LossConfig(negative_ratio=1.5),
    "focal": LossConfig(shrink=10, focal_gamma=2),
    "focal, for text": LossConfig(focal_gamma=1.5, focal_alpha=0.75),
    "focal below one": LossConfig(focal_gamma=0.5),
    "plain cross entropy": LossConfig(focal_gamma=0),
    "positives": LossConfig(weighting="positives"),
}


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_parts_are_those_of_the_sums(config):
    assert ours(config)[0] == pytest.approx(reference(TEXT, THRESHOLD, config), rel=1e-5)


@pytest.mark.parametrize("config", CONFIGS.values(), ids=CONFIGS)
def test_the_gradients_are_those_of_the_sums(config):
    def total(text, threshold):
        return sum(reference(text, threshold, config).values())

    _, *gradients = ours(config)
    for which, found in enumerate(gradients):
        for place in [(0, 0, 0), (0, 2, 3), (1, 4, 5), (1, 1, 1), *np.argwhere(TRUTH * MASK)[:3]]:
            nudge = np.zeros((2, *SHAPE))
            nudge[(which, *place)] = 1e-5
            up = total(TEXT + nudge[0], THRESHOLD + nudge[1])
            down = total(TEXT - nudge[0], THRESHOLD - nudge[1])
            assert float(found[tuple(place)]) == pytest.approx((up - down) / 2e-5, abs=2e-5)


@pytest.mark.parametrize("gamma", [0.0, 0.5, 2.0])
def test_focal_of_a_sure_pixel_is_finite(gamma):
    logits = torch.tensor([[[200.0, -200.0, 200.0, -200.0]]], requires_grad=True)
    truth = torch.tensor([[[1.0, 0.0, 0.0, 1.0]]])
    ones, zeros = torch.ones_like(truth), torch.zeros_like(truth)
    targets = Targets(truth, ones, zeros, zeros, Counts(2, 2, 0), Counts(2, 2, 0))
    parts = db_loss(Maps(logits, zeros), targets, LossConfig(focal_gamma=gamma))
    parts["shrink"].backward()
    assert torch.isfinite(logits.grad).all()
    assert (
        logits.grad[0, 0, 2:].sign() == torch.tensor([1.0, -1.0])
    ).all()  # the wrong ones learn


def test_little_text_counts_less_where_positives_weigh():
    """Of 10,000 pixels 100 are text: half of the share from which a batch counts in full."""
    truth = torch.zeros(1, 100, 100)
    truth[0, :10, :10] = 1
    maps = Maps(torch.zeros_like(truth), torch.zeros_like(truth))
    counts = Counts(100, 9900, 100)
    targets = Targets(truth, torch.ones_like(truth), truth * 0.5, truth, counts, counts)
    fixed = db_loss(maps, targets, LossConfig())
    weighed = db_loss(maps, targets, LossConfig(weighting="positives"))
    ratios = {name: float(weighed[name] / fixed[name]) for name in ("shrink", "binary")}
    assert ratios == pytest.approx({"shrink": 1, "binary": 0.5})


@pytest.mark.parametrize("changes", [{"focal_gamma": 2.0}, {"weighting": "positives"}])
def test_parts_of_two_batches_of_one_update_add_up(changes):
    """As one batch of both; the dice is of each batch its own, so it is left out here."""
    config = LossConfig(binary=0, negative_ratio=1e9, **changes)
    generator = torch.Generator().manual_seed(2)
    shape = (2, 20, 20)
    text, level = (torch.randn(shape, generator=generator) for _ in range(2))
    truth = torch.zeros(shape)
    truth[0, :2, :3] = 1
    ones = torch.ones(shape)

    def counts(part):
        return Counts(float(part.sum()), float((1 - part).sum()), float(part.numel()))

    def loss(rows):
        targets = Targets(
            truth[rows], ones[rows], truth[rows], ones[rows], counts(truth[rows]), whole
        )
        return float(sum(db_loss(Maps(text[rows], level[rows]), targets, config).values()))

    whole = counts(truth)
    assert loss([0]) + loss([1]) == pytest.approx(loss([0, 1]), rel=1e-5)
