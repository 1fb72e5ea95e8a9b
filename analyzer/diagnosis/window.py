"""Windows of conditions: ``last 30%``, ``first 20%``, ``since best of val_loss``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def share_mask(window: Window, length: int) -> NDArray[np.bool_]:
    """Mask (length,) of the first or last share of the points, at least one."""
    kept = max(1, round(window.share * length))
    place = np.arange(length)
    return place >= length - kept if window.last else place < kept


def cut(series: Series, mask: NDArray[np.bool_]) -> Series:
    """The points of ``series`` where ``mask`` is true."""
    return Series(
        series.name,
        series.axis,
        series.x[mask],
        series.y[mask],
        series.segment[mask],
        series.resolution,
    )
