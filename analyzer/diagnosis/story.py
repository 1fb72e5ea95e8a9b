"""The story of a run: findings in order, what explains what, and what could not be judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.diagnosis.advice import advice
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.engine import Fired, Unjudged
from analyzer.diagnosis.verdict import decide
from analyzer.finding import Diagnosis, Finding, NotEvaluated


def tell(case: Case, fired: Sequence[Fired], unjudged: Sequence[Unjudged]) -> Diagnosis:
    """Put together what the rules said of a run."""
    findings = ordered(fired)
    return Diagnosis(
        findings=tuple(findings),
        not_evaluated=tuple(NotEvaluated(item.rule.id, item.reason) for item in unjudged),
        verdict=decide(case, findings),
        advice=advice(case, unjudged),
    )


def ordered(fired: Sequence[Fired]) -> list[Finding]:
    """The worst first; a finding that another one explains stands after that one."""
    ranked = sorted(fired, key=lambda f: (-f.finding.severity.rank, -f.finding.confidence))
    below: dict[str, list[Finding]] = {}
    roots: list[Finding] = []
    for item in ranked:
        cause = next((other for other in ranked if _explains(other, item)), None)
        if cause is None:
            roots.append(item.finding)
        else:
            explained = replace(item.finding, explained_by=cause.finding.rule)
            below.setdefault(cause.finding.rule, []).append(explained)
    return [finding for root in roots for finding in _with_consequences(root, below)]


def _with_consequences(finding: Finding, below: dict[str, list[Finding]]) -> list[Finding]:
    after = [f for item in below.get(finding.rule, []) for f in _with_consequences(item, below)]
    return [finding, *after]


def _explains(cause: Fired, other: Fired) -> bool:
    """Whether a rule names the other, which starts no earlier and in the same segment.

    A milder finding explains no worse one: what is explained decides no exit code.
    Without a place on a common axis there is nothing to compare, and naming it is enough.
    """
    if other.finding.rule not in cause.explains:
        return False
    if cause.finding.severity.rank < other.finding.severity.rank:
        return False
    if cause.start is None or other.start is None or cause.start.axis != other.start.axis:
        return True
    return other.start.segment == cause.start.segment and other.start.x >= cause.start.x
