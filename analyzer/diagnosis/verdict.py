"""The verdict on a run: what to do with it now, why, and at what price."""

from __future__ import annotations

import math
from collections.abc import Sequence

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.patch import merged, not_enough
from analyzer.diagnosis.vocabulary import label
from analyzer.facts.progress import metric_curve
from analyzer.finding import Finding, Severity, Verdict
from analyzer.run import Checkpoint, Run, Series, Status
from analyzer.signals import noise
from analyzer.signals.stats import best_index, finite

WRONG_CHECKPOINT = ("best-checkpoint-stale", "best-checkpoint-not-best", "monitor-wrong")
PAST_ITS_BEST = ("overfitting", "metric-plateau")
LOW_F1 = 0.5
"""Below it a text detector is of no use: train again rather than ship."""

VISIBLE = 0.02
"""A rise of the metric by this share, and beyond noise, counts as visible."""


def decide(case: Case, findings: Sequence[Finding]) -> Verdict:
    """The verdict; ``findings`` are in order, the worst first."""
    run = case.run
    if run.unreadable is not None:
        return Verdict("cannot tell", run.unreadable)
    own = [f for f in findings if f.explained_by is None and f.severity is not Severity.INFO]
    if run.status is Status.RUNNING:
        return _running(case, own)
    return _with_findings(case, own) if own else _without_findings(case)


def _running(case: Case, own: Sequence[Finding]) -> Verdict:
    """A run that goes on is stopped for an error, or when its best is behind it."""
    for finding in own:
        if _is_fatal(finding) or finding.rule in PAST_ITS_BEST:
            patch = merged([finding, *own])
            return Verdict("stop now", finding.message, _price(case, ahead=True), patch)
    planned = f" of {case.run.planned_epochs}" if case.run.planned_epochs else ""
    so_far = own[0].message if own else "nothing is wrong so far"
    return Verdict("keep training", f"epoch {case.run.epochs_done}{planned}: {so_far}")


def _with_findings(case: Case, own: Sequence[Finding]) -> Verdict:
    """A run that is over: the worst finding decides, unless good weights are there.

    Of several errors one about the training itself comes first: no choice of weights mends that.
    """
    worst, price = next(filter(_is_fatal, own), own[0]), _price(case)
    if worst.rule in WRONG_CHECKPOINT:
        return _other_checkpoint(case, worst, own, price)
    if worst.severity is not Severity.ERROR and worst.rule in PAST_ITS_BEST and not _is_low(case):
        return Verdict("ship it", f"{_reached(case)}; {worst.message}", price)
    if worst.rule == "run-incomplete":
        return Verdict("keep training", worst.message, price)
    return _restart(worst, own, price) or Verdict("cannot tell", worst.message, price)


def _without_findings(case: Case) -> Verdict:
    """A run that is over and shows nothing wrong: good, still rising, or not to be judged."""
    curve = metric_curve(case.run)
    if curve is None:
        return Verdict("cannot tell", "no validation metric was logged")
    price = _price(case)
    if rise := _still_rising(case.run, curve):
        return Verdict("keep training", rise, price)
    if _is_low(case):
        because = (
            f"no curve shows a fault, but {_reached(case)}, which is below {LOW_F1}: "
            "look at the data, then train longer"
        )
        return Verdict("cannot tell", because, price)
    return Verdict("ship it", _reached(case), price)


def _is_fatal(finding: Finding) -> bool:
    """Whether the training itself went wrong, not only the choice of its weights."""
    return finding.severity is Severity.ERROR and finding.rule not in WRONG_CHECKPOINT


def _restart(worst: Finding, own: Sequence[Finding], price: str) -> Verdict | None:
    """Train again with all that the findings ask for; None where no config change is offered."""
    patch = merged([worst, *own])
    if not patch:
        return None
    others = [f for f in own if f is not worst and f.rule != "run-incomplete"]
    rest = not_enough([worst, *others])
    because = f"{worst.message}; {rest}" if rest else worst.message
    return Verdict("restart with this patch", because, price, patch)


def _other_checkpoint(case: Case, worst: Finding, own: Sequence[Finding], price: str) -> Verdict:
    """Ship the epoch file that is really best, where it is there."""
    best = case.fact("best_epoch")
    for checkpoint in case.run.checkpoints:
        if checkpoint.epoch == best and _is_usable(checkpoint, case) and not _is_low(case):
            because = f"take {checkpoint.file}, not the best checkpoint: {worst.message}"
            return Verdict("ship it", because, price, merged(own))
    return _restart(worst, own, price) or Verdict("cannot tell", worst.message, price)


def _is_usable(checkpoint: Checkpoint, case: Case) -> bool:
    """Whether it is another file than the best one, and there or only not copied along."""
    best = case.run.best_checkpoint
    not_copied = case.fact("weights_present") is False and not checkpoint.removed
    return (checkpoint.exists or not_copied) and (best is None or checkpoint.file != best.file)


def _is_low(case: Case) -> bool:
    best = case.fact("best_metric")
    return case.run.main_metric == "val_f1" and isinstance(best, float) and best < LOW_F1


def _reached(case: Case) -> str:
    """What the main metric reached, where, and in which file that is."""
    run, best, epoch = case.run, case.fact("best_metric"), case.fact("best_epoch")
    if best is None:
        return "no validation metric was logged"
    text = f"{label(run.main_metric or '')} reached {best:.3g}"
    if epoch is None:
        step = case.number("best_step")
        return text if step is None else f"{text} at step {step:,.0f}"
    held = run.best_checkpoint
    file = f", in {held.file}" if held is not None and held.epoch == epoch else ""
    return f"{text} at epoch {epoch:.0f}{file}"


def _still_rising(run: Run, curve: Series) -> str:
    """A sentence when the metric was best at the end and rose visibly in the last third."""
    y = finite(curve)[1]
    third = max(1, len(y) // 3)
    if len(y) < 3 or best_index(y, run.higher_is_better) < len(y) - 1:
        return ""
    before = y[best_index(y[:-third], run.higher_is_better)]
    if abs(y[-1] - before) <= max(2 * noise(curve), VISIBLE * abs(before)):
        return ""
    return (
        f"{label(curve.name)} was still getting better: from {before:.3g} to {y[-1]:.3g} in the "
        f"last {f'{third} evaluations' if third > 1 else 'evaluation'}"
    )


def _price(case: Case, *, ahead: bool = False) -> str:
    """What was spent since the best point; with ``ahead`` also what the rest would cost.

    In epochs, or in steps where the main metric is by step, and in time where it is known.
    """
    by_step = case.fact("best_step") is not None
    word = "step" if by_step else "epoch"
    best = case.number(f"best_{word}")
    done = case.run.steps_done if by_step else case.run.epochs_done
    planned = (case.run.planned_steps if by_step else case.run.planned_epochs) or 0
    seconds = case.fact(f"{word}_seconds")
    parts = []
    if best is not None and done - best >= 1:
        count = done - best
        since = f"{count:,.0f} {word}s" if count != 1 else word
        parts.append(
            f"best was {word} {best:,.0f}; the {since} since brought nothing"
            f"{_time(count, seconds)}"
        )
    left = planned - done
    if ahead and left > 0:
        parts.append(f"{left:,} more {word}s are planned{_time(left, seconds)}")
    return "; ".join(parts)


def _time(count: float, seconds: object) -> str:
    if not isinstance(seconds, int | float) or not 0 < seconds < math.inf:
        return ""
    total = count * seconds
    if total < 120:
        return f": {total:.0f} second{'' if round(total) == 1 else 's'}"
    return f": {total / 60:.0f} minutes" if total < 7200 else f": {total / 3600:.1f} hours"
