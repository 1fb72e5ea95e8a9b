"""Validations of a run that counts steps: by epoch where each had an epoch of its own."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from analyzer.reading.tables import Table


class Validation(NamedTuple):
    """One validation: after ``step`` updates, in or after ``epoch`` (1-based), at ``line``."""

    step: float
    epoch: float
    values: Sequence[tuple[str, bytes | float]]
    line: int


def validation_table(
    file: str, found: Sequence[Validation], factors: Mapping[str, float] | None = None
) -> Table:
    """The table of all validations of a file.

    They count epochs, unless the run knows none (NaN) or validated several times in one: then
    steps.
    """
    often = any(math.isnan(each.epoch) for each in found) or any(
        one.epoch == other.epoch and one.step < other.step for one, other in pairwise(found)
    )
    table = Table("step" if often else "epoch", file, factors=factors or {})
    for each in found:
        table.add(each.step if often else each.epoch, each.values, each.line)
    return table
