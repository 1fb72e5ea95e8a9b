"""A comparison as JSON (see ``comparisonschema``)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from analyzer.compare import MISSING, Aligned, Difference
from analyzer.render.comparison import ComparisonReport
from analyzer.render.comparisonschema import ComparisonReportJson
from analyzer.render.json import finite, heading, together_json
from analyzer.summary import Summary


def comparison_to_json(report: ComparisonReport) -> ComparisonReportJson:
    """The comparison as values that ``json.dumps(..., allow_nan=False)`` takes.

    Values by run are objects with the tags as keys; a run that lacks a key is left out of them.
    """
    made = {
        **heading(report.version, report.created),
        "comparison": _comparison(report),
    }
    return cast(ComparisonReportJson, finite(made))


def _comparison(report: ComparisonReport) -> dict[str, object]:
    comparison, tags = report.comparison, report.tags
    paths = {name: run.path for name, run in zip(report.names, comparison.runs, strict=True)}
    return {
        "runs": [
            {"tag": tag, "name": run.name, "path": run.path, "format": run.format}
            for tag, run in zip(tags, comparison.runs, strict=True)
        ],
        "sides": [
            {"name": s.name, "runs": [tags[p] for p in s.places], "seeds": list(s.seeds)}
            for s in comparison.sides
        ],
        "metric": comparison.metric,
        "judgements": [
            {**vars(one), "outcome": one.outcome.value} for one in comparison.judgements
        ],
        "explaining": comparison.explaining,
        "explanations": [vars(one) for one in comparison.explanations],
        "config": [_difference(one, tags) for one in comparison.config],
        "environment": [_difference(one, tags) for one in comparison.environment],
        "results": {
            name: {
                t: {**_result(s), "area": area and float(f"{area:.6g}")}
                for t, s, area in zip(tags, found, report.areas(name), strict=True)
                if s is not None
            }
            for name, found in comparison.summaries.items()
        },
        "curves": [_curve(one, tags) for one in comparison.curves],
        "together": together_json(report.together, paths),
        "notes": comparison.notes,
    }


def _curve(one: Aligned, tags: Sequence[str]) -> dict[str, object]:
    rows = zip(tags, one.y, strict=True)
    y = {tag: [None if math.isnan(v) else v for v in row.tolist()] for tag, row in rows}
    return {"name": one.name, "axis": one.axis, "x": one.x.tolist(), "y": y}


def _difference(one: Difference, tags: Sequence[str]) -> dict[str, object]:
    pairs = zip(tags, one.values, strict=True)
    return {"key": one.key, "values": {tag: v for tag, v in pairs if v is not MISSING}}


def _result(summary: Summary) -> dict[str, object]:
    keys = ("best", "best_at", "last", "last_at", "points")
    return {key: getattr(summary, key) for key in keys}
