"""Rules against a run: which fire, with evidence, causes and fixes, and which cannot be judged."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from analyzer.diagnosis import message
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.condition import judge
from analyzer.diagnosis.fix import resolve
from analyzer.diagnosis.grammar import Condition
from analyzer.diagnosis.outcome import Outcome, Place
from analyzer.diagnosis.rule import CauseText, Rule
from analyzer.diagnosis.vocabulary import label, matching
from analyzer.facts import FACTS
from analyzer.finding import (
    Cause,
    CauseVerdict,
    CurveEvidence,
    Evidence,
    FileEvidence,
    Finding,
    Fix,
    KeyEvidence,
    Severity,
)


@dataclass(frozen=True)
class Fired:
    """A finding, where it starts (None: no curve shows it), and what its rule explains."""

    finding: Finding
    start: Place | None
    explains: tuple[str, ...]


@dataclass(frozen=True)
class Unjudged:
    """A rule that could not be judged: the reason, and the name of what the run lacks."""

    rule: Rule
    reason: str
    lacks: str


def examine(rule: Rule, case: Case) -> Fired | Unjudged | None:
    """What one rule says of a case; None when it is silent.

    An ``unless`` that cannot be judged does not keep a rule from firing.
    """
    outcome, case = symptom(rule, case)
    if outcome.truth is None:
        return Unjudged(rule, outcome.text, outcome.lacks)
    if not outcome.truth:
        return None
    case = case.focus(place=outcome.start)
    value_of = _values(outcome, case)
    causes = _causes(rule.causes, case, value_of)
    own = [fix for text in rule.fixes if (fix := resolve(text, case, value_of)) is not None]
    evidence = _distinct(outcome.evidence)
    finding = Finding(
        rule=rule.id,
        title=rule.title,
        severity=_severity(rule, case),
        confidence=min(rule.confidence, round(outcome.certainty, 3)),
        message=message.render(rule.message, value_of),
        subject=_subject(evidence, case),
        evidence=evidence,
        causes=causes,
        fixes=_fixes(causes, own),
        why=rule.why,
        known_limits=rule.known_limits,
        runs=() if case.several is None else outcome.runs or case.several.names,
    )
    return Fired(finding, outcome.start, rule.explains)


def symptom(rule: Rule, case: Case) -> tuple[Outcome, Case]:
    """What the symptom comes to, and the case as it was looked at: as a whole, or one series.

    With ``for_each`` the most certain of all series is told, with the evidence of all that fire;
    the rule could not be judged only if no series could.
    """
    if not rule.for_each:
        return _without(rule, case), case
    names = matching(rule.for_each, case.run)
    if not names:
        what = " or ".join(label(pattern) for pattern in rule.for_each)
        return Outcome(None, f"{what} was not logged", lacks=rule.for_each[0]), case
    each = [(_without(rule, one), one) for one in (case.focus(each=name) for name in names)]
    fired = sorted((item for item in each if item[0].truth), key=lambda item: -item[0].certainty)
    if not fired:
        return next((item for item in each if item[0].truth is False), each[0])
    first, focused = fired[0]
    name = focused.each or ""
    evidence = tuple(item for outcome, _ in fired for item in outcome.evidence)
    values = {**first.values, "each": label(name), "part": name.partition(".")[2] or label(name)}
    return replace(first, evidence=evidence, values=values), focused


def _without(rule: Rule, case: Case) -> Outcome:
    """The symptom, which is false where ``unless`` holds."""
    outcome = judge(rule.when, case)
    if outcome.truth and rule.unless is not None and (less := judge(rule.unless, case)).truth:
        return Outcome(False, less.text)
    return outcome


def _distinct(evidence: Sequence[Evidence]) -> tuple[Evidence, ...]:
    """The evidence without repetitions: a value that passed two limits is told once, the first."""
    told: dict[str, Evidence] = {}
    for item in evidence:
        key = item
        if isinstance(item, CurveEvidence):
            key = replace(item, limit=None, height=None, text="")
        told.setdefault(repr(key), item)  # a config value may be a list, which has no hash
    return tuple(told.values())


def _values(outcome: Outcome, case: Case) -> Callable[[str], object]:
    """What a message may name: the evidence's values first, then the facts."""

    def value_of(name: str) -> object:
        if name in outcome.values:
            return outcome.values[name]
        if case.several is not None:
            return case.several.told(name)
        return case.fact(name) if name in FACTS else None

    return value_of


def _severity(rule: Rule, case: Case) -> Severity:
    if isinstance(rule.severity, Severity):
        return rule.severity
    for step in rule.severity:
        if step.when is None or judge(step.when, case).truth:
            return step.to
    raise AssertionError("the last step of a severity list has no condition")


def _causes(
    texts: Sequence[CauseText], case: Case, value_of: Callable[[str], object]
) -> tuple[Cause, ...]:
    """The causes, supported ones first; else in the order of the file."""
    causes = [_cause(text, case, value_of) for text in texts]
    rank = list(CauseVerdict)
    return tuple(sorted(causes, key=lambda cause: rank.index(cause.verdict)))


def _cause(text: CauseText, case: Case, value_of: Callable[[str], object]) -> Cause:
    """One cause with what decided about it; what is not known never rules a cause out.

    A data set is read whole: a cause that asks for a problem it does not have is ruled out.
    """
    verdict, because = CauseVerdict.POSSIBLE, "nothing that was logged speaks for or against it"
    if text.when is not None:
        found = judge(text.when, case)
        if found.truth:
            verdict = CauseVerdict.SUPPORTED
        elif isinstance(text.when, Condition) and text.when.problems and case.run.data:
            verdict = CauseVerdict.RULED_OUT
        because = found.text
    if text.unless is not None:
        against = judge(text.unless, case)
        if against.truth:
            verdict, because = CauseVerdict.RULED_OUT, against.text
    fix = resolve(text.fix, case, value_of) if text.fix is not None else None
    return Cause(text.id, text.says, verdict, because, fix)


def _fixes(causes: Sequence[Cause], own: Sequence[Fix]) -> tuple[Fix, ...]:
    """Fixes of supported causes, then the rule's own, then those of possible ones; no doubles."""
    by_verdict = {
        verdict: [cause.fix for cause in causes if cause.verdict is verdict and cause.fix]
        for verdict in CauseVerdict
    }
    fixes: list[Fix] = []
    for fix in (*by_verdict[CauseVerdict.SUPPORTED], *own, *by_verdict[CauseVerdict.POSSIBLE]):
        if fix not in fixes:
            fixes.append(fix)
    return tuple(fixes)


def _subject(evidence: Sequence[Evidence], case: Case) -> str:
    """The series, file or key that the first piece of evidence is about."""
    for item in evidence:
        match item:
            case CurveEvidence():
                return item.series
            case FileEvidence():
                return item.file
            case KeyEvidence():
                return item.key
    return case.run.name
