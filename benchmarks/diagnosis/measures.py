"""What happened in a run, in a few plain numbers.

Read from the text files of a run directory without the analyzer's readers and signals: labels must
not share a mistake with what they judge.
"""

from __future__ import annotations

import json
import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from analyzer.formats import yaml12

LAST = 3
"""Evaluations whose median is called final."""


@dataclass(frozen=True)
class Measures:
    """NaN where a run does not say. Rates and shares are fractions."""

    epochs: int
    """that were recorded"""
    planned: int
    failed: bool
    """the trainer ended with an error"""
    finished: bool
    nonfinite: bool
    """a loss or a metric was NaN or inf"""
    resumed: bool
    saves: int
    """weight files in the index"""
    f1: float
    """final"""
    f1_best: float
    f1_saved: float
    """of the epoch in best.pth"""
    f1_rise: float
    """final above the three evaluations before those"""
    swing: float
    """mean fall from one evaluation of F1 to the next, over the last two thirds, a rise being 0: a
    late climb is no swing"""
    late: float
    """share of the evaluations before F1 first reached a tenth of its best"""
    skew: float
    """precision and recall apart, at the best F1"""
    loss_kept: float
    """share of the fall of the training loss that was kept: 1 where it ended at its minimum"""
    loss_fall: float
    """lowest training loss over the first one"""
    loss_slope: float
    """share of the training loss that the last epoch took away"""
    val_rise: float
    """final validation loss above its minimum, as a share of that"""
    fall_since: float
    """fall of the training loss since that minimum, as a share"""
    gap: float
    """final validation loss over final training loss"""
    jump: float
    """rise of the training loss where the run was resumed, as a share of its fall until then"""
    part: float
    """share of the largest part in the final training loss"""
    clipped: float
    """share of clipped steps"""
    data_share: float
    """share of the steps' time spent waiting for data"""
    slowing: float
    """step time of the last third over that of the first"""


def measure(run: Path) -> Measures:
    """The measures of a run directory."""
    records = json.loads((run / "metrics.json").read_text("utf-8"))
    info = json.loads((run / "run.json").read_text("utf-8"))
    config: Any = yaml12.parse((run / "config.yaml").read_text("utf-8"), file="config.yaml").value
    index_file = run / "checkpoints" / "index.json"
    index = json.loads(index_file.read_text("utf-8")) if index_file.is_file() else []
    return Measures(
        epochs=len({record["epoch"] for record in records}),
        planned=config["train"]["epochs"],
        failed=info["status"] == "failed",
        finished=info["status"] == "finished",
        nonfinite=any("nonfinite" in record for record in records),
        resumed="resumed" in info,
        saves=len(index),
        **_of_f1(records, index),
        **_of_losses(records),
        **_of_steps(records),
    )


def _of_f1(records: Sequence[Mapping[str, Any]], index: Sequence[Mapping[str, Any]]) -> Any:
    f1 = _values(records, "val_f1")
    best = max(range(len(f1)), key=f1.__getitem__) if f1 else -1
    saved = [entry["epoch"] for entry in index if entry["file"] == "checkpoints/best.pth"]
    at_saved = [r["val_f1"] for r in records if r["epoch"] in saved and "val_f1" in r]
    late = f1[len(f1) // 3 :]
    start = next((n for n, value in enumerate(f1) if value >= f1[best] / 10), 0)
    falls = [max(0.0, before - after) for before, after in pairwise(late)]
    apart = [abs(r["val_precision"] - r["val_recall"]) for r in records if "val_f1" in r]
    return {
        "f1": _final(f1),
        "f1_best": f1[best] if f1 else math.nan,
        "f1_saved": at_saved[-1] if at_saved else math.nan,
        "f1_rise": _final(f1) - _final(f1[:-LAST]),
        "swing": statistics.fmean(falls) if falls else math.nan,
        "late": start / len(f1) if f1 else math.nan,
        "skew": apart[best] if f1 else math.nan,
    }


def _of_losses(records: Sequence[Mapping[str, Any]]) -> Any:
    train, val = _values(records, "train_loss"), _values(records, "val_loss")
    names = [name for name in records[0] if name.startswith("train_loss.")]
    parts = [_final(_values(records, name)) for name in names]
    low = min(train, default=math.nan)
    lost = (_final(train) - low) / (train[0] - low) if train and train[0] > low else 0.0
    val_low = min(range(len(val)), key=val.__getitem__) if val else -1
    since = train[val_low] if 0 <= val_low < len(train) else math.nan
    return {
        "loss_kept": 1 - lost,
        "loss_fall": low / train[0] if train else math.nan,
        "loss_slope": (train[-2] - train[-1]) / train[-2] if len(train) > 1 else math.nan,
        "val_rise": _final(val) / val[val_low] - 1 if val else math.nan,
        "fall_since": 1 - _final(train) / since,
        "gap": _final(val) / _final(train),
        "jump": _jump(records),
        "part": max(parts) / sum(parts) if parts and sum(parts) else math.nan,
    }


def _jump(records: Sequence[Mapping[str, Any]]) -> float:
    """At the first place where the epoch does not go up."""
    for place, (before, after) in enumerate(pairwise(records)):
        if after["epoch"] <= before["epoch"]:
            train = _values(records, "train_loss")
            fall = train[0] - train[place]
            if place + 1 < len(train) and fall > 0:
                return (train[place + 1] - train[place]) / fall
    return math.nan


def _of_steps(records: Sequence[Mapping[str, Any]]) -> Any:
    step, wait = _values(records, "step_time"), _values(records, "data_time")
    third = max(1, len(step) // 3)
    clipped = _values(records, "clipped_share")
    return {
        "clipped": statistics.fmean(clipped) if clipped else math.nan,
        "data_share": sum(wait) / sum(step) if step else math.nan,
        "slowing": statistics.median(step[-third:]) / statistics.median(step[:third]),
    }


def _values(records: Sequence[Mapping[str, Any]], name: str) -> list[float]:
    """The finite values of a key."""
    return [record[name] for record in records if record.get(name) is not None]


def _final(values: Sequence[float]) -> float:
    return statistics.median(values[-LAST:]) if values else math.nan
