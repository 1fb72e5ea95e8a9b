"""``--select`` and ``--ignore``: which rules' findings are shown and count."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from difflib import get_close_matches
from fnmatch import fnmatchcase

from analyzer.errors import UsageError
from analyzer.finding import Diagnosis, Finding, Together


def selected(
    families: Mapping[str, str], select: Sequence[str], ignore: Sequence[str]
) -> frozenset[str]:
    """The ids of the rules chosen: all, or those of ``select``, without those of ``ignore``.

    ``families`` gives the family of each rule id. A name is an id, a family, or a pattern for ids
    such as ``metric-*``. Raises UsageError for one that stands for no rule.
    """
    chosen = _matching(families, select, "--select") if select else frozenset(families)
    return chosen - _matching(families, ignore, "--ignore")


def _matching(families: Mapping[str, str], names: Sequence[str], option: str) -> frozenset[str]:
    found: set[str] = set()
    for name in names:
        ids = {one for one, family in families.items() if name == family or fnmatchcase(one, name)}
        if not ids:
            hint = _hint(families, name)
            raise UsageError(f"{option} {name}: no rule or family is called so; {hint}")
        found |= ids
    return frozenset(found)


def _hint(families: Mapping[str, str], name: str) -> str:
    close = get_close_matches(name, [*families, *sorted(set(families.values()))], n=1)
    if close:
        return f"did you mean '{close[0]}'?"
    return "`python -m analyzer rules list` names them all"


def narrowed(diagnosis: Diagnosis, chosen: Collection[str]) -> Diagnosis:
    """Only what the chosen rules found. The verdict stays: it is about the run, not the choice.

    What followed from a finding that is left out stands for itself.
    """
    return replace(
        diagnosis,
        findings=tuple(_alone(one, chosen) for one in diagnosis.findings if one.rule in chosen),
        not_evaluated=tuple(one for one in diagnosis.not_evaluated if one.rule in chosen),
        suppressed=tuple(one for one in diagnosis.suppressed if one.finding.rule in chosen),
    )


def _alone(finding: Finding, chosen: Collection[str]) -> Finding:
    if finding.explained_by is None or finding.explained_by in chosen:
        return finding
    return replace(finding, explained_by=None)


def narrowed_together(told: Together, chosen: Collection[str]) -> Together:
    """The same for what several runs show together."""
    return Together(
        tuple(one for one in told.findings if one.rule in chosen),
        tuple(one for one in told.not_evaluated if one.rule in chosen),
        tuple(one for one in told.suppressed if one.finding.rule in chosen),
    )
