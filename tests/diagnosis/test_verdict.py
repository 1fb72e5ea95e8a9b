"""The verdict: patches of several findings in one, what they leave undone, and the price."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.patch import merged, not_enough
from analyzer.diagnosis.verdict import decide
from analyzer.finding import Cause, CauseVerdict, Finding, Fix, Severity
from analyzer.run import Checkpoint, Config, LogEvent, Run, Series, Status

LOWER = Fix(set={"optimizer.lr": (0.1, 0.01)})
LOWEST = Fix(set={"optimizer.lr": (0.1, 0.001)})
CLIP = Fix(set={"train.grad_clip": (None, 5.0)})
LOOK = Fix(do="look at the labels")


def cause(name: str, verdict: CauseVerdict, fix: Fix | None) -> Cause:
    return Cause(name, name, verdict, "", fix)


def finding(rule: str, *causes: Cause, severity: Severity = Severity.ERROR) -> Finding:
    order = sorted(causes, key=lambda c: list(CauseVerdict).index(c.verdict))
    usable = [c.fix for c in order if c.fix and c.verdict is not CauseVerdict.RULED_OUT]
    return Finding(rule, rule, severity, 1.0, rule, "loss", causes=causes, fixes=tuple(usable))


SUPPORTED, POSSIBLE, OUT = CauseVerdict.SUPPORTED, CauseVerdict.POSSIBLE, CauseVerdict.RULED_OUT


def test_the_patches_of_all_supported_causes_are_one() -> None:
    one = finding("a", cause("lr", SUPPORTED, LOWER), cause("clip", SUPPORTED, CLIP))
    assert merged([one]) == {**LOWER.set, **CLIP.set}
    assert not_enough([one]) == ""


def test_of_two_changes_to_one_key_that_of_the_worst_finding_counts() -> None:
    worst = finding("a", cause("lr", SUPPORTED, LOWEST))
    other = finding("b", cause("lr", SUPPORTED, LOWER), cause("clip", SUPPORTED, CLIP))
    assert merged([worst, other]) == {**LOWEST.set, **CLIP.set}


def test_without_a_supported_cause_one_guess_is_tried() -> None:
    guess = finding("a", cause("lr", POSSIBLE, LOWER), cause("clip", POSSIBLE, CLIP))
    assert merged([guess]) == LOWER.set
    told = finding("a", cause("labels", SUPPORTED, LOOK), cause("lr", POSSIBLE, LOWER))
    assert merged([told]) == {}
    assert merged([finding("a", cause("lr", OUT, LOWER))]) == {}


def test_what_a_patch_leaves_undone_is_said() -> None:
    mended = finding("a", cause("lr", SUPPORTED, LOWER), cause("labels", SUPPORTED, LOOK))
    bare = finding("b", cause("labels", POSSIBLE, LOOK))
    assert not_enough([mended, bare]) == "besides the patch: look at the labels"
    assert not_enough([bare, mended]) == "besides the patch: look at the labels"
    assert not_enough([finding("c", cause("lr", SUPPORTED, LOWER)), bare]) == (
        "besides the patch: look at the labels (b)"
    )


def test_what_is_left_undone_is_told_briefly() -> None:
    many = [finding(name, cause("x", POSSIBLE, Fix(do=f"Mend {name}"))) for name in "abcd"]
    assert not_enough(many) == "besides the patch: mend a, and mend b (b), and 2 more"


def test_a_change_to_what_is_set_already_is_no_patch() -> None:
    same = Fix(set={"data.batch_size": (8, 8.0), "train.amp": (1, True)})
    assert merged([finding("a", cause("x", SUPPORTED, same))]) == {"train.amp": (1, True)}


def test_the_patch_of_the_rule_itself_stands_beside_that_of_a_cause() -> None:
    own = replace(finding("a", cause("clip", SUPPORTED, CLIP)), fixes=(CLIP, LOWER))
    assert merged([own]) == {**CLIP.set, **LOWER.set}


def case(y: list[float], *, axis: Any = "epoch", every: int = 1, **changes: Any) -> Case:
    x = np.arange(1.0, len(y) + 1) * every
    f1 = Series("val_f1", axis, x, np.array(y), np.zeros(len(y), np.int64))
    series = {"val_f1": f1}
    if seconds := changes.pop("seconds", None):
        name = "epoch_time" if axis == "epoch" else "step_time"
        times = np.full(len(y), float(seconds))
        series[name] = Series(name, axis, x, times, np.zeros(len(y), np.int64))
    given = {"series": series, "main_metric": "val_f1", "status": Status.FINISHED}
    return Case(Run("r", Path("r"), "workdir", **(given | changes)))


def test_a_restart_says_the_patch_and_what_it_does_not_mend() -> None:
    findings = [
        finding("loss-flat", cause("lr", SUPPORTED, LOWER)),
        finding("metric-oscillates", cause("x", POSSIBLE, LOOK), severity=Severity.WARNING),
    ]
    verdict = decide(case([0.1] * 5), findings)
    assert (verdict.action, verdict.patch) == ("restart with this patch", LOWER.set)
    assert verdict.because == (
        "loss-flat; besides the patch: look at the labels (metric-oscillates)"
    )


@pytest.mark.parametrize(
    ("changes", "price"),
    [
        ({"seconds": 450}, "best was epoch 3; the 2 epochs since brought nothing: 15 minutes"),
        ({}, "best was epoch 3; the 2 epochs since brought nothing"),
        (
            {"axis": "step", "every": 1000, "seconds": 3.6},
            "best was step 3,000; the 2,000 steps since brought nothing: 2.0 hours",
        ),
    ],
)
def test_the_price_is_in_epochs_or_steps_and_in_time(changes: dict[str, Any], price: str) -> None:
    assert decide(case([0.5, 0.6, 0.7, 0.69, 0.69], **changes), []).price == price


def test_the_price_of_going_on_is_what_is_still_planned() -> None:
    running = case(
        [0.5, 0.6, 0.7, 0.2, 0.1],
        axis="step",
        every=100,
        seconds=1,
        status=Status.RUNNING,
        planned_steps=1500,
    )
    verdict = decide(running, [finding("loss-nonfinite", cause("lr", SUPPORTED, LOWER))])
    assert (verdict.action, verdict.patch) == ("stop now", LOWER.set)
    assert verdict.price.endswith("1,000 more steps are planned: 17 minutes")


def test_the_price_of_a_new_run_is_said_where_its_time_is_known() -> None:
    again = case([0.1] * 5, seconds=450, planned_epochs=40)
    verdict = decide(again, [finding("loss-flat", cause("lr", SUPPORTED, LOWER))])
    assert verdict.price.endswith("another 40 epochs take about 5.0 hours")


@pytest.mark.parametrize("seconds", [-5.0, 0.0, float("inf")])
def test_a_time_that_cannot_be_is_no_price(seconds: float) -> None:
    price = decide(case([0.5, 0.6, 0.7, 0.69, 0.69], seconds=seconds), []).price
    assert price == "best was epoch 3; the 2 epochs since brought nothing"


def test_epochs_without_a_validation_are_not_said_to_have_brought_nothing() -> None:
    loss = Series("train_loss", "epoch", np.arange(1.0, 31), np.ones(30), np.zeros(30, np.int64))
    run = case([0.5, 0.6, 0.7]).run
    late = Case(replace(run, series={**run.series, "train_loss": loss}))
    assert decide(late, []).price == ""


def metric(name: str, y: list[float], *, up: bool = True, **changes: Any) -> Case:
    run = case(y).run
    curve = replace(run.series["val_f1"], name=name)
    changed = replace(run, series={name: curve}, main_metric=name, higher_is_better=up)
    return Case(replace(changed, **changes))


@pytest.mark.parametrize(
    ("given", "findings", "action", "because"),
    [
        (case([0.5, 0.9]), [], "ship it", "F1 reached 0.9 at epoch 2"),
        (
            metric("val_psnr", [20.0, 28.31, 28.3]),
            [],
            "ship it",
            "PSNR reached 28.3 at epoch 2; whether that is enough is for you to say",
        ),
        (
            metric("val_accuracy", [0.02, 0.08]),
            ["metric-low"],
            "cannot tell",
            "accuracy reached 0.08 at epoch 2, which is low: train longer",
        ),
        (
            metric("val_accuracy", [0.52] * 6, config=Config({"num_classes": 2})),
            [],
            "cannot tell",
            "which is hardly better than guessing among 2 classes: look at the data first",
        ),
        (
            metric("val_accuracy", [0.3, 0.52], config=Config({"num_classes": 10})),
            [],
            "ship it",
            "whether that is enough is for you to say",
        ),
        (
            metric("val_wer", [0.9, 0.74], up=False),
            [],
            "cannot tell",
            "WER came down to 0.74 at epoch 2, so more is wrong than right",
        ),
        (metric("val_wer", [90.0, 74.0], up=False), [], "cannot tell", "more is wrong than right"),
        (metric("val_DiarizationErrorRate", [0.9, 0.07], up=False), [], "ship it", "down to 0.07"),
        (metric("val_ppl", [90.0, 31.0], up=False), [], "ship it", "perplexity came down to 31"),
        (metric("val_loss", [2.0, 1.0], main_metric=None), [], "ship it", "no metric was logged"),
        (metric("train_x", [2.0, 1.0], main_metric=None), [], "cannot tell", "no validation"),
    ],
)
def test_a_result_is_held_against_what_is_known_of_it(
    given: Case, findings: list[str], action: str, because: str
) -> None:
    low = [finding(rule, severity=Severity.INFO) for rule in findings]
    verdict = decide(given, low)
    assert verdict.action == action
    assert because in verdict.because


INCOMPLETE = [finding("run-incomplete", severity=Severity.WARNING)]


@pytest.mark.parametrize(
    ("changes", "action", "because"),
    [
        (
            {"checkpoints": (Checkpoint("last.pth", 5, exists=True),)},
            "keep training",
            "resume it from last.pth",
        ),
        (
            {"checkpoints": (Checkpoint("best.pth", 5), Checkpoint("epoch_5.pth", 5))},
            "keep training",
            "resume it where its weights are: epoch_5.pth is not in this folder",
        ),
        ({}, "keep training", "or start it again if none was saved"),
        (
            {"events": (LogEvent("started", "train.log", 1, "go"),)},
            "cannot tell",
            "no weights were saved: start it again",
        ),
        ({"series": {}}, "cannot tell", "nothing was learned: start it again"),
    ],
)
def test_a_run_that_ended_too_early_gets_its_next_command(
    changes: dict[str, Any], action: str, because: str
) -> None:
    given = case([0.3, 0.4, 0.5], status=Status.KILLED, planned_epochs=20)
    verdict = decide(Case(replace(given.run, **changes)), INCOMPLETE)
    assert verdict.action == action
    assert because in verdict.because


def test_the_own_trainer_is_resumed_by_a_command() -> None:
    weights = (Checkpoint("checkpoints/epoch_3.pth", 3, exists=True),)
    given = case([0.3, 0.4, 0.5], status=Status.KILLED, checkpoints=weights)
    ours = Case(replace(given.run, environment={"format_version": 1}))
    because = decide(ours, INCOMPLETE).because
    assert because.endswith("resume it: python -m trainer.train --resume r")


def test_a_program_that_broke_off_is_repaired_and_resumed() -> None:
    weights = (Checkpoint("epoch_3.pth", 3, exists=True),)
    given = case([0.3, 0.4, 0.5], status=Status.FAILED, checkpoints=weights)
    full = finding("crashed", cause("disk-full", SUPPORTED, Fix(do="Free space")))
    verdict = decide(given, [full])
    assert verdict.action == "keep training"
    assert verdict.because == "crashed; free space, then resume it from epoch_3.pth"
    none = decide(Case(replace(given.run, series={}, checkpoints=())), [full])
    assert none.action == "cannot tell"
    assert none.because == "crashed; free space, then start it again"


def test_what_costs_only_time_stops_nobody_from_shipping() -> None:
    slow = finding("data-loading-bound", cause("w", SUPPORTED, LOWER), severity=Severity.WARNING)
    verdict = decide(case([0.5, 0.95]), [slow])
    assert verdict.action == "ship it"
    assert verdict.because == "F1 reached 0.95 at epoch 2; data-loading-bound"


@pytest.mark.parametrize(("axis", "said"), [("epoch", "epoch 3 of 9"), ("step", "step 3 of 9")])
def test_a_run_that_goes_on_is_counted_in_its_own_unit(axis: Any, said: str) -> None:
    given = case([0.3, 0.4, 0.5], axis=axis, status=Status.RUNNING, **{f"planned_{axis}s": 9})
    assert decide(given, []).because == f"{said}: nothing is wrong so far"


def test_what_is_not_only_past_its_best_is_named_first() -> None:
    past = finding("overfitting", cause("x", POSSIBLE, LOOK), severity=Severity.WARNING)
    skew = finding("precision-recall-skew", severity=Severity.WARNING)
    verdict = decide(case([0.3, 0.6, 0.7]), [past, skew])
    assert (verdict.action, verdict.because) == ("cannot tell", "precision-recall-skew")
    assert decide(case([0.3, 0.6, 0.7]), [past]).action == "ship it"


def test_the_advice_is_about_the_likeliest_cause() -> None:
    own = Fix(do="Use the weights of epoch 2")
    low = finding("metric-low", severity=Severity.INFO)
    past = finding("overfitting", cause("x", POSSIBLE, LOOK), severity=Severity.WARNING)
    verdict = decide(case([0.1, 0.2, 0.1]), [replace(past, fixes=(own, LOOK)), low])
    assert verdict.action == "cannot tell"
    assert verdict.because.endswith("which is low; overfitting; look at the labels")
