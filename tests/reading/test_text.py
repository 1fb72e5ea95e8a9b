from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.text import clean_lines


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        (b"a\r\nb\r\n", b"a\nb\n"),
        (b" 10%\r 50%\r100%\nend", b"100%\nend"),
        (b" 10%\r100%\r\nend\r", b"100%\nend"),
        (b"a\r\r\rb\nc", b"b\nc"),
        (b"\x1b[31mred\x1b[0m \x1b[2K\rnew\n", b"new\n"),
    ],
)
def test_lines_end_alike_and_hold_their_last_state(raw: bytes, clean: bytes) -> None:
    assert clean_lines(raw) == clean


@given(st.text("\r\nab", max_size=30))
def test_of_each_line_the_last_state_is_left(text: str) -> None:
    states = [
        next((part for part in reversed(line.split("\r")) if part), "")
        for line in text.replace("\r\n", "\n").split("\n")
    ]
    assert clean_lines(text.encode()) == "\n".join(states).encode()


def test_a_long_line_without_an_overwritten_state_costs_no_more_than_its_length() -> None:
    start = time.process_time()
    assert len(clean_lines(b"x" * 8_000_000 + b"\n\ry")) == 8_000_002
    assert time.process_time() - start < 1
