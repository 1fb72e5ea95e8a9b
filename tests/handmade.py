"""Runs and diagnoses made by hand, so that showing is tested without reading or judging."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.finding import (
    Cause,
    CauseVerdict,
    CurveEvidence,
    Diagnosis,
    FileEvidence,
    Finding,
    Fix,
    KeyEvidence,
    NotEvaluated,
    Severity,
    Suppressed,
    Together,
    Verdict,
)
from analyzer.render.names import short_names
from analyzer.render.report import Report, RunReport
from analyzer.run import BestCheckpoint, Config, Note, Run, Series, Status

CREATED = datetime(2026, 1, 5, 16, 0)
HOSTILE = "<script>alert(1)</script>[red]x|y`z`\n# h $$m$$ \x1b[31m\u202egnp.\ud800 识别"


def series(name: str, values: Sequence[float], **more: Any) -> Series:
    """A curve by epoch from 1 on, or by step (``axis="step"``)."""
    y = np.asarray(values, float)
    x = np.asarray(more.pop("x", np.arange(1, len(y) + 1)), float)
    segment = np.asarray(more.pop("segment", np.zeros(len(y))), np.int64)
    return Series(name, more.pop("axis", "epoch"), x, y, segment, **more)


def run(name: str = "exp_20260105143025", *curves: Series, **more: Any) -> Run:
    """A finished run with the curves given."""
    fields: dict[str, Any] = {
        "path": Path("workdirs") / name.replace("\n", " "),
        "format": "workdir",
        "series": {curve.name: curve for curve in curves},
        "main_metric": "val_f1",
        "planned_epochs": 20,
        "status": Status.FINISHED,
        "status_because": "run.json says so",
        "started": datetime(2026, 1, 5, 14, 30, 25),
        "ended": datetime(2026, 1, 5, 15, 12, 25),
        "config": Config(
            {"optimizer.lr": 0.007, "data.batch_size": 8, "train.epochs": 20, "train.seed": 1}
        ),
    }
    return Run(name, **{**fields, **more})


def curves(n: int = 20, *, seed: int = 0, steps: int = 0) -> tuple[Series, ...]:
    """The curves of a healthy detector: losses fall, metrics rise, the rate decays."""
    rng = np.random.default_rng(seed)
    t = np.arange(1, n + 1)
    fall = np.exp(-t / 6)
    f1 = np.round(0.72 * (1 - np.exp(-t / 4)) + rng.normal(0, 0.005, n), 4)
    made = [
        series("train_loss", np.round(0.4 + 1.8 * fall, 4)),
        series("val_loss", np.round(0.5 + 1.7 * fall + rng.normal(0, 0.01, n), 4)),
        series("val_precision", np.clip(f1 + 0.05, 0, 1)),
        series("val_recall", np.clip(f1 - 0.04, 0, 1)),
        series("val_f1", f1, resolution=1e-4),
        series("learning_rate", np.round(0.007 * (1 - (t - 1) / n) ** 0.9, 6)),
        *(
            series(f"train_loss.{p}", np.round(0.1 + fall * w, 4))
            for p, w in (("prob", 1), ("thresh", 0.5))
        ),
        series("epoch_time", np.full(n, 126.0)),
    ]
    if steps:
        x = np.arange(1, n * steps + 1)
        y = 0.4 + 1.8 * np.exp(-x / (6 * steps)) + rng.normal(0, 0.15, len(x))
        made.append(series("train_loss@step", y, axis="step"))
    return tuple(made)


def healthy(name: str = "exp_healthy", **more: Any) -> RunReport:
    """A run without a finding."""
    best = BestCheckpoint("checkpoints/best.pth", 20, "index", 1.0, "index.json says epoch 20")
    verdict = Verdict("ship it", "F1 reached 0.72 and nothing speaks against it")
    skipped = (NotEvaluated("gradient-explodes", "the run logs no grad_norm"),)
    made = run(name, *curves(steps=12), **{"best_checkpoint": best, **more})
    return RunReport(
        made, Diagnosis((), skipped, verdict, ("log grad_norm, to judge gradient-explodes",))
    )


def exploded(name: str = "exp_lr_too_high") -> RunReport:
    """A run whose training loss ends in NaN, with one consequence."""
    healthy_curves = {curve.name: curve for curve in curves()}
    loss = np.array([1.9, 2.4, 9.7, 41.0, 880.0, *[np.nan] * 4])
    cut = {
        k: replace(c, x=c.x[:9], y=c.y[:9], segment=c.segment[:9])
        for k, c in healthy_curves.items()
    }
    cut |= {"train_loss": series("train_loss", loss), "val_f1": series("val_f1", [0.0] * 9)}
    cut |= {
        "val_precision": series("val_precision", [0.0] * 9),
        "val_recall": series("val_recall", [0.0] * 9),
    }
    cut["val_loss"] = series("val_loss", [2.0, 2.6, 8.8, 60.0, 700.0, *[np.nan] * 4])
    fix = Fix({"optimizer.lr": (0.5, 0.05)})
    nonfinite = Finding(
        rule="loss-nonfinite",
        title="The loss is NaN or infinite",
        severity=Severity.ERROR,
        confidence=0.99,
        message="training loss became nan at epoch 6, after it had climbed for 4 epochs",
        subject="train_loss",
        evidence=(
            CurveEvidence(
                "train_loss",
                "epoch",
                6,
                9,
                float("nan"),
                None,
                "",
                "training loss is nan in epochs 6 to 9",
                at=6,
            ),
            CurveEvidence(
                "train_loss",
                "epoch",
                2,
                5,
                880.0,
                2.0,
                "",
                "it climbed from 1.9 to 880 in epochs 2 to 5",
                at=5,
            ),
            FileEvidence("logs/train.log", 31, "Train Loss: nan | Time: 0.43s/iter"),
        ),
        causes=(
            Cause(
                "lr-too-high",
                "The learning rate is above what this optimiser usually bears",
                CauseVerdict.SUPPORTED,
                "optimizer.lr is 0.5, 50 times the usual 0.01 of sgd",
                fix,
            ),
            Cause(
                "amp-overflow",
                "Half precision overflowed",
                CauseVerdict.RULED_OUT,
                "train.amp is false",
            ),
            Cause(
                "bad-labels",
                "A label is broken",
                CauseVerdict.POSSIBLE,
                "not known: the data was not checked",
                Fix(do="Check the label files"),
            ),
        ),
        fixes=(fix, Fix(do="Check the label files")),
        why="Once a weight is NaN, every later value is NaN too.",
        known_limits="A loss that is masked before logging hides this.",
    )
    flat = Finding(
        "metric-zero",
        "The metric is zero",
        Severity.WARNING,
        0.9,
        "F1 is 0 for 9 evaluations",
        "val_f1",
        explained_by="loss-nonfinite",
    )
    verdict = Verdict(
        "restart with this patch",
        "the loss is nan since epoch 6, and the learning rate explains it",
        "4 epochs since brought nothing: 8 min",
        {"optimizer.lr": (0.5, 0.05)},
    )
    made = run(
        name,
        *cut.values(),
        status=Status.KILLED,
        status_because="no end in the log",
        config=Config({"optimizer.lr": 0.5, "optimizer.type": "sgd", "data.batch_size": 8}),
    )
    return RunReport(made, Diagnosis((nonfinite, flat), (), verdict))


def stale(name: str = "exp_stale_best") -> RunReport:
    """A run whose best checkpoint is not the best."""
    fix = Fix({"train.monitor": ("val_loss", "val_f1")}, safe=True)
    finding = Finding(
        rule="best-checkpoint-stale",
        title="best.pth is older than the best epoch",
        severity=Severity.WARNING,
        confidence=0.8,
        message="best.pth holds epoch 5 (F1 0.5089); epoch 20 reached 0.7204",
        subject="checkpoints/best.pth",
        evidence=(
            CurveEvidence(
                "val_f1",
                "epoch",
                6,
                20,
                0.7204,
                0.5089,
                "",
                "F1 rises above 0.5089 from epoch 6 on",
                at=20,
            ),
            KeyEvidence("train.monitor", "val_loss", "train.monitor is val_loss, mode max"),
        ),
        causes=(
            Cause(
                "wrong-direction",
                "The monitor looks in the wrong direction",
                CauseVerdict.SUPPORTED,
                "a loss is monitored for its maximum",
                fix,
            ),
        ),
        fixes=(fix, Fix(do="Take checkpoints/epoch_20.pth instead")),
    )
    best = BestCheckpoint("checkpoints/best.pth", 5, "index", 1.0, "index.json says epoch 5")
    verdict = Verdict(
        "cannot tell", "the weights of epoch 20 are better than best.pth, but were not tested"
    )
    told = Diagnosis((finding,), (), verdict, suppressed=(suppressed(),))
    return RunReport(run(name, *curves(), best_checkpoint=best), told)


def suppressed(**more: Any) -> Suppressed:
    """A finding that the settings accept for a while."""
    finding = Finding(
        rule="metric-oscillates",
        title="The validation metric jumps from one evaluation to the next",
        severity=Severity.WARNING,
        confidence=0.7,
        message="F1 swings by 0.03",
        subject="val_f1",
    )
    return Suppressed(replace(finding, **more), "50 test images are enough", "2026-12-31", 3)


def together(*names: str) -> Together:
    """What is said of several runs: that two have the same curves."""
    identical = Finding(
        rule="runs-identical",
        title="Several runs have the same curves",
        severity=Severity.WARNING,
        confidence=1.0,
        message=f"{' and '.join(names)} have the same F1 in all 20 epochs",
        subject="val_f1",
        evidence=(
            CurveEvidence("val_f1", "epoch", 1, 20, 0.0, None, "", "F1 is the same"),
            KeyEvidence("optimizer.lr", [0.007, 0.5], "optimizer.lr: 0.007 in a and 0.5 in b"),
        ),
        fixes=(Fix(do="Search the training code for the key"),),
        why="Two trainings with different settings never agree.",
        runs=names,
    )
    missed = (NotEvaluated("within-noise", "neither seeds nor samples tell the noise"),)
    gone = suppressed(rule="outlier-run", title="A run stands apart", runs=names[:1])
    return Together((identical,), missed, (gone,))


def report(*items: RunReport, **more: Any) -> Report:
    """A report of the runs given, else of a healthy and two sick ones."""
    chosen = items or (healthy(), exploded(), stale())
    told = Together() if items else together("exp_healthy", "exp_stale_best")
    fields = {"skipped": (), "created": CREATED, "version": "0.1.0", "together": told}
    return Report(chosen, **{**fields, **more})


def hostile(bad: str = HOSTILE) -> Report:
    """Every text that a stranger can write is ``bad``."""
    finding = Finding(
        bad,
        bad,
        Severity.ERROR,
        0.5,
        bad,
        bad,
        (
            CurveEvidence("val_f1", "epoch", 2, 3, 0.5, 0.6, "", bad),
            FileEvidence(bad, 1, bad),
            KeyEvidence(bad, bad, bad),
        ),
        (Cause(bad, bad, CauseVerdict.SUPPORTED, bad, Fix({bad: (bad, bad)}, do=bad)),),
        (Fix({bad: (bad, bad)}),),
        bad,
        bad,
    )
    verdict = Verdict("cannot tell", bad, bad, {bad: (bad, bad)})
    told = Diagnosis(
        (finding, replace(finding, explained_by=bad)), (NotEvaluated(bad, bad),), verdict, (bad,)
    )
    made = run(
        bad,
        *curves(),
        series(f"train_loss.{bad}", [1, 2, 3]),
        series("_x", [1.0]),
        main_metric="_x",
        config=Config({bad: bad}),
        notes=(Note(bad, bad, 1),),
        status_because=bad,
        path=Path("w/" + bad.replace("\ud800", "")),
    )
    told = replace(told, suppressed=(Suppressed(finding, bad, bad, 1),))
    items = (RunReport(made, told), healthy())
    names = tuple(short_names([item.run for item in items]))
    of_both = replace(finding, runs=names)
    beside = Together((of_both,), (NotEvaluated(bad, bad),), (Suppressed(of_both, bad, bad, 1),))
    return report(*items, skipped=(Note(bad, bad),), title=bad, together=beside)
