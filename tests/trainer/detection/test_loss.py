"""The DB loss against numbers worked out by hand, and at its edges."""

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.config import LossConfig
from trainer.detection.loss import Counts, Targets, db_loss
from trainer.detection.model import Maps


def targets(text, mask=None, border=None, border_mask=None):
    text = torch.tensor(text, dtype=torch.float32)
    mask = torch.ones_like(text) if mask is None else torch.tensor(mask, dtype=torch.float32)
    border = torch.full_like(text, 0.3) if border is None else torch.tensor(border)
    zeros = torch.zeros_like(text)
    border_mask = zeros if border_mask is None else torch.tensor(border_mask)
    positives = int((text * mask).sum())
    counts = Counts(positives, int(mask.sum()) - positives, int(border_mask.sum()))
    return Targets(text, mask, border, border_mask, counts, counts)


def maps(text, threshold=None):
    text = torch.tensor(text, dtype=torch.float32, requires_grad=True)
    level = torch.zeros_like(text) if threshold is None else torch.tensor(threshold)
    return Maps(text, level)


def bce(logit, target):
    p = 1 / (1 + math.exp(-logit))
    return -math.log(p if target else 1 - p)


def test_shrink_takes_all_text_and_the_hardest_others():
    found = db_loss(
        maps([[[2.0, 0.0, 1.0, -1.0, -3.0, -4.0]]]),
        targets([[[1, 0, 0, 0, 0, 0]]]),
        LossConfig(shrink=1, negative_ratio=3),
    )
    by_hand = (bce(2, 1) + bce(1, 0) + bce(0, 0) + bce(-1, 0)) / 4
    assert float(found["shrink"].detach()) == pytest.approx(by_hand, rel=1e-5)


def test_ignored_pixels_count_nowhere():
    kept = db_loss(maps([[[2.0, -1.0]]]), targets([[[1, 0]]]), LossConfig())
    more = db_loss(
        maps([[[2.0, -1.0, 9.0, -9.0]]]), targets([[[1, 0, 0, 1]]], [[[1, 1, 0, 0]]]), LossConfig()
    )
    for name, value in kept.items():
        assert float(more[name].detach()) == pytest.approx(float(value.detach()), abs=1e-6)


def test_threshold_is_a_mean_over_the_band_only():
    found = db_loss(
        maps([[[0.0, 0.0]]], [[[0.0, 5.0]]]),
        targets([[[1, 0]]], border=[[[0.7, 0.0]]], border_mask=[[[1.0, 0.0]]]),
        LossConfig(threshold=10),
    )
    assert float(found["threshold"]) == pytest.approx(10 * 0.2, rel=1e-4)


def test_binary_is_one_minus_dice():
    perfect = db_loss(maps([[[9.0, -9.0]]]), targets([[[1, 0]]]), LossConfig())
    wrong = db_loss(maps([[[-9.0, 9.0]]]), targets([[[1, 0]]]), LossConfig())
    assert float(perfect["binary"].detach()) == pytest.approx(0, abs=1e-5)
    assert float(wrong["binary"].detach()) == pytest.approx(1, abs=1e-5)


def test_parts_are_weighted_as_they_are_summed():
    pair = maps([[[1.0, -2.0, 0.5]]]), targets([[[1, 0, 0]]], border_mask=[[[1.0, 1.0, 0.0]]])
    single = db_loss(*pair, LossConfig(shrink=1, binary=1, threshold=1))
    double = db_loss(*pair, LossConfig(shrink=2, binary=2, threshold=2))
    assert list(double) == ["shrink", "binary", "threshold"]
    for name, value in single.items():
        assert float(double[name].detach()) == pytest.approx(2 * float(value.detach()))


def test_a_batch_without_text_teaches_background():
    output = maps([[[1.0, -1.0]]])
    found = db_loss(output, targets([[[0, 0]]]), LossConfig(shrink=1))
    assert float(found["shrink"].detach()) == pytest.approx((bce(1, 0) + bce(-1, 0)) / 2, rel=1e-5)
    assert float(found["binary"].detach()) == 0  # not 1: there is nothing to overlap with
    found["shrink"].backward()
    assert (output.text.grad > 0).all()


def test_a_batch_of_ignored_boxes_only_is_zero_and_finite():
    output = maps([[[1.0, -1.0]]])
    found = db_loss(output, targets([[[0, 0]]], [[[0, 0]]]), LossConfig())
    total = sum(found.values())
    assert float(total.detach()) == 0
    total.backward()
    assert torch.isfinite(output.text.grad).all()


def test_without_a_threshold_map_it_says_so():
    with pytest.raises(ValueError, match="threshold map"):
        db_loss(Maps(torch.zeros(1, 1, 1), None), targets([[[0]]]), LossConfig())


def test_nan_shows():
    found = db_loss(maps([[[math.nan, 0.0]]]), targets([[[1, 0]]]), LossConfig())
    assert math.isnan(float(sum(found.values()).detach()))


@settings(max_examples=50)
@given(
    scale=st.sampled_from([0.1, 10.0, 1000.0, 1e6]),
    seed=st.integers(0, 10_000),
    half=st.booleans(),
)
def test_large_logits_give_finite_losses_and_gradients(scale, seed, half):
    generator = torch.Generator().manual_seed(seed)
    text = torch.randn(2, 4, 4, generator=generator) * scale
    threshold = torch.randn(2, 4, 4, generator=generator) * scale
    if half:
        text, threshold = text.bfloat16(), threshold.bfloat16()
    text.requires_grad_()
    threshold.requires_grad_()
    truth = (torch.rand(2, 4, 4, generator=generator) > 0.7).tolist()
    band = (torch.rand(2, 4, 4, generator=generator) > 0.5).float().tolist()
    parts = db_loss(Maps(text, threshold), targets(truth, border_mask=band), LossConfig())
    total = sum(parts.values())
    assert total.dtype == torch.float32
    assert float(total.detach()) >= 0
    total.backward()
    assert torch.isfinite(text.grad).all()
    assert torch.isfinite(threshold.grad).all()
