"""Windows of conditions: the part of a curve that a signal is taken of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

from analyzer.diagnosis.vocabulary import check_series, label, unknown
from analyzer.run import Series

EVENTS = (
    *("started", "restarted", "resumed", "continued", "fold", "header", "saved", "best"),
    *("finished", "ended", "stopped", "interrupted", "error", "weights"),
)
"""Kinds of log events that readers report."""

FINDING = "the finding"

Kind = Literal["share", "since best", "at best", "after warm-up", "until", "after"]

_SHARE = re.compile(r"^(first|last) (\d+(?:\.\d+)?)\s*%$")
_BEST = re.compile(r"^(since best|at best) of (\S+)$")
_PLACE = re.compile(r"^(until|after) (.+)$")
_FORMS = (
    "write 'first 20%', 'last 30%', 'since best of SERIES', 'at best of SERIES', "
    "'after warm-up', 'until EVENT', 'after EVENT', 'until the finding' or 'after the finding'"
)


@dataclass(frozen=True)
class Window:
    """``share`` of the points from the start or the end; or those about the place ``of``.

    ``of`` is a series for ``since best`` and ``at best``, a kind of event or ``the finding`` for
    ``until`` and ``after``. ``until`` leaves the place itself out, the others take it in.
    """

    text: str
    kind: Kind
    share: float = 1.0
    last: bool = True
    of: str = ""

    @cached_property
    def words(self) -> str:
        """``over the last 60 %``, ``since the best validation loss``, ``after the warm-up``."""
        match self.kind:
            case "share":
                return f"over the {'last' if self.last else 'first'} {100 * self.share:g} %"
            case "since best" | "at best":
                return f"{self.kind.split()[0]} the best {label(self.of)}"
            case "after warm-up":
                return "after the warm-up"
        side = "before" if self.kind == "until" else "after"
        return f"{side} the {'finding' if self.of == FINDING else f'{self.of!r} line'}"


def parse_window(raw: Any) -> Window:
    """Read a window as rules write it. Raises ValueError with the accepted forms."""
    if isinstance(raw, Window):
        return raw
    text = raw if isinstance(raw, str) else ""
    if (found := _SHARE.match(text)) and 0 < float(found[2]) <= 100:
        return Window(text, "share", share=float(found[2]) / 100, last=found[1] == "last")
    if found := _BEST.match(text):
        check_series(found[2])
        return Window(text, found[1], of=found[2])  # type: ignore[arg-type]
    if text == "after warm-up":
        return Window(text, "after warm-up")
    if found := _PLACE.match(text):
        if found[2] not in (*EVENTS, FINDING):
            raise ValueError(unknown("event", found[2], (FINDING, *EVENTS)))
        return Window(text, found[1], of=found[2])  # type: ignore[arg-type]
    raise ValueError(f"{raw!r} is no window; {_FORMS}")


def share_of(window: Window, length: int) -> slice:
    """The first or last share of ``length`` points, at least one."""
    kept = max(1, round(window.share * length))
    return slice(max(0, length - kept), length) if window.last else slice(0, kept)


def cut(series: Series, chosen: slice) -> Series:
    """Neighbouring points of ``series``; nothing is copied."""
    return Series(
        series.name,
        series.axis,
        series.x[chosen],
        series.y[chosen],
        series.segment[chosen],
        series.resolution,
    )
