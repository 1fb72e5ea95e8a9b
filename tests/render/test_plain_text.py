from __future__ import annotations

import math
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.render.text import (
    BLOCKS,
    NONFINITE,
    duration,
    listing,
    number,
    plain,
    setting,
    sparkline,
)

ANY_TEXT = st.text(st.characters(exclude_categories=()))


@given(ANY_TEXT)
def test_plain_text_is_one_harmless_line_that_a_file_can_hold(text: str) -> None:
    line = plain(text)
    assert not {unicodedata.category(c) for c in line} & {"Cc", "Cs", "Zl", "Zp"}
    assert not set(line) & set(
        "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f"
    )
    assert line.encode("utf-8").decode("utf-8") == line
    assert plain(line) == line


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\r\n\tb", "a b"),
        ("\x1b[31mred\x07", "[31mred"),
        ("识别 ok", "识别 ok"),
        ("half \ud800", "half \ufffd"),
        ("x" * 3000, "x" * 1999 + "…"),
        (3, "3"),
    ],
)
def test_plain_text(text: object, shown: str) -> None:
    assert plain(text) == shown


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "-"),
        (0.0, "0"),
        (14.0, "14"),
        (0.70001, "0.7"),
        (0.123456, "0.1235"),
        (1e-5, "1e-05"),
        (2e7, "2e+07"),
        (math.nan, "nan"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers(value: float | None, shown: str) -> None:
    assert number(value) == shown


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(None, "-"), (41, "41 s"), (2520, "42 min"), (12240, "3.4 h"), (400000, "4.6 days")],
)
def test_durations(seconds: float | None, shown: str) -> None:
    assert duration(seconds) == shown


def test_settings_read_as_yaml_would_write_them() -> None:
    assert setting(None) == "null"
    assert setting(True) == "true"
    assert setting([1, 0.5, "a\nb", None]) == "[1, 0.5, a b, null]"
    assert setting(math.nan) == "nan"


def test_listings() -> None:
    assert [listing(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == [
        "",
        "a",
        "a and b",
        "a, b and c",
    ]


@given(st.lists(st.floats(), max_size=100), st.integers(1, 40))
def test_sparklines_never_get_longer_than_asked(values: list[float], width: int) -> None:
    line = sparkline(values, width)
    assert len(line) == min(width, len(values))
    assert set(line) <= set(BLOCKS + NONFINITE)


def test_a_sparkline_shows_the_shape_and_what_is_not_finite() -> None:
    assert sparkline([0, 1, 2, math.nan, 7]) == "▁▂▃×█"
    assert sparkline([3, 3]) == "▅▅"
    assert sparkline([math.nan]) == "×"


def test_a_sparkline_of_all_numbers_there_are() -> None:
    assert sparkline([-1.7e308, 0.0, 1.7e308], 3) == "▁▅█"
