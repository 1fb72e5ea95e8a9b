"""From a run to its diagnosis: findings, causes, fixes, what explains what, and the verdict."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.diagnosis import diagnose, installed_rules
from analyzer.diagnosis.notation import curve
from analyzer.finding import CauseVerdict, Diagnosis, Finding, Severity
from analyzer.run import BestCheckpoint, Checkpoint, Config, LogEvent, Run, Series, Status

SGD = {"optimizer.type": "SGD", "optimizer.lr": 0.007, "data.batch_size": 8}
FALLING = "exp(2.0,0.4,5)~0.01*20"
RISING = "exp(0.05,0.8,4)~0.01*20"
SAVED = (LogEvent("started", "l", 1, ""), LogEvent("saved", "l", 2, "checkpoints/epoch_1.pth"))


def run(**changes: Any) -> Run:
    curves = changes.pop("curves", {"train_loss": FALLING, "val_loss": FALLING, "val_f1": RISING})
    series = {name: curve(name, text, name) for name, text in curves.items()}
    given = {
        "series": series,
        "config": Config(changes.pop("config", SGD)),
        "main_metric": "val_f1" if "val_f1" in series else None,
        "planned_epochs": 20,
        "status": Status.FINISHED,
        "events": SAVED,
    }
    return Run("exp", Path("exp"), "workdir", **(given | changes))


def found(diagnosis: Diagnosis, rule: str) -> Finding:
    return next(finding for finding in diagnosis.findings if finding.rule == rule)


def held(epoch: int, **changes: Any) -> BestCheckpoint:
    given = {"source": "index", "confidence": 1.0, "because": "the index says so"}
    return BestCheckpoint("checkpoints/best.pth", epoch, **(given | changes))


def test_a_healthy_run_has_no_findings_and_is_shipped() -> None:
    diagnosis = diagnose(run())
    assert diagnosis.findings == ()
    assert diagnosis.verdict.action == "ship it"
    assert "F1 reached 0.79" in diagnosis.verdict.because


def test_a_short_wobbling_run_of_a_fast_learner_is_healthy() -> None:
    f1 = "0.02 0.31 0.52 0.42 0.58 0.5 0.61 0.66 0.63 0.68 0.67 0.7"
    wobbling = run(
        curves={"train_loss": "exp(6,2,3)~0.1*12", "val_f1": f1},
        planned_epochs=12,
        samples={"val": 50},
    )
    assert [f for f in diagnose(wobbling).findings if f.severity is not Severity.INFO] == []


def test_nan_explains_what_follows_it() -> None:
    broken = run(
        curves={"train_loss": "2.0 1.9 1.8 nan*9", "val_f1": "0.1 0.2 0.3 0.3*9"},
        status=Status.FAILED,
        best_checkpoint=held(6),
    )
    diagnosis = diagnose(broken)
    assert diagnosis.findings[0].rule == "loss-nonfinite"
    assert found(diagnosis, "run-incomplete").explained_by == "loss-nonfinite"
    assert found(diagnosis, "best-checkpoint-not-best").explained_by == "loss-nonfinite"
    assert diagnosis.worst() is Severity.ERROR
    verdict = diagnosis.verdict
    assert verdict.action == "restart with this patch"
    assert verdict.patch == {"optimizer.lr": (0.007, 0.0007)}


def test_what_started_earlier_is_not_explained() -> None:
    f1 = "0.5*3 0.4~0.15*20"
    late = run(curves={"train_loss": "2.0-0.05*22 nan", "val_f1": f1}, planned_epochs=23)
    diagnosis = diagnose(late)
    assert found(diagnosis, "metric-oscillates").explained_by is None


def test_what_is_in_another_segment_is_not_explained() -> None:
    f1 = curve("val_f1", "0.1+0.05*6 0.2*6", "f1")
    loss = curve("train_loss", "nan*3 1.0-0.05*9", "loss")
    seams = np.array([0] * 3 + [1] * 9)
    series = {"train_loss": loss, "val_f1": f1}
    series = {n: Series(n, "epoch", s.x, s.y, seams) for n, s in series.items()}
    diagnosis = diagnose(run(series=series, best_checkpoint=held(12), planned_epochs=12))
    assert found(diagnosis, "best-checkpoint-not-best").explained_by is None


def test_a_mild_finding_silences_no_worse_one() -> None:
    came_back = run(
        curves={"train_loss": "2.0 inf 1.8-0.1*10", "val_f1": "0.1+0.05*12"},
        config={**SGD, "checkpoint.monitor": "val_f1", "checkpoint.mode": "min"},
        planned_epochs=12,
        best_checkpoint=held(3),
    )
    diagnosis = diagnose(came_back)
    assert found(diagnosis, "loss-nonfinite").severity is Severity.WARNING
    assert found(diagnosis, "best-checkpoint-stale").explained_by != "loss-nonfinite"
    assert diagnosis.worst() is Severity.ERROR


def test_the_wrong_selection_explains_the_stale_file() -> None:
    config = {**SGD, "checkpoint.monitor": "val_f1", "checkpoint.mode": "min"}
    f1 = "0.3 0.4 0.5 0.2 0.5 0.6 0.7"
    diagnosis = diagnose(
        run(
            curves={"train_loss": "2.0-0.1*7", "val_f1": f1},
            config=config,
            planned_epochs=7,
            best_checkpoint=held(4),
            checkpoints=(Checkpoint("checkpoints/epoch_7.pth", 7, exists=True),),
        )
    )
    stale = found(diagnosis, "best-checkpoint-stale")
    assert stale.explained_by == "monitor-wrong"
    assert diagnosis.verdict.action == "ship it"
    assert "take checkpoints/epoch_7.pth" in diagnosis.verdict.because
    assert diagnosis.verdict.patch == {"checkpoint.mode": ("min", "max")}
    (fix,) = [fix for fix in stale.fixes if fix.set]
    assert fix.safe


def test_confidence_is_capped_by_how_the_epoch_is_known() -> None:
    stale = run(best_checkpoint=held(2, source="time", confidence=0.6, because="its time"))
    finding = found(diagnose(stale), "best-checkpoint-stale")
    assert finding.confidence <= 0.6
    assert finding.severity is Severity.WARNING
    sure = found(diagnose(run(best_checkpoint=held(2))), "best-checkpoint-stale")
    assert sure.confidence > 0.9
    assert sure.severity is Severity.ERROR


def test_causes_are_ranked_and_say_what_decided() -> None:
    flat = {"train_loss": "1.5~0.01*20"}
    finding = found(diagnose(run(curves=flat, config={**SGD, "optimizer.lr": 0.1})), "loss-flat")
    first = finding.causes[0]
    assert (first.id, first.verdict) == ("lr-too-high", CauseVerdict.SUPPORTED)
    assert first.because == "learning rate in units of the optimiser's usual one: 10, above 3"
    ranks = [list(CauseVerdict).index(cause.verdict) for cause in finding.causes]
    assert ranks == sorted(ranks)
    ruled_out = {c.id for c in finding.causes if c.verdict is CauseVerdict.RULED_OUT}
    assert {"lr-too-low", "batch-too-small"} <= ruled_out
    assert finding.fixes[0].set == {"optimizer.lr": (0.1, 0.01)}


def test_fixes_speak_the_words_of_the_run() -> None:
    flat = {"train_loss": "1.5~0.01*20"}
    config = Config(
        {"optimizer.type": "sgd", "optimizer.lr": 0.3},
        own_key={"optimizer.lr": "hyp.lr0"},
    )
    spelled = Run(**{**vars(run(curves=flat)), "config": config})
    fixes = found(diagnose(spelled), "loss-flat").fixes
    assert fixes[0].set == {"hyp.lr0": (0.3, 0.01)}
    unknown = Run(**{**vars(run(curves=flat)), "config": Config()})
    words = [fix.do for fix in found(diagnose(unknown), "loss-flat").fixes]
    lower = "a tenth of it, or the optimiser's usual rate where that is less"
    assert f"set the learning rate to {lower}" in words
    assert not any(fix.set for fix in found(diagnose(unknown), "loss-flat").fixes)


@pytest.mark.parametrize(("higher", "level"), [(False, 0.9), (True, 21.0)])
def test_a_metric_that_is_no_share_is_not_taken_for_a_good_one(higher, level) -> None:
    flat = {"train_loss": "1.5~0.01*20", "val_own": f"{level}~0.01*20"}
    one = replace(run(curves=flat), main_metric="val_own", higher_is_better=higher)
    assert found(diagnose(one), "loss-flat")


def test_a_cause_that_is_ruled_out_gives_no_fix() -> None:
    flat = {"train_loss": "1.5~0.01*20"}
    fixes = found(diagnose(run(curves=flat)), "loss-flat").fixes
    assert not any(fix.set and "data.batch_size" in fix.set for fix in fixes)
    few = {**SGD, "data.batch_size": 2}
    fixes = found(diagnose(run(curves=flat, config=few)), "loss-flat").fixes
    assert fixes[0].set == {"data.batch_size": (2, 8)}


def test_an_unreadable_run_has_exactly_one_finding() -> None:
    broken = Run("exp", Path("exp"), "workdir", unreadable="logs/train.log is binary")
    diagnosis = diagnose(broken)
    (finding,) = diagnosis.findings
    assert (finding.rule, finding.message) == ("run-unreadable", "logs/train.log is binary")
    assert diagnosis.verdict.action == "cannot tell"
    assert diagnosis.not_evaluated == ()


def test_what_cannot_be_judged_is_said_with_the_line_to_log() -> None:
    diagnosis = diagnose(run(curves={"train_loss": FALLING}))
    reasons = {item.rule: item.reason for item in diagnosis.not_evaluated}
    assert reasons["overfitting"] == "validation loss was not logged"
    assert any("log the validation loss each epoch" in line for line in diagnosis.advice)
    assert diagnosis.verdict.because.endswith("no validation metric was logged")


# The verdict

OVERFIT = {
    "train_loss": "exp(2.0,0.05,8)~0.01*40",
    "val_loss": "exp(2.1,1.0,4)~0.02*12 1.05+0.03~0.02*28",
    "val_f1": "exp(0.2,0.8,4)~0.005*12 0.79-0.003~0.005*28",
}


def action(**changes: Any) -> tuple[str, str]:
    verdict = diagnose(run(**changes)).verdict
    return verdict.action, verdict.price


def test_a_running_run_goes_on_until_something_is_wrong() -> None:
    assert action(status=Status.RUNNING)[0] == "keep training"
    flat = {"train_loss": "1.5~0.01*12"}
    assert action(status=Status.RUNNING, curves=flat)[0] == "stop now"
    config = {**SGD, "checkpoint.monitor": "val_f1", "checkpoint.mode": "min"}
    assert action(status=Status.RUNNING, config=config, best_checkpoint=held(1))[0] == (
        "keep training"
    )


def test_the_price_counts_epochs_and_time() -> None:
    curves = OVERFIT | {"epoch_time": "450*40"}
    what, price = action(status=Status.RUNNING, curves=curves, planned_epochs=100)
    assert what == "stop now"
    best = int(price.split("best was epoch ")[1].split(";")[0])
    since = 40 - best
    assert f"the {since} epochs since brought nothing: {since * 450 / 3600:.1f} hours" in price
    assert price.endswith("60 more epochs are planned: 7.5 hours")


def test_a_plateau_reads_as_one_sentence() -> None:
    level = {"train_loss": FALLING, "val_f1": "exp(0.2,0.6,2)~0.004*60"}
    message = found(diagnose(run(curves=level, planned_epochs=60)), "metric-plateau").message
    assert "evaluations came after; it is at 0.598 now" in message


def test_an_overfitted_run_that_got_good_is_shipped_at_its_best() -> None:
    what, price = action(curves=OVERFIT, planned_epochs=40)
    assert what == "ship it"
    assert "brought nothing" in price


def test_a_low_metric_is_not_shipped() -> None:
    low = {"train_loss": FALLING, "val_loss": FALLING, "val_f1": "exp(0.05,0.3,2)~0.001*20"}
    assert action(curves=low)[0] == "cannot tell"


def test_weights_of_a_broken_training_are_not_shipped() -> None:
    verdict = diagnose(
        run(
            curves={"train_loss": "9e9 7e10 nan", "val_loss": "nan*3", "val_f1": "0*3"},
            config={**SGD, "optimizer.lr": 1e6},
            planned_epochs=3,
            best_checkpoint=held(1),
            checkpoints=(Checkpoint("checkpoints/epoch_1.pth", 1, exists=True),),
        )
    ).verdict
    assert verdict.action == "restart with this patch"
    assert "optimizer.lr" in verdict.patch


def test_a_guess_is_no_patch_where_a_cause_is_supported() -> None:
    swings = {"train_loss": FALLING, "val_f1": "0.6~0.2*30"}
    few = diagnose(run(curves=swings, samples={"val": 10}, planned_epochs=30))
    oscillates = found(few, "metric-oscillates")
    assert any(fix.set for fix in oscillates.fixes)
    assert few.verdict.patch == {}


def test_a_metric_that_still_rises_asks_for_more() -> None:
    rising = {"train_loss": FALLING, "val_loss": FALLING, "val_f1": "0.1+0.03*20"}
    assert action(curves=rising)[0] == "keep training"


def test_a_killed_run_is_to_be_resumed() -> None:
    assert action(status=Status.KILLED, planned_epochs=50)[0] == "keep training"


def test_weights_that_were_never_saved_cannot_be_shipped() -> None:
    started = (LogEvent("started", "l", 1, ""),)
    assert action(events=started)[0] == "cannot tell"


# Any run at all

FLOATS = hnp.arrays(np.float64, st.integers(0, 30), elements=st.floats(width=64))
VALUES = st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5), st.just([1, 2]))
KEYS = ("optimizer.lr", "optimizer.type", "data.batch_size", "model.pretrained", "train.patience")
KEYS += ("augment.scale", "checkpoint.mode", "checkpoint.monitor", "train.grad_clip")


@st.composite
def runs(draw: st.DrawFn) -> Run:
    series = {}
    for name in draw(st.sets(st.sampled_from(["train_loss", "val_loss", "val_f1", "epoch_time"]))):
        y = draw(FLOATS)
        axis = draw(st.sampled_from(["epoch", "step"]))
        segment = np.sort(draw(hnp.arrays(np.int64, len(y), elements=st.integers(0, 3))))
        series[name] = Series(name, axis, np.arange(1.0, len(y) + 1), y, segment)
    return Run(
        "r",
        Path("r"),
        "workdir",
        series=series,
        config=Config(draw(st.dictionaries(st.sampled_from(KEYS), VALUES))),
        best_checkpoint=draw(st.one_of(st.none(), st.integers(-1, 30).map(held))),
        events=draw(st.sampled_from([(), SAVED])),
        main_metric=draw(st.sampled_from([None, "val_f1", "val_loss"])),
        higher_is_better=draw(st.booleans()),
        planned_epochs=draw(st.one_of(st.none(), st.integers(0, 50))),
        status=draw(st.sampled_from(list(Status))),
        samples=draw(st.sampled_from([{}, {"val": 0}, {"val": 5, "train": 10}])),
    )


@given(runs())
@settings(max_examples=150)
def test_no_run_breaks_the_diagnosis(broken: Run) -> None:
    diagnosis = diagnose(broken)
    said = {f.rule for f in diagnosis.findings} | {n.rule for n in diagnosis.not_evaluated}
    assert said <= {rule.id for rule in installed_rules()}
    assert diagnosis.verdict.because
    for finding in diagnosis.findings:
        assert 0 < finding.confidence <= 1
        assert "{" not in finding.message
        assert finding.subject


@pytest.mark.parametrize("rule", installed_rules(), ids=lambda rule: rule.id)
def test_one_rule_alone_can_be_asked(rule: Any) -> None:
    assert all(finding.rule == rule.id for finding in diagnose(run(), [rule]).findings)


def test_a_value_that_passed_two_limits_is_told_once() -> None:
    evidence = found(diagnose(run(curves={"train_loss": "1.5~0.01*20"})), "loss-flat").evidence
    told = [(item.series, item.end, item.value, item.unit) for item in evidence]
    assert len(told) == len(set(told))
    assert evidence[0].limit == 2
