"""Console text of docTR's training scripts; rates are in percent, epochs count from 1."""

from __future__ import annotations

import re
from collections.abc import Iterable

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.literals import namespace
from analyzer.reading.logs import logs_with
from analyzer.reading.pairs import NUMBER, matches
from analyzer.reading.settings import USUAL, Spellings, canonical
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode
from analyzer.reading.values import whole_number
from analyzer.run import Config, LogEvent, Run

FORMAT = "doctr"

SPELLINGS: Spellings = {**USUAL, "early_stop_epochs": "train.patience"}
RATES = {
    b"Recall": "val_recall",
    b"Precision": "val_precision",
    b"Mean IoU": "val_miou",
    b"Exact": "val_accuracy",
    b"Acc": "val_accuracy",
    b"Partial": "val_accuracy_partial",
}

_CLAIM = re.compile(
    rb"^Epoch \d+/\d+ - "
    rb"(?:Training loss: \S+ \| LR: |Validation loss: \S+ \((?:Rec|Exact|Acc|Und))",
    re.MULTILINE,
)
_ROW = re.compile(
    rb"^(?:(?:Epoch (\d{1,9})/(\d{1,9}) - )?(Training|Validation) loss: (" + NUMBER + rb")"
    rb"(?! *-->)([^\n]*)"
    rb"|(Validation loss decreased [^\n]*)|(Training halted early[^\n]*)|(Namespace\([^\n]*)"
    rb"|(Train|Validation) set loaded in [^\n(]*\((\d{1,12}) samples)",
    re.MULTILINE,
)
_LR = re.compile(rb"\| LR: (" + NUMBER + rb")")
_RATE = re.compile(rb"(\w[\w ]{0,60}): (" + NUMBER + rb")%")


def claims(folder: Folder) -> Iterable[Claim]:
    """Any text file with such a line."""
    return [Claim(name, whole=False) for name in logs_with(folder, _CLAIM)]


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    table = Table("epoch", claim.main, factors=dict.fromkeys(RATES.values(), 0.01))
    plans: list[tuple[int, int]] = []
    settings: list[tuple[int, Config]] = []
    scan = EventScan(claim.main)
    for block in blocks(folder, claim.main, parts.notes):
        scan.add(block)
        for row, line in matches(block, _ROW):
            if row[1]:
                plans.append((line, int(row[2])))
                table.add(int(row[1]), _values(row), line)
            elif row[8]:
                own = namespace(decode(row[8]))
                settings.append((line, canonical(own, SPELLINGS, file=claim.main)))
                table.start(line, "the settings are printed")
            elif row[9]:
                parts.samples["train" if row[9] == b"Train" else "val"] = int(row[10])
            elif row[6] or row[7]:
                kind = "best" if row[6] else "stopped"
                parts.events.append(LogEvent(kind, claim.main, line, decode(row[0])))
    told = {event.line for event in parts.events}
    parts.events += [event for event in scan.finish() if event.line not in told]
    parts.tables.append(table)
    _, last = judged_lines(parts.tables)
    parts.config = next((c for line, c in reversed(settings) if line <= last), Config())
    planned = [epochs for line, epochs in plans if line <= last]
    written = whole_number(parts.config.get("train.epochs"))
    parts.planned_epochs = planned[-1] if planned else written
    return assemble(folder, claim, FORMAT, parts)


def _values(row: re.Match[bytes]) -> list[tuple[str, bytes]]:
    """What one line logged. A bar of the step that goes on is no line of an epoch."""
    if row[3] == b"Training":
        rate = _LR.search(row[5])
        return [("train_loss", row[4]), *([("learning_rate", rate[1])] if rate else [])]
    rates = [(RATES[own], value) for own, value in _RATE.findall(row[5]) if own in RATES]
    return [("val_loss", row[4]), *rates]
