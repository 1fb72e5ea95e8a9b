"""What the numbers of an evaluation mean, and what to do next, in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from trainer.detection.sweep import NOTABLE
from trainer.inference.evaluation import Evaluation
from trainer.inference.goldenset import Checked

GOOD, POOR = 0.7, 0.5
"""An F1 from which a text detector is fit for use; one below which to train again."""

MORE_BOXES = 1.5
"""So many times the boxes at a lower threshold are a sign of low confidence."""


@dataclass(frozen=True)
class Verdict:
    """``kind`` is a word for programs, ``says`` a sentence, ``next`` what to do."""

    kind: str
    says: str
    next: str


def judge(found: Evaluation, split: str, epoch: int, run: str, folder: str) -> Verdict:
    """The verdict on an evaluation of ``split``; ``run`` and ``folder`` are for the commands."""
    if not found.scores.expected:
        return Verdict(
            "nothing to judge",
            f"The {split} split has no word that counts, so nothing can be said.",
            f"look at its labels: python -m analyzer dataset {folder}",
        )
    if found.best.scores.hmean - found.scores.hmean >= NOTABLE:
        return _thresholds(found)
    if found.scores.hmean >= GOOD:
        return _good(found, split, run)
    if split == "train":
        return _not_learned(found, epoch, folder)
    return _weak(found, epoch, run, folder)


def _thresholds(found: Evaluation) -> Verdict:
    best, own = found.best, found.decoding
    gain = f"F1 is {found.scores.hmean:.3f}, but {best.scores.hmean:.3f} at other thresholds"
    setting = f"validate.threshold {best.threshold:g} and box_threshold {best.box_threshold:g}"
    if best.threshold > own.threshold:
        return Verdict(
            "words run together",
            f"{gain}: a higher pixel threshold parts words from each other and from what is "
            "around them, which is not yet dark enough.",
            f"train longer, or use {setting}",
        )
    if best.box_threshold < own.box_threshold:
        return Verdict(
            "low confidence",
            f"{gain}: words are found, but not surely ({best.scores.predicted} boxes instead of "
            f"{found.scores.predicted}).",
            f"train longer, or use {setting}",
        )
    return Verdict(
        "boxes everywhere",
        f"{gain}: {found.scores.predicted - found.scores.matched} of {found.scores.predicted} "
        "boxes are false, and most of them are less sure than the right ones.",
        f"use {setting}",
    )


def _good(found: Evaluation, split: str, run: str) -> Verdict:
    f1 = found.scores.hmean
    if split == "train":
        return Verdict(
            "learned",
            f"F1 is {f1:.3f} on the images it was trained on: labels and data can be learned.",
            f"see whether that holds for others: python -m trainer.evaluate {run}",
        )
    return Verdict("good", f"F1 is {f1:.3f}, fit for use from {GOOD} on.", "use it")


def _not_learned(found: Evaluation, epoch: int, folder: str) -> Verdict:
    f1 = found.scores.hmean
    if f1 < POOR:
        return Verdict(
            "fails on training images",
            f"F1 is {f1:.3f} on the very images it was trained on{_lowered(found)}. After enough "
            "epochs that is a fault of the data set or its labels.",
            f"look at the data (python -m analyzer dataset {folder}) and at the worst images "
            f"below; if they are right, train longer than {_epochs(epoch)}",
        )
    return Verdict(
        "learned in part",
        f"F1 is {f1:.3f} on the images it was trained on, so it could still learn more of them.",
        f"train longer than {_epochs(epoch)}, and look at the labels of the worst images",
    )


def _weak(found: Evaluation, epoch: int, run: str, folder: str) -> Verdict:
    f1, low = found.scores.hmean, f1_word(found.scores.hmean)
    step = (
        f"ask whether it knows its training images: python -m trainer.evaluate {run} --split "
        "train; where it fails there too, repair data and labels "
        f"(python -m analyzer dataset {folder}), else add images like the worst ones below"
    )
    more = found.low.scores.predicted >= MORE_BOXES * max(found.scores.predicted, 1)
    if more and found.low.scores.recall > found.scores.recall + NOTABLE:
        return Verdict(
            "low confidence",
            f"F1 is {f1:.3f}, {low}{_lowered(found)}: confidence is low overall.",
            f"train longer than {_epochs(epoch)}; if that does not help, {step}",
        )
    return Verdict("weak", f"F1 is {f1:.3f}, {low}{_lowered(found)}.", step)


def _lowered(found: Evaluation) -> str:
    """What a low threshold finds more, as the end of a clause."""
    scores, low = found.scores, found.low
    place = f"{low.threshold:g} and {low.box_threshold:g}"
    if low.scores.matched <= scores.matched:
        return "; lower thresholds find no more words"
    return (
        f"; at thresholds {place} it finds {low.scores.predicted} boxes instead of "
        f"{scores.predicted}, and recall is {low.scores.recall:.2f} instead of {scores.recall:.2f}"
    )


def f1_word(f1: float) -> str:
    """Where an F1 lies."""
    return f"below {POOR}, which is poor" if f1 < POOR else f"short of the {GOOD} of a good one"


def _epochs(epoch: int) -> str:
    return f"{epoch} epoch{'' if epoch == 1 else 's'}"


def judge_golden(found: Checked, f1: float | None, threshold: float) -> Verdict:
    """The verdict on a golden set; ``f1`` is what the weights reached in their own validation,
    ``threshold`` how sure a box had to be.
    """
    broken = [Path(one.file).name for one in found.images if one.error is not None]
    if not broken:
        return _judge_readable(found, f1, threshold)
    kind, names = "images unreadable", ", ".join(broken)
    says = f"{len(broken)} of the {len(found.images)} images cannot be read: {names}."
    if len(broken) == len(found.images):
        return Verdict(kind, says, f"replace {names}")
    others = tuple(one for one in found.images if one.error is None)
    rest = _judge_readable(replace(found, images=others), f1, threshold)
    return Verdict(
        kind,
        f"{says} Of the others: {rest.kind}. {rest.says}",
        f"replace {names}; then {rest.next}",
    )


def _judge_readable(found: Checked, f1: float | None, threshold: float) -> Verdict:
    failed = [Path(one.file).name for one in found.images if not one.passed]
    count = len(found.images)
    if found.repeats is False:
        changed = f" (since then: {', '.join(found.packages)})" if found.packages else ""
        return Verdict(
            "environment changed",
            "These are the weights that the set was recorded with, and they give other boxes "
            f"now{changed}.",
            "restart, reinstall the packages as they were (pip install '.[train]'), look at the "
            "driver; no training is to blame",
        )
    if not failed:
        others = " Images or boxes are no longer those that were recorded." * found.changed
        return Verdict(
            "chain fine",
            f"All {count} images give their boxes: weights, PyTorch, OpenCV and driver work."
            f"{others}",
            "where results are poor elsewhere, it is the data or the settings: "
            "python -m analyzer dataset DIR, python -m analyzer report RUN",
        )
    if found.changed:
        return Verdict(
            "set changed",
            f"{len(failed)} of {count} images fail, but images or boxes are no longer those that "
            "were recorded, so that says nothing of environment or training.",
            "put them back, or record the set again with weights known to be good (--record); "
            "where they were changed on purpose, delete golden.json",
        )
    if found.repeats:
        return _repeats(found, threshold)
    if len(failed) == count:
        return _all_fail(count, f1)
    return Verdict(
        "weak on some",
        f"{len(failed)} of {count} images fail, the others are found, so the chain works and the "
        "detector generalises badly to that kind of image.",
        f"add images like {', '.join(failed)} to the training set, and train again",
    )


def _repeats(found: Checked, threshold: float) -> Verdict:
    """Images fail, although the weights of the record give its boxes at their own threshold."""
    expected = sum(one.expected for one in found.images)
    boxes = sum(one.found for one in found.images)
    says = (
        "These weights still give the boxes that were recorded, so the chain works; but at "
        f"--threshold {threshold:g} they give {boxes} boxes instead of {expected}"
    )
    if boxes > expected:
        return Verdict(
            "threshold too low", f"{says}: it lets in false ones.", "ask for a higher --threshold"
        )
    return Verdict(
        "threshold too high",
        f"{says}: it is higher than they are sure of.",
        "ask for a lower --threshold, or less with --pass",
    )


def _all_fail(count: int, f1: float | None) -> Verdict:
    if f1 is not None and f1 < POOR:
        return Verdict(
            "not trained enough",
            f"None of the {count} images gives its boxes, and in their own validation these "
            f"weights reached an F1 of {f1:.3f} only: nothing can be said of the environment.",
            "check weights known to be good: if they fail too it is the environment; why this "
            "training found nothing: python -m analyzer report RUN",
        )
    return Verdict(
        "chain broken",
        f"None of the {count} images gives its boxes: the weights, or what runs them, is broken.",
        "restart, and reinstall with pip install '.[train]'; then check weights known to be "
        "good: if they fail too it is the environment, if they pass it is this training",
    )
