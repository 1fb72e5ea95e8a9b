"""What a renderer is told of the baseline of a check."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class KnownEntry(NamedTuple):
    """A finding that a baseline holds; ``run`` is empty where it is known in every run."""

    fingerprint: str
    rule: str
    subject: str
    run: str


@dataclass(frozen=True)
class Baselined:
    """The baseline that counted: how many findings it knows, and which are ``stale``.

    Those are of rules that were asked for, and were found in no run any more.
    """

    file: Path
    per_run: bool
    entries: int
    stale: tuple[KnownEntry, ...] = ()
