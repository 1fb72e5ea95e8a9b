"""Pairs in a log line, and the lines of a log that match."""

import re

import pytest
from growth import assert_proportional

from analyzer.reading.pairs import in_order, matches, pairs
from analyzer.reading.text import Block


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (
            b"lr: 2.000e-04 loss_pixel: 6.4 batch_cost: 0.8 sec",
            "lr=2.000e-04 loss_pixel=6.4 batch_cost=0.8",
        ),
        (b"eta: 11 days, 19:28:35, loss: inf", "eta=11 loss=inf"),
        (b"eta: 1:02:03 acc=.5 top-1: -1", "acc=.5 top-1=-1"),
        (b"loss: nan, best: NaN, x: -Infinity", "loss=nan best=NaN x=-Infinity"),
        (b"cost: 2.1s, mem: 100 MB, rate: 5%", "cost=2.1 mem=100 rate=5"),
        (b"torch: 1.7.1+cu110, name: banana, day: 2022/12/09", ""),
        (b"hmean : 0.5", "hmean=0.5"),
    ],
)
def test_pairs(line: bytes, expected: str) -> None:
    assert " ".join(f"{n.decode()}={v.decode()}" for n, v in pairs(line)) == expected


def test_matches_tells_the_line_of_each_match() -> None:
    block = Block(b"a 1\nb\na 2\n", 10)
    assert [(m[1], line) for m, line in matches(block, re.compile(rb"^a (\d)", re.MULTILINE))] == [
        (b"1", 10),
        (b"2", 12),
    ]


def test_several_patterns_are_found_in_the_order_of_the_file() -> None:
    patterns = [(b"a", re.compile(rb"a (\d)")), (b"b", re.compile(rb"b (\d)"))]
    found = in_order(Block(b"b 1\na 2\nb 3\n", 5), [*patterns, (b"zz", re.compile(rb"\d"))])
    assert [(which, m[1], line) for which, m, line in found] == [
        (1, b"1", 5),
        (0, b"2", 6),
        (1, b"3", 7),
    ]


@pytest.mark.parametrize("piece", [b"9", b"a", b"a.", b"1e", b"a:", b" ", b": ", b"loss: 1"])
def test_a_long_line_costs_in_proportion(piece: bytes) -> None:
    assert_proportional(lambda n: pairs(b"loss: " + piece * (n // len(piece)) + b"x"), 300_000)
