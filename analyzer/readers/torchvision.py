"""Console text of torchvision's references, of PyTorch's ImageNet example, and of their heirs.

``Epoch: [0]  [  10/231]  eta: 0:05:11  lr: 0.0010  loss: 1.79 (2.01)  time: 0.41 ...`` and
``Epoch: [0][  10/5005] Time 0.4 (1.2) Data 0.0 (0.2) Loss 7.1e+00 (7.0e+00) Acc@1 0.0 (0.1)``:
the first number is of now, the one in brackets is the mean of the epoch so far. DeiT, Swin and
many others print the same. Epochs count from 0, accuracies are in percent.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.coco import AVERAGE, coco_value
from analyzer.reading.console import add_console
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.literals import namespace
from analyzer.reading.logs import logs_with
from analyzer.reading.names import plain
from analyzer.reading.pairs import NUMBER, in_order
from analyzer.reading.settings import USUAL, canonical
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode
from analyzer.reading.values import number, whole_number
from analyzer.run import Config, LogEvent, Run

FORMAT = "torchvision"

_COUNT = rb"\s*\[\s*(\d{1,9})\s*/\s*(\d{1,9})[^\]\n]*\]:?([^\n]*)"
_TRAIN = rb"\b(?:Epoch|Train(?:ing)?)\s?:\s*\[?(\d{1,9})(?:/(\d{1,9}))?\]?" + _COUNT
_CLAIM = re.compile(
    rb"\b(?:Epoch|Train(?:ing)?)\s?:\s*\[?\d+(?:/\d+)?\]?\s*\[\s*\d+\s*/\s*\d+"
    rb"(?:[^\]\n%]*\]:?[^\n]*?\b[Ll]oss\w*:?\s+[-\d.n]"
    rb"|[^\]\n]*\]:?[^\n]*?\b[Ll]oss\w*:?\s+[-\w.+]+\s+\()"
)
"""Where the bracket tells a share in percent, the mean of the epoch must stand behind the loss:
PyTorch's example for MNIST prints no mean, and its own words for a test.
"""
LINES: dict[str, tuple[bytes, bytes]] = {
    "train": (b"[", _TRAIN),
    "test": (b"[", rb"\b(?:Test|Val\w*|Eval\w*)\s?:?\s*+(?:\[\d+(?:/\d+)?\])?" + _COUNT),
    "summary": (b"1 ", rb"(?:\*|Test:)\s+(?:\w+\s+)?((?:Acc|Prec|Top)@?1\b[^\n]*)"),
    "accuracy": (
        b"Accuracy of",
        rb"Accuracy of the network on the (\d{1,12}) test images: ([\d.]+)%",
    ),
    "segmentation": (b"mean IoU", rb"^(global correct|mean IoU): (" + NUMBER + rb")"),
    "kind": (b"IoU metric", rb"^IoU metric: (\w+)"),
    "coco": (b"(AP) @[", AVERAGE.pattern),
    "time": (b"Total time", rb"\bEpoch: \[\d+\] Total time: [^\n(]*\(([\d.]+) s / it\)"),
    "end": (b"Training time", rb"^Training time [\d:, day]+$"),
    "settings": (b"Namespace(", rb"\bNamespace\((?=\w+=)[^\n]*"),
}
"""What kinds of lines there are: a word that they hold, and their pattern."""

_KINDS = tuple(LINES)
_PATTERNS = [(word, re.compile(pattern, re.MULTILINE)) for word, pattern in LINES.values()]
_PAIR = re.compile(
    rb"(?<![\w@./])([A-Za-z][\w@./]*+)(?: ?: *+|[ \t]++)("
    + NUMBER
    + rb")(?:MB|M|s)?(?![\w:/])(?:[ \t]{0,20}\([ \t]*+("
    + NUMBER
    + rb")[ \t]*\))?"
)
_PERCENT = re.compile(rb"(?:acc|prec|top)@?(\d)$", re.IGNORECASE)
NAMES: dict[str, str | None] = {
    "time": "step_time",
    "batch_time": "step_time",
    "data": "data_time",
    "data_time": "data_time",
    "mem": "gpu_memory_mb",
    **dict.fromkeys(("eta", "img/s", "im/s", "samples/s", "model_time", "evaluator_time")),
}

Values = dict[str, bytes]


def claims(folder: Folder) -> Iterable[Claim]:
    """Any text file with such a line of training that tells a loss."""
    return [Claim(name, whole=False) for name in logs_with(folder, _CLAIM)]


@dataclass
class _Log:
    """What one log holds, and where reading it stands."""

    file: str
    factors: dict[str, float] = field(default_factory=dict)
    base: int | None = None
    epoch: int = 0
    batch: int = 0
    batches: int = 0
    gap: int = 0
    line: int = 0
    means: Values = field(default_factory=dict)
    testing: Values = field(default_factory=dict)
    summary: Values = field(default_factory=dict)
    kind: bytes = b"bbox"
    plans: list[tuple[int, int]] = field(default_factory=list)
    settings: list[tuple[int, Config]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.steps = Table("step", self.file, factors=self.factors)
        self.epochs = Table("epoch", self.file, factors=self.factors)

    def flush(self, *, ended: bool) -> None:
        """Add the epoch that was read: the means of its training, and what was validated."""
        values = {**self.testing, **self.summary}
        if ended or values:
            values |= self.means
        if self.epoch and values:
            self.epochs.add(self.epoch, values.items(), self.line)
        self.means, self.testing, self.summary = {}, {}, {}


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    log = _Log(claim.main)
    scan = EventScan(claim.main)
    for block in blocks(folder, claim.main, parts.notes):
        scan.add(block)
        for which, row, line in in_order(block, _PATTERNS):
            _take(log, _KINDS[which], row, line, parts)
    log.flush(ended=log.batch + max(log.gap, 1) >= log.batches)
    parts.events += scan.finish()
    parts.tables += [log.steps, log.epochs]
    if not any(name.startswith("val_") for name in log.epochs.rows().columns):
        parts.tables += _own_validations(folder, claim.main, log.epoch)
    parts.main_metric = "val_map50_95"
    _, last = judged_lines(parts.tables)
    parts.config = next((c for line, c in reversed(log.settings) if line <= last), Config())
    plans = [planned for line, planned in log.plans if line <= last]
    written = whole_number(parts.config.get("train.epochs"))
    parts.planned_epochs = plans[-1] if plans else written
    return assemble(folder, claim, FORMAT, parts)


def _own_validations(folder: Folder, name: str, last: int) -> list[Table]:
    """What a program says of its validations in words of its own; ``last`` is the last epoch."""
    free = Parts()
    add_console(folder, name, free)
    tables = []
    for table in free.tables:
        rows = table.rows()
        columns = {own: c for own, c in rows.columns.items() if own.startswith("val_")}
        if table.axis == "epoch" and columns:
            found = Table("epoch", name)
            found.extend(rows.x - max(float(np.max(rows.x)) - last, 0.0), columns, rows.line)
            tables.append(found)
    return tables


def _take(log: _Log, kind: str, row: re.Match[bytes], line: int, parts: Parts) -> None:
    """Put one line where it belongs."""
    if kind == "train":
        _train(log, row, line)
    elif kind == "test":
        values = _values(log, row[3], "val")
        log.testing |= {name: mean or value for name, value, mean in values if _judges(name)}
    elif kind == "summary":
        _note(log, {name: value for name, value, _ in _values(log, row[1], "val")})
    elif kind == "accuracy":
        parts.samples["val"] = int(row[1])
        log.factors["val_accuracy"] = 0.01
        _note(log, {"val_accuracy": row[2]})
    elif kind == "segmentation":
        name = "val_miou" if row[1] == b"mean IoU" else "val_pixel_accuracy"
        log.factors[name] = 0.01
        _note(log, {name: row[2]})
    elif kind == "kind":
        log.kind = row[1]
    elif kind == "coco":
        value = coco_value(row[0])
        tail = "" if log.kind == b"bbox" else f".{decode(log.kind)}"
        _note(log, {f"{value[0]}{tail}": value[1]} if value else {})
    elif kind == "time" and log.batches:
        seconds = (number(row[1]) or 0.0) * log.batches
        log.summary.setdefault("epoch_time", repr(seconds).encode())
    elif kind == "end":
        parts.events.append(LogEvent("ended", log.file, line, decode(row[0])))
    elif kind == "settings":
        log.settings.append((line, canonical(namespace(decode(row[0])), USUAL, file=log.file)))
        log.steps.start(line, "the settings are printed")


def _note(log: _Log, values: Values) -> None:
    """Keep what a validation says; the first word counts, the next are of other weights."""
    log.summary = {**values, **log.summary}


def _train(log: _Log, row: re.Match[bytes], line: int) -> None:
    epoch, batch, batches = int(row[1]), int(row[3]), int(row[4])
    if log.base is None:
        log.base = 1 if epoch == 1 else 0
    epoch += 1 - log.base
    if epoch != log.epoch or batch <= log.batch:
        log.flush(ended=epoch > log.epoch)
        log.gap = 0
    else:
        log.gap = batch - log.batch
    log.epoch, log.batch, log.batches, log.line = epoch, batch, batches, line
    if row[2]:
        log.plans.append((line, int(row[2])))
    values = _values(log, row[5], "train")
    now = [(name, value) for name, value, _ in values]
    log.steps.add((epoch - 1) * batches + batch, dict(now).items(), line, epoch)
    log.means = {name: mean or value for name, value, mean in values if _judges(name)}


def _judges(name: str) -> bool:
    return "loss" in name or "accuracy" in name


def _values(log: _Log, text: bytes, split: str) -> list[tuple[str, bytes, bytes]]:
    """(series, value of now, mean so far or nothing) of what a line logged."""
    logged = []
    for own, value, mean in _PAIR.findall(text):
        name, percent = _series(own, split)
        if name is not None:
            if percent:
                log.factors[name] = 0.01
            logged.append((name, value, mean))
    return logged


@lru_cache(maxsize=4096)
def _series(own: bytes, split: str) -> tuple[str | None, bool]:
    """(the series of a logged name, None for one that is no curve; whether it is in percent)."""
    name = decode(own)
    if found := _PERCENT.search(own):
        rank = "" if found[1] == b"1" else f"_top{decode(found[1])}"
        return f"{split}_accuracy{rank}", True
    if name.lower() in NAMES:
        return NAMES[name.lower()], False
    if name.endswith("_unscaled"):
        return None, False
    return plain(f"{split}/{name}").series, False
