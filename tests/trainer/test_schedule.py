"""Learning-rate schedules: each a plain function, a plateau with what it remembers."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from trainer.schedule import Plateau, learning_rate
from trainer.stage_settings import SchedulerConfig


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
    kind=st.sampled_from(["StepLR", "ReduceLROnPlateau", "Poly", "Cosine", "Constant"]),
    warmup=st.integers(0, 50),
    epochs=st.integers(1, 9),
    steps=st.integers(1, 9),
)
def test_a_rate_is_positive_and_never_above_the_base(kind, warmup, epochs, steps):
    config = SchedulerConfig(type=kind, warmup_steps=warmup)
    assert all(
        0 < rate <= 2.0 for rate in rates(config, epochs=epochs, steps_per_epoch=steps, base=2.0)
    )


def test_cosine_is_half_a_wave_from_the_base_to_the_least_rate():
    found = rates(SchedulerConfig(type="Cosine", min_lr=0.2), epochs=2, steps_per_epoch=50)
    assert found[0] == 1
    assert found[50] == pytest.approx(0.6)
    assert found[-1] == pytest.approx(0.2, abs=1e-3)
    assert found == sorted(found, reverse=True)


def test_a_base_below_the_least_rate_stays():
    for kind in ("Cosine", "ReduceLROnPlateau"):
        config = SchedulerConfig(type=kind, min_lr=0.5)
        assert set(rates(config, epochs=2, steps_per_epoch=2, base=0.1)) == {0.1}


def test_cuts_multiply_by_the_factor_down_to_the_least_rate():
    config = SchedulerConfig(type="ReduceLROnPlateau", min_lr=0.2)
    found = [
        learning_rate(1.0, config, step=9, epoch=9, total_steps=10, cuts=cuts) for cuts in range(4)
    ]
    assert found == [1, 0.5, 0.25, 0.2]


VALUE = st.sampled_from([0.5, 0.49999, 0.4, 1.0, 2.0, -1.0, 0.0, math.inf])


@given(
    values=st.lists(VALUE, max_size=20),
    mode=st.sampled_from(["min", "max"]),
    patience=st.integers(0, 3),
)
def test_a_plateau_cuts_where_the_one_of_pytorch_does(values, mode, patience):
    values = [v for v in values if mode == "min" or math.isfinite(v)]
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(
        optimizer, mode, factor=0.5, patience=patience, threshold_mode="abs", threshold=1e-4, eps=0
    )
    config = SchedulerConfig(type="ReduceLROnPlateau", mode=mode, patience=patience)
    plateau = Plateau()
    for value in values:
        theirs.step(value)
        plateau = plateau.after(value, config)
        assert optimizer.param_groups[0]["lr"] == 0.5**plateau.cuts


def test_a_plateau_by_hand():
    config = SchedulerConfig(type="ReduceLROnPlateau")  # patience 2, on the validation loss
    plateau, cuts = Plateau(), []
    for value in [5.0, 4.0, 3.9999, 4.1, math.nan, 4.2, None, 3.0, 2.0]:
        plateau = plateau.after(value, config)
        cuts.append(plateau.cuts)
    assert cuts == [0, 0, 0, 0, 1, 1, 1, 1, 1]
    assert plateau.watch.best == 2.0


def test_other_schedules_have_no_plateau():
    assert Plateau().after(1.0, SchedulerConfig(type="StepLR")) == Plateau()


def test_a_plateau_survives_a_file():
    plateau = Plateau().after(3.0, SchedulerConfig(type="ReduceLROnPlateau"))
    assert Plateau.of(plateau.plain()) == plateau
    assert Plateau.of(None) == Plateau()
