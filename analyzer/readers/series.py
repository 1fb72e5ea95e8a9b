"""The curves of a documented run: by epoch from metrics.json and the log, by step beside them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.readers.curves import CurveBuilder, number
from analyzer.run import STEP_SUFFIX, Axis, LogEvent, Series

_NO_CURVE = frozenset({"epoch", "step", "time"})


def collect_series(
    records: list[dict[str, Any]],
    steps: list[dict[str, Any]],
    log_curves: Mapping[str, CurveBuilder],
) -> dict[str, Series]:
    """All curves of a run by name.

    ``metrics.json`` is exact and comes first; the log fills in epochs that it lacks. A value
    logged by step goes under ``name@step``, or under its plain name if it has no epoch curve.
    """
    curves = _curves(records, "epoch")
    for name, curve in log_curves.items():
        curves.setdefault(name, CurveBuilder(name, "epoch")).fill(curve)
    for name, curve in _curves(steps, "step").items():
        key = name + STEP_SUFFIX if name in curves else name
        curve.name = key
        curves[key] = curve
    return {name: curve.build() for name, curve in curves.items()}


def _curves(records: Iterable[Mapping[str, Any]], axis: Axis) -> dict[str, CurveBuilder]:
    curves: dict[str, CurveBuilder] = {}
    segment, last = 0, float("-inf")
    for index, record in enumerate(records, 1):
        x = number(record.get(axis))
        x = float(index) if x is None or not abs(x) < 1e15 else x
        segment += x <= last
        last = x
        for key, value in record.items():
            y = number(value)
            if y is not None and key not in _NO_CURVE:
                curves.setdefault(key, CurveBuilder(key, axis)).add(x, y, segment=segment)
    return curves


def resume_events(records: Iterable[Mapping[str, Any]], file: str) -> list[LogEvent]:
    """One event for each place where the epochs of ``metrics.json`` go back."""
    events = []
    last = 0.0
    for line, record in enumerate(records, 2):
        epoch = number(record.get("epoch"))
        if epoch is None:
            continue
        if epoch <= last:
            text = f"the epoch goes back from {last:g} to {epoch:g}"
            events.append(LogEvent("resumed", file, line, text, int(epoch)))
        last = epoch
    return events
