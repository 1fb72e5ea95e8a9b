"""Facts of the stages of a run: how far the one under way is, and what was trained so far."""

from __future__ import annotations

from analyzer.run import Run
from analyzer.stages import number, stage_of, stages_of

FREEZE = "train.freeze_backbone"


def stage_share(run: Run) -> float | None:
    """The share of its epochs that the stage under way has done; None where there are none."""
    stages = stages_of(run.config)
    place = stage_of(run.config, run.epochs_done)
    before = sum(number(stage.get("epochs")) or 0.0 for stage in stages[:place])
    length = number(stages[place].get("epochs")) if stages else None
    if stages and length is None and run.planned_epochs:
        length = run.planned_epochs - before
    return (run.epochs_done - before) / length if length and length > 0 else None


def backbone_frozen(run: Run) -> bool | None:
    """Whether only the head was trained up to now: the backbone was frozen in each stage so far.

    A stage that says nothing does as the rest of the config.
    """
    whole = run.config.get(FREEZE)
    stages = stages_of(run.config)[: stage_of(run.config, run.epochs_done) + 1]
    own = [stage.get("freeze_backbone") for stage in stages]
    seen = [whole if one is None else one for one in own] or [whole]
    return all(seen) if all(isinstance(one, bool) for one in seen) else None
