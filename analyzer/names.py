"""The canonical names of series, and what a person calls them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from difflib import get_close_matches

SERIES: Mapping[str, str] = {
    "train_loss": "training loss",
    "train_accuracy": "training accuracy",
    "val_loss": "validation loss",
    "val_precision": "precision",
    "val_recall": "recall",
    "val_f1": "F1",
    "val_ap": "average precision",
    "val_best_f1": "F1 at the best thresholds",
    "val_best_threshold": "pixel threshold of the best F1",
    "val_best_box_threshold": "box threshold of the best F1",
    "val_accuracy": "accuracy",
    "val_norm_ed": "normalised edit distance (higher is better)",
    "val_map50": "mAP at IoU 0.5",
    "val_map50_95": "mAP at IoU 0.5 to 0.95",
    "learning_rate": "learning rate",
    "stage": "stage",
    "grad_norm": "gradient norm",
    "grad_norm.first": "gradient norm of the first layer",
    "grad_norm.last": "gradient norm of the last layer",
    "clipped_share": "share of clipped steps",
    "loss_scale": "AMP loss scale",
    "skipped_share": "share of steps skipped by the AMP loss scale",
    "blank_share": "share of empty predictions",
    "oov_share": "share of labels outside the character set",
    "data_time": "seconds waiting for data",
    "step_time": "seconds for a step",
    "forward_time": "seconds forward in a step",
    "backward_time": "seconds backward in a step",
    "optimizer_time": "seconds of the optimiser in a step",
    "epoch_time": "seconds for an epoch",
    "val_time": "seconds for a validation",
    "checkpoint_time": "seconds for saving",
    "gpu_util": "GPU utilisation",
    "gpu_memory_mb": "GPU memory (MiB)",
    "host_memory_mb": "host memory (MiB)",
}
"""Canonical series names and what they mean to a person."""

USUAL_NAMES = {
    **{name.lower(): name for name in ("WER", "CER", "DER", "PSNR", "SSIM", "AUC", "FID", "BLEU")},
    **{name.lower(): name for name in ("MAE", "MSE", "RMSE", "PCK", "NME", "IoU", "mIoU", "mAP")},
    "ppl": "perplexity",
}
"""What people call metrics that no rule knows by name: ``val_psnr`` is the PSNR."""

RATES = (
    "val_f1",
    "val_ap",
    "val_map50",
    "val_map50_95",
    "val_accuracy",
    "val_norm_ed",
    "val_precision",
    "val_recall",
    "val_best_f1",
)
"""Series from 0 to 1 of which more is better; the first logged is the main metric by default."""

STEP_SUFFIX = "@step"
"""``train_loss@step`` is the finer curve of a run that also logs ``train_loss`` by epoch.

A run that logs a value only by step has it under the plain name.
"""


def meant(name: str, known: Collection[str]) -> str | None:
    """The one of the ``known`` series that a person may have meant by ``name``: ``val_f1`` by F1.

    What it is called counts, then what ends so, then what is spelt nearly so.
    """
    asked = name.lower()
    ordered = sorted(known, key=lambda one: (one.endswith(STEP_SUFFIX), one))
    called = [one for one in ordered if label(one).lower() == asked]
    ending = [one for one in ordered if one.lower().endswith((f"_{asked}", f".{asked}"))]
    close = get_close_matches(asked, ordered, n=1)
    return next(iter([*called, *ending, *close]), None)


def label(name: str) -> str:
    """What a person calls a series: ``train_loss.shrink`` is ``training loss: shrink``."""
    base = name.removesuffix(STEP_SUFFIX)
    suffix = " by step" if base != name else ""
    whole, _, part = base.partition(".")
    if base in SERIES:
        return SERIES[base] + suffix
    if whole in SERIES:
        return f"{SERIES[whole]}: {part}{suffix}"
    of, _, own = base.partition("val_")
    called = USUAL_NAMES.get(own.lower(), f"validation {own}") if own and not of else base
    return called + suffix
