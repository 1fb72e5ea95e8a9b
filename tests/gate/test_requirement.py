from __future__ import annotations

import handmade
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import UsageError
from analyzer.finding import Diagnosis, Severity, Verdict
from analyzer.gate.requirement import RULE, parse_requirement, require

SHIP = Diagnosis((), (), Verdict("ship it", "F1 0.7"))


def judged(text: str, **curves: list[float]) -> Diagnosis:
    run = handmade.run("a", *(handmade.series(name, y) for name, y in curves.items()))
    return require(run, SHIP, [parse_requirement(text)])


@pytest.mark.parametrize(
    "text",
    ["val_f1>=0.7", "val_f1 > 69%", "last(val_f1)<0.5", "best(val_f1)>=.7", "metric>=7e-1"],
)
def test_what_is_met_changes_nothing(text) -> None:
    assert judged(text, val_f1=[0.1, 0.7, 0.4]) is SHIP


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("val_f1>0.7", "val_f1>0.7 is required, and the best F1 is 0.7 at epoch 2"),
        ("last(val_f1)>=0.5", "last(val_f1)>=0.5 is required, and the last F1 is 0.4 at epoch 3"),
        ("val_f1<=5%", "val_f1<=5% is required, and the best F1 is 0.1 at epoch 1"),
        ("val_fl>=0.1", "the run logs no val_fl; did you mean 'val_f1'?"),
        ("accuracy>=0", "the run logs no accuracy; it logs val_f1"),
    ],
)
def test_what_is_not_met_is_an_error_that_says_why(text, says) -> None:
    told = judged(text, val_f1=[0.1, 0.7, 0.4])
    (finding,) = told.findings
    assert (finding.rule, finding.severity) == (RULE, Severity.ERROR)
    assert finding.message.endswith(says)
    assert (told.verdict.action, told.verdict.because) == ("cannot tell", finding.message)


def test_another_verdict_than_ship_it_stays() -> None:
    stop = Diagnosis((), (), Verdict("stop now", "it overfits"))
    told = require(handmade.run("a"), stop, [parse_requirement("val_f1>=0.1")])
    assert told.verdict is stop.verdict
    assert "nor any other value" in told.findings[0].message


NAN = float("nan")


@pytest.mark.parametrize("text", ["val_f1>=0", "val_f1<=9", "last(val_f1)>=0", "last(val_f1)<9"])
def test_a_value_that_is_no_number_never_passes(text) -> None:
    assert "is n" in judged(text, val_f1=[NAN, NAN]).findings[0].message


def test_the_best_is_among_the_numbers() -> None:
    assert judged("val_f1>=0.7", val_f1=[0.8, NAN]) is SHIP
    assert judged("last(val_f1)>=0.7", val_f1=[0.8, NAN]).findings


@pytest.mark.parametrize(
    "text",
    ["", "val_f1", "val_f1=0.7", "val_f1==0.7", ">=0.7", "val_f1>=x", "mean(a)>1", "a>=1;b"],
)
def test_what_is_no_requirement_is_refused_with_an_example(text) -> None:
    with pytest.raises(UsageError, match="such as"):
        parse_requirement(text)


@given(st.floats(0, 1), st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_a_lower_limit_holds_exactly_where_the_maximum_reaches_it(limit, values) -> None:
    met = not judged(f"val_f1>={limit!r}", val_f1=values).findings
    assert met == (max(values) >= limit)
