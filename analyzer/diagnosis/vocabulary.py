"""The names that rules may use, and the sentence for a name that is none of them."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches
from fnmatch import fnmatchcase

from analyzer import names
from analyzer.names import RATES, SERIES, STEP_SUFFIX
from analyzer.run import Run

ROLES = ("loss", "metric")
"""Series that differ from run to run: the training loss, and the main validation metric."""

EACH = "each"
"""In a rule with ``for_each``: the series that it is looking at."""

FINEST = "@finest"
"""``train_loss@finest``: the curve by step where the run has one, else the plain one."""

HIGHER_IS_BETTER = frozenset({*RATES, "train_accuracy", "gpu_util"})
"""Series of which more is better, whatever the run; of its main metric the run itself knows."""


OPTIONAL = frozenset(
    {
        *("val_norm_ed", "val_accuracy", "blank_share", "oov_share", "loss_scale"),
        *("clipped_share", "skipped_share", "grad_norm", "grad_norm.first", "grad_norm.last"),
        *("data_time", "step_time", "val_time", "checkpoint_time"),
        *("forward_time", "backward_time", "optimizer_time"),
        *("gpu_util", "gpu_memory_mb", "host_memory_mb"),
        *("silence", "waited"),
        *("chance_loss", "decay_share", "label_length", "time_steps", "parts_add_up"),
        *("period_share", "model_family", "monitor_reversed", "overhead_share"),
    }
)
"""Series and facts that only some kinds of training have. A rule that lacks one of them does not
apply, and nobody is told to log it."""


SHORT = 16
"""A list of more names than that buries the one that was meant."""


def unknown(what: str, name: object, allowed: Collection[str]) -> str:
    """The sentence for ``name``, which is no ``what``: what is close to it and what is allowed."""
    hint = meant(name, allowed)
    if hint and len(allowed) > SHORT:
        return f"unknown {what} '{name}'; {hint}"
    return f"unknown {what} '{name}'; {hint}{' ' if hint else ''}allowed: {', '.join(allowed)}"


def unknown_rule(name: str, ids: Collection[str]) -> str:
    """The same for the id of a rule; where none is close, the command that lists them all."""
    hint = meant(name, ids) or "`python -m analyzer rules list` names them all"
    return f"unknown rule '{name}'; {hint}"


def meant(name: object, allowed: Collection[str]) -> str:
    """The question whether a name that is close was meant; empty where none is."""
    close = get_close_matches(str(name), allowed, n=1)
    return f"did you mean '{close[0]}'?" if close else ""


def check_series(name: object) -> None:
    """Raise ValueError unless a rule may name this series.

    It may name a role, ``each``, a canonical name, a part (``train_loss.box``), each ``@finest``.
    """
    base = str(name).removesuffix(FINEST)
    if base not in (*ROLES, EACH) and base not in SERIES and base.partition(".")[0] not in SERIES:
        raise ValueError(unknown("series", name, (*ROLES, EACH, *SERIES)))


def check_pattern(pattern: str) -> None:
    """Raise ValueError unless ``for_each`` may name this: a series, or ``train_loss.*``."""
    start, star, _ = pattern.partition("*")
    if not star:
        check_series(pattern)
    elif not start.endswith((".", "_")) or not any(
        start == f"{name}." or name.startswith(start) for name in SERIES
    ):
        raise ValueError(
            f"'{pattern}' stands for no series; write a series, 'train_loss.*' or 'val_*'"
        )


def matching(patterns: Collection[str], run: Run) -> list[str]:
    """The series of a run that ``patterns`` stand for, each once, in the order of the patterns."""
    found: dict[str, None] = {}
    for pattern in patterns:
        if "*" in pattern:
            names = [n for n in run.series if n.count("@") == 0 and fnmatchcase(n, pattern)]
        else:
            names = [name] if (name := canonical(pattern, run)) is not None else []
        found |= dict.fromkeys(names)
    return list(found)


def canonical(name: str, run: Run) -> str | None:
    """The run's own name of a series that a rule names; None where it was not logged."""
    base = name.removesuffix(FINEST)
    base = {"loss": "train_loss", "metric": run.main_metric or ""}.get(base, base)
    if name.endswith(FINEST) and base + STEP_SUFFIX in run.series:
        return base + STEP_SUFFIX
    return base if base in run.series else None


def label(name: str) -> str:
    """What a series, a role, or a pattern for parts is called in a sentence."""
    base = name.removesuffix(FINEST)
    if base.endswith(".*"):
        return f"a part of the {names.label(base.removesuffix('.*'))}"
    return names.label({"loss": "train_loss", "metric": "main metric"}.get(base, base))
