"""Sentences of a report: evidence, causes, fixes and counts in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from analyzer.finding import (
    Cause,
    CauseVerdict,
    CurveEvidence,
    Evidence,
    FileEvidence,
    Finding,
    Fix,
    Severity,
    Suppressed,
)
from analyzer.render.text import count, listing, number, plain, setting
from analyzer.summary import Summary


def counted(tally: Mapping[Severity, int]) -> str:
    """``2 errors, 1 info``, the worst first."""
    words = {Severity.INFO: ("info", "info")}
    return ", ".join(
        count(tally[severity], *words.get(severity, (severity.value,)))
        for severity in sorted(tally, key=lambda s: -s.rank)
        if tally[severity]
    )


def likeliest(finding: Finding) -> Cause | None:
    """The first supported cause, else the first possible one."""
    open_causes = [c for c in ranked(finding) if c.verdict is not CauseVerdict.RULED_OUT]
    return open_causes[0] if open_causes else None


def ranked(finding: Finding) -> list[Cause]:
    """The causes: supported ones first, ruled out ones last."""
    order = list(CauseVerdict)
    return sorted(finding.causes, key=lambda cause: order.index(cause.verdict))


def told_fixes(finding: Finding, patch: Mapping[str, tuple[Any, Any]]) -> list[tuple[Fix, bool]]:
    """The fixes, and whether the verdict's patch holds them; of such ones only the first."""
    told: list[tuple[Fix, bool]] = []
    for fix in finding.fixes:
        above = bool(fix.set) and all(patch.get(key) == new for key, new in fix.set.items())
        if not (above and any(held for _, held in told)):
            told.append((fix, above))
    return told


def diff_lines(patch: Mapping[str, tuple[Any, Any]]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The lines taken out and put in, without the signs of a diff."""
    removed = tuple(
        f"{plain(k)}: {setting(old)}" for k, (old, _) in patch.items() if old is not None
    )
    return removed, tuple(f"{plain(key)}: {setting(new)}" for key, (_, new) in patch.items())


def change_text(patch: Mapping[str, tuple[Any, Any]]) -> str:
    """``optimizer.lr: 0.1 -> 0.01`` on one line."""
    return listing(
        f"{plain(k)}: {setting(old)} -> {setting(new)}" for k, (old, new) in patch.items()
    )


def evidence_text(item: Evidence) -> str:
    """The sentence of a piece of evidence, with its place."""
    if isinstance(item, CurveEvidence):
        return plain(item.text)
    if isinstance(item, FileEvidence):
        place = item.file if item.line is None else f"{item.file}:{item.line}"
        return plain(f"{place}: {item.text}")
    return plain(item.text) or f"{plain(item.key)}: {setting(item.value)}"


def best_text(summary: Summary | None, *, named: bool = False) -> str:
    """``0.7125 @ 14``, ``0.7125 @ step 900``; ``-`` for none. ``named`` says of what it is."""
    if summary is None or summary.best is None:
        return "-"
    step = "step " if summary.axis == "step" else ""
    of = f"{plain(summary.label, 24)} " if named else ""
    return f"{of}{number(summary.best)} @ {step}{number(summary.best_at)}"


MOST_NAMED = 20
"""Of the runs that a finding names, so many are shown; the others are counted."""


def named(finding: Finding) -> tuple[tuple[str, ...], str]:
    """The runs that a finding names, as far as they are shown, and how many more there are."""
    more = len(finding.runs) - MOST_NAMED
    return finding.runs[:MOST_NAMED], f"and {more} more" if more > 0 else ""


def suppressed_text(items: Sequence[Suppressed]) -> str:
    """``1 finding suppressed: loss-flat (frozen on purpose, until 2026-12-31)``."""
    parts = [f"{plain(i.finding.rule)} ({_accepted(i)})" for i in items]
    return f"{count(len(items), 'finding')} suppressed: {', '.join(parts)}"


def _accepted(item: Suppressed) -> str:
    until = "" if item.until is None else f", until {plain(item.until)}"
    return f"{plain(item.reason)}{until}"
