"""The lines of ``logs/train.log``: written and parsed in one place, so that both stay one.

::

    [2026-01-05 14:30:25] INFO Epoch [1/5], LR: 0.007000
    [2026-01-05 14:32:10] INFO Train Loss: 1.874 | Time: 0.43s/iter
    [2026-01-05 14:32:15] INFO Validate - Precision: 0.72, Recall: 0.65, F1: 0.68
    [2026-01-05 14:32:15] INFO Sweep - AP: 0.641, Best F1: 0.702 at thresholds 0.3 and 0.45
    [2026-01-05 14:32:16] INFO Saved checkpoint: ./workdirs/exp_.../checkpoints/epoch_1.pth

The header's time stamp is no start of the epoch that one may subtract from: others write it
together with the loss line.
"""

from __future__ import annotations

import re
from datetime import datetime

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

# A log is untrusted: each pattern has one way to match a text, so that none takes forever to fail.
NUMBER = rb"[-+.\w]+"
"""Printed digits, ``nan`` or ``inf``: whether it is a number shows when it is turned into one."""

HEAD = rb"\[(?P<time>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,]\d+)?\][ \t]+(?P<level>[A-Z]+)[ \t]+"
"""The head of a line: time and level."""

HEADER = rb"Epoch \[(?P<epoch>\d{1,9})/(?P<epochs>\d{1,9})\](?:, LR: (?P<lr>%b))?" % NUMBER
TRAIN = rb"Train Loss: (?P<loss>%b)(?: \| Time: (?P<step_time>%b)s/iter)?" % (NUMBER, NUMBER)
VALIDATE = (
    rb"Validate - Precision: (?P<precision>%b)(?:, Recall: (?P<recall>%b))?(?:, F1: (?P<f1>%b))?"
    % (NUMBER, NUMBER, NUMBER)
)
SWEEP = (
    rb"Sweep - AP: (?P<ap>%b), Best F1: (?P<best_f1>%b)"
    rb" at thresholds (?P<best_threshold>%b) and (?P<best_box_threshold>%b)" % ((NUMBER,) * 4)
)
SAVED = rb"Saved checkpoint: (?P<saved>[^\n]*[^\s])"
BEST = rb"New best: epoch (?P<best_epoch>\d{1,9}), \S+ %b -> (?P<best>[^\n]*[^\s])" % NUMBER
RESUMED = rb"(?P<resumed>Resumed from \S+, after epoch \d{1,9}[^\n]*)"
MESSAGES = (HEADER, TRAIN, VALIDATE, SWEEP, SAVED, BEST, RESUMED)
"""The messages with what they hold as named groups; more may follow on the line."""

STAMP = re.compile(rb"^" + HEAD, re.MULTILINE)


def stamp(time: datetime, level: str, text: str) -> str:
    """One log line without its end of line; line breaks inside ``text`` are indented lines."""
    first, *rest = text.splitlines() or [""]
    head = f"[{time.strftime(TIME_FORMAT)}] {level} {first}"
    return "\n    ".join([head, *rest])


def header(epoch: int, epochs: int, lr: float) -> str:
    """The line that opens an epoch."""
    return f"Epoch [{epoch}/{epochs}], LR: {lr:.6f}"


def train(loss: float, seconds_per_step: float) -> str:
    """The line with the mean training loss of an epoch."""
    return f"Train Loss: {loss:.3f} | Time: {seconds_per_step:.2f}s/iter"


def validate(precision: float, recall: float, f1: float) -> str:
    """The line with the validation metrics, as fractions."""
    return f"Validate - Precision: {precision:.2f}, Recall: {recall:.2f}, F1: {f1:.2f}"


def sweep(ap: float, f1: float, threshold: float, box_threshold: float) -> str:
    """The line with average precision, and the best F1 of the thresholds tried with those two."""
    return (
        f"Sweep - AP: {ap:.3f}, Best F1: {f1:.3f} at thresholds {threshold:g} "
        f"and {box_threshold:g}"
    )


def saved(path: str) -> str:
    """The line that names a weight file just written."""
    return f"Saved checkpoint: {path}"


def best(epoch: int, metric: str, value: float, path: str) -> str:
    """The line that says which epoch the best checkpoint holds from now on."""
    return f"New best: epoch {epoch}, {metric} {value:.4f} -> {path}"


def resumed(file: str, epoch: int) -> str:
    """The line that says which epoch a resumed run goes on after; more may follow it."""
    return f"Resumed from {file}, after epoch {epoch}"


def time_of(raw: bytes) -> datetime | None:
    """The time in the head of a line; None for digits that are none."""
    try:
        return datetime.fromisoformat(raw.decode("ascii"))
    except ValueError:
        return None
