"""Conditions about a data set: which kinds of problems it has, where, and how many."""

from __future__ import annotations

from itertools import chain, zip_longest

from analyzer.data import PROBLEMS, Place, Tally
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.grammar import Condition
from analyzer.diagnosis.outcome import Outcome
from analyzer.finding import FileEvidence

SHOWN = 10
"""So many places are shown as evidence, some of each kind."""

VALUES = ("count", "kinds", "place", "text")
"""What a message may name: how many, how many of each kind, the first place, what is wrong there.
"""


def problem(condition: Condition, case: Case) -> Outcome:
    """Whether the data set has a problem of one of the kinds asked for."""
    data = case.run.data
    if data is None:
        return Outcome(None, "no data set was examined", lacks="data")
    found = {kind: tally for kind, tally in data.problems.items() if kind in condition.problems}
    if not found:
        return Outcome(False, f"no {' and no '.join(PROBLEMS[k] for k in condition.problems)}")
    kinds = "; ".join(f"{PROBLEMS[kind]}: {tally.count}" for kind, tally in found.items())
    places = _shown(found)
    evidence = tuple(FileEvidence(place.file, place.line, place.text) for place in places)
    first = places[0]
    values = {
        "count": sum(tally.count for tally in found.values()),
        "kinds": kinds,
        "place": first.file if first.line is None else f"{first.file}:{first.line}",
        "text": first.text,
    }
    return Outcome(True, kinds, evidence=evidence, values=values)


def _shown(found: dict[str, Tally]) -> list[Place]:
    """The first place of each kind, then the second ones, and so on."""
    rounds = zip_longest(*(tally.places for tally in found.values()))
    return [place for place in chain.from_iterable(rounds) if place is not None][:SHOWN]
