"""The loop, on a task of one weight: numbers that can be worked out by hand."""

import math

import pytest
import torch
from torch import nn

from trainer.laps import Laps
from trainer.loop import evaluate, train_epoch
from trainer.steps import Plan, set_momenta

CPU = torch.device("cpu")


class Line:
    """Fit w to the numbers in the batches: the loss is |w - x|, its gradient 1 or -1."""

    def __init__(self, batches, tests=(), accumulate=1):
        self.accumulate = accumulate
        self.model = self.network = nn.Linear(1, 1, bias=False)
        nn.init.zeros_(self.model.weight)
        self.batches = batches
        self.tests = tests
        self.judged = []

    first_weight = property(lambda self: self.model.weight)
    last_weight = property(lambda self: self.model.weight)

    def train_updates(self, epoch, skip=0):
        groups = range(0, len(self.batches), self.accumulate)
        return [self.batches[at : at + self.accumulate] for at in groups][skip:]

    def parts(self, batches):
        return batches

    def test_batches(self):
        return self.tests

    def files(self, batch):
        return [f"{value}.jpg" for value in batch]

    def amount(self, batch):
        return (len(batch),)

    def loss(self, batch, whole=None):
        count = whole[0] if whole else len(batch)
        x = torch.tensor(batch)
        gap = (self.model.weight - x).abs().sum() / count
        return {"near": 0.25 * gap, "far": 0.75 * gap}, x.mean()

    def judge(self, batch, output):
        self.judged.append(float(output))

    def scores(self):
        return {"val_f1": len(self.judged) / 10}


def run(task, *, clip=None, log_every=10, stop=True, first_step=1, lr=0.1, momentum=0.0):
    plan = Plan(CPU, "fp32", lambda step, epoch: lr, clip, log_every, stop)
    records, steps = [], []
    trained = train_epoch(
        task,
        torch.optim.SGD(task.model.parameters(), lr=99.0, momentum=momentum, fused=True),
        plan,
        epoch=2,
        first_step=first_step,
        on_step=steps.append,
        on_record=records.append,
    )
    return trained, records, steps


def test_means_parts_and_the_rate_of_the_plan():
    task = Line([[1.0], [1.0], [1.0]])
    trained, _, _ = run(task)
    assert float(task.model.weight.detach()) == pytest.approx(0.3)
    assert trained.means["train_loss"] == pytest.approx(0.9)
    assert trained.means["train_loss.near"] == pytest.approx(0.225)
    assert trained.means["train_loss.far"] == pytest.approx(0.675)
    assert trained.means["grad_norm"] == trained.means["grad_norm.first"] == pytest.approx(1)
    assert trained.steps == 3
    assert trained.nonfinite is None


def test_several_batches_make_one_step_equal_to_that_of_a_larger_batch():
    parted = Line([[1.0, -2.0], [3.0, 4.0], [5.0]], accumulate=2)
    whole = Line([[1.0, -2.0, 3.0, 4.0], [5.0]])
    (one, records, steps), (two, _, _) = run(parted), run(whole)
    assert steps == [1, 2]
    assert one.rows[0]["grad_norm"] == pytest.approx(0.5)
    for name in ("train_loss", "train_loss.near", "grad_norm", "clipped_share"):
        assert one.means[name] == pytest.approx(two.means[name])
        assert records[-1][name] == pytest.approx(one.means[name])
    assert torch.equal(parted.model.weight, whole.model.weight)


def test_batches_of_unlike_size_weigh_by_their_images():
    task = Line([[1.0], [-1.0, -1.0, -1.0]], accumulate=2)
    trained, _, _ = run(task)
    assert float(task.model.weight.detach()) == pytest.approx(-0.05)
    assert trained.nonfinite is None


def test_the_mean_loss_of_an_epoch_is_over_images():
    trained, _, _ = run(Line([[1.0, 1.0, 1.0], [5.0]]), lr=1e-9)
    assert trained.means["train_loss"] == pytest.approx(2.0)
    assert "images" not in trained.means


def test_a_nan_in_any_batch_of_a_step_names_all_its_files():
    trained, _, _ = run(Line([[1.0], [math.nan], [1.0], [1.0]], accumulate=2))
    assert trained.nonfinite is not None
    assert trained.nonfinite.files == ("1.0.jpg", "nan.jpg")


def test_step_time_holds_data_time():
    trained, _, _ = run(Line([[1.0]] * 5))
    means = trained.means
    assert 0 <= means["data_time"] <= means["step_time"]
    parts = [means[f"{part}_time"] for part in ("data", "forward", "backward", "optimizer")]
    assert min(parts) >= 0
    assert sum(parts) <= means["step_time"] * 1.01


def test_the_times_of_several_batches_add_up_to_those_of_their_step():
    laps = Laps(CPU)
    for name in ("forward_time", "backward_time", "forward_time"):
        laps.lap(name)
    assert list(laps.read()) == ["forward_time", "backward_time"]
    assert all(seconds >= 0 for seconds in laps.read().values())


def test_records_cover_every_step_once():
    trained, records, steps = run(Line([[1.0]] * 5), log_every=2, first_step=6)
    assert [record["step"] for record in records] == [7, 9, 10]
    assert steps == [6, 7, 8, 9, 10]
    assert all(record["epoch"] == 2 and record["learning_rate"] == 0.1 for record in records)
    assert [round(record["train_loss"], 3) for record in records] == [0.95, 0.75, 0.6]
    assert trained.means["train_loss"] == pytest.approx(0.8)


def test_clipping_limits_the_step_and_is_counted():
    task = Line([[1.0]] * 4)
    trained, _, _ = run(task, clip=0.5)
    assert float(task.model.weight.detach()) == pytest.approx(0.2)
    assert trained.means["clipped_share"] == 1
    assert trained.means["grad_norm"] == pytest.approx(1)  # before clipping
    assert run(Line([[1.0]] * 4), clip=2.0)[0].means["clipped_share"] == 0


@pytest.mark.parametrize(("bad", "word"), [(math.nan, "nan"), (math.inf, "inf")])
def test_a_non_finite_loss_stops_at_its_step_and_names_the_files(bad, word):
    trained, records, steps = run(Line([[1.0], [bad, 2.0], [1.0]]))
    assert trained.nonfinite is not None
    assert trained.nonfinite.step == 2
    assert trained.nonfinite.files == (f"{word}.jpg", "2.0.jpg")
    assert trained.nonfinite.what == "training loss"
    assert steps == [1, 2]
    assert str(trained.means["train_loss"]) == word
    assert str(records[-1]["train_loss"]) == word


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_a_step_that_is_not_finite_is_not_made(momentum):
    task = Line([[1.0], [math.nan], [1.0]])
    run(task, momentum=momentum)
    assert float(task.model.weight.detach()) == pytest.approx(0.1)
    first = Line([[math.nan]])
    run(first, momentum=momentum)
    assert float(first.model.weight.detach()) == 0


def test_a_gradient_that_is_not_finite_counts_too():
    class Root(Line):
        def loss(self, batch, whole=None):
            return {"only": (self.model.weight * 0).sqrt().sum()}, None

    task = Root([[1.0]])
    trained, _, _ = run(task)
    assert trained.nonfinite is not None
    assert (trained.nonfinite.what, trained.means["train_loss"]) == ("gradient norm", 0)
    assert float(task.model.weight.detach()) == 0


class Steep(Line):
    """Its gradient overflows fp32 until the loss scale is below 3,400."""

    def loss(self, batch, whole=None):
        return {"only": (self.model.weight * 1e35).sum()}, None


def run_scaled(task, *, steps, **more):
    scaler = torch.amp.GradScaler("cpu")
    plan = Plan(CPU, "fp16", lambda *_: 0.1, grad_clip=1.0, scaler=scaler, **more)
    optimizer = torch.optim.SGD(task.model.parameters(), lr=9.0, momentum=0.9, fused=True)
    task.batches = [[1.0]] * steps
    ignored = {"on_step": lambda _: None, "on_record": lambda _: None}
    return train_epoch(task, optimizer, plan, epoch=1, first_step=1, **ignored), scaler


def test_the_scaler_skips_steps_that_overflow_until_the_scale_fits():
    task = Steep([])
    trained, scaler = run_scaled(task, steps=6)
    assert [row["skipped_share"] for row in trained.rows] == [1, 1, 1, 1, 1, 0]
    assert trained.means["skipped_share"] == pytest.approx(5 / 6)
    assert scaler.get_scale() == 65536 / 2**5
    assert trained.nonfinite is None
    assert trained.means["grad_norm"] == pytest.approx(1e35)  # unscaled, of the step made
    assert trained.means["clipped_share"] == 1
    assert float(task.model.weight.detach()) == pytest.approx(-0.1)  # clipped to 1 after that


def test_with_the_scaler_a_step_is_that_of_fp32():
    scaled, plain = Line([]), Line([[1.0]] * 3)
    with torch.autocast("cpu", enabled=False):
        run_scaled(scaled, steps=3)
    run(plain, clip=1.0, momentum=0.9)
    assert float(scaled.model.weight.detach()) == pytest.approx(float(plain.model.weight.detach()))


def test_a_scale_below_one_ends_the_training_with_its_reason():
    class Endless(Line):
        def loss(self, batch, whole=None):
            return {"only": (self.model.weight * 0).sqrt().sum()}, None

    trained, _ = run_scaled(Endless([]), steps=40, log_every=5)
    assert trained.nonfinite is not None
    assert trained.nonfinite.what == "loss scale of fp16"
    assert 0 < trained.nonfinite.value < 1
    assert trained.steps < 40


def test_sgd_begins_with_momenta_of_zero_so_a_skipped_first_step_leaves_none():
    weight = nn.Parameter(torch.ones(9))
    fused = torch.optim.SGD([weight], lr=0.1, momentum=0.9, fused=True)
    set_momenta(fused)
    weight.grad = torch.full((9,), 2.0)
    fused.found_inf = torch.ones(())
    fused.step()
    assert torch.equal(weight.detach(), torch.ones(9))
    assert not fused.state[weight]["momentum_buffer"].any()
    fused.found_inf = torch.zeros(())
    fused.step()
    fused.step()
    plain = nn.Parameter(torch.ones(9))
    plain.grad = weight.grad.clone()
    other = torch.optim.SGD([plain], lr=0.1, momentum=0.9)
    other.step()
    other.step()
    assert torch.allclose(weight, plain)


def test_a_non_finite_loss_may_go_on_and_the_first_one_is_kept():
    trained, _, steps = run(Line([[1.0], [math.nan], [math.nan]]), stop=False)
    assert steps == [1, 2, 3]
    assert trained.nonfinite is not None
    assert trained.nonfinite.step == 2
    assert math.isnan(trained.means["train_loss"])


def test_no_batches_give_no_numbers():
    trained, records, _ = run(Line([]))
    assert (trained.means, trained.steps, records) == ({}, 0, [])


def test_evaluation_weighs_images_not_batches_and_learns_nothing():
    task = Line([], tests=[[1.0, 1.0, 1.0], [5.0]])
    task.model.train()
    tested = evaluate(task, Plan(CPU, "fp32", lambda *_: 0.1), on_batch=lambda _: None)
    assert tested.means["val_loss"] == pytest.approx(2.0)
    assert tested.means["val_loss.far"] == pytest.approx(1.5)
    assert tested.means["val_f1"] == 0.2
    assert task.judged == [1.0, 5.0]
    assert not task.model.training
    assert task.model.weight.grad is None
