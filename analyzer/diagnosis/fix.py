"""Fixes of a rule in the words of a run: a patch with old and new values, or an advice."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from analyzer.diagnosis import message
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.rule import Change, FixText
from analyzer.facts import FACTS
from analyzer.finding import Fix

SETTINGS = {
    "optimizer.lr": "the learning rate",
    "optimizer.weight_decay": "the weight decay",
    "data.batch_size": "the batch size",
    "data.workers": "the number of loader workers",
    "train.num_workers": "the number of loader workers",
    "data.max_label_length": "the longest label allowed",
    "batch_max_length": "the longest label allowed",
    "train.epochs": "the number of epochs",
    "train.accumulate": "the number of steps over which gradients add up",
    "train.grad_clip": "the limit for clipping gradients",
    "train.precision": "the number format of the training",
    "model.pretrained": "pretrained weights",
    "augment.rotate": "random rotation (degrees)",
    "augment.cutout_blocks": "the number of random blocks that are cut out",
    "augment.cutout_area": "the share of the image that they cover",
    "augment.brightness": "random brightness",
    "augment.contrast": "random contrast",
    "checkpoint.every": "the epochs between two saves",
    "checkpoint.monitor": "the value that chooses the best checkpoint",
    "checkpoint.mode": "its direction",
}
"""What settings are called where the config does not have them under a name of its own."""


def said(key: str) -> str:
    """What a person calls a setting."""
    return SETTINGS.get(key, key)


def resolve(fix: FixText, case: Case, value_of: Callable[[str], object]) -> Fix | None:
    """The fix for this run; None when the config already is as it asks.

    A key that the config lacks cannot be patched: then the fix is words, those of the rule where
    it has some. In an advice, ``{data.train_dir}`` is the config's value, ``{best_epoch}`` a value
    of the evidence, and a part in square brackets is left out when a value in it is not known.
    """
    knows_none = case.run.config.values.keys().isdisjoint(fix.set or {})
    if fix.set is None or (fix.do is not None and knows_none):
        return Fix(do=message.render(fix.do or "", _lookup(case, value_of), unknown="<{}>"))
    patch: dict[str, tuple[Any, Any]] = {}
    words: list[str] = []
    for key, change in fix.set.items():
        old = case.run.config.get(key)
        known = key in case.run.config.values
        new = _new_value(old, change, case) if known else None
        if new is None:
            words += _in_words(case.run.config.spelled(key) if known else said(key), change, case)
        elif not _same(old, new):
            patch[case.run.config.spelled(key)] = (old, new)
    if patch:
        return Fix(set=patch, safe=fix.safe)
    return Fix(do="; ".join(dict.fromkeys(words))) if words else None


def _lookup(case: Case, value_of: Callable[[str], object]) -> Callable[[str], object]:
    """What an advice may name: a config key has a dot, a value of the evidence has none."""
    return lambda name: case.run.config.get(name) if "." in name else value_of(name)


def _new_value(old: Any, change: Any, case: Case) -> Any:
    """The new value of a key; None where it cannot be told."""
    if not isinstance(change, Change):
        return change
    if change.fact is not None:
        fact = case.fact(change.fact)
        return _like(old, float(fact)) if isinstance(fact, int | float) else fact
    if isinstance(old, bool) or not isinstance(old, int | float) or not math.isfinite(old):
        return None
    if change.times is not None:
        return _like(old, old * change.times)
    if change.at_least is not None:
        return _like(old, max(old, change.at_least))
    return _like(old, min(old, change.at_most if change.at_most is not None else old))


def _like(old: Any, new: float) -> float | int:
    """``new`` to three significant digits; a whole number stays one."""
    rounded = float(f"{new:.3g}")
    return int(rounded) if isinstance(old, int) and rounded.is_integer() else rounded


def _same(old: Any, new: Any) -> bool:
    return type(old) is type(new) and bool(old == new)


def _in_words(key: str, change: Any, case: Case) -> list[str]:
    """The change as one sentence; a fact that is not known stands there by its name."""
    if isinstance(change, bool):
        return [f"switch {'on' if change else 'off'} {key}"]
    if not isinstance(change, Change):
        return [f"set {key} to {message.show(change)}"]
    if change.times is not None:
        return [f"multiply {key} by {message.show(change.times)}"]
    if change.at_least is not None:
        return [f"raise {key} to at least {message.show(change.at_least)}"]
    if change.at_most is not None:
        return [f"lower {key} to at most {message.show(change.at_most)}"]
    value = case.fact(change.fact or "")
    says = FACTS[change.fact or ""].says
    unknown = says if says.startswith(("a ", "ten ")) else f"the {says}"
    if isinstance(value, float):
        value = _like(0.0, value)
    return [f"set {key} to {unknown if value is None else message.show(value)}"]
