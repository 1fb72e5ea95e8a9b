"""Lightning's CSVLogger: sparse ``metrics.csv``, ``hparams.yaml``, ``checkpoints/``.

Values of the training and of the validation stand on different rows. ``name_step`` and
``name_epoch`` are two curves of one value. Epochs count from 0, steps are kept as logged.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.checkpoints import weight_files
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import Cells, header_names, read_cells
from analyzer.reading.folder import Folder
from analyzer.reading.names import Split, higher_is_better, of_table, plain
from analyzer.reading.settings import merged, planned, yaml_settings
from analyzer.reading.wide import Counters, Level, wide_tables
from analyzer.run import BestCheckpoint, Config, Note, Run

FORMAT = "lightning"
METRICS = "metrics.csv"
HPARAMS = "hparams.yaml"
CONFIG = "config.yaml"
CHECKPOINTS = "checkpoints"
EPOCH, STEP = "epoch", "step"

_EPOCH_IN_NAME = re.compile(r"epoch[=_-]?(\d{1,9})")
_VALUE_IN_NAME = re.compile(r"([A-Za-z][\w./]*)=(-?\d+\.\d+)")
_RATE = re.compile(r"lr-[^/]+(?:/pg(\d+))?")
_LEVEL = re.compile(r"_(step|epoch)$")


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder whose metrics.csv counts both epochs and steps."""
    if folder.has(METRICS) and {EPOCH, STEP} <= set(header_names(folder.head(METRICS))):
        own = tuple(name for name in folder.folders if name == CHECKPOINTS)
        yield Claim(METRICS, folders=own)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    parts.config = _settings(folder, parts.notes)
    parts.planned_epochs = planned(parts.config, "train.epochs")
    parts.planned_steps = planned(parts.config, "train.steps")
    below = CHECKPOINTS if CHECKPOINTS in folder.folders else ""
    parts.checkpoints = weight_files(folder, below, _epoch_of)
    cells = read_cells(folder, claim.main, parts.notes)
    if cells is not None and {EPOCH, STEP} <= set(cells.names):
        cells = _tests_in_the_last_epoch(cells)
        own = [name for name in cells.names if name not in (EPOCH, STEP)]
        levels: dict[str, Level] = {
            name: "step" if found[1] == "step" else "epoch"
            for name in own
            if (found := _LEVEL.search(name))
        }
        counters = Counters(EPOCH, STEP, shift=1.0)
        parts.tables = wide_tables(cells, claim.main, counters, _series(cells, own), levels)
    return _with_best(assemble(folder, claim, FORMAT, parts))


def _settings(folder: Folder, notes: list[Note]) -> Config:
    """What the module saved, and the config of the command line where there is one."""
    config = yaml_settings(folder, HPARAMS, None, notes)
    if folder.has(CONFIG):
        config = merged(config, yaml_settings(folder, CONFIG, None, notes))
    optimizer = config.get("optimizer.class_path")
    if isinstance(optimizer, str) and "optimizer.type" not in config.values:
        values = {**config.values, "optimizer.type": optimizer.rpartition(".")[2]}
        return replace(config, values=values)
    return config


def _series(cells: Cells, own: Sequence[str]) -> dict[str, str]:
    """The series of each column; the two curves of one value bear one name."""
    bare = {name: _LEVEL.sub("", name) for name in own}
    rates = {name: _rate(name) for name in own}
    values = [
        name for name in dict.fromkeys(bare.values()) if name not in rates or not rates[name]
    ]
    series = of_table(values, _splits(cells, bare))
    return {name: rates[name] or series[bare[name]] for name in own}


def _rate(own: str) -> str:
    """The series of what LearningRateMonitor logs; "" for any other column.

    >>> _rate("lr-AdamW"), _rate("lr-AdamW/pg2"), _rate("lr-SGD-momentum")
    ('learning_rate', 'learning_rate.pg2', '')
    """
    found = _RATE.fullmatch(own)
    if found is None or own.endswith(("-momentum", "-weight_decay")):
        return ""
    return "learning_rate" if found[1] in (None, "1") else f"learning_rate.pg{found[1]}"


def _splits(cells: Cells, bare: Mapping[str, str]) -> dict[str, Split]:
    """The split of names that say none: that of the columns whose rows they share."""
    said: dict[str, Split] = {own: side for own, name in bare.items() if (side := _said(name))}
    held = {side: np.zeros(len(cells.line), dtype=bool) for side in ("train", "val")}
    for own, side in said.items():
        held[side][cells.column(own).rows] = True
    found: dict[str, Split] = {}
    for own in bare.keys() - said.keys():
        rows = cells.column(own).rows
        if len(rows) and held["val"][rows].all():
            found[bare[own]] = "val"
        elif held["train"][rows].any():
            found[bare[own]] = "train"
    return found


def _said(name: str) -> Split | None:
    """The split that a name says itself."""
    series = plain(name, "train").series
    if series != plain(name, "val").series or not series.startswith(("train_", "val_")):
        return None
    return "val" if series.startswith("val_") else "train"


def _tests_in_the_last_epoch(cells: Cells) -> Cells:
    """A test after the training is logged in an epoch that never began; it tells of the last."""
    other = np.zeros(len(cells.line), dtype=bool)
    for name in cells.names:
        if name not in (EPOCH, STEP) and not name.startswith("test"):
            other[cells.column(name).rows] = True
    epoch = cells.values(EPOCH)
    if not other.any() or not np.isfinite(epoch[other]).any():
        return cells
    last = np.nanmax(epoch[other])
    logged = [
        cell if trained or not value > last else b"%d" % last
        for cell, trained, value in zip(cells.columns[EPOCH], other, epoch, strict=True)
    ]
    return replace(cells, columns=cells.columns | {EPOCH: logged})


def _epoch_of(file: str) -> int | None:
    """``epoch=3-step=400.ckpt`` was saved in the fourth epoch."""
    found = _EPOCH_IN_NAME.search(file)
    return int(found[1]) + 1 if found else None


def _with_best(run: Run) -> Run:
    """The run with the best of the checkpoints whose names hold the value they were saved by."""
    named = [
        (float(found[2]), found[1], checkpoint)
        for checkpoint in run.checkpoints
        if checkpoint.epoch and (found := _VALUE_IN_NAME.search(checkpoint.file))
    ]
    if not named or len({own for _, own, _ in named}) > 1:
        return run
    own = named[0][1]
    choose = max if higher_is_better(own) else min
    value, _, best = choose(named, key=lambda item: item[0])
    because = f"of the checkpoints whose names say {own}, this one has the best: {value:g}"
    held = BestCheckpoint(best.file, best.epoch or 0, "log", 0.8, because)
    values = {"checkpoint.monitor": plain(own).series, **run.config.values}
    return replace(run, best_checkpoint=held, config=replace(run.config, values=values))
