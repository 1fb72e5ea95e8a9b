"""A small run of ``python -m benchmarks.compare``; the whole one has 4,000 pairs a line."""

from __future__ import annotations

from analyzer.compare import Outcome
from benchmarks.compare import LEAST_FOUND, MOST_FALSE, SEEDS, Tally, main, tally

PAIRS = 400
SLACK = 0.03
"""Two and a half standard errors of a share of so many pairs."""


def test_nothing_is_found_where_nothing_differs() -> None:
    assert tally(PAIRS, SEEDS, 0).decided <= MOST_FALSE + SLACK


def test_differences_of_two_standard_deviations_are_found() -> None:
    found = tally(PAIRS, SEEDS, 2)
    assert found.share(Outcome.BETTER) >= LEAST_FOUND - SLACK
    assert found.share(Outcome.WORSE) == 0


def test_the_table_is_printed_and_missed_goals_end_with_1(monkeypatch, capsys) -> None:
    assert main(["--pairs", "20"]) in (0, 1)
    printed = capsys.readouterr().out
    assert "20 pairs a line" in printed
    assert "goal 6%" in printed
    monkeypatch.setattr(Tally, "decided", 0.07)
    assert main(["--pairs", "2"]) == 1
