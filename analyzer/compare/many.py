"""Many metrics at once: of twenty looked at, one differs by chance. Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from analyzer.compare.judgement import Judgement, Outcome
from analyzer.compare.stats import CONFIDENCE


def correct(judgements: Sequence[Judgement], main: str | None) -> list[Judgement]:
    """The judgements of one side; a verdict that could be chance among so many becomes doubt.

    The main metric, and those that somebody stated a tolerance for, were chosen before the values
    were seen: they stand as they are. Of the others, in the order of their p, the k-th of n has to
    be below 5 % / (n - k + 1), as all before it (Holm 1979).
    """
    tested = {
        place: one.p
        for place, one in enumerate(judgements)
        if one.p is not None and one.metric != main and one.tolerance is None
    }
    made, holds = list(judgements), True
    for rank, place in enumerate(sorted(tested, key=lambda place: tested[place])):
        holds = holds and tested[place] <= (1 - CONFIDENCE) / (len(tested) - rank)
        if not holds and made[place].outcome in (Outcome.BETTER, Outcome.WORSE):
            made[place] = _doubted(made[place], len(tested))
    return made


def _doubted(one: Judgement, count: int) -> Judgement:
    because = f"{one.because}, but of {count} metrics looked at one may do so by chance"
    step = "repeat with other seeds, or name it as the main metric beforehand"
    return replace(one, outcome=Outcome.CANNOT_TELL, because=because, next_step=step)
