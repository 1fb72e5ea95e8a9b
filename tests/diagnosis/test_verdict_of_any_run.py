"""The verdict on arbitrary runs: one of the five, with a reason, and at one with the findings."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, get_args

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.diagnosis import UNREADABLE, diagnose, installed_rules
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.verdict import (
    BESIDE,
    BROKE_OFF,
    INCOMPLETE,
    PAST_ITS_BEST,
    WRONG_CHECKPOINT,
    decide,
)
from analyzer.diagnosis.yardstick import POOR, result
from analyzer.finding import (
    Action,
    Cause,
    CauseVerdict,
    Diagnosis,
    Finding,
    Fix,
    Severity,
    Verdict,
)
from analyzer.run import BestCheckpoint, Checkpoint, Config, LogEvent, Run, Series, Status

RULES = (
    *("loss-flat", "overfitting", "metric-plateau", "metric-low", "metric-zero", "crashed"),
    *("out-of-memory", "run-incomplete", "data-loading-bound", "best-checkpoint-stale"),
    *("still-improving", "precision-recall-skew", "checkpoint-missing", "monitor-wrong"),
)
METRICS = ("val_f1", "val_accuracy", "val_map50_95", "val_wer", "val_psnr", "val_loss", "val_x")

values = st.one_of(
    st.floats(0, 1), st.floats(width=32), st.sampled_from([0.0, 1.0, float("nan"), float("inf")])
)


@st.composite
def series(draw: Any, name: str) -> Series:
    y = draw(st.lists(values, max_size=25))
    if draw(st.booleans()):
        fall = draw(st.floats(-0.05, 0.05))
        y = [0.5 + fall * i + 0.001 * (v if np.isfinite(v) else 0) for i, v in enumerate(y)]
    axis = draw(st.sampled_from(["epoch", "step"]))
    x = np.arange(1.0, len(y) + 1) * (1 if axis == "epoch" else 100)
    array = np.array(y, dtype=np.float64)
    return Series(name, axis, x, array, np.zeros(len(y), np.int64))


@st.composite
def runs(draw: Any) -> Run:
    names = draw(st.sets(st.sampled_from(["train_loss", "epoch_time", "step_time", *METRICS])))
    found = {name: draw(series(name)) for name in sorted(names)}
    best = BestCheckpoint("best.pth", draw(st.integers(1, 20)), "log", 1.0, "the log says so")
    weights = st.builds(
        Checkpoint,
        st.sampled_from(["best.pth", "epoch_3.pth", "last.pth"]),
        st.one_of(st.none(), st.integers(0, 20)),
        exists=st.booleans(),
        removed=st.booleans(),
    )
    events = st.builds(
        LogEvent,
        st.sampled_from(["started", "error", "saved", "resumed", "finished"]),
        st.just("train.log"),
        st.integers(1, 99),
        st.sampled_from(["CUDA out of memory", "KeyError: 'x'", "", "disk full"]),
    )
    settings = st.fixed_dictionaries(
        {},
        optional={
            "optimizer.lr": st.sampled_from([1e-6, 0.01, 10.0, "auto"]),
            "optimizer.type": st.sampled_from(["SGD", "adam"]),
            "data.batch_size": st.sampled_from([1, 8, 64]),
            "num_classes": st.sampled_from([1, 2, 10]),
            "checkpoint.every": st.just(1),
        },
    )
    return Run(
        "run",
        Path("run"),
        draw(st.sampled_from(["workdir", "ultralytics", "console"])),
        series=found,
        config=Config(draw(settings)),
        checkpoints=tuple(draw(st.lists(weights, max_size=3))),
        best_checkpoint=draw(st.one_of(st.none(), st.just(best))),
        events=tuple(draw(st.lists(events, max_size=3))),
        main_metric=draw(st.one_of(st.none(), st.sampled_from(METRICS))),
        higher_is_better=draw(st.booleans()),
        planned_epochs=draw(st.one_of(st.none(), st.integers(1, 40))),
        planned_steps=draw(st.one_of(st.none(), st.integers(1, 4000))),
        status=draw(st.sampled_from(Status)),
    )


fixes = st.one_of(
    st.none(),
    st.builds(
        Fix,
        set=st.fixed_dictionaries({"lr": st.tuples(st.just(1), st.sampled_from([1, 2, True]))}),
    ),
    st.builds(Fix, do=st.just("Look at the labels")),
)
causes = st.builds(
    Cause, st.just("x"), st.just("x"), st.sampled_from(CauseVerdict), st.just(""), fixes
)
findings = st.builds(
    Finding,
    st.sampled_from(RULES),
    st.just("title"),
    st.sampled_from(Severity),
    st.just(1.0),
    st.just("something is wrong"),
    st.just("train_loss"),
    causes=st.lists(causes, max_size=2).map(tuple),
    fixes=st.lists(fixes.filter(bool), max_size=2).map(tuple),
    explained_by=st.one_of(st.none(), st.none(), st.just("loss-flat")),
)


def holds(run: Run, found: tuple[Finding, ...], verdict: Verdict) -> None:
    """What is true of every verdict."""
    own = [f for f in found if f.explained_by is None]
    errors = {f.rule for f in own if f.severity is Severity.ERROR}
    case = Case(run)
    assert verdict.action in get_args(Action)
    assert verdict.because.strip()
    assert all(old != new or isinstance(new, bool) for old, new in verdict.patch.values())
    assert not re.search(r"(?<![\d,.])1 (epochs|steps|seconds)|-\d|\bnan\b|\binf\b", verdict.price)
    if verdict.action == "restart with this patch":
        assert verdict.patch
        assert run.status is not Status.RUNNING
    if verdict.action == "ship it":
        assert errors <= set(WRONG_CHECKPOINT)
        assert not errors or "not the best checkpoint" in verdict.because
        assert result(case, found).is_usable
        assert run.status is not Status.RUNNING
    if verdict.action == "stop now":
        assert run.status is Status.RUNNING
        assert any(f.severity is not Severity.INFO for f in own)
    if verdict.action == "keep training" and run.status is not Status.RUNNING:
        assert errors <= set(BROKE_OFF)
        assert run.epochs_done or run.steps_done
        assert "resume" in verdict.because


@given(runs())
def test_a_diagnosis_ends_in_a_verdict_that_fits_it(run: Run) -> None:
    diagnosis: Diagnosis = diagnose(run)
    holds(run, diagnosis.findings, diagnosis.verdict)


@given(runs(), st.lists(findings, min_size=1, max_size=4))
def test_whatever_is_found_the_verdict_fits_it(run: Run, found: list[Finding]) -> None:
    found.sort(key=lambda f: -f.severity.rank)
    with np.errstate(all="ignore"):
        holds(run, tuple(found), decide(Case(run), found))


def test_the_verdict_names_no_rule_that_is_not_there() -> None:
    named = {*BESIDE, *BROKE_OFF, *PAST_ITS_BEST, *WRONG_CHECKPOINT, *POOR, INCOMPLETE, UNREADABLE}
    assert named <= {rule.id for rule in installed_rules()}
