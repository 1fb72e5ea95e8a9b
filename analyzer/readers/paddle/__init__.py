"""PaddleOCR, OpenOCR and their kin: PaddleSeg, PaddleX, PaddleClas, PaddleDetection, PaddleGAN.

The log is appended to at each start, and each start prints the settings again. Logged losses are
medians or means over a window. What a line tells stands in ``shapes``, the settings in ``dumps``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from analyzer.readers.paddle.dumps import DUMP, SPELLINGS, Dump, find_dumps, is_start
from analyzer.readers.paddle.shapes import ROW, SHAPES, Shape, series, values
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import number_in_name, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.logs import logs_with
from analyzer.reading.pairs import in_order, pairs
from analyzer.reading.settings import merged, yaml_settings
from analyzer.reading.tables import Table
from analyzer.reading.text import Block, blocks
from analyzer.reading.validations import Validation, validation_table
from analyzer.reading.values import whole_number
from analyzer.run import BestCheckpoint, Config, Note, Run

FORMAT = "paddle"
CONFIGS = ("config.yml", "config.yaml")
USUAL_LOGS = ("train.log", "log.txt", "workerlog.0")
WEIGHT_FOLDER = re.compile(
    r"best_(?:model|accuracy)$|latest$|iter_(?:epoch_)?\d+$|vdl$|epoch_\d+$"
)
SHORT = 2

_PATTERNS = [(shape.word, shape.pattern) for shape in SHAPES]
_CLAIM = re.compile(ROW.pattern + b"|" + DUMP.pattern, re.MULTILINE)


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder whose one log is such; several logs, or one of any other name, stand alone."""
    logs = logs_with(folder, _CLAIM)
    if len(logs) == 1 and logs[0] in USUAL_LOGS:
        own = tuple(name for name in folder.folders if WEIGHT_FOLDER.match(name))
        yield Claim(logs[0], folders=own)
        return
    for name in logs:
        yield Claim(name, whole=False)


@dataclass
class _Log:
    """What one log holds. ``base`` is the number of its first epoch, None before it is known."""

    file: str
    steps: Table
    epochs: Table
    validations: list[Validation] = field(default_factory=list)
    plans: list[tuple[int, int | None, int | None]] = field(default_factory=list)
    best: list[tuple[int, int]] = field(default_factory=list)
    dumps: list[Dump] = field(default_factory=list)
    images: int = 0
    base: int | None = None
    step: float = 0.0
    epoch: float = math.nan
    only_part: str | None = None


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    log = _Log(claim.main, Table("step", claim.main), Table("epoch", claim.main))
    scan = EventScan(claim.main)
    for block in blocks(folder, claim.main, parts.notes):
        scan.add(block)
        find_dumps(block, log.dumps)
        _read_lines(log, block)
    parts.events += [event for event in scan.finish() if event.kind != "started"]
    for dump in filter(is_start, log.dumps):
        log.steps.start(dump.line, "the settings are printed")
    parts.tables += [log.steps, log.epochs, _validations(log)]
    _judge(folder, claim, log, parts)
    if log.images:
        parts.samples["val"] = log.images
    if claim.whole:
        parts.checkpoints = weight_files(folder, epoch_of=_epoch_in_name)
    return assemble(folder, claim, FORMAT, parts)


def _read_lines(log: _Log, block: Block) -> None:
    """All lines of a block in their order."""
    for which, match, line in in_order(block, _PATTERNS):
        told = {k: int(v) for k, v in match.groupdict().items() if k != "rest" and v is not None}
        _take(log, SHAPES[which], told, match["rest"], line)


def _take(log: _Log, shape: Shape, told: dict[str, int], rest: bytes, line: int) -> None:
    """Put one line where it belongs."""
    if "epoch" in told:
        if log.base is None:
            log.base = shape.first if shape.first is not None else min(told["epoch"], 1)
        log.epoch = told["epoch"] - log.base + 1
    if shape.kind == "best":
        best = next((v for name, v in pairs(rest) if name == b"best_epoch"), None)
        log.best += [] if best is None else [(line, whole_number(best) or 0)]
        return
    log.images = told.get("images", log.images)
    logged = values(shape, rest)
    if shape.kind == "step":
        log.step = told.get("step", _step(log, told))
        log.steps.add(log.step, _with_total(log, logged), line, log.epoch)
        log.plans.append((line, told.get("epochs"), told.get("steps")))
    elif logged and shape.kind == "epoch":
        log.epochs.add(log.epoch, logged, line)
    elif logged:
        log.validations.append(Validation(log.step, log.epoch, logged, line))


def _with_total(log: _Log, logged: list[tuple[str, bytes]]) -> list[tuple[str, bytes]]:
    """A loss of one part is the whole loss; the first line shows how many there are."""
    if not len(log.steps):
        parts = [name for name, _ in logged if name.startswith("train_loss")]
        log.only_part = parts[0] if len(parts) == 1 else None
    return [("train_loss" if name == log.only_part else name, digits) for name, digits in logged]


def _step(log: _Log, told: dict[str, int]) -> float:
    """Updates so far of a line that counts the batches of its epoch."""
    return (log.epoch - 1) * told.get("batches", 0) + told.get("batch", 0)


def _validations(log: _Log) -> Table:
    """The table of validations; a run of hardly an epoch is judged by its steps."""
    short = not log.epoch > SHORT
    return validation_table(
        log.file, [v._replace(epoch=math.nan) if short else v for v in log.validations]
    )


def _judge(folder: Folder, claim: Claim, log: _Log, parts: Parts) -> None:
    """What the training that is judged planned, how it was set, and its best epoch."""
    _, last = judged_lines(parts.tables)
    plans = [plan for plan in log.plans if plan[0] <= last][-1:]
    dumps = [d for d in log.dumps if is_start(d) and d.line <= (last or d.line)]
    parts.config = _config(folder, claim, dumps[-1] if dumps else None, parts.notes)
    for _, epochs, steps in plans:
        parts.planned_epochs, parts.planned_steps = epochs, steps
    if not plans or plans[0][1:] == (None, None):
        parts.planned_epochs = whole_number(parts.config.get("train.epochs"))
        parts.planned_steps = whole_number(parts.config.get("train.steps"))
    monitor = parts.config.get("checkpoint.monitor")
    named = series(monitor.encode(), "val") if isinstance(monitor, str) else None
    parts.main_metric = named or "val_map50_95"
    best = [epoch for line, epoch in log.best if line <= last][-1:]
    if best and best[0]:
        name = next(
            (n for n in folder.files if n.startswith("best") and "." in n), "best_accuracy"
        )
        epoch = best[0] + 1 - (1 if log.base is None else log.base)
        because = f"{log.file} says best_epoch: {best[0]}"
        parts.best_checkpoint = BestCheckpoint(name, epoch, "log", 0.9, because)


def _config(folder: Folder, claim: Claim, dump: Dump | None, notes: list[Note]) -> Config:
    """What the log prints, at the lines of the file beside it where there is one."""
    logged = dump.config(claim.main) if dump else Config()
    name = next((name for name in CONFIGS if folder.has(name)), None)
    if name is None or not claim.whole:
        return logged
    written = yaml_settings(folder, name, SPELLINGS, notes)
    both = merged(logged, written)
    return replace(both, file=written.file or logged.file, lines=written.lines)


def _epoch_in_name(file: str) -> int | None:
    return number_in_name(file) if "epoch" in file else None
