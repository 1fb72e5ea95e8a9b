"""How things are called: numbers, windows, settings, places, and the names of metrics."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.diagnosis import diagnose, installed_rules, message, words
from analyzer.diagnosis.notation import curve
from analyzer.diagnosis.window import parse_window
from analyzer.facts import FACTS
from analyzer.finding import Finding
from analyzer.names import label
from analyzer.run import Run, Series, Status


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (31.0, "31"),
        (0.69314, "0.6931"),
        (9999, "9999"),
        (41999, "41,999"),
        (193214.7, "193,200"),
        (-12345.6, "-12,350"),
        (1e-5, "1e-05"),
        (2.5e12, "2.5e+12"),
        (float("inf"), "inf"),
        (0.99999, "1"),
        (False, "no"),
    ],
)
def test_numbers_are_written_as_people_write_them(value: float, text: str) -> None:
    assert message.show(value) == text


@pytest.mark.parametrize(
    ("window", "text"),
    [
        ("last 60%", "over the last 60 %"),
        ("first 2.5%", "over the first 2.5 %"),
        ("since best of val_loss", "since the best validation loss"),
        ("at best of metric", "at the best main metric"),
        ("after warm-up", "after the warm-up"),
        ("until error", "before the 'error' line"),
        ("after the finding", "after the finding"),
    ],
)
def test_windows_are_words(window: str, text: str) -> None:
    assert parse_window(window).words == text


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("val_f1", "F1"),
        ("val_psnr", "PSNR"),
        ("val_mIoU@step", "mIoU by step"),
        ("val_DiarizationErrorRate", "validation DiarizationErrorRate"),
        ("train_psnr", "train_psnr"),
        ("val_", "val_"),
        ("train_loss.box", "training loss: box"),
    ],
)
def test_a_metric_is_called_by_its_usual_name_or_the_logged_one(name: str, text: str) -> None:
    assert label(name) == text


def by_step(name: str, text: str, every: int = 100) -> Series:
    y = curve(name, text, name).y
    return Series(name, "step", np.arange(1.0, len(y) + 1) * every, y, np.zeros(len(y), np.int64))


def run(*series: Series, **changes: Any) -> Run:
    given = {"format": "console", "series": {one.name: one for one in series}}
    return Run(name="r", path=Path("r"), **(given | changes))


def said(given: Run, rule: str) -> Finding:
    return next(f for f in diagnose(given).findings if f.rule == rule)


def test_logged_values_are_not_called_steps() -> None:
    flat = said(run(by_step("train_loss", "1.5~0.01*30")), "loss-flat")
    assert "in 30 logged steps" in flat.message


@pytest.mark.parametrize(
    ("series", "planned", "place"),
    [
        ([], {"planned_epochs": 5}, "the run was killed at epoch 1 of 5, unfinished"),
        (
            [by_step("train_loss", "2.0-0.1*9")],
            {"planned_epochs": 1200},
            "the run was killed at epoch 1 of 1,200, unfinished, after 900 steps",
        ),
        (
            [by_step("train_loss", "2.0-0.1*9")],
            {"planned_steps": 400_000},
            "the run was killed at step 900 of 400,000",
        ),
        (
            [curve("train_loss", "2.0-0.1*9", "x")],
            {"planned_epochs": 20},
            "the run was killed at epoch 9 of 20",
        ),
    ],
)
def test_a_place_is_told_in_the_unit_that_the_run_counts(
    series: list[Series], planned: dict[str, int], place: str
) -> None:
    given = run(*series, status=Status.KILLED, **planned)
    assert said(given, "run-incomplete").message == place
    assert "epoch 0" not in diagnose(given).verdict.because


@pytest.mark.parametrize("status", Status)
def test_every_ending_has_words(status: Status) -> None:
    assert FACTS["ending"].function(run(status=status))


def test_what_the_settings_do_not_hold_is_asked_for_in_words() -> None:
    over = run(
        curve("train_loss", "exp(2.0,0.05,8)*40", "x"),
        curve("val_loss", "exp(2.1,1.0,4)*12 1.05+0.03*28", "x"),
    )
    advice = [fix.do for fix in said(over, "overfitting").fixes if fix.do]
    assert "raise the weight decay to at least 0.0001" in advice
    assert [text for text in advice if text.startswith("Augment the samples mildly")]
    assert not [text for text in advice if "<" in text or "{" in text or "augment." in text]


def test_a_message_speaks_of_the_curve_that_shows_it_and_of_no_guard() -> None:
    loss, metric = curve("train_loss", "5.8-0.3*12", "x"), curve("val_f1", "0 0", "x")
    still = said(run(loss, metric, main_metric="val_f1"), "still-improving")
    assert still.message.startswith("the training loss was still getting better")


def test_a_rate_in_words_has_three_digits_and_is_never_0() -> None:
    metric = curve("val_f1", "0.1 0.12 0.13 0.12 0.13 0.13", "x")
    for rate, told in ((0.0473333, "0.00473"), (0.0, "a tenth of it, or the optimiser's usual")):
        logged = curve("learning_rate", f"{rate}*6", "x")
        fixes = said(run(metric, logged, main_metric="val_f1"), "metric-low").fixes
        assert [
            f.do for f in fixes if f.do and f.do.startswith(f"set the learning rate to {told}")
        ]


def test_confidence_is_capped_where_the_number_of_samples_is_not_known() -> None:
    jumps = curve("val_f1", "0.5 0.9 0.4 0.95 0.5 0.9 0.4 0.95 0.5 0.9 0.45 0.9 0.4 0.95", "x")
    loss = curve("train_loss", "2.0-0.1*14", "x")
    sure = run(jumps, loss, main_metric="val_f1", samples={"val": 10_000})
    blind = run(jumps, loss, main_metric="val_f1")
    assert said(blind, "metric-oscillates").confidence <= 0.6
    assert said(sure, "metric-oscillates").confidence > 0.75


def test_an_explained_rule_says_what_its_words_mean() -> None:
    rule = next(rule for rule in installed_rules() if rule.id == "metric-oscillates")
    swing, sampling = words.meanings([rule.when])
    assert swing.startswith("swing about the trend: how far a point lies from half way")
    assert sampling.startswith("sampling error: sqrt(p (1 - p) / n)")


def test_no_explained_fix_shows_a_template() -> None:
    for rule in installed_rules():
        fixes = [*rule.fixes, *(cause.fix for cause in rule.causes if cause.fix)]
        assert not [text for fix in fixes if set(text := words.fix(fix)) & set("{}[]")], rule.id
