"""The price of a verdict: what was spent for nothing, and what going on or again would cost.

In epochs, or in steps where the run counts those alone, and in time where it is known.
"""

from __future__ import annotations

import math

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.yardstick import Result

WORTH_TELLING = 0.1
"""A share of the run since the best point below this is how runs usually end."""


def since_best(case: Case, result: Result) -> str:
    """What came after the best point: ``best was epoch 3; the 9 epochs since brought nothing``."""
    curve = result.curve
    if curve is None:
        return ""
    if result.best == 0 and result.higher_is_better:
        return _all_of_it(case)
    judged = float(curve.x[curve.finite][-1])
    count = judged - result.at
    if count < 1 or count < WORTH_TELLING * judged:
        return ""
    since = "epoch" if count == 1 and curve.axis == "epoch" else counted(count, curve.axis)
    spent = spelled_time(count, case.fact(f"{curve.axis}_seconds"))
    told = f"best was {curve.axis} {result.at:,.0f}; the {since} since brought nothing"
    return f"{told}: {spent}" if spent else told


def _all_of_it(case: Case) -> str:
    """What a run cost whose metric never left 0."""
    axis = "epoch" if case.run.epochs_done else "step"
    done = case.run.epochs_done or case.run.steps_done
    if done < 2:
        return ""
    spent = spelled_time(done, case.fact(f"{axis}_seconds"))
    told = f"the {counted(done, axis)} so far brought nothing"
    return f"{told}: {spent}" if spent else told


def ahead(case: Case) -> str:
    """What is still planned: ``30 more epochs are planned: 6.2 hours``."""
    left, axis = _planned(case)
    left -= case.run.steps_done if axis == "step" else case.run.epochs_done
    if left <= 0:
        return ""
    more = f"{left:,} more {axis}{'s are' if left > 1 else ' is'} planned"
    spent = spelled_time(left, case.fact(f"{axis}_seconds"))
    return f"{more}: {spent}" if spent else more


def again(case: Case) -> str:
    """What another run costs, where the time is known."""
    planned, axis = _planned(case)
    done = case.run.steps_done if axis == "step" else case.run.epochs_done
    length = planned or done
    spent = spelled_time(length, case.fact(f"{axis}_seconds"))
    return f"another {counted(length, axis)} take about {spent}" if spent and length > 1 else ""


def joined(*parts: str) -> str:
    """The parts that say something, as one sentence."""
    return "; ".join(part for part in parts if part)


def _planned(case: Case) -> tuple[int, str]:
    """The planned length and its axis; 0 where no length was planned."""
    run = case.run
    if run.planned_epochs:
        return run.planned_epochs, "epoch"
    if run.planned_steps:
        return run.planned_steps, "step"
    return 0, "epoch" if run.epochs_done else "step"


def counted(count: float, axis: str) -> str:
    """``1 epoch``, ``1,200 steps``."""
    return f"{count:,.0f} {axis}{'' if count == 1 else 's'}"


def spelled_time(count: float, seconds: object) -> str:
    """``41 seconds``, ``12 minutes``, ``6.2 hours``, ``3.1 days``; empty where it is not known."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return ""
    total = count * seconds
    if not 0 < seconds < math.inf or not 0.5 <= total < math.inf:
        return ""
    if total < 120:
        return f"{total:.0f} second{'' if round(total) == 1 else 's'}"
    if total < 7200:
        return f"{total / 60:.0f} minutes"
    return f"{total / 3600:.1f} hours" if total < 172_800 else f"{total / 86400:.1f} days"
