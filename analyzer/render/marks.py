"""Evidence drawn on the curves: one mark for each rule in a panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from analyzer.finding import CurveEvidence, Finding, Severity
from analyzer.run import Run, Series
from analyzer.signals.stats import noise

MAX_MARKS = 6


@dataclass(frozen=True)
class Mark:
    """Evidence on a curve: a span of x, a limit in the curve's unit, the point that passed it.

    ``noise`` is that of the curve, in its unit, where the evidence was measured by it: half the
    height of the band around the curve.
    """

    rule: str
    severity: Severity
    series: str
    start: float
    end: float
    limit: float | None = None
    point: tuple[float, float] | None = None
    text: str = ""
    noise: float | None = None


def make_marks(
    run: Run, evidence: Iterable[tuple[Finding, CurveEvidence]], scale: Mapping[str, float]
) -> tuple[Mark, ...]:
    """The marks of a panel; ``scale`` is what x of each kind of axis is multiplied with.

    A rule gives several pieces of evidence over much the same span. Shaded one upon the other they
    would hide the curve, so they are one mark: the span of all, the first limit and point.
    """
    marks: dict[str, Mark] = {}
    for finding, item in evidence:
        if np.isfinite([item.start, item.end]).all() and item.axis in scale:
            mark = _mark(run, finding, item, scale[item.axis])
            before = marks.get(finding.rule)
            marks[finding.rule] = mark if before is None else _joined(before, mark)
    return tuple(marks.values())[:MAX_MARKS]


def _joined(first: Mark, other: Mark) -> Mark:
    shown = first if first.point is not None or other.point is None else other
    return replace(
        first,
        start=min(first.start, other.start),
        end=max(first.end, other.end),
        limit=shown.limit,
        point=shown.point,
        noise=first.noise if first.noise is not None else other.noise,
    )


def _mark(run: Run, finding: Finding, item: CurveEvidence, scale: float) -> Mark:
    point = _point(run.series[item.series], item, scale)
    # A count of points has no unit either: only beside a value of the curve is a limit a height.
    high = point is not None and item.limit is not None and np.isfinite(item.limit)
    return Mark(
        rule=finding.rule,
        severity=finding.severity,
        series=item.series,
        start=item.start * scale,
        end=item.end * scale,
        limit=item.limit if high else None,
        point=point,
        text=item.text,
        noise=noise(run.series[item.series]) if item.unit == "noise" else None,
    )


def _point(series: Series, item: CurveEvidence, scale: float) -> tuple[float, float] | None:
    """The point inside the span that holds the value of the evidence, where there is one."""
    if item.unit or not np.isfinite(item.value):
        return None
    near = np.abs(series.y - item.value) <= 1e-6 * max(1.0, abs(item.value))
    inside = np.flatnonzero((series.x >= item.start) & (series.x <= item.end) & near)
    return (float(series.x[inside[0]]) * scale, float(item.value)) if len(inside) else None
