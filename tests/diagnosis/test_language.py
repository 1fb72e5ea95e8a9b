"""The language beyond single conditions: loops over series, windows at places, named limits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.condition import judge
from analyzer.diagnosis.engine import Fired, Unjudged, examine
from analyzer.diagnosis.grammar import When
from analyzer.diagnosis.loading import parse_rule
from analyzer.diagnosis.notation import curve
from analyzer.diagnosis.outcome import Outcome, Place
from analyzer.diagnosis.rule import Rule
from analyzer.errors import RuleError
from analyzer.finding import CurveEvidence
from analyzer.run import Config, LogEvent, Run, Series

WHEN: TypeAdapter[Any] = TypeAdapter(When)

STUCK = """\
title: A part of the loss is stuck
severity: [{to: error, when: {signal: level, of: each, above: 2}}, {to: warning}]
limits: {least_fall: 5%}
for_each: train_loss.*
when:
  all:
    - {signal: drop, of: each, below: least_fall}
    - {signal: drop, of: loss, above: 20%}
message: "the {part} part ({each}) stays at {tail}"
causes:
  - id: small
    says: It is small from the start
    when: {signal: ratio, of: each, vs: loss, below: 10%}
    unless: {signal: drop, of: each, over: until the finding, above: 0}
why: Because.
examples:
  - {name: a, run: {loss: 1}, expects: {fires: true}}
  - {name: b, run: {loss: 1}, expects: {fires: false}}
"""


def rule(text: str = STUCK, **limits: Any) -> Rule:
    return parse_rule(text, Path("loss/part-stuck.yaml"), limits)


def run(curves: dict[str, str], **changes: Any) -> Run:
    series = {name: curve(name, text, name) for name, text in curves.items()}
    series |= changes.pop("series", {})
    main = "val_f1" if "val_f1" in series else None
    return Run("r", Path(), "workdir", series=series, **({"main_metric": main} | changes))


def by_step(name: str, text: str, every: int = 10) -> dict[str, Series]:
    return {name: curve(name.partition("@")[0], text, name, every=every)}


def ask(raw: dict[str, Any], one: Run, place: Place | None = None) -> Outcome:
    return judge(WHEN.validate_python(raw), Case(one).focus(place=place))


def points(over: str, one: Run, of: str = "loss", place: Place | None = None) -> Outcome:
    return ask({"signal": "points", "of": of, "over": over, "above": 0}, one, place)


FALLING = {"train_loss": "4.0-0.1*20", "train_loss.box": "3.0-0.1*20", "train_loss.cls": "1.0*20"}


# Loops


def test_for_each_names_the_series_that_it_is_about() -> None:
    found = examine(rule(), Case(run(FALLING)))
    assert isinstance(found, Fired)
    assert found.finding.message == "the cls part (training loss: cls) stays at 1"
    assert found.finding.subject == "train_loss.cls"
    evidence = found.finding.evidence[0]
    assert isinstance(evidence, CurveEvidence)
    assert evidence.series == "train_loss.cls"
    assert found.finding.severity.value == "warning"


def test_for_each_gives_the_evidence_of_all_and_tells_of_the_surest() -> None:
    curves = {**FALLING, "train_loss": "9.0-0.3*20", "train_loss.obj": "3.0+0.5*20"}
    curves["train_loss.cls"] = "1.0-0.0022*20"
    found = examine(rule(), Case(run(curves)))
    assert isinstance(found, Fired)
    assert found.finding.severity.value == "error"  # of the part that it tells of
    assert "obj" in found.finding.message
    named = {e.series for e in found.finding.evidence if isinstance(e, CurveEvidence)}
    assert named == {"train_loss.obj", "train_loss.cls", "train_loss"}


def test_causes_of_a_loop_look_at_the_same_series() -> None:
    found = examine(rule(), Case(run({**FALLING, "train_loss.cls": "0.1*20"})))
    assert isinstance(found, Fired)
    (cause,) = found.finding.causes
    assert cause.verdict.value == "supported"
    assert "training loss: cls against training loss" in cause.because


def test_a_loop_over_nothing_is_not_judged_and_says_what_to_log() -> None:
    found = examine(rule(), Case(run({"train_loss": "2.0-0.1*10"})))
    assert isinstance(found, Unjudged)
    assert found.reason == "a part of the training loss was not logged"
    assert found.lacks == "train_loss.*"


def test_a_loop_is_silent_when_some_could_be_judged_and_none_fires() -> None:
    curves = {**FALLING, "train_loss.cls": "1.0-0.04*20", "train_loss.new": "1.0*2"}
    assert examine(rule(), Case(run(curves))) is None


def test_a_loop_may_name_series_and_roles() -> None:
    text = STUCK.replace("for_each: train_loss.*", "for_each: [loss, metric, val_loss]")
    text = text.replace("    - {signal: drop, of: loss, above: 20%}\n", "")
    found = examine(rule(text), Case(run({"train_loss": "2.0-0.1*9", "val_f1": "0.1+0.1*9"})))
    assert isinstance(found, Fired)
    assert found.finding.subject == "val_f1"


def test_a_loop_may_look_at_the_finest_curve_of_each() -> None:
    text = STUCK.replace("for_each: train_loss.*", "for_each: [step_time]")
    text = text.replace("of: each, below", "of: each@finest, below")
    coarse = {"train_loss": "2.0-0.1*10", "step_time": "1.0-0.05*10"}
    assert examine(rule(text), Case(run(coarse))) is None
    flat = run(coarse, series=by_step("step_time@step", "1.0*50"))
    assert isinstance(examine(rule(text), Case(flat)), Fired)


# Limits with names


def test_named_limits_can_be_changed() -> None:
    slowly = Case(run({**FALLING, "train_loss.cls": "1.0-0.005*20"}))
    assert examine(rule(), slowly) is None
    assert isinstance(examine(rule(least_fall="15%"), slowly), Fired)


def test_a_limit_without_a_name_of_its_own_is_an_error() -> None:
    with pytest.raises(RuleError, match=r"'least_fal' is no limit.*stands under limits:"):
        rule(STUCK.replace("below: least_fall", "below: least_fal").replace("limits: {", "#"))


# Windows


def test_at_best_is_one_point_of_the_other_curve() -> None:
    one = run({"val_f1": "0.1 0.9 0.5 0.4", "val_recall": "0.1 0.2 0.3 0.4"})
    at_best = {"signal": "level", "of": "val_recall", "over": "at best of metric", "below": 0.25}
    (evidence,) = ask(at_best, one).evidence
    assert isinstance(evidence, CurveEvidence)
    assert (evidence.value, evidence.start, evidence.end) == (0.2, 2.0, 2.0)


def test_since_best_on_another_axis_needs_the_steps_of_an_epoch() -> None:
    curves = {"val_f1": "0.1+0.1*5 0.4*5"}
    steps = by_step("train_loss", "2.0-0.01*100")
    assert "different axes" in points("since best of metric", run(curves, series=steps)).text
    known = run(curves, series=steps, planned_epochs=10, planned_steps=1000)
    assert points("since best of metric", known).values["points"] == 51


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"learning_rate": "0.1+0.1*4 0.4*16"}, 17),
        ({"learning_rate": "0.4-0.01*20"}, 20),
        ({}, 18),
    ],
)
def test_after_warm_up_goes_by_the_learning_rate(changes: dict[str, str], left: int) -> None:
    one = run({"train_loss": "2.0-0.01*20", **changes})
    assert points("after warm-up", one).values["points"] == left


def test_after_warm_up_goes_by_the_config_where_no_rate_was_logged() -> None:
    one = run({"train_loss": "2.0-0.01*20"}, config=Config({"scheduler.warmup_epochs": 5}))
    assert points("after warm-up", one).values["points"] == 16


def test_until_and_after_an_event_or_a_resume() -> None:
    one = run({"train_loss": "2.0-0.01*20"}, events=(LogEvent("error", "l", 9, "OOM", 8),))
    assert points("until error", one).values["points"] == 7
    assert points("after error", one).values["points"] == 13
    assert points("until saved", one).text == "the log has no 'saved' line"
    assert points("until resumed", one).text == "the run was not resumed"
    loss = curve("train_loss", "2.0-0.01*20", "x", resumed=(13,))
    resumed = run({}, series={"train_loss": loss})
    assert points("until resumed", resumed).values["points"] == 12
    assert points("after resumed", resumed).values["points"] == 8


def test_until_the_finding_is_what_came_before_it() -> None:
    one = run({"train_loss": "2.0-0.01*20"})
    place = Place("epoch", 0, 6.0)
    assert points("until the finding", one, place=place).values["points"] == 5
    assert points("after the finding", one, place=place).values["points"] == 15
    assert "no place on a curve" in points("until the finding", one).text


def test_a_limit_may_be_the_same_signal_over_another_window() -> None:
    slower = run({"step_time": "0.2*20 0.4*20"})
    condition = {
        "signal": "level",
        "of": "step_time",
        "over": "last 20%",
        "above": {"signal": "level", "over": "first 20%", "times": 1.5},
    }
    assert ask(condition, slower).truth is True
    assert ask(condition, run({"step_time": "0.2*40"})).truth is False


# Names


def test_finest_is_the_curve_by_step_where_there_is_one() -> None:
    epochs = run({"train_loss": "2.0-0.1*9"})
    assert ask({"signal": "points", "of": "loss@finest", "above": 0}, epochs).values["points"] == 9
    both = run({"train_loss": "2.0-0.1*9"}, series=by_step("train_loss@step", "2.0-0.01*90"))
    found = ask({"signal": "drop", "of": "loss@finest", "above": 0}, both)
    assert (found.values["points"], found.values["axis"]) == (90, "step")
    assert ask({"signal": "points", "of": "loss", "above": 0}, both).values["points"] == 9


def test_pairs_meet_on_the_slower_curve_and_on_the_epochs() -> None:
    val = by_step("val_loss", "1.0*10", every=100)
    steps = run({}, series=by_step("train_loss", "0.5*100") | val)
    condition = {"signal": "ratio", "of": "val_loss", "vs": "loss", "above": 1.9}
    assert ask(condition, steps).truth is True
    mixed = run({"val_loss": "1.0*10"}, series=by_step("train_loss", "0.5*100"))
    assert "different axes" in ask(condition, mixed).text
    known = run(
        {"val_loss": "1.0*10"},
        series=by_step("train_loss", "0.5*100"),
        planned_epochs=10,
        planned_steps=1000,
    )
    assert ask(condition, known).truth is True


def test_an_event_is_asked_for_by_its_words() -> None:
    events = (LogEvent("error", "l", 3, "CUDA out of memory"), LogEvent("error", "l", 5, "bad"))
    one = run({}, events=events)
    found = ask({"event": "error", "matches": ["no space", "Out Of Memory"]}, one)
    assert (found.truth, found.values["line"]) == (True, 3)
    missing = ask({"event": "error", "matches": "no space"}, one)
    assert missing.text == "the log has no 'error' line with 'no space'"


def test_signals_at_the_same_points_are_worked_out_once_for_all_names() -> None:
    case = Case(run({"train_loss": "2.0-0.1*9", "val_f1": "0.1*9"}))
    assert case.reading("drop", "loss") is case.reading("drop", "train_loss")
    assert case.focus(each="train_loss").reading("drop", "each") is case.reading("drop", "loss")
