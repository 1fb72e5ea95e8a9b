"""Conditions: three truth values, windows, units, and what they give as evidence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import TypeAdapter

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.condition import HALF_KNOWN, judge
from analyzer.diagnosis.grammar import When
from analyzer.diagnosis.notation import curve
from analyzer.diagnosis.outcome import Outcome
from analyzer.finding import CurveEvidence, FileEvidence, KeyEvidence
from analyzer.run import Config, LogEvent, Run, Series

WHEN: TypeAdapter[Any] = TypeAdapter(When)
TRUE = {"fact": "epochs", "above": 0}
FALSE = {"fact": "epochs", "above": 1000}
UNKNOWN = {"signal": "drop", "of": "val_loss", "above": 0}


def run(**changes: Any) -> Run:
    curves = {
        "train_loss": curve("train_loss", "2.0-0.05*20", "a"),
        "val_f1": curve("val_f1", "0.1+0.05*10 0.5*10", "b"),
    }
    given: dict[str, Any] = {"series": curves, "main_metric": "val_f1"}
    return Run("r", Path(), "workdir", **(given | changes))


def ask(raw: dict[str, Any], **changes: Any) -> Outcome:
    return judge(WHEN.validate_python(raw), Case(run(**changes)))


@pytest.mark.parametrize(
    ("kind", "conditions", "truth"),
    [
        ("all", [TRUE, TRUE], True),
        ("all", [TRUE, UNKNOWN], None),
        ("all", [UNKNOWN, FALSE], False),
        ("any", [FALSE, FALSE], False),
        ("any", [FALSE, UNKNOWN], None),
        ("any", [UNKNOWN, TRUE], True),
        ("none", [FALSE, FALSE], True),
        ("none", [FALSE, UNKNOWN], None),
        ("none", [UNKNOWN, TRUE], False),
    ],
)
def test_three_valued_groups(kind: str, conditions: list[Any], truth: bool | None) -> None:
    found = ask({kind: conditions})
    assert found.truth is truth
    if truth is None:
        assert (found.text, found.lacks) == ("validation loss was not logged", "val_loss")


def test_what_could_not_be_judged_limits_the_certainty_of_any() -> None:
    assert ask({"any": [TRUE, FALSE]}).certainty == 1.0
    assert ask({"any": [TRUE, UNKNOWN]}).certainty == HALF_KNOWN


def test_all_is_as_certain_as_its_least_certain_condition() -> None:
    barely, clearly = {"fact": "epochs", "above": 19.9}, {"fact": "epochs", "above": 1}
    assert ask({"all": [barely, clearly]}).certainty == pytest.approx(0.5, abs=0.01)


def test_a_curve_condition_shows_the_span_the_value_and_the_limit() -> None:
    found = ask({"signal": "drop", "of": "loss", "over": "last 50%", "above": "10%"})
    (evidence,) = found.evidence
    assert isinstance(evidence, CurveEvidence)
    assert (evidence.series, evidence.start, evidence.end) == ("train_loss", 11.0, 20.0)
    assert (evidence.limit, evidence.unit) == (10.0, "%")
    assert evidence.value == pytest.approx(30.0)
    assert found.values["of"] == "training loss"
    assert evidence.text == (
        "fall from start to end of training loss over the last 50 %: 30 %, above 10 %"
    )


def test_the_sentence_of_a_false_condition_says_not() -> None:
    found = ask({"signal": "drop", "of": "loss", "above": 5})
    assert found.truth is False
    assert found.text.endswith("0.9, not above 5")


def test_since_best_starts_at_the_best_point() -> None:
    over = "since best of metric"
    found = ask({"signal": "points", "of": "loss", "over": over, "above": 0})
    assert found.values["points"] == 11
    found = ask({"signal": "points", "of": "loss", "over": "since best of val_loss", "above": 0})
    assert (found.truth, found.lacks) == (None, "val_loss")


def test_curves_on_different_axes_are_not_aligned_by_guess() -> None:
    loss = curve("train_loss", "2.0-0.05*20", "a")
    by_step = Series("train_loss", "step", loss.x * 100, loss.y, loss.segment)
    series = {"train_loss": by_step, "val_f1": curve("val_f1", "0.1+0.05*10", "b")}
    condition = {"signal": "points", "of": "loss", "over": "since best of metric", "above": 0}
    found = ask(condition, series=series)
    assert found.truth is None
    assert "different axes" in found.text


def test_sampling_needs_the_number_of_images_and_a_rate() -> None:
    condition = {"signal": "swing", "of": "metric", "above": "1 sampling"}
    assert ask(condition).lacks == "test_images"
    assert ask(condition, samples={"val": 100}).truth is False
    loss = {"signal": "swing", "of": "loss", "above": "1 sampling"}
    assert "is no rate" in ask(loss, samples={"val": 100}).text


def test_the_sampling_error_is_that_of_a_share() -> None:
    case = Case(run(samples={"val": 400}))
    assert case.sampling("metric", 0.5) == pytest.approx(0.5 / 20)
    error = case.sampling("metric", 1.0)
    assert isinstance(error, float)
    assert 0 < error < 0.01


def test_a_limit_can_be_a_multiple_of_a_fact_or_a_signal() -> None:
    assert ask({"fact": "epochs", "above": {"fact": "best_epoch", "times": 1.5}}).truth
    assert ask({"fact": "epochs", "above": {"fact": "lr", "times": 2}}).lacks == "lr"
    limit = {"signal": "best", "of": "metric", "times": 2}
    assert ask({"signal": "drop", "of": "loss", "below": limit}).truth
    limit = {"signal": "best", "of": "val_loss"}
    assert ask({"signal": "drop", "of": "loss", "below": limit}).lacks == "val_loss"


def test_a_share_of_zero_says_nothing() -> None:
    flat = {"train_loss": curve("train_loss", "0*10", "a")}
    found = ask({"signal": "drop", "of": "loss", "below": "2%"}, series=flat)
    assert found.truth is None
    assert ask({"signal": "drop", "of": "loss", "below": "3 noise"}, series=flat).truth


def test_facts_compare_with_words_and_lists() -> None:
    config = Config({"optimizer.type": "AdamW", "model.pretrained": False})
    found = ask({"fact": "optimizer", "is": ["adam", "adamw"]}, config=config)
    assert isinstance(found.evidence[0], KeyEvidence)
    assert found.text == "optimiser: adamw"
    assert ask({"fact": "pretrained", "is": False}, config=config).truth
    assert ask({"fact": "pretrained", "is": True}, config=config).text.endswith("no, not yes")
    assert ask({"fact": "weight_decay", "above": 1}).lacks == "weight_decay"


def test_events_are_unknown_without_a_log() -> None:
    assert ask({"event": "error"}).lacks == "log"
    started = LogEvent("started", "logs/train.log", 1, "go")
    assert ask({"event": "error"}, events=(started,)).truth is False
    broken = LogEvent("error", "logs/train.log", 7, "CUDA out of memory")
    (evidence,) = ask({"event": "error"}, events=(started, broken)).evidence
    assert evidence == FileEvidence("logs/train.log", 7, "CUDA out of memory")


def test_a_signal_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []
    monkeypatch.setattr("analyzer.diagnosis.case.measure", lambda *a, **_: calls.append(a) or "no")
    case = Case(run())
    for _ in range(3):
        assert case.reading("drop", "loss") == "no"
    assert len(calls) == 1


def test_directions_follow_the_curve_and_the_run() -> None:
    case = Case(run())
    assert case.higher_is_better("metric")
    assert case.higher_is_better("val_recall")
    assert not case.higher_is_better("val_loss")
    downward = Case(run(higher_is_better=False))
    assert not downward.higher_is_better("val_f1")


def test_a_curve_of_nothing_but_nan_has_no_best_point() -> None:
    series = {
        "train_loss": curve("train_loss", "1.0*9", "a"),
        "val_loss": Series(
            "val_loss", "epoch", np.arange(3.0), np.full(3, np.nan), np.zeros(3, int)
        ),
    }
    over = "since best of val_loss"
    found = ask({"signal": "points", "of": "loss", "over": over, "above": 0}, series=series)
    assert found.text == "validation loss holds no number"


@pytest.mark.parametrize(
    ("condition", "height"),
    [
        ({"signal": "drop", "of": "train_loss", "above": "10%"}, 0.9),
        ({"signal": "level", "of": "val_f1", "above": 0.2}, 0.2),
        ({"signal": "since_best", "of": "val_f1", "above": 1}, None),
    ],
)
def test_a_limit_is_a_height_of_the_curve_where_the_signal_is_one(condition, height) -> None:
    outcome = ask(condition)
    (evidence,) = outcome.evidence
    head = outcome.values.get("head", 1.0) if height == 0.9 else 1.0
    assert isinstance(evidence, CurveEvidence)
    assert evidence.height == (height and pytest.approx(height * head))
