"""The curves of a documented run: by epoch from metrics.json and the log, by step beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from analyzer.readers.workdir.curves import CurveBuilder, number
from analyzer.run import STEP_SUFFIX, Axis, LogEvent, Series

_NO_CURVE = frozenset({"epoch", "step", "time"})
_NO_RESUMES: Mapping[float, int] = {}


def collect_series(
    records: list[dict[str, Any]],
    steps: list[dict[str, Any]],
    log_curves: Mapping[str, CurveBuilder],
    log_segments: Mapping[float, int] = _NO_RESUMES,
) -> dict[str, Series]:
    """All curves of a run by name.

    ``metrics.json`` is exact and comes first; the log fills in epochs that it lacks. A value
    logged by step goes under ``name@step``, or under its plain name if it has no epoch curve.
    ``log_segments`` tells of resumes that the records do not show, as nothing was done twice.
    """
    curves = _curves(records, "epoch", log_segments)
    for name, curve in log_curves.items():
        curves.setdefault(name, CurveBuilder(name, "epoch")).fill(curve)
    for name, curve in _curves(steps, "step", log_segments).items():
        key = name + STEP_SUFFIX if name in curves else name
        curve.name = key
        curves[key] = curve
    return {name: curve.build() for name, curve in curves.items()}


def _curves(
    records: Iterable[Mapping[str, Any]], axis: Axis, log_segments: Mapping[float, int]
) -> dict[str, CurveBuilder]:
    curves: dict[str, CurveBuilder] = {}
    for place in _places(records, axis):
        epoch = number(place.record.get("epoch"))
        known = 0 if epoch is None else log_segments.get(epoch, 0)
        segment = max(place.segment, known)
        for key, value in place.record.items():
            y = number(value)
            if y is not None and key not in _NO_CURVE:
                curves.setdefault(key, CurveBuilder(key, axis)).add(place.x, y, segment=segment)
    return curves


class _Place(NamedTuple):
    """Where a record stands on its axis, and after how many resumes it was written."""

    entry: int
    record: Mapping[str, Any]
    x: float
    before: float
    segment: int
    resumed: bool


def _places(records: Iterable[Mapping[str, Any]], axis: Axis) -> Iterator[_Place]:
    """A record that goes back, or says the same values of the same position anew, is a resume.

    Records that share a position but no value belong together: some write one for the training
    and one for the validation of an epoch.
    """
    segment, before = 0, float("-inf")
    said: set[str] = set()
    for entry, record in enumerate(records):
        logged = number(record.get(axis))
        x = logged if logged is not None and abs(logged) < 1e15 else entry + 1.0
        keys = record.keys() - _NO_CURVE
        resumed = x < before or (x == before and bool(said & keys))
        segment += resumed
        yield _Place(entry, record, x, before, segment, resumed)
        said = said | keys if x == before and not resumed else set(keys)
        before = x


def resume_events(
    records: Iterable[Mapping[str, Any]], file: str, line_of: Callable[[int], int]
) -> list[LogEvent]:
    """One event for each place where the epochs of ``metrics.json`` go back.

    ``line_of`` gives the line in which a record, by its 0-based index, begins.
    """
    return [
        LogEvent(
            "resumed",
            file,
            line_of(place.entry),
            f"the epoch goes back from {place.before:g} to {place.x:g}",
            int(place.x),
        )
        for place in _places(records, "epoch")
        if place.resumed
    ]
