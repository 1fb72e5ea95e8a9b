"""DBNet.pytorch (WenmuZhou) and the trainers that share its base: PSENet, PAN, PytorchOCR.

``train.log`` is appended to and prints the settings at each start; ``config.yaml`` beside it is
that of the last start. Lines: ``[3/1200], [10/63], global_step: 136, ..., lr:0.00099, time:6.5``
for steps, ``[3/1200], train_loss: ...`` for epochs, ``test: recall: ...`` for validations.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.literals import MAX_LITERAL, mapping
from analyzer.reading.logs import logs_with
from analyzer.reading.names import plain
from analyzer.reading.pairs import matches, pairs
from analyzer.reading.settings import Spellings, canonical, merged, yaml_settings
from analyzer.reading.tables import Table
from analyzer.reading.text import Block, blocks, decode
from analyzer.reading.values import whole_number
from analyzer.run import BestCheckpoint, Config, Note, Run, flatten

FORMAT = "dbnet"
LOG = "train.log"
CONFIG = "config.yaml"
WEIGHTS = "checkpoint"
BEST = "model_best.pth"
MOST_DUMPS = 300
"""Prints of the settings that are read; each start of the program makes one."""

SPELLINGS: Spellings = {
    "optimizer.args.lr": "optimizer.lr",
    "optimizer.type": "optimizer.type",
    "optimizer.args.momentum": "optimizer.momentum",
    "optimizer.args.weight_decay": "optimizer.weight_decay",
    "lr_scheduler.type": "scheduler.type",
    "lr_scheduler.args.warmup_epoch": "scheduler.warmup_epochs",
    "lr_scheduler.args.step_size": "scheduler.step_size",
    "lr_scheduler.args.gamma": "scheduler.gamma",
    "dataset.train.loader.batch_size": "data.batch_size",
    "dataset.train.loader.num_workers": "data.workers",
    "dataset.train.dataset.args.data_path": "data.train_dir",
    "dataset.validate.dataset.args.data_path": "data.test_dir",
    "trainer.epochs": "train.epochs",
    "trainer.seed": "train.seed",
    "trainer.finetune_checkpoint": "model.pretrained",
    "arch.backbone.pretrained": "model.pretrained",
    "arch.backbone.type": "model.name",
    "arch.type": "model.name",
}

_OF = rb"\[(\d{1,9})/(\d{1,9})\],? "
_STEP = _OF + rb"\[\d+/\d+\],? global_step: "
_CLAIM = re.compile(_STEP + rb"\d|INFO: \{'arch': \{")
_ROW = re.compile(
    rb"(?:"
    + _OF
    + rb"(?:\[\d+/\d+\],? global_step: (\d{1,12})|(?=train_loss: ))"
    + rb"|INFO: (test: )|(current best)|INFO: (?=\{'[\w]+': )"
    + rb"|train dataset has (\d{1,12}) samples[^\n]{0,80}?validate dataset has (\d{1,12}) samples)"
    + rb"([^\n]*)"
)
_OWN = {"time": "epoch_time", "speed": None, "train_loss": "train_loss"}


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with the log and its usual name, or a log of any name."""
    for name in logs_with(folder, _CLAIM):
        if name == LOG:
            yield Claim(LOG, folders=tuple(f for f in folder.folders if f == WEIGHTS))
            return
        yield Claim(name, whole=False)


@dataclass
class _Log:
    """What one log holds."""

    file: str
    steps: Table
    epochs: Table
    epoch: int = 0
    plans: list[tuple[int, int]] = field(default_factory=list)
    samples: list[tuple[int, int, int]] = field(default_factory=list)
    settings: list[tuple[int, Config]] = field(default_factory=list)
    best: list[tuple[int, int]] = field(default_factory=list)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    log = _Log(claim.main, Table("step", claim.main), Table("epoch", claim.main))
    scan = EventScan(claim.main)
    for block in blocks(folder, claim.main, parts.notes):
        scan.add(block)
        for row, line in matches(block, _ROW):
            _take(log, row, line, block)
    parts.events += [event for event in scan.finish() if event.kind != "started"]
    parts.tables += [log.steps, log.epochs]
    _judge(folder, claim, log, parts)
    if claim.whole:
        parts.checkpoints = weight_files(folder, WEIGHTS) or weight_files(folder)
    return assemble(folder, claim, FORMAT, parts)


def _take(log: _Log, row: re.Match[bytes], line: int, block: Block) -> None:
    """Put one line where it belongs."""
    logged = [(name, v) for own, v in pairs(row[8]) if (name := _series(own, bool(row[4])))]
    if row[3]:
        log.epoch = int(row[1])
        steps = [(name, v) for name, v in logged if name != "epoch_time"]
        log.steps.add(int(row[3]), steps, line, log.epoch)
        log.plans.append((line, int(row[2])))
    elif row[1]:
        log.epoch = int(row[1])
        log.epochs.add(log.epoch, logged, line)
        log.plans.append((line, int(row[2])))
    elif row[4] and log.epoch:
        log.epochs.add(log.epoch, logged, line)
    elif row[5]:
        best = next((v for own, v in pairs(row[8]) if own == b"best_model_epoch"), None)
        log.best += [] if best is None else [(line, whole_number(best) or 0)]
    elif row[6]:
        log.samples.append((line, int(row[6]), int(row[7])))
    elif not row[4] and len(log.settings) < MOST_DUMPS:
        text = decode(block.data[row.start() : row.start() + MAX_LITERAL])
        own = dict(flatten(mapping(text)))
        log.settings.append((line, canonical(own, SPELLINGS, file=log.file)))
        log.steps.start(line, "the settings are printed")


def _series(own: bytes, validation: bool) -> str | None:
    name = decode(own)
    if name in _OWN:
        return _OWN[name]
    return plain(f"{'val' if validation else 'train'}/{name}").series


def _judge(folder: Folder, claim: Claim, log: _Log, parts: Parts) -> None:
    """What the training that is judged planned, how it was set, and its best epoch."""
    _, last = judged_lines(parts.tables)
    settings = [config for line, config in log.settings if line <= (last or line)]
    parts.config = _config(folder, claim, settings[-1] if settings else Config(), parts.notes)
    plans = [planned for line, planned in log.plans if line <= last]
    parts.planned_epochs = plans[-1] if plans else whole_number(parts.config.get("train.epochs"))
    for line, train, validate in log.samples:
        if line <= (last or line):
            parts.samples = {"train": train, "val": validate}
    best = [epoch for line, epoch in log.best if line <= last]
    if best and best[-1]:
        because = f"{log.file} says best_model_epoch: {best[-1]}"
        file = f"{WEIGHTS}/{BEST}"
        parts.best_checkpoint = BestCheckpoint(file, best[-1], "log", 0.9, because)


def _config(folder: Folder, claim: Claim, logged: Config, notes: list[Note]) -> Config:
    """What the log prints; where to change it is the file beside it, if there is one."""
    if not folder.has(CONFIG) or not claim.whole:
        return logged
    written = yaml_settings(folder, CONFIG, SPELLINGS, notes)
    both = merged(logged, written)
    return replace(both, file=written.file or logged.file, lines=written.lines)
