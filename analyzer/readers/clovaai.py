"""clovaai's deep-text-recognition-benchmark and its heirs, the EasyOCR trainer among them.

``log_train.txt`` holds a block for each validation, ``opt.txt`` the options and
``log_dataset.txt`` the data sets. All three are opened for appending, so a file may hold many
starts. The run counts iterations. Its first block is of iteration 1: the untrained network.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.literals import scalar
from analyzer.reading.logs import text_logs
from analyzer.reading.pairs import NUMBER, Pair, matches
from analyzer.reading.settings import MAX_CONFIG, Spellings, canonical
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode, read_text
from analyzer.reading.values import number, numbers, whole_number
from analyzer.run import Config, LogEvent, Note, Run

FORMAT = "clovaai"
LOG = "log_train.txt"
OPTIONS = "opt.txt"
DATASET = "log_dataset.txt"

SPELLINGS: Spellings = {
    "lr": "optimizer.lr",
    "optim": "optimizer.type",
    "adam": "optimizer.type",
    "batch_size": "data.batch_size",
    "workers": "data.workers",
    "train_data": "data.train_dir",
    "valid_data": "data.test_dir",
    "imgH": "data.input_size",
    "num_iter": "train.steps",
    "grad_clip": "train.grad_clip",
    "manualSeed": "train.seed",
    "saved_model": "model.pretrained",
    "exp_name": "model.name",
    "experiment_name": "model.name",
}

SERIES: dict[bytes, str] = {
    b"train loss": "train_loss",
    b"train_loss": "train_loss",
    b"loss": "train_loss",
    b"semi_loss": "train_loss.semi",
    b"valid loss": "val_loss",
    b"valid_loss": "val_loss",
    b"accuracy": "val_accuracy",
    b"current_accuracy": "val_accuracy",
    b"current_score": "val_accuracy",
    b"norm_ed": "val_norm_ed",
    b"current_norm_ed": "val_norm_ed",
    b"lr": "learning_rate",
    b"current_lr": "learning_rate",
    b"elapsed": "elapsed_time",
    b"elapsed_time": "elapsed_time",
}
BEST = (b"best_accuracy", b"best_score")
DISTANCE = "val_edit_distance"
"""The releases of early 2019 logged the sum of the distances under the name norm_ED."""

_RECORD = re.compile(rb"^\[\d+/\d+\] ?(?:train|valid)?[ _]?loss ?:", re.IGNORECASE | re.MULTILINE)
_LINE = re.compile(
    rb"^(?:\[(\d+)/(\d+)\]|(?=(?:current|best|ensemble)_))([^\n|]*)$", re.IGNORECASE | re.MULTILINE
)
_PAIR = re.compile(rb"(?<!\w)([A-Za-z]\w*+(?: loss)?) *+: *+(" + NUMBER + rb")")
_OPTIONS = re.compile(r"^-+ Options -+$", re.MULTILINE)


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with the log, or with what a run leaves that died before its first validation."""
    head = folder.head(OPTIONS)
    options = b" Options ---" in head and (b"\nvalInterval:" in head or b"\nnum_iter:" in head)
    if folder.has(LOG) and (options or _RECORD.search(folder.head(LOG))):
        yield Claim(LOG)
    elif folder.has(DATASET) and b"dataset_root:" in folder.head(DATASET):
        yield Claim(DATASET)
    else:
        beside = (OPTIONS,) if options else ()
        for name in text_logs(folder):
            if name.endswith((".txt", ".log")) and _RECORD.search(folder.head(name)):
                yield Claim(name, whole=False, files=beside)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    log = _read_log(folder, claim.main, parts)
    parts.tables.append(_table(log, claim.main))
    _, last = judged_lines(parts.tables)
    plans = [record.planned for record in log if record.line <= last]
    parts.planned_steps = plans[-1] if plans else None
    parts.config = _options(folder, parts.planned_steps, parts.notes)
    parts.planned_steps = parts.planned_steps or whole_number(parts.config.get("train.steps"))
    parts.checkpoints = weight_files(folder, epoch_of=lambda _: None) if claim.whole else ()
    if claim.whole:
        _read_datasets(folder, parts)
    return assemble(folder, claim, FORMAT, parts)


@dataclass
class _Record:
    """What one validation logged."""

    step: int
    planned: int
    line: int
    pairs: list[Pair] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The best accuracy so far, as the program knows it."""
        values = (number(text) for name, text in self.pairs if name in BEST)
        return next((value for value in values if value is not None), 0.0)


def _read_log(folder: Folder, name: str, parts: Parts) -> list[_Record]:
    log: list[_Record] = []
    scan = EventScan(name)
    for block in blocks(folder, name, parts.notes):
        scan.add(block)
        for found, line in matches(block, _LINE):
            pairs = [(own.lower(), value) for own, value in _PAIR.findall(found[3])]
            if found[1]:
                step = int(found[1][:18])
                if not log or step != log[-1].step or _told(log[-1], pairs):
                    log.append(_Record(step, int(found[2][:18]), line))
            if log:
                log[-1].pairs += pairs
    parts.events += scan.finish()
    return log


def _told(record: _Record, pairs: list[Pair]) -> bool:
    """Whether the record has told one of these values already: then this is another one."""
    told = {name for name, _ in record.pairs}
    return any(name in told for name, _ in pairs)


def _table(log: list[_Record], file: str) -> Table:
    table = Table("step", file, factors={"val_accuracy": 0.01})
    texts = [text for record in log for name, text in record.pairs if b"norm_ed" in name]
    values = numbers(texts)[1]
    distances = bool(np.max(values[np.isfinite(values)], initial=0.0) > 1.0)
    for record in log:
        named = [(SERIES[name], text) for name, text in record.pairs if name in SERIES]
        if distances:
            named = [(DISTANCE if name == "val_norm_ed" else name, text) for name, text in named]
        if named:
            table.add(record.step, named, record.line)
    _mark_starts(log, table)
    return table


def _mark_starts(log: list[_Record], table: Table) -> None:
    """Mark where the program was started again.

    There the iteration goes back, the plan is another, or the best accuracy falls. It is another
    training if its first validation is that of iteration 1 or lies one interval after 0.
    """
    starts = [
        place
        for place in range(1, len(log))
        if log[place].step <= log[place - 1].step
        or log[place].planned != log[place - 1].planned
        or log[place].best < log[place - 1].best
    ]
    for place, end in zip(starts, [*starts, len(log)][1:], strict=True):
        first = log[place]
        text = f"another start, at iteration {first.step} of {first.planned}"
        anew = first.step in (1, _interval(log, place, end))
        table.start(first.line, text, "restarted" if anew else "resumed")


def _interval(log: list[_Record], place: int, end: int) -> int:
    """Iterations between validations in the start whose records are ``place`` to ``end``."""
    if place + 1 < end:
        return log[place + 1].step - log[place].step
    if place < 2 or log[place].planned != log[place - 1].planned:
        return log[place].step
    return log[place - 1].step - log[place - 2].step


def _options(folder: Folder, planned: int | None, notes: list[Note]) -> Config:
    """The last block of options that plans as many iterations as the log, else the last."""
    text = decode(read_text(folder, OPTIONS, notes, limit=MAX_CONFIG) or b"")
    edges = [*(found.end() for found in _OPTIONS.finditer(text)), len(text)]
    found = [
        _block(text[start:end], text.count("\n", 0, start) + 1) for start, end in pairwise(edges)
    ]
    fitting = [block for block in found if block[0].get("num_iter") == planned]
    own, lines = (fitting or found or [({}, {})])[-1]
    for key in ("optim", "adam"):
        if key in own and not isinstance(own[key], str):
            own[key] = "adam" if own[key] else "adadelta"
    return canonical(own, SPELLINGS, file=OPTIONS if own else None, lines=lines)


def _block(text: str, line: int) -> tuple[dict[str, Any], dict[str, int]]:
    """(settings, their lines) of one block of ``key: value`` lines; its first line is ``line``."""
    own: dict[str, Any] = {}
    lines: dict[str, int] = {}
    for place, row in enumerate(text.split("\n"), line):
        key, colon, value = row.partition(":")
        if colon and key.isidentifier():
            own[key] = value if key == "character" else scalar(value)
            lines[key] = place
    return own, lines


def _read_datasets(folder: Folder, parts: Parts) -> None:
    """How many samples the last start found; a run that died there has nothing else."""
    data = read_text(folder, DATASET, parts.notes, limit=MAX_CONFIG)
    if data is None:
        return
    if not folder.has(LOG):
        text = "the data sets were opened; no training was logged"
        parts.events.append(LogEvent("started", DATASET, 1, text))
    before, opened, validation = data.rpartition(b"Total_batch_size")
    counts = [int(n) for n in re.findall(rb"num samples: (\d{1,12})", validation)]
    if opened and counts:
        parts.samples["val"] = sum(counts)
    used = re.findall(
        rb"num total samples of [^\n]*= ?(\d{1,12})", before.rpartition(b"Total_b")[2]
    )
    if opened and used:
        parts.samples["train"] = sum(map(int, used))
