"""The settings that the Paddle family prints into its log at each start."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from analyzer.errors import FormatError
from analyzer.formats import yaml12
from analyzer.reading.literals import MAX_LITERAL, mapping, scalar
from analyzer.reading.pairs import matches
from analyzer.reading.settings import Spellings, canonical
from analyzer.reading.text import Block, decode
from analyzer.run import Config, flatten

SPELLINGS: Spellings = {
    # PaddleOCR, OpenOCR, PaddleClas
    "Optimizer.lr.learning_rate": "optimizer.lr",
    "Optimizer.lr": "optimizer.lr",
    "Optimizer.name": "optimizer.type",
    "Optimizer.momentum": "optimizer.momentum",
    "Optimizer.regularizer.factor": "optimizer.weight_decay",
    "Optimizer.regularizer.coeff": "optimizer.weight_decay",
    "Optimizer.weight_decay": "optimizer.weight_decay",
    "Optimizer.clip_norm": "train.grad_clip",
    "Optimizer.clip_norm_global": "train.grad_clip",
    "Optimizer.lr.name": "scheduler.type",
    "LRScheduler.name": "scheduler.type",
    "Optimizer.lr.warmup_epoch": "scheduler.warmup_epochs",
    "LRScheduler.warmup_epoch": "scheduler.warmup_epochs",
    "Train.loader.batch_size_per_card": "data.batch_size",
    "Train.sampler.first_bs": "data.batch_size",
    "DataLoader.Train.sampler.batch_size": "data.batch_size",
    "Train.loader.num_workers": "data.workers",
    "DataLoader.Train.loader.num_workers": "data.workers",
    "Train.dataset.data_dir": "data.train_dir",
    "DataLoader.Train.dataset.image_root": "data.train_dir",
    "Eval.dataset.data_dir": "data.test_dir",
    "DataLoader.Eval.dataset.image_root": "data.test_dir",
    "Global.epoch_num": "train.epochs",
    "Global.epochs": "train.epochs",
    "Global.seed": "train.seed",
    "Global.use_amp": "train.amp",
    "Global.pretrained_model": "model.pretrained",
    "Architecture.algorithm": "model.name",
    "Arch.name": "model.name",
    "Metric.main_indicator": "checkpoint.monitor",
    # PaddleSeg
    "lr_scheduler.learning_rate": "optimizer.lr",
    "learning_rate.value": "optimizer.lr",
    "optimizer.type": "optimizer.type",
    "optimizer.momentum": "optimizer.momentum",
    "optimizer.weight_decay": "optimizer.weight_decay",
    "lr_scheduler.type": "scheduler.type",
    "batch_size": "data.batch_size",
    "train_dataset.dataset_root": "data.train_dir",
    "val_dataset.dataset_root": "data.test_dir",
    "iters": "train.steps",
    "model.type": "model.name",
    "model.pretrained": "model.pretrained",
    # PaddleGAN, PaddleDetection
    "optimizer.name": "optimizer.type",
    "LearningRate.base_lr": "optimizer.lr",
    "OptimizerBuilder.optimizer.type": "optimizer.type",
    "OptimizerBuilder.optimizer.momentum": "optimizer.momentum",
    "lr_scheduler.name": "scheduler.type",
    "dataset.train.batch_size": "data.batch_size",
    "TrainReader.batch_size": "data.batch_size",
    "dataset.train.num_workers": "data.workers",
    "worker_num": "data.workers",
    "total_iters": "train.steps",
    "epochs": "train.epochs",
    "epoch": "train.epochs",
    "pretrain_weights": "model.pretrained",
    "architecture": "model.name",
}

MOST_DUMPS = 300
"""Prints as a dict or as YAML that are read of one block; each start makes one."""

_ENTRY = re.compile(rb"^\[[^\]\n]{8,30}\] [\w.]+ INFO: ( *)([A-Za-z_]\w*) : ?([^\n]*)$", re.M)
_DICT = re.compile(rb"\bINFO: Configs: (?=\{)")
_YAML = re.compile(rb"^-{6,}Config Information-{6,}\n((?:(?!-{6})[^\n]*\n)*)", re.M)

DUMP = re.compile(
    rb"^\[[^\]\n]{8,30}\] [\w.]+ INFO: Global : ?$|\bINFO: Configs: \{|-{6}Config Information-{6}",
    re.M,
)
"""What a log shows that prints its settings."""


@dataclass
class Dump:
    """One print of the settings: own dotted keys, and the lines that they stand in."""

    line: int
    own: dict[str, Any] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    last: int = 0
    above: list[tuple[int, str]] = field(default_factory=list)

    def add(self, line: int, indent: int, key: str, value: str) -> None:
        """Take one line of an indented print."""
        self.last = line
        while self.above and self.above[-1][0] >= indent:
            self.above.pop()
        name = ".".join([*(above for _, above in self.above[-8:]), key])
        if value.strip():
            self.own.setdefault(name, scalar(value))
            self.lines.setdefault(name, line)
        else:
            self.above.append((indent, key))

    def config(self, file: str) -> Config:
        """The settings under canonical keys, as written in the log ``file``."""
        return canonical(self.own, SPELLINGS, file=file, lines=self.lines)


def find_dumps(block: Block, dumps: list[Dump]) -> None:
    """Add the dumps of a block to those of the blocks before it."""
    for found, line in matches(block, _ENTRY):
        if not dumps or line != dumps[-1].last + 1:
            dumps.append(Dump(line))
        value = decode(found[3])
        dumps[-1].add(line, len(found[1]), decode(found[2]), value)
    for found, line in islice(matches(block, _DICT), MOST_DUMPS):
        text = decode(block.data[found.end() : found.end() + MAX_LITERAL])
        dumps.append(Dump(line, dict(flatten(mapping(text))), last=line))
    for found, line in islice(matches(block, _YAML), MOST_DUMPS):
        dumps.append(Dump(line, _yaml(decode(found[1])), last=line))
    dumps.sort(key=lambda dump: dump.line)


def _yaml(text: str) -> dict[str, Any]:
    try:
        value = yaml12.parse(text[:MAX_LITERAL], file="log").value
    except FormatError:
        return {}
    return dict(flatten(value)) if isinstance(value, Mapping) else {}


def is_start(dump: Dump) -> bool:
    """Whether it is the print of all settings, and no stray ``name : value`` line."""
    return any(key.startswith("Global.") for key in dump.own) or dump.last == dump.line
