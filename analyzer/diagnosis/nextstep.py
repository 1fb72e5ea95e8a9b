"""How to go on with a run that is over: resume it, from which weights, or start again."""

from __future__ import annotations

import shlex

from analyzer.diagnosis.case import Case
from analyzer.run import Checkpoint

START_AGAIN = "start it again"


def has_begun(case: Case) -> bool:
    """Whether anything was learned that could be gone on with: an epoch or a step is over."""
    return case.run.epochs_done > 0 or case.run.steps_done > 0


def can_resume(case: Case) -> bool | None:
    """Whether weights to resume from were saved; None where nothing tells."""
    if not has_begun(case):
        return False
    kept = [one for one in case.run.checkpoints if not one.removed]
    if kept:
        return True
    return False if case.fact("save_logged") is False else None


def how_to_resume(case: Case) -> str:
    """The next step, with the command or the file where one is known."""
    if can_resume(case) is False:
        return START_AGAIN
    if command := case.fact("resume_command"):
        return f"resume it: {command}"
    newest = _newest(case)
    if newest is None:
        return "resume it from its newest checkpoint, or start it again if none was saved"
    if newest.exists:
        return f"resume it from {shlex.quote(newest.file)}"
    return f"resume it where its weights are: {newest.file} is not in this folder"


def _newest(case: Case) -> Checkpoint | None:
    """The checkpoint of the latest epoch: files that are there first, the best one's copy last."""

    def rank(one: Checkpoint) -> tuple[bool, int, bool]:
        return one.exists, one.epoch or 0, "best" not in one.file

    return max((one for one in case.run.checkpoints if not one.removed), key=rank, default=None)
