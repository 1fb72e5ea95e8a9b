"""One config patch for a run: what several findings and causes ask for, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analyzer.finding import CauseVerdict, Finding, Fix

Patch = Mapping[str, tuple[Any, Any]]


def merged(findings: Sequence[Finding]) -> Patch:
    """The patches of ``findings``, the worst first; of two changes to one key the first counts."""
    patch: dict[str, tuple[Any, Any]] = {}
    for finding in findings:
        for fix in _patches(finding):
            for key, change in fix.set.items():
                patch.setdefault(key, change)
    return patch


def _patches(finding: Finding) -> Iterator[Fix]:
    """The patches of all supported causes; where there is none, the first that is offered.

    A guess is no patch where a cause is supported.
    """
    supported = [c.fix for c in finding.causes if c.verdict is CauseVerdict.SUPPORTED]
    guesses = [c.fix for c in finding.causes if c.verdict is CauseVerdict.POSSIBLE]
    certain = [fix for fix in supported if fix is not None and fix.set]
    if certain:
        yield from certain
        return
    left_out = guesses if supported else []
    yield from [fix for fix in finding.fixes if fix.set and fix not in left_out][:1]


def not_enough(findings: Sequence[Finding]) -> str:
    """What a merged patch leaves undone: findings without any patch, and what to do about them.

    Also what a supported cause asks for that no config can do.
    """
    left = []
    for finding in findings:
        advice = [fix.do for fix in finding.fixes if fix.do]
        if not any(_patches(finding)):
            left.append(f"{finding.rule} ({advice[0]})" if advice else finding.rule)
            continue
        asked = [c.fix.do for c in finding.causes if _needs_hands(c.verdict, c.fix) and c.fix]
        left += [f"{finding.rule} ({do})" for do in asked if do]
    return f"the patch alone is not enough for {', '.join(left)}" if left else ""


def _needs_hands(verdict: CauseVerdict, fix: Fix | None) -> bool:
    return verdict is CauseVerdict.SUPPORTED and fix is not None and not fix.set
