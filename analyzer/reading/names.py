"""Names that people give to values, and the canonical series that they mean."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

Split = Literal["train", "val"]


class Named(NamedTuple):
    """A canonical series, and what a logged value is multiplied by to get its unit."""

    series: str
    factor: float = 1.0


_SPLITS: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "tr": "train",
    "trn": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "eval": "val",
    "evaluation": "val",
    "dev": "val",
    "test": "val",
}
_FILLERS = frozenset({"epoch", "avg", "average", "mean", "metrics", "metric", "running", "total"})

_LEARNING_RATE = frozenset({"lr", "learningrate", "baselr", "currentlr", "lr0", "pg0"})

METRICS: dict[str, str] = {
    "loss": "loss",
    "acc": "accuracy",
    "accuracy": "accuracy",
    "acc1": "accuracy",
    "top1": "accuracy",
    "acctop1": "accuracy",
    "accuracytop1": "accuracy",
    "top1acc": "accuracy",
    "prec1": "accuracy",
    "categoricalaccuracy": "accuracy",
    "binaryaccuracy": "accuracy",
    "sparsecategoricalaccuracy": "accuracy",
    "f1": "f1",
    "f1score": "f1",
    "hmean": "f1",
    "fmeasure": "f1",
    "precision": "precision",
    "prec": "precision",
    "recall": "recall",
    "ap": "ap",
    "map": "ap",
    "normed": "norm_ed",
    "normeditdis": "norm_ed",
    "normeditdistance": "norm_ed",
    "map50": "map50",
    "map05": "map50",
    "map5095": "map50_95",
    "map05095": "map50_95",
    "perplexity": "perplexity",
    "ppl": "perplexity",
}
"""Squeezed metric name -> the canonical one, without its split."""

PLAIN: dict[str, str] = {
    "gradnorm": "grad_norm",
    "gnorm": "grad_norm",
    "totalgradnorm": "grad_norm",
    "lossscale": "loss_scale",
    "datatime": "data_time",
    "epochtime": "epoch_time",
    "steptime": "step_time",
    "itertime": "step_time",
}
"""Squeezed names that belong to no split."""

LOWER_IS_BETTER = frozenset(
    {
        *("loss", "error", "err", "mae", "mse", "rmse", "rmsle", "mape", "nll", "bce"),
        *("wer", "cer", "der", "eer", "ece", "perplexity", "ppl", "bpc", "bpb", "distance"),
        *("crossentropy", "absrel", "sqrel", "silog", "fid", "lpips"),
    }
)
"""Last words of series of which less is better."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")


@lru_cache(maxsize=4096)
def plain(own: str, default: Split = "train") -> Named:
    """The series that a freely chosen name means.

    ``default`` is the split of a name that says none (``loss``, ``accuracy``). A name that means
    nothing known keeps its words, with the split in front: ``val/mIoU`` is ``val_m_iou``, and
    ``train/aux_loss`` is ``train_loss.aux``.
    """
    words = [word.lower() for word in _WORDS.findall(own)]
    split = next((_SPLITS[word] for word in words if word in _SPLITS), None)
    rest = [word for word in words if word not in _SPLITS]
    core = [word for word in rest if word not in _FILLERS] or rest
    squeezed = "".join(core)
    if squeezed in _LEARNING_RATE:
        return Named("learning_rate")
    if squeezed in PLAIN:
        return Named(PLAIN[squeezed])
    side = split or default
    if squeezed in METRICS:
        return Named(f"{side}_{METRICS[squeezed]}")
    if len(core) > 1 and "loss" in (core[0], core[-1]):
        part = [word for word in core if word != "loss"]
        return Named(f"{side}_loss.{'_'.join(part)}" if part else f"{side}_loss")
    if split is None or not core:
        return Named(_kept(own))
    return Named(f"{side}_{'_'.join(core)}")


def _kept(own: str) -> str:
    """An unknown name as it is, without what would confuse a rule or a table."""
    return re.sub(r"\s+", "_", own.strip()).replace("@", "_") or "unnamed"


def higher_is_better(series: str) -> bool:
    """The direction of a metric by the words of its name; more is better unless they say less."""
    words = {word.lower() for word in _WORDS.findall(series)}
    return not words & LOWER_IS_BETTER
