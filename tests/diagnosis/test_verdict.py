"""The verdict: patches of several findings in one, what they leave undone, and the price."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.patch import merged, not_enough
from analyzer.diagnosis.verdict import decide
from analyzer.finding import Cause, CauseVerdict, Finding, Fix, Severity
from analyzer.run import Run, Series, Status

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
    assert not_enough([mended, bare]) == (
        "the patch alone is not enough for a (look at the labels), b (look at the labels)"
    )


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
        "loss-flat; the patch alone is not enough for metric-oscillates (look at the labels)"
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
