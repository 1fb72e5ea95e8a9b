"""From runs to a diagnosis: rules, conditions, causes, fixes, and the story they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.engine import Fired, Unjudged, examine
from analyzer.diagnosis.loading import installed_rules, load_rule, load_rules
from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.settings import Suppression, suppressed
from analyzer.diagnosis.several import AMONG, Several
from analyzer.diagnosis.story import tell
from analyzer.diagnosis.vocabulary import OPTIONAL
from analyzer.errors import UsageError
from analyzer.finding import Diagnosis, NotEvaluated, Together
from analyzer.run import Run

__all__ = ["Rule", "diagnose", "diagnose_runs", "installed_rules", "load_rule", "load_rules"]

UNREADABLE = "run-unreadable"


def diagnose(
    run: Run, rules: Sequence[Rule] | None = None, suppressions: Sequence[Suppression] = ()
) -> Diagnosis:
    """All that the rules say of a run; without ``rules`` those that come with the package.

    A data set, which is a run with ``data``, is judged by the rules about data and no others. A
    run that could not be read is examined by ``run-unreadable`` alone. Raises UsageError for what
    is no Run.
    """
    if not isinstance(run, Run):
        raise UsageError(
            f"diagnose takes one Run, not {type(run).__name__}; "
            "take each of read(...) in turn, or give all of them to diagnose_runs"
        )
    every = installed_rules() if rules is None else rules
    chosen = [
        rule for rule in every if rule.among is None and rule.about_data == (run.data is not None)
    ]
    if run.unreadable is not None:
        chosen = [rule for rule in chosen if rule.id == UNREADABLE]
    case = Case(run)
    # Logged values may be anything; what overflows is judged as infinite, without a warning.
    with np.errstate(all="ignore"):
        results = [examine(rule, case) for rule in chosen]
        unjudged = [
            result
            for result in results
            if isinstance(result, Unjudged) and result.lacks not in OPTIONAL
        ]
        fired, accepted = [], []
        for result in results:
            if isinstance(result, Fired):
                less = suppressed(result.finding, (run,), suppressions)
                if less is None:
                    fired.append(result)
                else:
                    accepted.append(less)
        return replace(tell(case, fired, unjudged), suppressed=tuple(accepted))


def diagnose_runs(
    runs: Sequence[Run],
    rules: Sequence[Rule] | None = None,
    suppressions: Sequence[Suppression] = (),
    names: Sequence[str] | None = None,
) -> Together:
    """What the rules about several runs say of ``runs``; ``names`` are what to call them.

    Each rule says itself which runs it looks at together. Runs that could not be read, and those
    without anything to compare, are left out.
    """
    chosen = [r for r in (installed_rules() if rules is None else rules) if r.among is not None]
    called = [run.name for run in runs] if names is None else names
    pairs = [pair for pair in zip(runs, called, strict=True) if pair[0].unreadable is None]
    several = Several(tuple(run for run, _ in pairs), tuple(name for _, name in pairs))
    with np.errstate(all="ignore"):
        sets = {name: AMONG[name].sets(several) for name in {rule.among or "" for rule in chosen}}
        results = [
            (one, result)
            for rule in chosen
            for one in sets[rule.among or ""]
            if (result := examine(rule, Case(one.runs[0], several=one))) is not None
        ]
    return _together(results, suppressions)


def _together(
    results: Sequence[tuple[Several, Fired | Unjudged]], suppressions: Sequence[Suppression]
) -> Together:
    findings, unjudged, accepted = [], [], []
    for several, result in results:
        if isinstance(result, Unjudged):
            unjudged.append(NotEvaluated(result.rule.id, result.reason))
            continue
        by_name = dict(zip(several.names, several.runs, strict=True))
        named = [by_name[name] for name in result.finding.runs]
        less = suppressed(result.finding, named, suppressions)
        if less is None:
            findings.append(result.finding)
        else:
            accepted.append(less)
    findings.sort(key=lambda finding: (-finding.severity.rank, -finding.confidence))
    return Together(tuple(findings), tuple(dict.fromkeys(unjudged)), tuple(accepted))
