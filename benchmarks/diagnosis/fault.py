"""What a fault is: what it changes, where it is tried, and which findings are right about it."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Times:
    """A setting of the base, ``by`` times as large."""

    by: float


@dataclass(frozen=True)
class Effect:
    """An outcome and what is right to say then.

    One of the rules in ``expects`` has to fire, at warning or above unless it never says more than
    info. Those in ``allows`` are neither right nor wrong: consequences that may be shown or not.
    """

    outcome: str
    expects: tuple[str, ...] = ()
    allows: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fault:
    """One fault. The first of its ``effects`` whose outcome was measured labels a run."""

    name: str
    says: str
    family: str
    on: Mapping[str, tuple[int, ...]]
    """base -> seeds"""
    effects: tuple[Effect, ...]
    facts: tuple[str, ...] = ()
    """Rules that state a fact of the config, and so are no false alarm without visible effect."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    synth: Mapping[str, int] = field(default_factory=dict)
    edit: Callable[[Path, int], None] | None = None
    """breaks the data set in a folder, given the seed"""
    inject: Callable[[], None] | None = None
    """breaks the trainer of this process"""
    stop_after: int | None = None
    """the epoch after which the trainer gets ``signal``"""
    signal: int = signal.SIGKILL
    resume: bool = False
    """whether it is gone on with"""
    inject_resume: Callable[[], None] | None = None
