"""Ultralytics v8 and later: ``results.csv`` beside ``args.yaml``, weights in ``weights/``.

Column sets differ by task and head, so columns are classified by their prefix, then by name. The
logged parts are already weighted, so their sum is the total loss that was minimised.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analyzer.reading import yolo
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import number_in_name, weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import header_names, one_based, read_cells, tables_in
from analyzer.reading.folder import Folder
from analyzer.reading.settings import Spellings, yaml_settings
from analyzer.reading.settings import planned as planned_length
from analyzer.run import Config, Note, Run

FORMAT = "ultralytics"
RESULTS = "results.csv"
ARGS = "args.yaml"

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

FITNESS: Sequence[yolo.Weights] = (
    {"val_map50_95": 1.0},
    {"val_map50": 0.1, "val_map50_95": 0.9},
    {"val_accuracy": 0.5, "val_accuracy_top5": 0.5},
    {"val_miou": 1.0},
    {"val_delta1": 1.0},
)
"""What the tasks and versions judge an epoch by; a run logs the metrics of one task."""


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder whose results.csv names what it logs by prefix; else copies of such a table."""
    if folder.has(RESULTS) and _is_ours(header_names(folder.head(RESULTS)), folder.has(ARGS)):
        yield Claim(RESULTS, folders=tuple(f for f in folder.folders if f == yolo.WEIGHTS))
        return
    for name in tables_in(folder, (".csv",)):
        if _is_ours(header_names(folder.head(name)), has_args=False):
            yield Claim(name, whole=False)


def _is_ours(names: Sequence[str], has_args: bool) -> bool:
    """Whether a header is of these versions; older ones count rates as ``x/lr0`` or ``lr/0``."""
    if names[:1] != ["epoch"] or not any(name.startswith("train/") for name in names):
        return False
    if any(name.startswith(("x/lr", "lr/0")) or name == "train/obj_loss" for name in names):
        return False
    return has_args or any(name.startswith("lr/pg") or name.endswith("(B)") for name in names)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    if claim.whole:
        parts.config = _settings(folder, parts.notes)
        parts.checkpoints = weight_files(folder, yolo.WEIGHTS, _epoch_of)
    cells = read_cells(folder, claim.main, parts.notes)
    if cells is not None:
        cells = cells.with_ragged(yolo.without_validation(cells.names))
        cells = yolo.skipped_validations(cells, asked=parts.config.get("val") is False)
        epochs = cells.column(cells.names[0]).y
        table = yolo.results_table(cells, claim.main, one_based(epochs))
        parts.tables.append(table)
        logged = table.rows().columns
        parts.main_metric = next((name for name in yolo.MAIN if name in logged), None)
    planned = planned_length(parts.config, "train.epochs")
    yolo.plan(parts, None if parts.config.get("time") else planned)
    run = assemble(folder, claim, FORMAT, parts)
    return yolo.finished(run, folder, FITNESS, parts.config.get("train.patience"))


def _epoch_of(file: str) -> int | None:
    """``epoch3.pt`` was saved in the fourth epoch."""
    found = number_in_name(file)
    return None if found is None else found + 1


def _settings(folder: Folder, notes: list[Note]) -> Config:
    """The settings that count.

    With ``optimizer: auto`` the trainer ignores lr0 and momentum, so they are left out. Weights
    are loaded where ``model`` or ``pretrained`` names a file of weights; a mere true says nothing.
    """
    config = yaml_settings(folder, ARGS, SPELLINGS, notes)
    values = dict(config.values)
    if config.get("optimizer.type") == "auto":
        for key in ("optimizer.lr", "optimizer.momentum", "optimizer.type"):
            values.pop(key, None)
    if "model.name" in values and not isinstance(values.get("model.pretrained"), str):
        values["model.pretrained"] = str(values["model.name"]).endswith(".pt")
    return Config(values, config.own_key, config.file, config.lines)
