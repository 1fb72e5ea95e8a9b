"""From a run to its diagnosis: rules, conditions, causes, fixes, and the story they make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.engine import Fired, Unjudged, examine
from analyzer.diagnosis.loading import installed_rules, load_rule, load_rules
from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.settings import Suppression, suppressed
from analyzer.diagnosis.story import tell
from analyzer.diagnosis.vocabulary import OPTIONAL
from analyzer.finding import Diagnosis
from analyzer.run import Run

__all__ = ["Rule", "diagnose", "installed_rules", "load_rule", "load_rules"]

UNREADABLE = "run-unreadable"


def diagnose(
    run: Run, rules: Sequence[Rule] | None = None, suppressions: Sequence[Suppression] = ()
) -> Diagnosis:
    """All that the rules say of a run; without ``rules`` those that come with the package.

    A run that could not be read is examined by ``run-unreadable`` alone.
    """
    chosen = installed_rules() if rules is None else rules
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
                less = suppressed(result.finding, run, suppressions)
                if less is None:
                    fired.append(result)
                else:
                    accepted.append(less)
        return replace(tell(case, fired, unjudged), suppressed=tuple(accepted))
