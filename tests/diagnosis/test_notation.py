"""The notation of curves in examples."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis.notation import MAX_POINTS, curve, parse_curve

NUMBERS = st.floats(-1000, 1000).map(lambda value: round(value, 3))


def values(text: str, seed: str = "s") -> list[float | None]:
    return parse_curve(text, seed)


def test_each_form() -> None:
    assert values("1.5*3") == [1.5, 1.5, 1.5]
    assert values("2.0-0.5*3 7") == [2.0, 1.5, 1.0, 7.0]
    assert values("-1+1e-1*2") == [-1.0, -0.9]
    assert values("_ 1 _*2") == [None, 1.0, None, None]
    assert values("exp(2,1,5)*2") == pytest.approx([2.0, 1 + math.exp(-1 / 5)])
    assert values("inf -inf") == [math.inf, -math.inf]
    assert all(math.isnan(value or 0.0) for value in values("nan*2"))
    assert values("") == []


def test_noise_is_the_same_for_the_same_seed() -> None:
    text = "1.0~0.1*50"
    assert values(text) == values(text)
    assert values(text) != values(text, "other")
    spread = [abs((value or 0.0) - 1.0) for value in values(text)]
    assert 0 < max(spread) < 0.5


def test_a_gap_has_no_point() -> None:
    series = curve("val_loss", "1 _ 3 nan", "s")
    assert series.x.tolist() == [1.0, 3.0, 4.0]
    assert len(series) == 3


@pytest.mark.parametrize(
    "item",
    ["1,5", "1.0x9", "a*3", "*3", "1*", "1*2.5", "nan~1", "_~1", "exp(1,2)*3", "1.0--1", "1+2+3"],
)
def test_an_error_names_the_item(item: str) -> None:
    with pytest.raises(ValueError, match="is no part of a curve") as caught:
        values(f"1.0 {item} 2.0")
    assert f"'{item}'" in str(caught.value)


def test_a_curve_has_an_end() -> None:
    with pytest.raises(ValueError, match=f"longer than {MAX_POINTS}"):
        values("1*99999999999")
    with pytest.raises(ValueError, match="tau is 0"):
        values("exp(1,2,0)*3")


@given(start=NUMBERS, step=NUMBERS, count=st.integers(1, 50))
def test_lines_read_back(start: float, step: float, count: int) -> None:
    found = values(f"{start:.3f}{step:+.3f}*{count}")
    assert found == pytest.approx([start + step * i for i in range(count)])


@given(st.text("0123456789.+-*~_naifexp(), ", max_size=20))
def test_any_text_is_a_curve_or_a_sentence(text: str) -> None:
    try:
        found = values(text)
    except ValueError as error:
        found, text = [], str(error)
    assert len(found) <= MAX_POINTS
    assert found or not text.strip() or "'" in text
