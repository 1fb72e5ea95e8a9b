"""timm: ``summary.csv`` beside ``args.yaml``; accuracies in percent, epochs from 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import number_in_name, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import header_names, read_cells
from analyzer.reading.folder import Folder
from analyzer.reading.names import distinct, plain
from analyzer.reading.settings import Spellings, planned, yaml_settings
from analyzer.reading.tables import Table
from analyzer.reading.values import whole_number
from analyzer.run import BestCheckpoint, Config, Run

FORMAT = "timm"
SUMMARY = "summary.csv"
ARGS = "args.yaml"
BEST = ("model_best.pth.tar", "model_best.pth")

SPELLINGS: Spellings = {
    "lr": "optimizer.lr",
    "opt": "optimizer.type",
    "momentum": "optimizer.momentum",
    "weight_decay": "optimizer.weight_decay",
    "sched": "scheduler.type",
    "warmup_epochs": "scheduler.warmup_epochs",
    "decay_epochs": "scheduler.step_size",
    "decay_rate": "scheduler.gamma",
    "batch_size": "data.batch_size",
    "img_size": "data.input_size",
    "workers": "data.workers",
    "data_dir": "data.train_dir",
    "epochs": "train.epochs",
    "amp": "train.amp",
    "grad_accum_steps": "train.accumulate",
    "clip_grad": "train.grad_clip",
    "seed": "train.seed",
    "model": "model.name",
    "pretrained": "model.pretrained",
}
METRICS = {
    "eval_top1": "val_accuracy",
    "eval_top5": "val_accuracy_top5",
    "lr": "learning_rate",
}
PERCENT = {"val_accuracy": 0.01, "val_accuracy_top5": 0.01}
CYCLES = ("cosine", "tanh", "poly")
"""Schedules that older versions let run on for the epochs of cooling down."""


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder whose summary.csv has the columns of the training and of the evaluation."""
    if not folder.has(SUMMARY):
        return
    names = header_names(folder.head(SUMMARY))
    trained = names[:1] == ["epoch"] and any(name.startswith("train_") for name in names)
    if trained and (folder.has(ARGS) or any(name.startswith("eval_") for name in names)):
        yield Claim(SUMMARY)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    config = yaml_settings(folder, ARGS, SPELLINGS, parts.notes)
    set_values = {key: value for key, value in config.values.items() if value is not None}
    parts.config = Config(set_values, config.own_key, config.file, config.lines)
    parts.checkpoints = weight_files(folder, epoch_of=_epoch_of)
    parts.planned_epochs = _planned(parts.config)
    cells = read_cells(folder, claim.main, parts.notes)
    if cells is not None:
        cells = cells.with_ragged(_without_evaluation(cells.names))
        names = distinct(cells.names[1:], lambda own: METRICS.get(own, plain(own).series))
        table = Table("epoch", claim.main, factors=PERCENT)
        columns = {series: cells.column(own) for own, series in names.items()}
        table.extend(cells.values(cells.names[0]) + 1.0, columns, cells.line)
        parts.tables.append(table)
    run = assemble(folder, claim, FORMAT, parts)
    return replace(run, best_checkpoint=_best(folder, run))


def _without_evaluation(
    names: Sequence[str],
) -> Callable[[Sequence[bytes]], list[bytes] | None]:
    """Rows of epochs that were not evaluated lack those cells in their middle."""
    trained = [name for name in names if not name.startswith("eval_")]

    def fit(row: Sequence[bytes]) -> list[bytes] | None:
        if len(row) != len(trained):
            return None
        held = dict(zip(trained, row, strict=True))
        return [held.get(name, b"") for name in names]

    return fit


def _planned(config: Config) -> int | None:
    """The planned epochs with those of cooling down after them, where the schedule has some."""
    epochs = planned(config, "train.epochs")
    if epochs is None or config.get("scheduler.type", "cosine") not in CYCLES:
        return epochs
    cooldown = whole_number(config.get("cooldown_epochs")) or 0
    prefix = config.get("warmup_prefix") is True
    warmup = whole_number(config.get("scheduler.warmup_epochs")) or 0
    return epochs + cooldown + (warmup if prefix else 0)


def _epoch_of(file: str) -> int | None:
    """``checkpoint-3.pth.tar`` was saved in the fourth epoch."""
    found = number_in_name(file.removesuffix(".tar"))
    return None if found is None else found + 1


def _best(folder: Folder, run: Run) -> BestCheckpoint | None:
    """The epoch that model_best holds: the best so far in ``eval_metric``, of equals the first."""
    file = next((name for name in BEST if folder.has(name)), None)
    own = f"eval_{run.config.get('eval_metric', 'top1')}"
    curve = run.get(METRICS.get(own, plain(own).series))
    if file is None or curve is None or not curve.finite.any():
        return None
    y = curve.y[curve.finite]
    epoch = int(curve.x[curve.finite][y.argmin() if own == "eval_loss" else y.argmax()])
    because = f"{own} was best at epoch {epoch}, and {file} is saved by that"
    return BestCheckpoint(file, epoch, "log", 0.7, because)
