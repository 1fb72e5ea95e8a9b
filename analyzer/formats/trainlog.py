"""The lines of ``logs/train.log``: written and parsed in one place, so that both stay one.

::

    [2026-01-05 14:30:25] INFO Epoch [1/5], LR: 0.007000
    [2026-01-05 14:32:10] INFO Train Loss: 1.874 | Time: 0.43s/iter
    [2026-01-05 14:32:15] INFO Validate - Precision: 0.72, Recall: 0.65, F1: 0.68
    [2026-01-05 14:32:16] INFO Saved checkpoint: ./workdirs/exp_.../checkpoints/epoch_1.pth

The header's time stamp is no start of the epoch that one may subtract from: others write it
together with the loss line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

_NUMBER = rb"([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|nan|inf)|NaN|-?Infinity)"
_LINE = re.compile(
    rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,]\d+)?\][ \t]+([A-Z]+)[ \t]+(.*?)[ \t]*$"
)
_HEADER = re.compile(rb"^Epoch \[(\d+)/(\d+)\], LR: " + _NUMBER, re.IGNORECASE)
_TRAIN = re.compile(
    rb"^Train Loss: " + _NUMBER + rb"(?: \| Time: " + _NUMBER + rb"s/iter)?", re.IGNORECASE
)
_VALIDATE = re.compile(
    rb"^Validate - Precision: " + _NUMBER + rb", Recall: " + _NUMBER + rb", F1: " + _NUMBER,
    re.IGNORECASE,
)
_SAVED = re.compile(rb"^Saved checkpoint: (.+)$", re.IGNORECASE)
_BEST = re.compile(rb"^New best: epoch (\d+), (\w+) " + _NUMBER + rb" -> (.+)$")


@dataclass(frozen=True)
class Line:
    """One documented line. ``number`` is 1-based; fields that the line lacks are None."""

    kind: str
    number: int
    level: str
    text: str
    time: datetime | None = None
    epoch: int | None = None
    epochs: int | None = None
    values: tuple[tuple[str, str], ...] = ()
    """(canonical name, digits as printed) pairs, so that the printed precision is not lost."""
    file: str | None = None


def stamp(time: datetime, level: str, message: str) -> str:
    """One log line without its end of line; line breaks inside ``message`` are indented lines."""
    first, *rest = message.splitlines() or [""]
    head = f"[{time.strftime(TIME_FORMAT)}] {level} {first}"
    return "\n    ".join([head, *rest])


def header(epoch: int, epochs: int, lr: float) -> str:
    """The line that opens an epoch (L02)."""
    return f"Epoch [{epoch}/{epochs}], LR: {lr:.6f}"


def train(loss: float, seconds_per_step: float) -> str:
    """The line with the mean training loss of an epoch (L03)."""
    return f"Train Loss: {loss:.3f} | Time: {seconds_per_step:.2f}s/iter"


def validate(precision: float, recall: float, f1: float) -> str:
    """The line with the validation metrics, as fractions (L04)."""
    return f"Validate - Precision: {precision:.2f}, Recall: {recall:.2f}, F1: {f1:.2f}"


def saved(path: str) -> str:
    """The line that names a weight file just written (L05)."""
    return f"Saved checkpoint: {path}"


def best(epoch: int, metric: str, value: float, path: str) -> str:
    """The line that says which epoch the best checkpoint holds from now on (T13)."""
    return f"New best: epoch {epoch}, {metric} {value:.4f} -> {path}"


def parse_line(raw: bytes, number: int) -> Line | None:
    """Read one line of a log; None where it has no ``[time] LEVEL`` head.

    A line with the head but no documented message has the kind ``other``.
    """
    found = _LINE.match(raw)
    if found is None:
        return None
    message = found[3]
    level = found[2].decode("ascii")
    text = message.decode("utf-8", "replace")
    common = {"number": number, "level": level, "text": text, "time": _time(found[1])}
    if match := _HEADER.match(message):
        values = (("learning_rate", _digits(match[3])),)
        return Line("header", epoch=int(match[1]), epochs=int(match[2]), values=values, **common)
    if match := _TRAIN.match(message):
        pairs = [("train_loss", match[1]), ("step_time", match[2])]
        values = tuple((name, _digits(digits)) for name, digits in pairs if digits is not None)
        return Line("train", values=values, **common)
    if match := _VALIDATE.match(message):
        names = ("val_precision", "val_recall", "val_f1")
        values = tuple((name, _digits(match[i + 1])) for i, name in enumerate(names))
        return Line("validate", values=values, **common)
    if match := _SAVED.match(message):
        return Line("saved", file=_digits(match[1]), **common)
    if match := _BEST.match(message):
        return Line("best", epoch=int(match[1]), file=_digits(match[4]), **common)
    return Line("other", **common)


def _digits(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _time(raw: bytes) -> datetime | None:
    try:
        return datetime.strptime(raw.decode("ascii"), TIME_FORMAT)
    except ValueError:
        return None
