"""What both stores of MLflow know of one run, before it becomes a Run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from analyzer.reading.scalars import Scalar

MOST_METRICS = 2_000
MOST_PARAMS = 2_000
MOST_VALUES = 5_000_000
STATUSES = {1: "RUNNING", 2: "SCHEDULED", 3: "FINISHED", 4: "FAILED", 5: "KILLED"}


@dataclass
class Stored:
    """``started`` and ``ended`` are POSIX milliseconds or None; ``status`` is MLflow's word."""

    name: str = ""
    status: str = ""
    started: object = None
    ended: object = None
    params: Mapping[str, str] = field(default_factory=dict)
    scalars: Sequence[Scalar] = ()
