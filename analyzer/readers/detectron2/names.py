"""Which series the values of detectron2 are, and in which unit it writes them."""

from __future__ import annotations

import re

from analyzer.reading.names import plain

TRAIN = {
    "total_loss": "train_loss",
    "lr": "learning_rate",
    "time": "step_time",
    "data_time": "data_time",
    "max_mem": "gpu_memory_mb",
    "grad_norm": "grad_norm",
}
LEFT_OUT = frozenset(
    {"iteration", "iter", "eta_seconds", "eta", "rank_data_time", "last_time", "last_data_time"}
)
TASKS = ("bbox", "segm", "keypoints", "box_proposals", "sem_seg", "panoptic_seg", "densepose")
SEGMENTATION = {
    "mIoU": "val_miou",
    "mACC": "val_mean_accuracy",
    "pACC": "val_pixel_accuracy",
    "fwIoU": "val_weighted_iou",
}
AVERAGE = {"AP": "map50_95", "AP50": "map50", "AP75": "map75"}
MAIN = ("val_map50_95", "val_segm_map50_95", "val_keypoints_map50_95", "val_miou", "val_pq")
"""What a task is judged by, the first that was logged."""

_LOSS = re.compile(r"(?:^|[_/])(?:val(?:id(?:ation)?)?|test|eval)(?:[_/]|$)", re.IGNORECASE)


def is_evaluation(own: str) -> bool:
    """Whether a value is of an evaluation: of a task, or a loss that is called so."""
    return _task(own) is not None or bool(_LOSS.search(own))


def _task(own: str) -> str | None:
    parts = own.split("/")
    return parts[-2] if len(parts) > 1 and parts[-2] in TASKS else None


def series_of(own: str) -> str | None:
    """The series of a value; None for a counter.

    >>> series_of("loss_box_reg"), series_of("bbox/AP"), series_of("segm/AP-cup of tea")
    ('train_loss.box_reg', 'val_map50_95', 'val_segm_ap_cup_of_tea')
    """
    if own in LEFT_OUT:
        return None
    if own in TRAIN:
        return TRAIN[own]
    task, last = _task(own), own.rpartition("/")[2]
    if task is not None:
        if last in SEGMENTATION and task == "sem_seg":
            return SEGMENTATION[last]
        kind = "" if task in ("bbox", "sem_seg", "panoptic_seg") else f"{task}_"
        words = AVERAGE.get(last) or re.sub(r"\W+", "_", last).strip("_").lower()
        return f"val_{kind}{re.sub(r'^ap(?=[sml]$)', 'map_', words)}"
    if is_evaluation(own):
        return "val_loss" if "loss" in own else plain(own, "val").series
    if own.startswith("loss_") or own.endswith("_loss"):
        return f"train_loss.{own.removeprefix('loss_').removesuffix('_loss')}"
    return plain(f"train/{own}").series if "/" in own else own


def all_series(names: list[str]) -> dict[str, str]:
    """Series by own name, no two alike: a second one that means the same keeps its own name."""
    found: dict[str, str] = {}
    for own in names:
        series = series_of(own)
        if series is not None:
            found[own] = re.sub(r"\W+", "_", own) if series in found.values() else series
    return found


def factor_of(series: str) -> float:
    """Evaluations are written in percent."""
    return 0.01 if series.startswith("val_") and "loss" not in series else 1.0
