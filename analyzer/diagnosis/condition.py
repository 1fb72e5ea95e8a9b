"""Conditions against a case: true, false, or unknown with the reason."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.checks import CHECKS
from analyzer.diagnosis.grammar import Condition, Group
from analyzer.diagnosis.limit import Limit, certainty, is_past
from analyzer.diagnosis.message import show
from analyzer.diagnosis.outcome import Outcome, Place
from analyzer.diagnosis.problems import problem
from analyzer.diagnosis.runchecks import RUN_CHECKS
from analyzer.diagnosis.vocabulary import FINEST, ROLES, label
from analyzer.facts import FACTS
from analyzer.finding import CurveEvidence, Evidence, FileEvidence, KeyEvidence
from analyzer.run import Series
from analyzer.signals import SIGNALS, Reading

HALF_KNOWN = 0.6
"""Most certainty of ``any`` when one of its conditions could not be judged."""


def judge(when: Group | Condition, case: Case) -> Outcome:
    """What a condition, or a group of them, comes to."""
    if isinstance(when, Condition):
        if when.signal is not None:
            return _signal(when, case)
        if when.fact is not None:
            return _fact(when, case)
        if when.problem is not None:
            return problem(when, case)
        return _event(when, case) if when.event else _check(when.check or "", case)
    outcomes = (judge(item, case) for item in when.items)
    return {"all": _all, "any": _any, "none": _none}[when.kind](outcomes)


def _check(name: str, case: Case) -> Outcome:
    if case.several is not None:
        return RUN_CHECKS[name].function(case.several)
    return CHECKS[name].function(case.run)


def _all(each: Iterable[Outcome]) -> Outcome:
    """False as soon as one is false, which saves working out the others."""
    outcomes: list[Outcome] = []
    for outcome in each:
        if outcome.truth is False:
            return outcome
        outcomes.append(outcome)
    unknown = next((outcome for outcome in outcomes if outcome.truth is None), None)
    if unknown is not None:
        return unknown
    return _joined(outcomes, min((o.certainty for o in outcomes), default=1.0))


def _any(each: Iterable[Outcome]) -> Outcome:
    """All that are true give evidence, so all are worked out."""
    outcomes = list(each)
    true = [outcome for outcome in outcomes if outcome.truth]
    unknown = [outcome for outcome in outcomes if outcome.truth is None]
    if true:
        certain = max(outcome.certainty for outcome in true)
        return _joined(true, min(certain, HALF_KNOWN) if unknown else certain)
    return unknown[0] if unknown else outcomes[0]


def _none(each: Iterable[Outcome]) -> Outcome:
    outcomes = list(each)
    for outcome in outcomes:
        if outcome.truth:
            return Outcome(False, outcome.text)
    for outcome in outcomes:
        if outcome.truth is None:
            return outcome
    return Outcome(True, "; ".join(outcome.text for outcome in outcomes))


def _joined(outcomes: Sequence[Outcome], certain: float) -> Outcome:
    """All that several true conditions show; the first that has a place says where it starts."""
    values: dict[str, object] = {}
    for outcome in reversed(outcomes):
        values |= outcome.values
    return Outcome(
        True,
        "; ".join(outcome.text for outcome in outcomes if outcome.text),
        certain,
        tuple(evidence for outcome in outcomes for evidence in outcome.evidence),
        values,
        next((outcome.start for outcome in outcomes if outcome.start is not None), None),
        runs=tuple(dict.fromkeys(name for outcome in outcomes for name in outcome.runs)),
    )


def _signal(condition: Condition, case: Case) -> Outcome:
    name, of = condition.signal or "", condition.of or ""
    params = tuple(condition.params.items())
    reading = case.reading(name, of, condition.vs, condition.over, params)
    series = case.series(of, condition.over)
    if isinstance(reading, str) or isinstance(series, str):
        return Outcome(None, str(reading), lacks=_lacking(case, condition))
    limit = condition.above or condition.below or Limit(0)
    scaled = _scale(condition, limit, reading, case)
    if isinstance(scaled, Outcome):
        return scaled
    value, bound, unit = scaled
    above = condition.above is not None
    truth = is_past(value, bound, above=above)
    window = f" {condition.over.words}" if condition.over else ""
    against = f" against {label(case.own_name(condition.vs))}" if condition.vs else ""
    text = (
        f"{SIGNALS[name].says} of {label(series.name)}{against}{window}: {_with(value, unit)}, "
        f"{'' if truth else 'not '}{'above' if above else 'below'} {_with(bound, unit)}"
    )
    if not truth:
        return Outcome(False, text)
    certain = certainty(value, bound, above=above)
    if not SIGNALS[name].shows:  # a guard: the finding is not about its curve
        return Outcome(True, text, certain, (), reading.details)
    values = {**reading.details, "of": label(series.name), "axis": series.axis}
    where = series.name, series.axis, reading.start, reading.end
    noise = case.noise(of, condition.over) if unit == "noise" else 0.0
    height = _height(reading, bound, unit, noise)
    evidence = CurveEvidence(*where, value, bound, unit, text, reading.at, height)
    return Outcome(True, text, certain, (evidence,), values, _place(series, reading.start))


def _height(reading: Reading, bound: float, unit: str, noise: float) -> float | None:
    """Where the curve meets a limit of the signal; None where the signal is no height of it."""
    sizes = {"%": reading.reference / 100, "noise": noise, "": 1.0}
    if reading.origin is None or unit not in sizes:
        return None
    way = bound * sizes[unit]
    height = reading.origin + (way if reading.up else -way)
    return height if math.isfinite(height) else None


def _lacking(case: Case, condition: Condition) -> str:
    """The name of the series that keeps the condition from being judged."""
    over = condition.over
    best_of = over.of if over is not None and over.kind in ("since best", "at best") else None
    for name in (condition.of, condition.vs, best_of):
        if name is not None and isinstance(case.series(name), str):
            return name if name in ROLES else case.own_name(name).removesuffix(FINEST)
    return ""


def _place(series: Series, x: float) -> Place:
    at = int((series.x >= x).argmax())
    return Place(series.axis, int(series.segment[at]), x)


def _scale(
    condition: Condition, limit: Limit, reading: Reading, case: Case
) -> tuple[float, float, str] | Outcome:
    """The value and its limit in the limit's unit; an unknown outcome where that has no size."""
    of = condition.of or ""
    if limit.unit == "%":
        if reading.reference == 0:
            return Outcome(None, f"{label(of)} is 0, so a share of it says nothing")
        return 100 * reading.value / reading.reference, limit.value, "%"
    if limit.unit == "noise":
        return _ratio(reading.value, case.noise(of, condition.over)), limit.value, "noise"
    if limit.unit == "sampling":
        error = case.sampling(of, reading.reference)
        if isinstance(error, str):
            return Outcome(None, error, lacks="test_images")
        return reading.value / error, limit.value, "sampling"
    bound = _bound(limit, case, condition)
    return bound if isinstance(bound, Outcome) else (reading.value, bound, "")


def _ratio(value: float, size: float) -> float:
    """``value`` in multiples of ``size``; a curve of zeros has noise of size 0."""
    return value / size if size > 0 else math.copysign(math.inf, value) if value else 0.0


def _bound(limit: Limit, case: Case, condition: Condition) -> float | Outcome:
    """The limit as a number where it is one, or a multiple of a fact or a signal."""
    if limit.fact is not None:
        fact = case.fact(limit.fact)
        if fact is None or isinstance(fact, str):
            return _unknown_fact(limit.fact)
        return limit.value * fact
    if limit.signal is not None:
        of, window = limit.of or condition.of or "", limit.over or condition.over
        reading = case.reading(limit.signal, of, window=window)
        if isinstance(reading, str):
            return Outcome(None, reading, lacks=of if isinstance(case.series(of), str) else "")
        return limit.value * reading.value
    return limit.value


def _unknown_fact(name: str) -> Outcome:
    return Outcome(None, f"not known: {FACTS[name].says}", lacks=name)


def _fact(condition: Condition, case: Case) -> Outcome:
    name = condition.fact or ""
    value = case.fact(name)
    if value is None:
        return _unknown_fact(name)
    if condition.is_ is not None:
        wanted = condition.is_ if isinstance(condition.is_, list) else [condition.is_]
        truth, certain = value in wanted, 1.0
        test = " or ".join(show(item) for item in wanted)
    else:
        above = condition.above is not None
        bound = _bound(condition.above or condition.below or Limit(0), case, condition)
        if isinstance(bound, Outcome):
            return bound
        truth = is_past(float(value), bound, above=above)
        certain = certainty(float(value), bound, above=above) if truth else 1.0
        test = f"{'above' if above else 'below'} {show(bound)}"
    text = f"{FACTS[name].says}: {show(value)}" + (f", {test}" if condition.is_ is None else "")
    if not truth:
        return Outcome(False, f"{FACTS[name].says}: {show(value)}, not {test}")
    evidence: Evidence = KeyEvidence(name, value, text)
    return Outcome(True, text, certain, (evidence,))


def _event(condition: Condition, case: Case) -> Outcome:
    if not case.run.events:
        return Outcome(None, "no log was read", lacks="log")
    wanted = [condition.matches] if isinstance(condition.matches, str) else condition.matches
    for event in case.run.events:
        if event.kind == condition.event and _holds(event.text, wanted):
            text = f"{event.file}:{event.line}: {event.text}"
            evidence = FileEvidence(event.file, event.line, event.text)
            values = {"text": event.text, "line": event.line, "file": event.file}
            return Outcome(True, text, evidence=(evidence,), values=values)
    such = f" with {' or '.join(map(repr, wanted))}" if wanted else ""
    return Outcome(False, f"the log has no '{condition.event}' line{such}")


def _holds(text: str, wanted: list[str] | None) -> bool:
    """Whether a line holds one of the texts, in capitals or not."""
    return wanted is None or any(part.lower() in text.lower() for part in wanted)


UNITS = {"": "", "%": " %", "noise": " times the noise", "sampling": " sampling errors"}


def _with(value: float, unit: str) -> str:
    text = f"{value:.3g}"
    return sized(show(float(text)) if "e+" in text else text, unit)


def sized(number: str, unit: str) -> str:
    """A number with its unit: ``2 %``, ``3 times the noise``, ``1 sampling error``."""
    if number != "1":
        return number + UNITS[unit]
    return {"noise": "the noise", "sampling": "1 sampling error"}.get(unit, number + UNITS[unit])
