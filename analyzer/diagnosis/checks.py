"""Checks: the few verdicts that compare files and records and so cannot be told by one signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from analyzer.diagnosis.contradictions import ran_otherwise
from analyzer.diagnosis.loaded import barely_loaded
from analyzer.diagnosis.outcome import Outcome, Place
from analyzer.diagnosis.vocabulary import label
from analyzer.facts.progress import metric_curve
from analyzer.finding import CurveEvidence, Evidence, FileEvidence
from analyzer.run import BestCheckpoint, Run, Series
from analyzer.signals import noise
from analyzer.signals.stats import best_index

BEYOND_NOISE = 2.0
"""A difference between two evaluations counts when it is above this many times their noise."""

LEAST_SHARE = 0.01
"""And above this share of the better one."""


Subject = TypeVar("Subject")
"""What a check looks at: a run, or several of them."""


@dataclass(frozen=True)
class Check(Generic[Subject]):
    """One entry of the table. ``gives`` are the values that a message may name."""

    function: Callable[[Subject], Outcome]
    says: str
    gives: tuple[str, ...] = ()


def unreadable(run: Run) -> Outcome:
    """The run was found but could not be read."""
    if run.unreadable is None:
        return Outcome(False, "the run could be read")
    evidence = tuple(
        FileEvidence(note.file or run.name, note.line, note.text) for note in run.notes
    )
    return Outcome(True, run.unreadable, evidence=evidence, values={"reason": run.unreadable})


SHOWN_STARTS = 5
"""So many places where a run began again are shown as evidence."""


def started_again(run: Run) -> Outcome:
    """The counter of a log goes back: a resume, another training, a fold of a cross-validation."""
    kinds = ("resumed", "restarted", "fold")
    places = [event for event in run.events if event.kind in kinds]
    resumed, restarted, folds = ([e for e in places if e.kind == kind] for kind in kinds)
    told = []
    if len(folds) > 1 or restarted:
        what = f"{len(folds)} folds" if len(folds) > 1 else f"{len(restarted) + 1} trainings"
        told.append(f"its files hold {what} one after the other, of which one is judged")
    if resumed:
        times = f"{len(resumed)} times" if len(resumed) > 1 else "once"
        told.append(f"it was resumed {times}: {resumed[0].text}")
    if not told:
        return Outcome(False, "no counter goes back")
    shown = [place for place in places if place.kind != "fold" or len(folds) > 1][:SHOWN_STARTS]
    evidence = tuple(FileEvidence(place.file, place.line, place.text) for place in shown)
    story = "; ".join(told)
    return Outcome(True, story, evidence=evidence, values={"story": story})


def later_is_better(run: Run) -> Outcome:
    """A later epoch beats the one in the best checkpoint by more than noise."""
    return _compare(run, later=True)


def earlier_was_better(run: Run) -> Outcome:
    """When the best checkpoint was written, an earlier epoch was better by more than noise."""
    return _compare(run, later=False)


def _compare(run: Run, *, later: bool) -> Outcome:
    found = _best_and_metric(run)
    if isinstance(found, Outcome):
        return found
    best, curve, at = found
    chosen = slice(at + 1, None) if later else slice(0, at)
    y = np.where(np.isfinite(curve.y), curve.y, -np.inf if run.higher_is_better else np.inf)[
        chosen
    ]
    held = float(curve.y[at])
    if len(y) == 0 or not np.isfinite(held):
        return Outcome(False, f"no {'later' if later else 'earlier'} epoch can be compared")
    other = chosen.start + best_index(y, run.higher_is_better)
    rival = float(curve.y[other])
    lead = (rival - held) if run.higher_is_better else (held - rival)
    margin = max(BEYOND_NOISE * noise(curve), LEAST_SHARE * abs(rival))
    text = (
        f"{best.file} holds epoch {best.epoch} ({label(curve.name)} {held:.4g}); "
        f"epoch {curve.x[other]:.0f} reached {rival:.4g}"
    )
    if not (np.isfinite(lead) and lead > margin):
        return Outcome(False, f"{text}, which is within {margin:.2g}")
    values = {
        "file": best.file,
        "held_epoch": best.epoch,
        "held_value": held,
        "better_epoch": float(curve.x[other]),
        "better_value": rival,
        "source": best.because,
    }
    certainty = min(best.confidence, 1.0 - margin / (2 * lead))
    first, last = min(at, other), max(at, other)
    start = Place(curve.axis, int(curve.segment[first]), float(curve.x[first]))
    span = start.x, float(curve.x[last])
    decided = float(curve.x[other])
    difference = CurveEvidence(curve.name, curve.axis, *span, lead, margin, "", text, decided)
    return Outcome(True, text, certainty, (difference, *_file(best)), values, start)


def _file(best: BestCheckpoint) -> tuple[Evidence, ...]:
    return (FileEvidence(best.file, None, best.because),)


def _best_and_metric(run: Run) -> tuple[BestCheckpoint, Series, int] | Outcome:
    """The best checkpoint, the main metric, and where in it the checkpoint's epoch stands."""
    best, curve = run.best_checkpoint, metric_curve(run)
    if best is None:
        reason = "which epoch the best checkpoint holds is not known"
        return Outcome(None, reason, lacks="best_checkpoint_epoch")
    if curve is None or curve.axis != "epoch":
        return Outcome(None, "no validation metric was logged by epoch", lacks="metric")
    at = np.flatnonzero(curve.x == best.epoch)
    if len(at) == 0:
        reason = f"{label(curve.name)} was not logged for epoch {best.epoch} of {best.file}"
        return Outcome(None, reason, lacks="metric")
    return best, curve, int(at[-1])


def best_is_nonfinite(run: Run) -> Outcome:
    """The best checkpoint was written at a NaN, or after one from which the loss never came back.

    Looks at the training loss, the validation loss and the main metric.
    """
    best = run.best_checkpoint
    if best is None:
        reason = "which epoch the best checkpoint holds is not known"
        return Outcome(None, reason, lacks="best_checkpoint_epoch")
    for name in ("train_loss", "val_loss", "metric"):
        curve = run.get(name)
        if curve is None or curve.axis != "epoch":
            continue
        until = curve.y[curve.x <= best.epoch]
        if len(until) and not np.isfinite(until[-1]):
            first = _first_of_last_bad(until)
            text = (
                f"{best.file} holds epoch {best.epoch}, but {label(curve.name)} is "
                f"{until[-1]:.4g} there, and has been since epoch {curve.x[first]:.0f}"
            )
            began = float(curve.x[first])
            span = began, float(best.epoch)
            evidence = CurveEvidence(curve.name, "epoch", *span, until[-1], None, "", text, began)
            values = {"file": best.file, "held_epoch": best.epoch, "series": label(curve.name)}
            values["nonfinite_epoch"] = began
            start = Place("epoch", int(curve.segment[first]), began)
            return Outcome(True, text, best.confidence, (evidence, *_file(best)), values, start)
    return Outcome(False, f"{best.file} holds an epoch with finite values")


def _first_of_last_bad(y: np.typing.NDArray[np.float64]) -> int:
    """Where the unbroken stretch of non-finite values at the end of ``y`` begins."""
    good = np.flatnonzero(np.isfinite(y))
    return int(good[-1]) + 1 if len(good) else 0


_COMPARED = ("file", "held_epoch", "held_value", "better_epoch", "better_value", "source")

CHECKS: Mapping[str, Check[Run]] = {
    "unreadable": Check(unreadable, "the run could not be read", ("reason",)),
    "started_again": Check(started_again, "the counter of a log goes back", ("story",)),
    "later_is_better": Check(
        later_is_better, "a later epoch beats the best checkpoint's", _COMPARED
    ),
    "earlier_was_better": Check(
        earlier_was_better, "an earlier epoch beat the best checkpoint's", _COMPARED
    ),
    "best_is_nonfinite": Check(
        best_is_nonfinite,
        "the best checkpoint was written at or after a NaN",
        ("file", "held_epoch", "series", "nonfinite_epoch"),
    ),
    "ran_otherwise": Check(
        ran_otherwise, "what ran is not what the config says", ("differences",)
    ),
    "barely_loaded": Check(
        barely_loaded, "little of the pretrained weights was loaded", ("line", "file", "text")
    ),
}
