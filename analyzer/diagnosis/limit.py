"""Limits of conditions: ``5``, ``2%``, ``3 noise``, ``2 sampling``, or a multiple of something."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any, Literal

from analyzer.diagnosis.vocabulary import check_series, unknown
from analyzer.diagnosis.window import Window, parse_window
from analyzer.facts import FACTS
from analyzer.signals import SIGNALS

Unit = Literal["", "%", "noise", "sampling"]

_TEXT = re.compile(r"^([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(%|noise|sampling)$")
_OTHER_UNIT = re.compile(r"^[-+]?[\d.]+(?:[eE][-+]?\d+)?\s*([A-Za-z\u00b0-\uffff]\S*)$")
_FORMS = (
    "write a number, a share such as 2%, '3 noise', '2 sampling', "
    "{fact: NAME, times: 2}, {signal: NAME, of: SERIES, over: WINDOW, times: 2}, "
    "or a name that stands under limits:"
)


@dataclass(frozen=True)
class Limit:
    """``value`` in ``unit``; or ``value`` times a fact, or times a signal.

    The signal is of the series ``of``, else of the condition's own, over the window ``over``,
    else over the condition's own.
    """

    value: float
    unit: Unit = ""
    fact: str | None = None
    signal: str | None = None
    of: str | None = None
    over: Window | None = None

    @property
    def text(self) -> str:
        """The limit in short, as it is written: ``2%``, ``3 noise``, ``0.5 epochs``."""
        target = self.fact or self.signal or self.unit
        return f"{self.value:g}{'' if target == '%' else ' '}{target}".strip()


def parse_limit(raw: Any) -> Limit:
    """Read a limit as rules write it. Raises ValueError with the accepted forms."""
    if isinstance(raw, Limit):
        return raw
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return Limit(_finite(raw))
    if isinstance(raw, str) and (found := _TEXT.match(raw.strip())):
        return Limit(_finite(found[1]), found[2])  # type: ignore[arg-type]
    if isinstance(raw, str) and (found := _OTHER_UNIT.match(raw.strip())):
        text = unknown("unit", found[1], ("%", "noise", "sampling"))
        raise ValueError(f"{raw!r} has the {text}; a number alone is in the signal's own unit")
    if isinstance(raw, dict):
        return _multiple(raw)
    raise ValueError(f"{_shown(raw)} is no limit; {_FORMS}")


def _shown(raw: Any) -> str:
    """A value as it is written in YAML, in short."""
    plain = {None: "nothing", True: "true", False: "false"}
    is_plain = raw is None or isinstance(raw, bool)
    return plain[raw] if is_plain else repr(raw)[:60]


def _finite(raw: float | str) -> float:
    """The number; one that is NaN, infinite or too large to hold is passed by all or by none."""
    try:
        value = float(raw)
    except OverflowError:
        value = math.inf
    if not math.isfinite(value):
        raise ValueError("a limit is a finite number; this one is passed by every run or by none")
    return value


_KEYS = ("fact", "signal", "of", "over", "times")


def _multiple(raw: dict[str, Any]) -> Limit:
    for key in raw:
        if key not in _KEYS:
            raise ValueError(unknown("key", key, _KEYS))
    times = raw.get("times", 1)
    if isinstance(times, bool) or not isinstance(times, int | float):
        raise ValueError(f"times: {times!r} is no number")
    times = _finite(times)
    fact, signal = raw.get("fact"), raw.get("signal")
    if (fact is None) == (signal is None):
        raise ValueError(f"{raw!r} is no limit; {_FORMS}")
    if fact is not None:
        if not isinstance(fact, str) or fact not in FACTS:
            raise ValueError(unknown("fact", fact, FACTS))
        if "of" in raw or "over" in raw:
            raise ValueError(f"{fact} is of the whole run; leave out of: and over:")
        return Limit(times, fact=fact)
    return _multiple_of_signal(raw, times)


def _multiple_of_signal(raw: dict[str, Any], times: float) -> Limit:
    signal, of, over = raw["signal"], raw.get("of"), raw.get("over")
    if not isinstance(signal, str) or signal not in SIGNALS:
        raise ValueError(unknown("signal", signal, SIGNALS))
    if SIGNALS[signal].pair:
        raise ValueError(f"{signal} needs two series, so it is no limit")
    if of is not None:
        check_series(of)
    window = None if over is None else parse_window(over)
    return Limit(times, signal=signal, of=of, over=window)


def is_past(value: float, limit: float, *, above: bool) -> bool:
    """Whether ``value`` lies strictly beyond ``limit``."""
    return value > limit if above else value < limit


def certainty(value: float, limit: float, *, above: bool) -> float:
    """How far past its limit a value lies: 0.5 at the limit, 0.75 at twice it, 1 far beyond.

    For a value that has to be above a positive limit, 1 - limit / (2 value); below one,
    1 - value / (2 limit). Negative limits are mirrored. A limit of 0 is passed or not: 1.
    """
    if limit < 0:
        value, limit, above = -value, -limit, not above
    if limit == 0:
        return 1.0
    if above:
        return 1.0 - limit / (2 * value)
    return 1.0 - max(0.0, value) / (2 * limit)
