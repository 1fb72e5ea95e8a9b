from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_html_report import numbers

from analyzer.render.packing import Numbers, counts_up

VALUES = st.lists(st.floats(-1e307, 1e307) | st.just(math.nan), max_size=50)


def unpacked(packed: Numbers) -> list[list[float]]:
    codes = iter(packed.packed())
    pairs = zip(packed.lengths, packed.exponents, strict=True)
    made = [list(numbers(codes, length, exponent)) for length, exponent in pairs]
    assert next(codes, None) is None, "nothing is left over"
    return made


@given(st.lists(VALUES, max_size=5))
def test_each_curve_keeps_a_thousandth_of_its_range(curves: list[list[float]]) -> None:
    packed = Numbers()
    for values in curves:
        packed.add(np.array(values, float))
    for values, got in zip(curves, unpacked(packed), strict=True):
        finite = [value for value in values if math.isfinite(value)]
        wide = max(finite) / 1e3 - min(finite) / 1e3 if finite else 0.0
        least = 1e-11 * max(map(abs, finite), default=0.0)
        bound = max(wide, least, 1e-300)
        for value, other in zip(values, got, strict=True):
            assert math.isnan(value) == math.isnan(other)
            assert math.isnan(value) or abs(value - other) <= bound


@given(st.lists(st.floats(1e-30, 1e30) | st.just(math.nan), max_size=50))
def test_on_a_logarithmic_axis_each_value_keeps_four_digits(values: list[float]) -> None:
    packed = Numbers()
    packed.add(np.array(values, float), log=True)
    assert unpacked(packed)[0] == pytest.approx(values, rel=2e-4, nan_ok=True)


def test_rates_keep_four_decimals_and_constants_their_value() -> None:
    packed = Numbers()
    packed.add(np.array([0.0, 0.71234, 1.0]))
    packed.add(np.full(300, 0.0005))
    packed.add(np.zeros(3))
    packed.add(np.arange(1.0, 5_000_000.0, 999.0), digits=7)
    rate, constant, zero, steps = unpacked(packed)
    assert rate == pytest.approx([0.0, 0.7123, 1.0], abs=1e-12)
    assert constant == pytest.approx([0.0005] * 300)
    assert zero == [0.0] * 3
    assert steps == list(np.arange(1.0, 5_000_000.0, 999.0)), "steps stay whole"


def test_equal_numbers_cost_a_byte_each() -> None:
    packed = Numbers()
    packed.add(np.full(1000, 3.25))
    assert len(packed.packed()) < 1010


@pytest.mark.parametrize(
    ("x", "counts"), [([1.0, 2.0, 3.0], True), ([5.0], True), ([], False), ([1.0, 2.5], False)]
)
def test_epochs_are_told_by_their_first(x: list[float], *, counts: bool) -> None:
    assert counts_up(np.array(x)) is counts
