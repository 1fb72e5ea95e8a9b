"""What a condition came to: true, false, or unknown with the reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from analyzer.finding import Evidence


@dataclass(frozen=True)
class Place:
    """Where evidence begins: on which axis, in which segment, at which x."""

    axis: str
    segment: int
    x: float


@dataclass(frozen=True)
class Outcome:
    """``truth`` is None when the run lacks something; ``lacks`` is then its name.

    ``text`` is the condition as a sentence with its value, or the reason why it is not known.
    ``values`` are what a message may name. ``certainty`` is 0..1, see ``limit.certainty``.
    ``runs`` names those of several runs that it is about; empty: all of them.
    """

    truth: bool | None
    text: str = ""
    certainty: float = 1.0
    evidence: tuple[Evidence, ...] = ()
    values: Mapping[str, object] = field(default_factory=dict)
    start: Place | None = None
    lacks: str = ""
    runs: tuple[str, ...] = ()
