"""The names that rules may use, and the sentence for a name that is none of them."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

from analyzer import run
from analyzer.run import SERIES

ROLES = ("loss", "metric")
"""Series that differ from run to run: the training loss, and the main validation metric."""


def unknown(what: str, name: object, allowed: Collection[str]) -> str:
    """The sentence for ``name``, which is no ``what``: what is close to it and what is allowed."""
    close = get_close_matches(str(name), allowed, n=1)
    hint = f"did you mean '{close[0]}'? " if close else ""
    return f"unknown {what} '{name}'; {hint}Allowed: {', '.join(allowed)}"


def is_series(name: str) -> bool:
    """Whether a rule may name this series: a role, a canonical name, or a part of a loss."""
    return name in ROLES or name in SERIES or name.startswith(("train_loss.", "val_loss."))


def label(name: str) -> str:
    """What a series, or a role, is called in a sentence."""
    return run.label("train_loss" if name == "loss" else name)
