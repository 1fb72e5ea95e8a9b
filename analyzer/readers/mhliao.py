"""MhLiao's DB and its copy in ModelScope: a line for each step, and one for each part of its loss.

``output.log`` says ``step: 0, epoch: 0, loss: 36.5, lr: 0.007`` and then ``bce_loss: 6.3`` and so
on; a validation is a line ``icdar2015/precision : 0.81 (500)`` for each metric. Epochs count
from 0. The parts are logged without their weights, so they do not sum up to the loss.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.logs import logs_with
from analyzer.reading.names import plain
from analyzer.reading.pairs import NUMBER, matches
from analyzer.reading.settings import yaml_settings
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode
from analyzer.reading.validations import Validation, validation_table
from analyzer.reading.values import whole_number
from analyzer.run import Run

FORMAT = "mhliao"
LOG = "output.log"
ARGS = "args.log"
WEIGHTS = "model"

_STEP = rb"\bstep: +(\d{1,12}), epoch: +(\d{1,9}), "
_CLAIM = re.compile(_STEP + rb"loss: \S+, lr: ")
_ROW = re.compile(
    rb"(?:^[^\n]*?"
    + _STEP
    + rb"loss: ([^\s,]+), lr: ([^\s,]+)"
    + rb"|(?:\] |INFO - )(\w+): ("
    + NUMBER
    + rb")|(?:^|\] |INFO - )(?:([\w.-][\w./-]{0,80})/)?(\w{1,40}) ?: ("
    + NUMBER
    + rb") \((\d{1,12})\))\s*$",
    re.MULTILINE,
)
_SAVED = re.compile(r"epoch_(\d{1,9})_minibatch")


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with the log under its usual name, or a log of any name."""
    for name in logs_with(folder, _CLAIM):
        if name == LOG:
            yield Claim(LOG, folders=tuple(f for f in folder.folders if f == WEIGHTS))
            return
        yield Claim(name, whole=False)


@dataclass
class _Log:
    """What one log holds."""

    table: Table
    row: tuple[int, int, int] = (0, 0, 0)
    values: list[tuple[str, bytes]] = field(default_factory=list)
    validations: list[Validation] = field(default_factory=list)
    data_set: bytes | None = None
    samples: int = 0

    def flush(self) -> None:
        """Add the step that was read, with all parts of its loss."""
        if self.values:
            step, epoch, line = self.row
            self.table.add(step, self.values, line, epoch)
            self.values = []


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    log = _Log(Table("step", claim.main))
    scan = EventScan(claim.main)
    for block in blocks(folder, claim.main, parts.notes):
        scan.add(block)
        for row, line in matches(block, _ROW):
            _take(log, row, line)
    log.flush()
    parts.events += scan.finish()
    parts.tables += [log.table, validation_table(claim.main, log.validations)]
    if log.samples:
        parts.samples["val"] = log.samples
    if claim.whole:
        parts.config = yaml_settings(folder, ARGS, None, parts.notes)
        parts.planned_epochs = whole_number(parts.config.get("train.epochs"))
        parts.checkpoints = weight_files(folder, WEIGHTS, _epoch_in_name)
    return assemble(folder, claim, FORMAT, parts)


def _take(log: _Log, row: re.Match[bytes], line: int) -> None:
    """Put one line where it belongs."""
    if row[1]:
        log.flush()
        log.row = (int(row[1]), int(row[2]) + 1, line)
        log.values = [("train_loss", row[3]), ("learning_rate", row[4])]
    elif row[5] and log.values:
        log.values.append((plain(f"train/{decode(row[5])}").series, row[6]))
    elif row[8]:
        log.data_set = row[7] or b"" if log.data_set is None else log.data_set
        if (row[7] or b"") == log.data_set:  # several sets are validated one after the other
            step, epoch, _ = log.row
            value = (plain(f"val/{decode(row[8])}").series, row[9])
            log.validations.append(Validation(step, epoch, [value], line))
            log.samples = int(row[10])


def _epoch_in_name(file: str) -> int | None:
    found = _SAVED.search(file)
    return int(found[1]) + 1 if found else None
