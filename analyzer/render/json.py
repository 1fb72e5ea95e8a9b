"""The report as JSON (see ``schema``)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from pathlib import PurePath
from typing import Any, cast

import numpy as np

from analyzer.finding import (
    Cause,
    CurveEvidence,
    Evidence,
    FileEvidence,
    Finding,
    Fix,
    Suppressed,
    Together,
    Verdict,
)
from analyzer.render.known import Baselined
from analyzer.render.report import Report, RunReport
from analyzer.render.schema import (
    VERSION,
    BaselineJson,
    CauseJson,
    EvidenceJson,
    FindingJson,
    FixJson,
    MetricJson,
    ReportJson,
    RunJson,
    TogetherJson,
    VerdictJson,
)
from analyzer.run import Note
from analyzer.summary import Summary

TOOL = "trainlint"
_AS_IT_IS = (bool, int)


def to_json(report: Report) -> ReportJson:
    """The report as values that ``json.dumps(..., allow_nan=False)`` takes."""
    paths = {name: entry.item.run.path for name, entry in report.by_name.items()}
    made = {
        **heading(report.version, report.created),
        "title": report.title,
        "runs": [_run(item) for item in report.runs],
        "together": together_json(report.together, paths),
        "skipped": [note_json(note) for note in report.skipped],
        "baseline": baseline_json(report.baseline),
    }
    return cast(ReportJson, finite(made))


def heading(version: str, created: datetime) -> dict[str, Any]:
    """What every JSON document begins with; ``version`` is that of the program."""
    return {
        "version": VERSION,
        "tool": TOOL,
        "tool_version": version,
        "created": created.isoformat(timespec="seconds"),
    }


def finite(value: Any) -> Any:
    """``value`` in JSON's own types; what is not finite is null and named beside it.

    Lone halves of surrogate pairs, which no UTF-8 file can hold, become U+FFFD.
    """
    if isinstance(value, str):
        return value if value.isascii() else _whole(value)
    if value is None or isinstance(value, bool | int):
        return value if not isinstance(value, np.generic) else value.item()
    if isinstance(value, float | np.generic):
        number = value.item() if isinstance(value, np.generic) else value
        return None if isinstance(number, float) and not math.isfinite(number) else number
    if isinstance(value, Mapping):
        return _object(value)
    if isinstance(value, list | tuple | set | frozenset):
        return [_word(item) or finite(item) for item in value]
    return _whole(value.as_posix() if isinstance(value, PurePath) else str(value))


def _whole(text: str) -> str:
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _object(value: Mapping[Any, Any]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    words: dict[str, str] = {}
    for key, item in value.items():
        name = key if type(key) is str and key.isascii() else _whole(str(key))
        if item is None or type(item) in _AS_IT_IS or (type(item) is str and item.isascii()):
            made[name] = item  # nearly all of a report: no call for each
            continue
        made[name] = finite(item)
        if word := _word(item):
            words[name] = word
    return {**made, "nonfinite": words} if words else made


def _word(value: Any) -> str | None:
    """``nan``, ``inf`` or ``-inf`` where a number is that."""
    if not isinstance(value, float | np.floating) or math.isfinite(value):
        return None
    return "nan" if math.isnan(value) else "inf" if value > 0 else "-inf"


def _run(item: RunReport) -> RunJson:
    run, told = item.run, item.diagnosis
    return {
        "name": run.name,
        "path": run.path.as_posix(),
        "format": run.format,
        "status": run.status.value,
        "status_because": run.status_because,
        "unreadable": run.unreadable,
        "epochs": run.epochs_done,
        "planned_epochs": run.planned_epochs,
        "steps": run.steps_done,
        "planned_steps": run.planned_steps,
        "seconds": item.seconds,
        "metric": None if item.metric is None else _metric(item.metric),
        "findings": [finding_json(finding) for finding in told.findings],
        "suppressed": [suppressed_json(item) for item in told.suppressed],
        "verdict": verdict_json(told.verdict),
        "not_evaluated": [{"rule": n.rule, "reason": n.reason} for n in told.not_evaluated],
        "advice": list(told.advice),
        "notes": [note_json(note) for note in run.notes],
    }


def baseline_json(told: Baselined | None) -> BaselineJson | None:
    """The baseline that counted, as an object."""
    if told is None:
        return None
    stale = [{**one._asdict(), "run": one.run or None} for one in told.stale]
    made = {
        "file": told.file,
        "per_run": told.per_run,
        "entries": told.entries,
        "stale": stale,
    }
    return cast(BaselineJson, made)


def _metric(summary: Summary) -> MetricJson:
    return {
        "name": summary.name,
        "higher_is_better": summary.higher,
        "best": summary.best,
        "best_at": summary.best_at,
        "last": summary.last,
        "axis": summary.axis,
    }


def verdict_json(verdict: Verdict) -> VerdictJson:
    """A verdict as an object."""
    return {
        "action": verdict.action,
        "because": verdict.because,
        "price": verdict.price,
        "patch": _changes(verdict.patch),
    }


def finding_json(finding: Finding) -> FindingJson:
    """A finding as an object."""
    return {
        "rule": finding.rule,
        "title": finding.title,
        "severity": finding.severity.value,
        "confidence": round(finding.confidence, 4),
        "message": finding.message,
        "subject": finding.subject,
        "fingerprint": finding.fingerprint,
        "evidence": [_evidence(item) for item in finding.evidence],
        "causes": [_cause(cause) for cause in finding.causes],
        "fixes": [_fix(fix) for fix in finding.fixes],
        "explained_by": finding.explained_by,
    }


def suppressed_json(item: Suppressed) -> Any:
    suppression = {"justification": item.reason, "until": item.until}
    return {**finding_json(item.finding), "suppression": suppression}


def together_json(told: Together, paths: Mapping[str, PurePath]) -> TogetherJson:
    """What was found in several runs; ``paths`` are theirs, by the names that findings give."""

    def runs(finding: Finding) -> Any:
        return {"runs": [{"name": n, "path": paths[n].as_posix()} for n in finding.runs]}

    made = {
        "findings": [{**finding_json(one), **runs(one)} for one in told.findings],
        "suppressed": [{**suppressed_json(one), **runs(one.finding)} for one in told.suppressed],
        "not_evaluated": [{"rule": n.rule, "reason": n.reason} for n in told.not_evaluated],
    }
    return cast(TogetherJson, made)


def _evidence(item: Evidence) -> EvidenceJson:
    if isinstance(item, CurveEvidence):
        return {
            "series": item.series,
            "axis": item.axis,
            "from": item.start,
            "to": item.end,
            "at": item.at,
            "value": item.value,
            "limit": item.limit,
            "unit": item.unit,
            "text": item.text,
        }
    if isinstance(item, FileEvidence):
        return {"file": item.file, "line": item.line, "text": item.text}
    return {"key": item.key, "value": item.value, "text": item.text}


def _cause(cause: Cause) -> CauseJson:
    made: CauseJson = {
        "id": cause.id,
        "says": cause.says,
        "verdict": cause.verdict.value,
        "because": cause.because,
    }
    if cause.fix is not None:
        made["fix"] = _fix(cause.fix)
    return made


def _fix(fix: Fix) -> FixJson:
    made: FixJson = {"safe": fix.safe}
    if fix.set:
        made["set"] = _changes(fix.set)
    if fix.do is not None:
        made["do"] = fix.do
    return made


def _changes(patch: Mapping[str, tuple[Any, Any]]) -> Any:
    return {key: {"old": old, "new": new} for key, (old, new) in patch.items()}


def note_json(note: Note) -> Any:
    """A note as an object."""
    return {"text": note.text, "file": note.file, "line": note.line}
