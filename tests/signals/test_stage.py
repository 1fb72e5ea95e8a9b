"""Where a later stage begins by the learning rate, and what it undid."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.diagnosis.notation import curve
from analyzer.signals import Reading, measure
from analyzer.signals.stage import rise, seam

PARTS = {
    "low": "0.001*6",
    "high": "0.01*6",
    "climb": "0.001+0.001*9",
    "fall": "0.01-0.001*9",
    "cosine": "0.01 0.0095 0.008 0.006 0.004 0.002 0.0005 0.0001",
}


@pytest.mark.parametrize(
    ("parts", "at"),
    [
        ("low high", 6),
        ("low climb", 7),  # the climb to the height of the second stage begins with its point 2
        ("high low high", 12),  # a step down, and back again from where it stood still
        ("cosine high", None),  # a warm restart
        ("cosine cosine", None),
        ("cosine cosine cosine", None),
        ("low high low high", None),  # cyclic
        ("climb fall", None),  # one cycle
        ("climb high fall", None),  # warm-up
        ("fall low", None),
        ("high", None),
        ("low low", None),
    ],
)
def test_a_later_stage_is_where_the_rate_rises_for_good(parts: str, at: int | None) -> None:
    rate = curve("learning_rate", " ".join(PARTS[part] for part in parts.split()), "rate")
    assert rise(rate.y, rate.segment) == at


def test_a_restart_is_a_stage_where_the_run_was_resumed_or_the_height_is_new() -> None:
    text = PARTS["cosine"]
    again = curve("learning_rate", f"{text} {text}", "rate", resumed=[9])
    assert rise(again.y, again.segment) == 8
    higher = curve("learning_rate", f"{text} 0.02*6", "rate")
    assert rise(higher.y, higher.segment) == 8


def test_too_few_points_on_either_side_and_small_steps_are_no_stage() -> None:
    for text in ("0.001*2 0.01*9", "0.001*9 0.01*2", "0.006*9 0.01*9", "0.001 0.0012*3 0.0015*9"):
        rate = curve("learning_rate", text, "rate")
        assert rise(rate.y, rate.segment) is None
    assert rise(np.zeros(9), np.zeros(9, np.int64)) is None


@pytest.mark.parametrize(
    ("y", "share"),
    [
        ("0.1*3 0.5*3 0.1*6", 1.0),  # all is lost
        ("0.1*3 0.5*3 0.3*6", 0.5),
        ("0.1*3 0.5*3 0.1*3 0.6*3", -0.25),  # lost, made good, and more
        ("0.1*3 0.5*3 0.1 0.6 0.1*4", 1.0),  # one lucky point makes nothing good
        ("0.5*3 0.1*3 0.0*6", 0.0),  # there was nothing to lose
        ("0.1*3 0.5*3 0.1*5 _", 1.0),
    ],
)
def test_the_share_of_the_progress_that_is_lost(y: str, share: float) -> None:
    rate = curve("learning_rate", "0.001*6 0.01*6", "rate")
    found = measure("undone", curve("val_f1", y, "y"), rate, higher_is_better=True)
    assert isinstance(found, Reading)
    assert found.value / found.reference == pytest.approx(share)
    if share:
        assert (found.start, found.details["rate_after"]) == (7, 0.01)


@pytest.mark.parametrize(
    ("stages", "at"),
    [
        ("1*6 2*6", 6),
        ("1*4 2*4 3*4", 8),  # the last one
        ("1*4 2*6 3*2", 4),  # the last one with points enough
        ("1*2 2*9", None),
        ("1*9 2*2", None),
        ("1*9", None),
    ],
)
def test_a_stage_that_says_so_begins_where_its_number_rises(stages: str, at: int | None) -> None:
    assert seam(curve("stage", stages, "stage").y) == at


def test_a_planned_stage_is_judged_without_its_rate() -> None:
    numbers = curve("stage", "1*6 2*6", "stage")
    metric = curve("val_f1", "0.1*3 0.5*3 0.3*6", "y")
    found = measure("undone", metric, numbers, higher_is_better=True)
    assert isinstance(found, Reading)
    assert found.value / found.reference == pytest.approx(0.5)
    assert found.details["stage"] == 2
    assert "rate_before" not in found.details
