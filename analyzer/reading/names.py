"""Names that people give to values, and the canonical series that they mean."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
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
    "vali": "val",
    "validation": "val",
    "eval": "val",
    "evaluation": "val",
    "dev": "val",
    "test": "val",
}
_FILLERS = frozenset(
    {"epoch", "avg", "average", "mean", "metrics", "metric", "running", "total", "overall", "set"}
)

_STATISTICS = frozenset(
    {"min", "max", "std", "var", "median", "best", "final", "smoothed", "smooth", "ema", "last"}
)
"""Words that make a statistic of a loss, not a part of it."""

_LEARNING_RATE = frozenset(
    {"lr", "learningrate", "learningrategroup0", "baselr", "currentlr", "lr0", "pg0"}
)

_RATE_OF = re.compile(
    r"(?:lr|learning_?rate)[-_/](?:adam\w*|sgd|rmsprop|lamb|lion|muon|adagrad|adadelta|nadam|radam)"
    r"(?:-\d+)?(?:/?pg\d+)?(?:-(?!momentum$|weight_decay$)\w+)?$",
    re.IGNORECASE,
)
"""The rate of one optimiser, as Lightning's monitor calls it: ``lr-AdamW``, ``lr-SGD-1/pg2``."""

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
    "acc5": "accuracy_top5",
    "top5": "accuracy_top5",
    "prec5": "accuracy_top5",
    "top5acc": "accuracy_top5",
    "acctop5": "accuracy_top5",
    "accuracytop5": "accuracy_top5",
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
    "gradnormbeforeclip": "grad_norm",
    "gnorm": "grad_norm",
    "totalgradnorm": "grad_norm",
    "lossscale": "loss_scale",
    "datatime": "data_time",
    "epochtime": "epoch_time",
    "steptime": "step_time",
    "itertime": "step_time",
}
"""Squeezed names that belong to no split."""

VALIDATION_ONLY = frozenset({"f1", "ap", "map50", "map50_95", "norm_ed"})
"""Metrics that are hardly ever computed on training batches."""

LOWER_IS_BETTER = frozenset(
    {
        *("loss", "error", "err", "mae", "mse", "rmse", "rmsle", "mape", "nll", "bce"),
        *("wer", "cer", "der", "eer", "ece", "perplexity", "ppl", "bpc", "bpb", "distance"),
        *("crossentropy", "absrel", "sqrel", "silog", "fid", "lpips"),
    }
)
"""Last words of series of which less is better."""

_SHARES = frozenset(
    {
        *("acc", "accuracy", "precision", "recall", "f1", "dice", "iou", "miou", "map", "ap"),
        *("map50", "map75", "ap50", "ap75"),
    }
)
"""Words of series that are a share of something, whatever else their names say."""

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_PARTED = re.compile(r"[\s/_.:-]+")


@lru_cache(maxsize=4096)
def plain(own: str, default: Split = "train") -> Named:
    """The series that a freely chosen name means.

    ``default`` is the split of a name that says none (``loss``, ``accuracy``). A name that means
    nothing known keeps its words, with the split in front: ``mIoU/val`` is ``val_mIoU``, and
    ``train/aux_loss`` is ``train_loss.aux``.
    """
    words = [part for word in _WORDS.findall(own) for part in _unglued(word.lower())]
    split = next((_SPLITS[word] for word in words if word in _SPLITS), None)
    rest = [word for word in words if word not in _SPLITS]
    core = [word for word in rest if word not in _FILLERS] or rest
    squeezed = "".join(core)
    if squeezed in _LEARNING_RATE or _RATE_OF.match(own):
        return Named("learning_rate")
    if squeezed in PLAIN:
        return Named(PLAIN[squeezed])
    side = split or default
    if squeezed in METRICS:
        return Named(f"{side}_{METRICS[squeezed]}")
    if len(core) > 1 and "loss" in (core[0], core[-1]):
        part = [word for word in core if word != "loss"]
        if part and _STATISTICS.issuperset(part):
            return Named(f"{side}_{'_'.join(core)}")
        return Named(f"{side}_loss.{'_'.join(part)}" if part else f"{side}_loss")
    if split is None or not core:
        return Named(_kept(own))
    own_words = [word for word in _PARTED.split(own) if word and word.lower() not in _SPLITS]
    return Named(f"{side}_{_kept('_'.join(own_words))}")


def split_of(word: str) -> Split | None:
    """The split that one word names, in any case."""
    return _SPLITS.get(word.lower())


def _unglued(word: str) -> tuple[str, ...]:
    """``trainloss`` as two words."""
    for split in ("train", "valid", "val", "test"):
        rest = word.removeprefix(split)
        if rest != word and rest in METRICS:
            return split, rest
    return (word,)


def of_table(own: Sequence[str], told: Mapping[str, Split] | None = None) -> dict[str, str]:
    """Series by own name for the columns of one table, no two alike.

    A name without a split is of the training (``loss`` beside ``val_loss``). A metric is of the
    validation where other columns are and none of them is its twin (``train_loss, val_loss,
    accuracy``), and where nobody computes it while training (mAP). ``told`` gives the split of
    names where the rows tell it.
    """
    told = told or {}
    series = {name: plain(name).series for name in own}
    validated = any(found.startswith("val_") for found in series.values())

    def name_of(name: str) -> str:
        as_val = plain(name, "val").series
        if series[name] == as_val:
            said = as_val.startswith(("train_", "val_")) or told.get(name) != "val"
            return as_val if said else plain(f"val/{name}").series
        twin = any(found == as_val for other, found in series.items() if other != name)
        metric = as_val.removeprefix("val_")
        is_val = metric in VALIDATION_ONLY or (validated and not metric.startswith("loss"))
        side = told.get(name, "val" if is_val and not twin else "train")
        return as_val if side == "val" else series[name]

    return distinct(own, name_of)


def distinct(own: Iterable[str], name_of: Callable[[str], str | None]) -> dict[str, str]:
    """Series by own name, no two alike; names for which ``name_of`` has None are left out.

    Where two own names mean the same series, the plainer one has it and the other keeps its own
    words: ``test_loss`` goes behind ``val_loss``, ``train/running_loss`` behind ``train/loss``.
    """
    found: dict[str, str] = {}
    taken: set[str] = set()
    names = list(own)
    for name in sorted(names, key=lambda name: ("test" in name.lower(), len(name))):
        series = name_of(name)
        if series is not None:
            found[name] = _kept(name) if series in taken else series
            taken.add(series)
    return {name: found[name] for name in names if name in found}


def _kept(own: str) -> str:
    """An unknown name as it is, without what would confuse a rule or a table."""
    return re.sub(r"\s+", "_", own.strip()).replace("@", "_") or "unnamed"


def higher_is_better(series: str) -> bool:
    """The direction of a metric by the words of its name; more is better unless they say less."""
    words = [word.lower() for word in _WORDS.findall(series)]
    pairs = {first + second for first, second in pairwise(words)}
    return not LOWER_IS_BETTER & {*words, *pairs}


def is_share(series: str) -> bool:
    """Whether a series lies between 0 and 1 by its name, so that larger values are in percent."""
    words = re.split(r"[_.@]", series.lower())
    return not LOWER_IS_BETTER.intersection(words) and not _SHARES.isdisjoint(words)
