"""The running mean of the weights, by hand and against its formula."""

import pytest
import torch
from torch import nn

from trainer.checkpoint import weights_of
from trainer.ema import WeightMean


def model_of(value):
    model = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    with torch.no_grad():
        model[0].weight.fill_(value)
    return model


def test_a_young_mean_follows_and_an_old_one_hardly_moves():
    model = model_of(0.0)
    mean = WeightMean(model, 0.5)
    with torch.no_grad():
        model[0].weight.fill_(1.0)
    found = []
    for _ in range(12):
        mean.update()
        found.append(float(mean.state()["weights"]["0.weight"]))
    expected, value = [], 0.0
    for n in range(1, 13):
        decay = min(0.5, (1 + n) / (10 + n))
        value = decay * value + (1 - decay)
        expected.append(value)
    assert found == pytest.approx(expected)
    assert found[0] == pytest.approx(1 - 2 / 11)


def test_statistics_are_averaged_and_counts_are_taken():
    model = model_of(1.0)
    mean = WeightMean(model, 0.9)
    model(torch.tensor([[3.0], [5.0]]))
    mean.update()
    weights = mean.state()["weights"]
    assert int(weights["1.num_batches_tracked"]) == 1
    moved = float(model[1].running_mean)
    assert float(weights["1.running_mean"]) == pytest.approx(moved * (1 - 2 / 11))


def test_the_model_has_the_mean_inside_and_its_own_weights_after():
    model = model_of(0.0)
    mean = WeightMean(model, 0.9)
    with torch.no_grad():
        model[0].weight.fill_(1.0)
    with mean.used():
        inside = float(model[0].weight.detach())
        kept = float(mean.weights()["0.weight"])  # what a file written now must hold
    assert (inside, kept) == (0.0, 1.0)
    assert float(model[0].weight.detach()) == 1.0
    assert float(mean.weights()["0.weight"]) == 1.0


def test_a_mean_goes_on_where_it_was():
    torch.manual_seed(0)
    model = model_of(0.0)
    one, other = WeightMean(model, 0.99), None
    for step in range(6):
        if step == 3:
            other = WeightMean(model, 0.99)
            other.load({"weights": dict(one.state()["weights"]), "updates": 3})
        with torch.no_grad():
            model[0].weight.add_(torch.rand(1, 1))
        for mean in (one, other):
            if mean is not None:
                mean.update()
    assert torch.equal(one.state()["weights"]["0.weight"], other.state()["weights"]["0.weight"])


def test_the_weights_to_use_are_the_mean_where_there_is_one():
    assert weights_of({"model": {"w": 1}, "ema": {"weights": {"w": 2}}}) == {"w": 2}
    assert weights_of({"model": {"w": 1}, "ema": None}) == {"w": 1}
    assert weights_of({"model": {"w": 1}}) == {"w": 1}
