"""The notation of curves in examples of rules: ``2.0-0.05*20 nan _ 0.7~0.01*10``.

Items stand side by side, separated by blanks: ``a`` or ``a*n`` (n values), ``a+b*n`` (from a in
steps of b), ``exp(a,b,tau)*n`` (from a towards b with time constant tau), each of them with
``~s`` before ``*n`` for normal noise of size s; ``nan``, ``inf``, ``-inf``; ``_`` is not logged.
"""

from __future__ import annotations

import math
import random
import re
from collections.abc import Callable, Sequence

import numpy as np

from analyzer.run import Series

MAX_POINTS = 100_000

_NUMBER = r"(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_ITEM = re.compile(
    rf"^(?:(?P<word>nan|[-+]?inf|_)"
    rf"|exp\((?P<a>[-+]?{_NUMBER}),(?P<b>[-+]?{_NUMBER}),(?P<tau>{_NUMBER})\)"
    rf"|(?P<start>[-+]?{_NUMBER})(?P<step>[-+]{_NUMBER})?)"
    rf"(?:~(?P<noise>{_NUMBER}))?(?:\*(?P<count>\d+))?$"
)


def parse_curve(text: str, seed: str) -> list[float | None]:
    """The values of a curve, None where nothing was logged; the same seed gives the same noise.

    Raises ValueError that names the item.
    """
    noise = random.Random(seed)
    values: list[float | None] = []
    for item in text.split():
        found = _ITEM.match(item)
        if found is None or (found["word"] and found["noise"]):
            raise ValueError(
                f"'{item}' is no part of a curve; write a, a*n, a+b*n, a~s*n, "
                "exp(a,b,tau)*n, nan, inf or _"
            )
        count = int(found["count"] or 1)
        if len(values) + count > MAX_POINTS:
            raise ValueError(f"'{item}' makes the curve longer than {MAX_POINTS} points")
        size = float(found["noise"] or 0)
        value = _value(found)
        if value is None:
            values += [None] * count
        else:
            values += [value(i) + (noise.gauss(0, size) if size else 0.0) for i in range(count)]
    return values


def _value(item: re.Match[str]) -> Callable[[int], float] | None:
    """The value of an item at its i-th point; None for a gap."""
    if item["word"] == "_":
        return None
    if item["word"]:
        constant = float(item["word"])
        return lambda _: constant
    if item["tau"]:
        first, last, tau = float(item["a"]), float(item["b"]), float(item["tau"])
        if tau == 0:
            raise ValueError(f"'{item[0]}': tau is 0; write how many points the fall takes")
        return lambda i: last + (first - last) * math.exp(-i / tau)
    start, step = float(item["start"]), float(item["step"] or 0)
    return lambda i: start + step * i


def curve(
    name: str, text: str, seed: str, *, every: int | None = None, resumed: Sequence[int] = ()
) -> Series:
    """The series that ``text`` describes: by epoch from 1, or by step, a point ``every`` steps.

    A new segment begins at each x of ``resumed``.
    """
    step = every or 1
    points = [((i + 1) * step, y) for i, y in enumerate(parse_curve(text, seed)) if y is not None]
    x = np.array([x for x, _ in points], dtype=np.float64)
    y = np.array([y for _, y in points], dtype=np.float64)
    segment = np.searchsorted(np.sort(resumed), x, side="right").astype(np.int64)
    return Series(name, "epoch" if every is None else "step", x, y, segment)
