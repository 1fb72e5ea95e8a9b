"""Ultralytics v8 and later: ``results.csv`` beside ``args.yaml``, weights in ``weights/``.

Column sets differ by task and head, so columns are classified by their prefix, then by name. The
logged parts are already weighted, so their sum is the total loss that was minimised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import Cells, header_names, one_based, read_cells
from analyzer.reading.folder import Folder
from analyzer.reading.names import plain
from analyzer.reading.settings import Spellings, yaml_settings
from analyzer.reading.tables import Column, Table
from analyzer.reading.values import number, whole_number
from analyzer.run import Config, FloatArray, Note, Run, Status

FORMAT = "ultralytics"
RESULTS = "results.csv"
ARGS = "args.yaml"
WEIGHTS = "weights"

SPELLINGS: Spellings = {
    "lr0": "optimizer.lr",
    "optimizer": "optimizer.type",
    "momentum": "optimizer.momentum",
    "weight_decay": "optimizer.weight_decay",
    "batch": "data.batch_size",
    "imgsz": "data.input_size",
    "workers": "data.workers",
    "data": "data.train_dir",
    "epochs": "train.epochs",
    "patience": "train.patience",
    "amp": "train.amp",
    "seed": "train.seed",
    "model": "model.name",
    "pretrained": "model.pretrained",
    "warmup_epochs": "scheduler.warmup_epochs",
}

METRICS = {
    "precision(B)": "val_precision",
    "recall(B)": "val_recall",
    "mAP50(B)": "val_map50",
    "mAP50-95(B)": "val_map50_95",
    "accuracy_top1": "val_accuracy",
    "accuracy_top5": "val_accuracy_top5",
    "mIoU": "val_miou",
}
MAIN = ("val_map50_95", "val_accuracy", "val_miou", "val_delta1")
"""What each task is judged by, the first that was logged."""


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder whose results.csv counts epochs and names what it logs by prefix."""
    if folder.has(RESULTS):
        names = header_names(folder.head(RESULTS))
        if names[:1] == ["epoch"] and any(name.startswith("train/") for name in names):
            yield Claim(RESULTS, folders=tuple(f for f in folder.folders if f == WEIGHTS))


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    parts.config = _settings(folder, parts.notes)
    parts.planned_epochs = whole_number(parts.config.get("train.epochs"))
    parts.checkpoints = weight_files(folder, WEIGHTS)
    cells = read_cells(folder, claim.main, parts.notes)
    if cells is not None:
        table = results_table(cells, claim.main, series_of)
        parts.tables.append(table)
        logged = table.rows().columns
        parts.main_metric = next((name for name in MAIN if name in logged), None)
        fitness = 0.1 * column(table, "val_map50") + 0.9 * column(table, "val_map50_95")
        stopped_early(parts, table.rows().x, fitness)
    return assemble(folder, claim, FORMAT, parts)


def series_of(own: str) -> str | None:
    """The canonical series of a column; None for one that is no curve."""
    split, _, name = own.partition("/")
    if split in ("train", "val"):
        part = name.removesuffix("_loss").removesuffix("loss").strip("_")
        return f"{split}_loss.{part}" if part else f"{split}_loss"
    if split == "metrics":
        return METRICS.get(name, plain(f"val/{name}").series)
    if split in ("lr", "x"):
        return "learning_rate" if name.endswith("0") else f"learning_rate.{name}"
    return "elapsed_time" if own == "time" else None


def results_table(cells: Cells, file: str, name_of: Callable[[str], str | None]) -> Table:
    """The rows of a results file by epoch, with the total of each loss where parts were logged."""
    table = Table("epoch", file)
    epochs = cells.column(cells.names[0])
    columns = {
        series: cells.column(own)
        for own in cells.names[1:]
        if (series := name_of(own)) is not None
    }
    for split in ("train_loss", "val_loss"):
        parts = [column for name, column in columns.items() if name.startswith(f"{split}.")]
        if parts and split not in columns:
            columns[split] = _total(parts, len(cells.line))
    x = np.full(len(cells.line), np.nan)
    x[epochs.rows] = epochs.y + one_based(epochs.y)
    table.extend(x, columns, cells.line)
    return table


def _total(parts: list[Column], rows: int) -> Column:
    """The sum of the parts in the rows that hold them all."""
    total = np.zeros(rows)
    held = np.zeros(rows, dtype=np.int64)
    for part in parts:
        total[part.rows] += part.y
        held[part.rows] += 1
    whole = np.flatnonzero(held == len(parts))
    return Column(whole, total[whole], max(part.resolution for part in parts))


def column(table: Table, name: str) -> FloatArray:
    """(n,) the values of one column by row, 0 where it was not logged."""
    rows = table.rows()
    values = np.zeros(len(rows.x))
    if name in rows.columns:
        found = rows.columns[name]
        values[found.rows] = np.nan_to_num(found.y)
    return values


def stopped_early(parts: Parts, epochs: FloatArray, fitness: FloatArray) -> None:
    """Say so where the patience explains the end: no fitter epoch for that many epochs."""
    patience = number(parts.config.get("train.patience"))
    if not patience or not len(epochs) or not fitness.any():
        return
    best = epochs[int(np.argmax(fitness))]
    if epochs[-1] - best >= patience and epochs[-1] < (parts.planned_epochs or np.inf):
        parts.status = Status.STOPPED_EARLY
        parts.status_because = (
            f"no epoch was fitter than epoch {best:g} for {epochs[-1] - best:g} epochs; the "
            f"patience is {patience:g}"
        )


def _settings(folder: Folder, notes: list[Note]) -> Config:
    """With ``optimizer: auto`` the trainer ignores lr0 and momentum, so they are left out."""
    config = yaml_settings(folder, ARGS, SPELLINGS, notes)
    if config.get("optimizer.type") != "auto":
        return config
    ignored = {"optimizer.lr", "optimizer.momentum", "optimizer.type"}
    values = {key: value for key, value in config.values.items() if key not in ignored}
    return Config(values, config.own_key, config.file, config.lines)
