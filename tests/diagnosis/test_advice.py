"""What to log so that more can be judged: short, right, and never what is there already."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.diagnosis import diagnose
from analyzer.diagnosis.advice import _named
from analyzer.diagnosis.notation import curve
from analyzer.run import Config, LogEvent, Run, Status

LOSS = {"train_loss": "exp(2.0,0.5,5)~0.01*30"}
KNOWN = ("train_loss", "val_loss", "learning_rate")
BOTH = LOSS | {"val_loss": "exp(2.1,0.8,5)~0.01*30"}


def lines(curves: dict[str, str], **changes: Any) -> list[str]:
    """The things to log, without the rules that they would help."""
    series = {name: curve(name, text, name) for name, text in curves.items()}
    metric = next((name for name in series if name not in KNOWN), None)
    given = {"format": "console", "series": series, "main_metric": metric}
    advice = diagnose(Run(name="r", path=Path("r"), **(given | changes))).advice
    return [line.partition(", to judge")[0] for line in advice]


def test_what_is_lacking_is_asked_for_once() -> None:
    asked = lines(LOSS)
    assert len(asked) == len(set(asked)) <= 5
    assert "log a validation metric each epoch (F1, accuracy, mAP)" in asked
    assert "log the validation loss each epoch" in asked


@pytest.mark.parametrize("name", ["val_accuracy", "val_wer", "val_map50_95"])
def test_nothing_is_asked_for_that_is_there(name: str) -> None:
    asked = lines(BOTH | {name: "0.1+0.02*30", "learning_rate": "0.01*30"})
    assert not [
        line for line in asked if "metric" in line or "loss each" in line or "rate" in line
    ]


def test_precision_and_recall_are_asked_of_detectors_alone_and_together() -> None:
    assert "log precision and recall each epoch" in lines(BOTH | {"val_map50": "0.1+0.02*30"})
    assert not [line for line in lines(BOTH | {"val_accuracy": "0.1+0.02*30"}) if "recall" in line]


def test_a_log_is_asked_for_only_where_there_is_none() -> None:
    log = "keep the training log beside the metrics"
    assert log in lines(LOSS, format="ultralytics")
    assert log not in lines(LOSS, format="console")
    seen = (LogEvent("started", "train.log", 1, "go"),)
    assert log not in lines(LOSS, format="ultralytics", events=seen)


def test_settings_are_asked_for_only_where_none_were_kept() -> None:
    settings = "keep the settings (config file or command line) beside the logs"
    assert settings in lines(LOSS)
    assert settings not in lines(LOSS, config=Config({"epochs": 3}))


def test_a_run_that_logged_nothing_has_other_troubles() -> None:
    assert lines({}, status=Status.FAILED) == []


def test_many_rules_are_counted() -> None:
    assert _named(["a", "b", "c", "d"]) == "a, b, c, d"
    assert _named(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more"
