from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.compare.stats import t_cdf, t_quantile, welch

TABLE = [
    (0.975, 1, 12.7062),
    (0.975, 2, 4.3027),
    (0.975, 4, 2.7764),
    (0.975, 10, 2.2281),
    (0.975, 30, 2.0423),
    (0.95, 5, 2.0150),
    (0.8, 4, 0.9410),
    (0.6, 3, 0.2767),
    (0.975, 1000, 1.9623),
]
"""Quantiles of Student's t from printed tables."""


@pytest.mark.parametrize(("p", "degrees", "value"), TABLE)
def test_quantiles_are_those_of_the_tables(p: float, degrees: float, value: float) -> None:
    assert t_quantile(p, degrees) == pytest.approx(value, abs=6e-5)
    assert t_quantile(1 - p, degrees) == pytest.approx(-value, abs=6e-5)


@given(st.floats(0.001, 0.999), st.floats(1, 500))
def test_quantile_and_distribution_undo_each_other(p: float, degrees: float) -> None:
    assert t_cdf(t_quantile(p, degrees), degrees) == pytest.approx(p, abs=1e-9)


def test_one_degree_is_the_cauchy_distribution() -> None:
    for t in (-3.0, 0.0, 0.5, 10.0):
        assert t_cdf(t, 1) == pytest.approx(0.5 + math.atan(t) / math.pi)


def test_welch_against_an_example_worked_by_hand() -> None:
    # Variances 1 and 4 of three values each: error = sqrt(1/3 + 4/3), and by Welch-Satterthwaite
    # degrees = (5/3)^2 / ((1/9)/2 + (16/9)/2) = 50/17.
    result = welch([1, 2, 3], [2, 4, 6])
    assert result is not None
    assert result.difference == 2
    assert result.error == pytest.approx(math.sqrt(5 / 3))
    assert result.degrees == pytest.approx(50 / 17)
    reach = t_quantile(0.975, 50 / 17) * math.sqrt(5 / 3)
    assert (result.low, result.high) == pytest.approx((2 - reach, 2 + reach))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(7)
    trials = 200
    held = 0
    for _ in range(trials):
        result = welch(rng.normal(0, 1, 3).tolist(), rng.normal(0.5, 2, 4).tolist())
        assert result is not None
        held += result.low <= 0.5 <= result.high
    assert 0.91 <= held / trials <= 0.99


def test_what_is_called_detectable_shows_in_four_of_five_cases() -> None:
    rng = np.random.default_rng(1)
    found = 0
    # With 20 a side the variance is known well enough for the planned power to come true.
    for _ in range(120):
        shift = (1.96 + 0.84) * math.sqrt(2 / 20)
        result = welch(rng.normal(0, 1, 20).tolist(), rng.normal(shift, 1, 20).tolist())
        assert result is not None
        assert result.detectable == pytest.approx(shift, rel=0.5)
        found += result.low > 0
    assert 0.7 <= found / 120 <= 0.88


def test_what_arithmetic_leaves_over_is_no_spread() -> None:
    assert float(np.var([0.4642] * 5, ddof=1)) > 0
    assert welch([0.4642] * 5, [0.4642] * 3) is None


def test_rounded_values_are_not_without_noise() -> None:
    assert welch([0.7, 0.7], [0.7, 0.7]) is None
    rounded = welch([0.7, 0.7], [0.71, 0.71], resolution=0.01)
    assert rounded is not None
    assert rounded.low < 0 < rounded.high
