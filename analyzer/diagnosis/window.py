"""Windows of conditions: ``last 30%``, ``first 20%``, ``since best of val_loss``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from analyzer.diagnosis.vocabulary import ROLES, is_series, unknown
from analyzer.run import SERIES, Series

_SHARE = re.compile(r"^(first|last) (\d+(?:\.\d+)?)\s*%$")
_SINCE = re.compile(r"^since best of (\S+)$")


@dataclass(frozen=True)
class Window:
    """``share`` of the points from the start or the end, or those since the best of a series."""

    text: str
    share: float = 1.0
    last: bool = True
    best_of: str | None = None


def parse_window(raw: Any) -> Window:
    """Read a window as rules write it. Raises ValueError with the accepted forms."""
    if isinstance(raw, Window):
        return raw
    text = raw if isinstance(raw, str) else ""
    if (found := _SHARE.match(text)) and 0 < float(found[2]) <= 100:
        return Window(text, share=float(found[2]) / 100, last=found[1] == "last")
    if found := _SINCE.match(text):
        if not is_series(found[1]):
            raise ValueError(unknown("series", found[1], (*ROLES, *SERIES)))
        return Window(text, best_of=found[1])
    raise ValueError(
        f"{raw!r} is no window; write 'first 20%', 'last 30%' or 'since best of SERIES'"
    )


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
