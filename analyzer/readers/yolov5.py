"""YOLOv5 and its relatives: ``results.csv`` or ``results.txt``, ``opt.yaml``, ``hyp.yaml``.

Version 5 before 6.0, YOLOv7 and YOLOR write ``results.txt`` without a header; YOLOv9 and forks for
masks and rotated boxes write other columns into ``results.csv``. All count epochs from 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import numpy as np

from analyzer.reading import yolo
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import number_in_name, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import Cells, header_names, read_cells, tables_in
from analyzer.reading.folder import Folder
from analyzer.reading.settings import Spellings, merged, yaml_settings
from analyzer.reading.settings import planned as planned_length
from analyzer.reading.tables import Table
from analyzer.reading.text import blocks
from analyzer.reading.values import whole_number
from analyzer.run import Config, Note, Run

FORMAT = "yolov5"
RESULTS = "results.csv"
TEXT = "results.txt"
OPTIONS = "opt.yaml"
HYPER = "hyp.yaml"
PATIENCE = 100
"""Of versions that write ``results.csv``; the options say it since 6.0."""

SPELLINGS: Spellings = {
    "lr0": "optimizer.lr",
    "hyp.lr0": "optimizer.lr",
    "optimizer": "optimizer.type",
    "momentum": "optimizer.momentum",
    "hyp.momentum": "optimizer.momentum",
    "weight_decay": "optimizer.weight_decay",
    "hyp.weight_decay": "optimizer.weight_decay",
    "decay": "optimizer.weight_decay",
    "warmup_epochs": "scheduler.warmup_epochs",
    "hyp.warmup_epochs": "scheduler.warmup_epochs",
    "batch_size": "data.batch_size",
    "imgsz": "data.input_size",
    "img_size": "data.input_size",
    "workers": "data.workers",
    "data": "data.train_dir",
    "epochs": "train.epochs",
    "patience": "train.patience",
    "seed": "train.seed",
    "cfg": "model.name",
    "model": "model.name",
    "weights": "model.pretrained",
    "pretrained": "model.pretrained",
}

FITNESS: Sequence[yolo.Weights] = (
    {"val_map50": 0.1, "val_map50_95": 0.9},
    {"val_accuracy": 1.0},
)

_ROW = re.compile(
    rb"^[ \t]*(\d+)/(\d+)[ \t]+[\d.]+[GM]?"
    rb"((?:[ \t]+(?:[-+.\deE]+|-?nan|-?inf)){11,20})[ \t]*$",
    re.MULTILINE,
)
_FIRST_LOSSES = ("train/box_loss", "train/obj_loss", "train/cls_loss")
_LAST_COLUMNS = (
    *("labels", "img_size", "metrics/precision", "metrics/recall", "metrics/mAP_0.5"),
    *("metrics/mAP_0.5:0.95", "val/box_loss", "val/obj_loss", "val/cls_loss"),
)


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with one of the two tables; elsewhere copies of them under other names."""
    for name in (RESULTS, TEXT):
        if folder.has(name) and _is_ours(folder, name):
            yield Claim(name, folders=tuple(f for f in folder.folders if f == yolo.WEIGHTS))
            return
    for name in tables_in(folder, (".csv", ".txt")):
        if "result" in name and _is_ours(folder, name):
            yield Claim(name, whole=False)


def _is_ours(folder: Folder, name: str) -> bool:
    """Whether a table is of these versions: rates are ``x/lr0``, a loss may be ``obj_loss``."""
    head = folder.head(name)
    if name.endswith(".txt"):
        return _ROW.search(head) is not None
    names = header_names(head)
    if names[:1] != ["epoch"] or not any(own.startswith("train/") for own in names):
        return False
    told = any(own.startswith(("x/lr", "lr/0")) or own == "train/obj_loss" for own in names)
    return told or (name == RESULTS and folder.has(OPTIONS))


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    if claim.whole:
        parts.config = _settings(folder, parts.notes)
        parts.checkpoints = weight_files(folder, yolo.WEIGHTS, _epoch_of)
    planned = planned_length(parts.config, "train.epochs")
    patience = parts.config.get("train.patience")
    ended = ""
    if claim.main.endswith(".txt"):
        told = _read_text(folder, claim.main, parts)
        planned = told if planned is None else planned
    else:
        ended = _read_table(folder, claim.main, parts, planned)
        patience = PATIENCE if patience is None else patience
    yolo.plan(parts, planned)
    run = assemble(folder, claim, FORMAT, parts)
    return yolo.finished(run, folder, FITNESS, patience, ended)


def _read_table(folder: Folder, name: str, parts: Parts, planned: int | None) -> str:
    """Read ``results.csv``; the sentence for a row at its end that the last validation wrote.

    The trainer of masks writes that row with the planned number of epochs and without losses and
    rates of the training: it is no epoch.
    """
    cells = read_cells(folder, name, parts.notes)
    if cells is None:
        return ""
    cells = yolo.skipped_validations(cells, asked=parts.config.get("noval") is True)
    epochs = cells.column(cells.names[0]).y
    from_one = len(epochs) > 0 and epochs.min() >= 1 and epochs.max() == planned
    parts.tables.append(_table(cells, name, 0.0 if from_one else 1.0, parts))
    last = cells.line[-1] if len(cells.line) else 0
    closing = (row.line > last and len(row.cells) < len(cells.names) for row in cells.ragged)
    return "the last row is that of the validation after the training" if any(closing) else ""


def _table(cells: Cells, name: str, shift: float, parts: Parts) -> Table:
    table = yolo.results_table(cells, name, shift)
    logged = table.rows().columns
    parts.main_metric = next((series for series in yolo.MAIN if series in logged), None)
    return table


def _read_text(folder: Folder, name: str, parts: Parts) -> int | None:
    """Read ``results.txt``; the planned epochs, which each row says.

    A row: epoch/last epoch, memory, box, obj, cls, the losses of forks, total, labels, image size,
    then precision, recall, mAP at 0.5, mAP at 0.5 to 0.95 and the three losses of the validation.
    """
    rows: list[list[bytes]] = []
    lines: list[int] = []
    planned = None
    for block in blocks(folder, name, parts.notes):
        for found in _ROW.finditer(block.data):
            rows.append([found[1], *found[3].split()])
            lines.append(block.line + block.data.count(b"\n", 0, found.start()))
            planned = whole_number(found[2])
    width = len(rows[-1]) if rows else 0
    kept = [place for place, row in enumerate(rows) if len(row) == width]
    more = [f"train/part{place}_loss" for place in range(4, width - len(_LAST_COLUMNS) - 1)]
    names = ["epoch", *_FIRST_LOSSES, *more, "train/loss", *_LAST_COLUMNS]
    columns = dict(zip(names, zip(*(rows[place] for place in kept), strict=True), strict=False))
    if kept:
        cells = Cells(
            list(columns),
            {own: list(column) for own, column in columns.items()},
            np.array([lines[place] for place in kept], dtype=np.int64),
        )
        parts.tables.append(_table(cells, name, 1.0, parts))
    return None if planned is None else planned + 1


def _epoch_of(file: str) -> int | None:
    """``epoch3.pt`` and ``epoch_003.pt`` were saved in the fourth epoch."""
    found = number_in_name(file)
    return None if found is None else found + 1


def _settings(folder: Folder, notes: list[Note]) -> Config:
    hyper = yaml_settings(folder, HYPER, SPELLINGS, notes)
    config = merged(hyper, yaml_settings(folder, OPTIONS, SPELLINGS, notes))
    values = dict(config.values)
    if "adam" in values and "optimizer.type" not in values:
        values["optimizer.type"] = "Adam" if values["adam"] is True else "SGD"
    size = values.get("data.input_size")
    if isinstance(size, list) and size:
        values["data.input_size"] = size[0]
    return Config(values, config.own_key, config.file, config.lines)
