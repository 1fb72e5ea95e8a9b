"""Console text of fairseq: tables with bars, ``epoch 143:  85 / 282 loss=3.1``, or JSON.

Its losses are in bits (base 2), and its values are printed as text also in JSON.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.curves import judged_lines
from analyzer.reading.events import EventScan
from analyzer.reading.folder import Folder
from analyzer.reading.literals import mapping, namespace
from analyzer.reading.logs import logs_with
from analyzer.reading.names import plain
from analyzer.reading.pairs import NUMBER, matches
from analyzer.reading.settings import USUAL, Spellings, canonical
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks, decode
from analyzer.reading.validations import Validation, validation_table
from analyzer.reading.values import number, whole_number
from analyzer.run import Config, Note, Run, flatten

FORMAT = "fairseq"
WEIGHTS = "checkpoints"

SPELLINGS: Spellings = {
    **USUAL,
    "max_epoch": "train.epochs",
    "max_update": "train.steps",
    "update_freq": "train.accumulate",
    "clip_norm": "train.grad_clip",
    "max_sentences": "data.batch_size",
    "data": "data.train_dir",
}

OWN = {"clip": "clipped_share"}
UNITS = {"clipped_share": 0.01}

_LOGGER = rb"(?:\| INFO \| |\]\[)(?:train|valid|train_inner)(?: \| |\]\[INFO\] - )"
_CLAIM = re.compile(
    rb"\bepoch \d{3,} \| (?:loss|valid on) |" + _LOGGER + rb'(?:epoch \d|\{"epoch": )'
)
_ROW = re.compile(
    rb'^([^\n{]*?)(?:\bepoch (\d{3,8})(:| \|)|\{"epoch": (\d{1,8}),)([^\n]*)'
    rb"|^[^\n]*?(?:\b(?=Namespace\()|(?=\{'_name': ))([^\n]*)",
    re.MULTILINE,
)
_BATCH = re.compile(rb"\s*(\d+) ?/ ?(\d+)\b")
_PAIR = re.compile(rb'["| ,]([a-zA-Z]\w*+)(?:": "?| |=)(' + NUMBER + rb')(?=["\s|,}]|$)')
_NO_CURVE = frozenset(
    {"wps", "ups", "wpb", "bsz", "num_updates", "wall", "oom", "update", "epoch"}
)


def claims(folder: Folder) -> Iterable[Claim]:
    """Any text file with such a line; the checkpoints beside it are its own."""
    for name in logs_with(folder, _CLAIM):
        yield Claim(name, whole=False)


@dataclass
class _Log:
    """What one log holds."""

    file: str
    steps: Table
    epochs: Table
    validations: list[Validation] = field(default_factory=list)
    settings: list[tuple[int, Config]] = field(default_factory=list)
    step: float = 0.0


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts(notes=[Note("losses are in bits: logarithms to base 2", claim.main)])
    steps = Table("step", claim.main, factors=UNITS)
    log = _Log(claim.main, steps, Table("epoch", claim.main, factors=UNITS))
    for row, line in _rows(folder, claim.main, parts):
        if row[6] is not None:
            _settings(log, decode(row[6]), line)
        else:
            _take(log, row, line)
    parts.tables += [log.steps, log.epochs, validation_table(log.file, log.validations)]
    _, last = judged_lines(parts.tables)
    parts.config = next((c for line, c in reversed(log.settings) if line <= last), Config())
    parts.planned_epochs = _plan(parts.config, "train.epochs")
    parts.planned_steps = _plan(parts.config, "train.steps")
    parts.checkpoints = weight_files(folder, WEIGHTS) or weight_files(folder)
    return assemble(folder, claim, FORMAT, parts)


def _rows(folder: Folder, name: str, parts: Parts) -> Iterator[tuple[re.Match[bytes], int]]:
    scan = EventScan(name)
    for block in blocks(folder, name, parts.notes):
        scan.add(block)
        yield from matches(block, _ROW)
    parts.events += scan.finish()


def _take(log: _Log, row: re.Match[bytes], line: int) -> None:
    """Put one line where it belongs: a step, an epoch or a validation."""
    epoch = int(row[2] or row[4])
    batch = _BATCH.match(row[5]) if row[3] == b":" else None
    values = _PAIR.findall(b" " + row[5])
    valid = b"valid" in row[1] or b"valid on" in row[5] or b'"valid_' in row[5]
    named = [(_series(name, valid), v) for name, v in values if _is_curve(name)]
    if not named:
        return
    step = next((number(v) for n, v in values if n.endswith(b"num_updates")), None)
    if step is None and batch:
        step = (epoch - 1) * int(batch[2][:9]) + int(batch[1][:9])
    log.step = step if step is not None else log.step
    if valid:
        log.validations.append(Validation(log.step, epoch, named, line))
    elif batch or b"train_inner" in row[1]:
        log.steps.add(log.step, named, line, epoch)
    else:
        log.epochs.add(epoch, named, line)


def _is_curve(name: bytes) -> bool:
    own = decode(name).removeprefix("train_").removeprefix("valid_")
    return own not in _NO_CURVE and not own.startswith("best_") and own != "wall"


def _series(name: bytes, valid: bool) -> str:
    own = decode(name).removeprefix("train_").removeprefix("valid_")
    side = "val" if valid else "train"
    return OWN.get(own) or plain(f"{side}/{own.replace('nll_loss', 'nll')}").series


def _settings(log: _Log, text: str, line: int) -> None:
    """Take the settings of a start: argparse's Namespace, or hydra's dict of groups."""
    own: Mapping[str, Any] = namespace(text) or dict(_groups(mapping(text)))
    if own:
        first = {key: value[0] for key, value in own.items() if isinstance(value, list) and value}
        log.settings.append((line, canonical({**own, **first}, SPELLINGS, file=log.file)))
        log.steps.start(line, "the settings are printed")


def _groups(tree: Mapping[Any, Any]) -> Iterator[tuple[str, Any]]:
    """The settings of hydra's groups without the group's name; a group's own name is kept."""
    for key, value in flatten(tree):
        group, _, last = key.rpartition(".")
        yield (group if last == "_name" and group else last), value


def _plan(config: Config, key: str) -> int | None:
    planned = whole_number(config.get(key))
    return planned if planned and planned > 0 else None
