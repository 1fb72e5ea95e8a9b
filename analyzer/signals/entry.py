"""What an entry of the table of signals says of its signal."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from analyzer.signals.stats import Reading

Unit = Literal["curve", "points", "plain"]
"""``curve``: the unit of the series; a limit may be a number, %, noise or sampling errors.
``points``: a count; a limit may be a number, or % of the points. ``plain``: a number without a
unit; a limit may be a number, of a ratio also %."""

PARAMETERS: Mapping[str, tuple[float, float]] = {
    "q": (0, 100),
    "z": (0, 1000),
    "times": (0, 1e6),
    "within": (1, 1000),
}
"""What a rule may give a signal besides series: the name, the least and the most."""


@dataclass(frozen=True)
class FalseRate:
    """How often a signal is above ``limit`` by chance alone, at most, whatever the length.

    On AR(1) noise of phi 0, 0.5 and 0.9 with 5 to 5,000 points; on top of ``base``: ``flat``, or
    ``rise``, a straight line over 20 times the noise for signals that fire on a flat curve by
    design. The worst lengths are 5 and 10, where the noise itself is hard to tell.
    """

    limit: str
    rates: tuple[float, float, float]
    base: Literal["flat", "rise"] = "flat"
    params: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Signal:
    """One entry of the vocabulary.

    ``needs`` is the least number of finite points (of all points with ``all_points``), ``gives``
    the details that a message may name, ``directed`` that the good direction matters, ``params``
    the parameters with their defaults. A signal that ``shows`` nothing wrong is a guard and no
    evidence.
    """

    function: Callable[..., Reading]
    says: str
    unit: Unit
    needs: int
    gives: tuple[str, ...] = ()
    directed: bool = False
    pair: bool = False
    all_points: bool = False
    shows: bool = True
    params: Mapping[str, float] = field(default_factory=dict)
    false_rates: tuple[FalseRate, ...] = ()
