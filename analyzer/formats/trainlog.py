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
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

TIME_FORMAT = "%Y-%m-%d %H:%M:%S"

# A log is untrusted: each pattern has one way to match a text, so that none takes forever to fail.
_NUMBER = rb"([-+]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[-+]?\d+)?|nan|inf(?:inity)?))"
_EPOCH = rb"(\d{1,9})"
_LINE = re.compile(rb"^\[(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)(?:[.,]\d+)?\][ \t]+([A-Z]+)[ \t]+(.*)$")
_HEADER = re.compile(
    rb"^Epoch \[" + _EPOCH + rb"/" + _EPOCH + rb"\], LR: " + _NUMBER, re.IGNORECASE
)
_TRAIN = re.compile(
    rb"^Train Loss: " + _NUMBER + rb"(?: \| Time: " + _NUMBER + rb"s/iter)?", re.IGNORECASE
)
_VALIDATE = re.compile(
    rb"^Validate - Precision: " + _NUMBER + rb", Recall: " + _NUMBER + rb", F1: " + _NUMBER,
    re.IGNORECASE,
)
_SAVED = re.compile(rb"^Saved checkpoint: (.+)$", re.IGNORECASE)
_BEST = re.compile(
    rb"^New best: epoch " + _EPOCH + rb", (\S+) " + _NUMBER + rb" -> (.+)$", re.IGNORECASE
)
_RESUMED = re.compile(rb"^Resumed from (\S+), after epoch " + _EPOCH, re.IGNORECASE)

_MESSAGES = {
    "header": _HEADER,
    "train": _TRAIN,
    "validate": _VALIDATE,
    "saved": _SAVED,
    "best": _BEST,
    "resumed": _RESUMED,
}
_VALUE_NAMES = {
    "train": ("train_loss", "step_time"),
    "validate": ("val_precision", "val_recall", "val_f1"),
}


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


def parse_line(raw: bytes, number: int) -> Line | None:
    """Read one line of a log; None where it has no ``[time] LEVEL`` head.

    A line with the head but no documented message has the kind ``other``.
    """
    found = _LINE.match(raw)
    if found is None:
        return None
    message = found[3].rstrip(b" \t\r")
    line = Line("other", number, found[2].decode("ascii"), _text(message), _time(found[1]))
    for kind, pattern in _MESSAGES.items():
        if match := pattern.match(message):
            return replace(line, kind=kind, **_fields(kind, match))
    return line


def _fields(kind: str, match: re.Match[bytes]) -> dict[str, Any]:
    """The fields of Line that a documented message fills."""
    if kind == "header":
        values = (("learning_rate", _text(match[3])),)
        return {"epoch": int(match[1]), "epochs": int(match[2]), "values": values}
    if kind == "saved":
        return {"file": _text(match[1])}
    if kind == "best":
        return {"epoch": int(match[1]), "file": _text(match[4])}
    if kind == "resumed":
        return {"epoch": int(match[2]), "file": _text(match[1])}
    names = _VALUE_NAMES[kind]
    pairs = zip(names, match.groups(), strict=True)
    return {"values": tuple((name, _text(raw)) for name, raw in pairs if raw is not None)}


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "replace")


def _time(raw: bytes) -> datetime | None:
    try:
        return datetime.strptime(raw.decode("ascii"), TIME_FORMAT)
    except ValueError:
        return None
