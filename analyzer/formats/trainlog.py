"""The lines of ``logs/train.log``: written and parsed in one place, so that both stay one.

::

    [2026-01-05 14:30:25] INFO Epoch [1/5], LR: 0.007000
    [2026-01-05 14:32:10] INFO Train Loss: 1.874 | Time: 0.43s/iter
    [2026-01-05 14:32:15] INFO Validate - Precision: 0.72, Recall: 0.65, F1: 0.68
    [2026-01-05 14:32:16] INFO Saved checkpoint: ./workdirs/exp_.../checkpoints/epoch_1.pth

The header's time stamp is no start of the epoch that one may subtract from: others write it
together with the loss line. The patterns look through a whole text at once; they find a message
behind the head of a line, or at its beginning, since others write no time.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import NamedTuple

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

# A log is untrusted: each pattern has one way to match a text, so that none takes forever to fail.
NUMBER = rb"[-+.\w]+"
"""Printed digits, ``nan`` or ``inf``: whether it is a number shows when it is turned into one."""

STAMP = re.compile(
    rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,]\d+)?\][ \t]+([A-Z]+)[ \t]+", re.MULTILINE
)
"""The head of a line: time and level."""


class Message(NamedTuple):
    """A message of the log: the literal that it begins with, and its pattern."""

    begin: bytes
    pattern: re.Pattern[bytes]

    def find(self, data: bytes) -> list[re.Match[bytes]]:
        """All of them in a text."""
        return list(self.pattern.finditer(data)) if self.begin in data else []


def message(begin: bytes, rest: bytes) -> Message:
    """A message that begins with the literal ``begin``, behind the head of a line or without."""
    literal = re.escape(begin)
    at = rb"(?:(?<=^" + literal + rb")|(?<=[A-Z][ \t]" + literal + rb"))"
    rest = rest.replace(b"NUMBER", NUMBER)
    return Message(begin, re.compile(literal + at + rest, re.MULTILINE))


HEADER = message(
    b"Epoch [",
    rb"(\d{1,9})/(\d{1,9})\](?!,? ?(?:\[|(?i:step|iter|batch)))(?:, LR: (NUMBER))?([^\n]*)",
)
"""Epoch, epochs, rate, rest of the line. Others log the steps of an epoch in a similar way."""

TRAIN = message(b"Train Loss: ", rb"(NUMBER)(?: \| Time: (NUMBER)s/iter)?")
VALIDATE = message(
    b"Validate - Precision: ", rb"(NUMBER)(?:, Recall: (NUMBER))?(?:, F1: (NUMBER))?"
)
SAVED = message(b"Saved checkpoint: ", rb"([^\n]*[^\s])")
BEST = message(b"New best: epoch ", rb"(\d{1,9}), (\S+) (NUMBER) -> ([^\n]*[^\s])")
RESUMED = message(b"Resumed from ", rb"(\S+), after epoch (\d{1,9})[^\n]*")


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
