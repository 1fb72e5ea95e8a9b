"""How good the best result of a run is, as far as anything that is known can tell."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from analyzer.diagnosis.case import Case
from analyzer.facts.progress import metric_curve
from analyzer.finding import Finding
from analyzer.names import RATES, label
from analyzer.run import Run, Series
from analyzer.signals.stats import best_index, finite

Grade = Literal["none", "poor", "open", "good"]
"""``none``: nothing was measured on other data than the training's. ``open``: nothing that is
known says whether it is enough."""

POOR = ("metric-low", "metric-zero", "metric-flat", "predictions-degenerate")
"""Rules that say that a result is of no use; their limits, and a user's, are the yardstick."""

ERROR_RATES = frozenset({"wer", "cer", "der", "ser", "errorrate"})
"""Last words in the names of shares of wrong answers."""

GOOD_RATE = 0.9
"""A rate from here on is good, whatever it counts."""

GOOD_MAP = 0.7
"""So is an mAP at IoU 0.5 to 0.95: the best detectors stay below it on COCO."""

GOOD_F1 = 0.7
"""An F1 of a text detector is healthy from here on."""

TEXT_DETECTORS = ("workdir", "dbnet", "mhliao")
"""Formats in which an F1 is that of found text boxes."""

CHANCE = 1.5
"""An accuracy below this many times that of blind guessing has hardly learned anything."""

MOST_CHANCE = 0.6
"""Guessing is right half the time where there are two classes: above this it is no guessing."""


@dataclass(frozen=True)
class Result:
    """The best of what a run was judged by. ``why`` says what makes it poor, else is empty."""

    grade: Grade
    curve: Series | None = None
    best: float = 0.0
    at: float = 0.0
    first: float = 0.0
    higher_is_better: bool = True
    why: str = ""

    @property
    def is_usable(self) -> bool:
        """Whether something was measured that nothing speaks against."""
        return self.grade in ("open", "good")

    @property
    def points(self) -> int:
        """The number of evaluations that gave a number."""
        return 0 if self.curve is None else int(self.curve.finite.sum())

    @property
    def text(self) -> str:
        """``F1 reached 0.71 at epoch 12``."""
        if self.curve is None:
            return "no validation metric was logged"
        verb = "reached" if self.higher_is_better else "came down to"
        if self.best == self.first and len(self.curve) > 1:
            verb = "was never better than"
        place = f"{self.curve.axis} {self.at:,.0f}"
        return f"{label(self.curve.name)} {verb} {self.best:.3g} at {place}"


def result(case: Case, findings: Sequence[Finding]) -> Result:
    """What the run reached, by its main metric, else by its validation loss."""
    run = case.run
    curve, higher = metric_curve(run), run.higher_is_better
    if curve is None:
        curve, higher = run.get("val_loss"), False
    if curve is None or not curve.finite.any():
        return Result("none")
    x, y, _ = finite(curve)
    at = best_index(y, higher)
    best = float(y[at])
    grade, why = _grade(case, curve, best, findings)
    return Result(grade, curve, best, float(x[at]), float(y[0]), higher, why)


def _grade(
    case: Case, curve: Series, best: float, findings: Sequence[Finding]
) -> tuple[Grade, str]:
    if any(finding.rule in POOR for finding in findings):
        return "poor", "which is low"
    if why := _by_chance(case, best) or _mostly_wrong(case.run, curve, best):
        return "poor", why
    if curve.name in RATES and best >= _good_from(case.run, curve.name):
        return "good", ""
    return "open", ""


def _good_from(run: Run, name: str) -> float:
    if name == "val_f1" and run.format in TEXT_DETECTORS:
        return GOOD_F1
    return GOOD_MAP if name == "val_map50_95" else GOOD_RATE


def _by_chance(case: Case, best: float) -> str:
    """Why an accuracy is that of guessing; empty where it is not, or the classes are unknown."""
    classes = case.number("classes")
    if case.run.main_metric != "val_accuracy" or classes is None or classes < 2:
        return ""
    if best >= min(CHANCE / classes, MOST_CHANCE):
        return ""
    return f"which is hardly better than guessing among {classes:,.0f} classes"


def _mostly_wrong(run: Run, curve: Series, best: float) -> str:
    """Why an error rate is that of a useless model: more is wrong than right.

    An error rate above 2 is taken to be in percent.
    """
    if curve.name != run.main_metric or run.higher_is_better or not _is_error_rate(curve.name):
        return ""
    share = best / 100 if best > 2 else best
    return "so more is wrong than right" if share > 0.5 else ""


def _is_error_rate(name: str) -> bool:
    words = [w.lower() for w in re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)]
    return bool(words) and (words[-1] in ERROR_RATES or "".join(words[-2:]) == "errorrate")
