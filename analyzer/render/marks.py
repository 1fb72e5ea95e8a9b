"""Evidence drawn on the curves: one mark for each rule in a panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from math import isclose, isfinite

import numpy as np

from analyzer.finding import CurveEvidence, Finding, Severity
from analyzer.run import Run, Series
from analyzer.signals.stats import noise

MAX_MARKS = 6


@dataclass(frozen=True)
class Mark:
    """Evidence on a curve: a span of x, a limit in the curve's unit, the point that decided.

    ``broken`` says that its value is not finite; it then stands at the last finite height.
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
    broken: bool = False


def make_marks(
    run: Run, evidence: Iterable[tuple[Finding, CurveEvidence]], scale: Mapping[str, float]
) -> tuple[Mark, ...]:
    """The marks of a panel; ``scale`` is what x of each kind of axis is multiplied with.

    A rule gives several pieces of evidence over much the same span. Shaded one upon the other they
    would hide the curve, so they are one mark: the span of all, the first limit with its point,
    else the first point. The text is that of the first piece, and of the one that is ringed.
    """
    marks: dict[str, Mark] = {}
    for finding, item in evidence:
        if np.isfinite([item.start, item.end]).all() and item.axis in scale:
            mark = _mark(run, finding, item, scale[item.axis])
            before = marks.get(finding.rule)
            marks[finding.rule] = mark if before is None else _joined(before, mark)
    return tuple(marks.values())[:MAX_MARKS]


def _joined(first: Mark, other: Mark) -> Mark:
    told = [(mark.limit is not None, mark.point is not None) for mark in (first, other)]
    shown, rest = (other, first) if told[1] > told[0] else (first, other)
    ringed = rest if shown.point is None and rest.point is not None else shown
    return replace(
        first,
        start=min(first.start, other.start),
        end=max(first.end, other.end),
        limit=shown.limit,
        text=first.text if shown is first is ringed else f"{first.text}; {other.text}",
        point=ringed.point,
        broken=ringed.broken,
        noise=first.noise if first.noise is not None else other.noise,
    )


def _mark(run: Run, finding: Finding, item: CurveEvidence, scale: float) -> Mark:
    series = run.series[item.series]
    point, broken = _point(series, item, scale)
    # A count or a difference has no unit either: only beside a value of the curve is a limit a
    # height.
    high = point is not None and not item.unit and isclose(point[1], item.value, rel_tol=1e-6)
    limit = item.limit if high and item.limit is not None and isfinite(item.limit) else item.height
    return Mark(
        rule=finding.rule,
        severity=finding.severity,
        series=item.series,
        start=item.start * scale,
        end=item.end * scale,
        limit=limit,
        point=point,
        text=item.text,
        broken=broken,
        noise=noise(series) if item.unit == "noise" else None,
    )


def _point(
    series: Series, item: CurveEvidence, scale: float
) -> tuple[tuple[float, float] | None, bool]:
    """The point of the curve that decided, and whether its value is not finite."""
    finite = np.flatnonzero(series.finite)
    if item.at is None or not len(finite):
        return None, False
    place = int(np.argmin(np.abs(series.x - item.at)))
    shown = finite[max(0, int(np.searchsorted(finite, place, side="right")) - 1)]
    return (float(series.x[place]) * scale, float(series.y[shown])), not series.finite[place]
