"""Which series the values of OpenMMLab's toolboxes are."""

from __future__ import annotations

import re
from functools import lru_cache

from analyzer.reading.names import Split, plain

NOT_LOGGED = frozenset({"epoch", "iter", "step", "mode", "eta", "seed", "time", "data_time"})
"""Counters, and the times of a validation's batches."""

TRAIN = {
    "lr": "learning_rate",
    "base_lr": "learning_rate.base",
    "time": "step_time",
    "data_time": "data_time",
    "memory": "gpu_memory_mb",
    "grad_norm": "grad_norm",
    "loss_scale": "loss_scale",
    "acc": "train_accuracy",
}

METRICS = {
    "bbox_map": "val_map50_95",
    "bbox_map_50": "val_map50",
    "bbox_map_75": "val_map75",
    "segm_map": "val_segm_map50_95",
    "segm_map_50": "val_segm_map50",
    "segm_map_75": "val_segm_map75",
    "ap": "val_map50_95",
    "ap .5": "val_map50",
    "ap .75": "val_map75",
    "map": "val_ap",
    "ap50": "val_map50",
    "top1": "val_accuracy",
    "top5": "val_accuracy_top5",
    "accuracy_top-1": "val_accuracy",
    "accuracy_top-5": "val_accuracy_top5",
    "top1_acc": "val_accuracy",
    "top5_acc": "val_accuracy_top5",
    "accuracy": "val_accuracy",
    "word_acc": "val_accuracy",
    "f1-score": "val_f1",
    "f1_score": "val_f1",
    "hmean": "val_f1",
    "mfscore": "val_f1",
    "precision": "val_precision",
    "mprecision": "val_precision",
    "recall": "val_recall",
    "mrecall": "val_recall",
    "1-n.e.d": "val_norm_ed",
    "miou": "val_miou",
    "mdice": "val_dice",
    "aacc": "val_pixel_accuracy",
    "macc": "val_mean_accuracy",
    "loss": "val_loss",
    "lr": "learning_rate",
}
"""The last part of a metric's name, in lower case -> its series."""

MAIN = ("val_map50_95", "val_miou")
"""What a task is judged by, before the usual order."""

_PARTS = re.compile(r"[./_]+")
_PLACE = re.compile(r"^\d+_(?=[A-Za-z1])")


@lru_cache(maxsize=4096)
def series_of(own: str, split: Split) -> str | None:
    """The series of a logged value; None for a counter.

    >>> series_of("decode.loss_ce", "train"), series_of("coco/bbox_mAP", "val")
    ('train_loss.decode_ce', 'val_map50_95')
    """
    name = re.sub(r"^(?:train|val|test)/", "", own)
    last = name.rpartition("/")[2].rpartition(":")[2]
    if split == "train" and name in TRAIN:
        return TRAIN[name]
    if last in NOT_LOGGED or last == "memory" or last.endswith("copypaste"):
        return None
    if split == "val" and (found := METRICS.get(_PLACE.sub("", last).lower())):
        return found
    words = [word for word in _PARTS.split(last) if word]
    if "loss" in words:
        part = "_".join(word for word in words if word != "loss")
        return f"{split}_loss.{part}" if part else f"{split}_loss"
    if split == "train" and name.endswith("lr"):
        return f"learning_rate.{name[:-2].strip('._/') or 'lr'}"
    if split == "train":
        return plain(f"train/{name.replace('.', '_')}").series
    return f"val_{re.sub(r'[^A-Za-z0-9]+', '_', last).strip('_')}"


def all_series(names: list[str], split: Split) -> dict[str, str]:
    """Series by own name, no two alike: a second one that means the same keeps its whole name.

    The rate of the optimiser (``base_lr``) counts before that of the first group of parameters.
    """
    found: dict[str, str] = {}
    for own in sorted(names, key=len):
        series = series_of(own, split)
        if series is None:
            continue
        if series in found.values():
            series = f"{split}_{re.sub(r'[^A-Za-z0-9.]+', '_', own).strip('_')}"
        found[own] = series
    if "base_lr" in found:
        first = next((own for own in ("lr", "train/lr") if own in found), None)
        found["base_lr"] = "learning_rate"
        if first is not None:
            found[first] = "learning_rate.first"
    return found
