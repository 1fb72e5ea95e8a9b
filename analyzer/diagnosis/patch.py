"""One config patch for a run: what several findings and causes ask for, put together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from analyzer.finding import Cause, CauseVerdict, Finding, Fix

Patch = Mapping[str, tuple[Any, Any]]

MOST_SAID = 2
"""So many things that a patch leaves undone are said in one sentence; the findings have all."""


def merged(findings: Sequence[Finding]) -> Patch:
    """The patches of ``findings``, the worst first; of two changes to one key the first counts.

    A change to what is set already is none.
    """
    patch: dict[str, tuple[Any, Any]] = {}
    for finding in findings:
        for fix in _patches(finding):
            for key, (old, new) in fix.set.items():
                if isinstance(old, bool) is not isinstance(new, bool) or old != new:
                    patch.setdefault(key, (old, new))
    return patch


def first_advice(finding: Finding) -> str:
    """What to do by hand about the likeliest cause, else in any case, as a part of a sentence."""
    open_causes = [c.fix for c in finding.causes if c.verdict is not CauseVerdict.RULED_OUT]
    fixes = [fix for fix in (*open_causes, *finding.fixes) if fix is not None]
    return next((_inside(fix.do) for fix in fixes if fix.do), "")


def _patches(finding: Finding) -> Iterator[Fix]:
    """The patches of all supported causes, and the rule's own; else the first that is offered.

    A guess is no patch where a cause is supported.
    """
    of_causes = [cause.fix for cause in finding.causes if cause.fix is not None]
    certain = [cause.fix for cause in _supported(finding) if cause.fix is not None]
    own = [fix for fix in finding.fixes if fix not in of_causes]
    wanted = [fix for fix in (*certain, *own) if fix.set]
    if wanted or any(_supported(finding)):
        yield from wanted
        return
    yield from [fix for fix in finding.fixes if fix.set][:1]


def _supported(finding: Finding) -> Iterator[Cause]:
    return (cause for cause in finding.causes if cause.verdict is CauseVerdict.SUPPORTED)


def not_enough(findings: Sequence[Finding]) -> str:
    """What a merged patch leaves undone: findings without any patch, and what to do about them.

    Also what a supported cause asks for that no config can do. Of findings but the first the rule
    is named.
    """
    left: dict[str, str] = {}
    for finding in findings:
        of = "" if finding is findings[0] else f" ({finding.rule})"
        asked = [cause.fix.do for cause in _supported(finding) if cause.fix and cause.fix.do]
        if not any(_patches(finding)):
            asked = [first_advice(finding) or "see to it"]
        for do in asked:
            left.setdefault(_inside(do), of)
    if not left:
        return ""
    said = ", and ".join(f"{do}{of}" for do, of in list(left.items())[:MOST_SAID])
    more = f", and {len(left) - MOST_SAID} more" if len(left) > MOST_SAID else ""
    return f"besides the patch: {said}{more}"


def _inside(text: str) -> str:
    """A sentence as a part of another one: its first word in small letters, if it is one."""
    return text[:1].lower() + text[1:] if text[1:2].islower() else text
