"""Facts that the records tell: how far the run came, how it ended, how good it got."""

from __future__ import annotations

import math

from analyzer.facts.settings import first_number
from analyzer.run import Run, Series, Status
from analyzer.signals.stats import best_index, finite

PATIENCE = ("train.patience", "train.early_stopping.patience")
"""Keys that say for how many epochs without a better one early stopping waits."""


def epochs(run: Run) -> float:
    """The last epoch that ended."""
    return run.epochs_done


def planned_epochs(run: Run) -> float | None:
    """The number of epochs that the run was to have."""
    return run.planned_epochs or None


def steps(run: Run) -> float:
    """The last step that was logged."""
    return run.steps_done


def planned_steps(run: Run) -> float | None:
    """The number of steps that the run was to have."""
    return run.planned_steps or None


def resumes(run: Run) -> float:
    """How many times a curve begins again: after a resume, or a second start in the same file."""
    ends = [int(s.segment[-1]) for s in (*run.series.values(), *run.superseded) if len(s)]
    return max(ends, default=0)


def missing(run: Run) -> float | None:
    """Planned epochs that did not end; steps, of a run whose length is planned in steps alone."""
    if run.planned_epochs:
        return max(0, run.planned_epochs - run.epochs_done)
    return run.steps_missing


def progress(run: Run) -> str | None:
    """How far the run came of what was planned: ``epoch 9 of 20``, ``step 500 of 900``."""
    if run.planned_epochs and not run.epochs_done:
        after = f", after {run.steps_done:,} steps" if run.steps_done > 1 else ""
        return f"epoch 1 of {run.planned_epochs:,}, unfinished{after}"
    if run.planned_epochs:
        return f"epoch {run.epochs_done:,} of {run.planned_epochs:,}"
    return f"step {run.steps_done:,} of {run.planned_steps:,}" if run.planned_steps else None


ENDINGS = {
    Status.FAILED: "the program failed",
    Status.KILLED: "the run was killed",
    Status.INTERRUPTED: "the run was interrupted",
    Status.UNKNOWN: "the records end",
}


def ending(run: Run) -> str:
    """How the run ended, in words."""
    return ENDINGS.get(run.status, "the run ended")


def ended(run: Run) -> bool | None:
    """Whether the run is over; unknown where nothing on disk says it."""
    return None if run.status is Status.UNKNOWN else run.status is not Status.RUNNING


def status(run: Run) -> str:
    """How the run stands: the words of ``Status``."""
    return run.status.value


def test_images(run: Run) -> float | None:
    """The number of samples that the validation metrics were computed from."""
    return run.samples.get("val")


def test_size_known(run: Run) -> bool:
    """Whether the number of validation samples is known."""
    return test_images(run) is not None


def train_images(run: Run) -> float | None:
    """The number of training samples."""
    return run.samples.get("train")


def metric_curve(run: Run) -> Series | None:
    """The main metric's curve if it holds a number."""
    curve = run.get("metric")
    return curve if curve is not None and curve.finite.any() else None


def logs_val_loss(run: Run) -> bool:
    """Whether a validation loss was logged, be it a number or NaN."""
    curve = run.get("val_loss")
    return curve is not None and len(curve) > 0


def logs_metric(run: Run) -> bool:
    """Whether a validation metric was logged."""
    return metric_curve(run) is not None


def validated(run: Run) -> bool:
    """Whether a validation metric or a validation loss was logged."""
    return logs_metric(run) or logs_val_loss(run)


def best_epoch(run: Run) -> float | None:
    """Where the main metric was first at its best; epochs only."""
    curve = metric_curve(run)
    if curve is None or curve.axis != "epoch":
        return None
    x, y, _ = finite(curve)
    return float(x[best_index(y, run.higher_is_better)])


def best_step(run: Run) -> float | None:
    """Where the main metric was first at its best; steps only."""
    curve = metric_curve(run)
    if curve is None or curve.axis != "step":
        return None
    x, y, _ = finite(curve)
    return float(x[best_index(y, run.higher_is_better)])


def best_metric(run: Run) -> float | None:
    """The best value of the main metric."""
    curve = metric_curve(run)
    if curve is None:
        return None
    y = finite(curve)[1]
    return float(y[best_index(y, run.higher_is_better)])


def ends_broken(run: Run, *names: str) -> bool:
    """Whether the last value of a loss, or of the curves named, is NaN or inf."""
    curves = (run.get(name) for name in ("train_loss", "val_loss", *names))
    return any(len(one) and not math.isfinite(one.y[-1]) for one in curves if one is not None)


def best_rate(run: Run) -> float | None:
    """The best value of a main metric that is a share: more is better, and 1 is the most."""
    best = best_metric(run)
    is_share = best is not None and run.higher_is_better and 0 <= best <= 1
    return best if is_share else None


def patience_over(run: Run) -> bool | None:
    """Whether early stopping explains the end: no better epoch for as many as the patience."""
    patience, best = first_number(PATIENCE)(run), best_epoch(run)
    if not patience or best is None:
        return None
    return run.epochs_done - best >= patience
