"""The verdict on a run: what to do with it now, why, and at what price.

The first row that holds counts. Findings that another one explains, and those that are only
information, decide nothing by themselves; "found" below means the others.

| the run | found | verdict |
| --- | --- | --- |
| could not be read | | cannot tell |
| goes on | an error, but for a wrong checkpoint | stop now |
| goes on | over-fitting, or a plateau | stop now |
| goes on | anything else, or nothing | keep training |
| is over | an error, but for a wrong checkpoint | restart with this patch |
| | - no config mends it, the program broke off, weights were saved | keep training: resume |
| | - no config mends it, all others | cannot tell: what to repair first |
| is over | a wrong checkpoint; the best epoch has a file of its own | ship it: that file |
| is over | over-fitting or a plateau at most, and a result that is not poor | ship it |
| is over | any other warning about what was learned | restart with this patch |
| | - no config mends it | cannot tell |
| is not complete | at most what costs time, or came back by itself | keep training |
| | - no weights were saved | cannot tell: start it again |
| is over | the same, and nothing was measured | cannot tell |
| is over | the same, and the metric was still rising | keep training, or as above |
| is over | the same, and the result is poor | cannot tell |
| is over | the same | ship it |

A result is poor by the limits of the rules that say so, by chance level, or where more is wrong
than right (``yardstick``). Where there is no yardstick "ship it" says what was reached, and that
it is for the user to say whether that is enough. "Restart" always has a patch that changes
something, "ship it" never stands beside an error, but for a best checkpoint that holds the wrong
epoch, beside which it names the right one.
"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.diagnosis import nextstep, price
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.fitness import fitness
from analyzer.diagnosis.patch import first_advice, merged, not_enough
from analyzer.diagnosis.vocabulary import label
from analyzer.diagnosis.yardstick import Result, result
from analyzer.facts.progress import ENDINGS, metric_curve
from analyzer.finding import Finding, Severity, Verdict
from analyzer.run import Checkpoint, Status
from analyzer.signals import noise
from analyzer.signals.stats import best_index, finite

WRONG_CHECKPOINT = ("best-checkpoint-stale", "best-checkpoint-not-best", "monitor-wrong")
PAST_ITS_BEST = ("overfitting", "metric-plateau")

BROKE_OFF = (
    *("out-of-memory", "file-not-found", "label-not-a-number", "label-too-short"),
    *("charset-too-small", "pretrained-not-loaded", "crashed"),
)
"""Errors that ended the program and say nothing of what had been learned before."""

INCOMPLETE = "run-incomplete"

BESIDE = (
    *("data-loading-bound", "gpu-idle", "slow-steps", "throughput-drops", "memory-grows"),
    *("overhead-high", "loss-nonfinite", "metric-nonfinite", "gradient-explodes", "resume-jump"),
    *("loss-spikes", "checkpoint-missing"),
)
"""Warnings that cost time, or tell of what the run got over: they are said, and decide nothing."""

FEW = 5
"""A poor result of fewer evaluations asks for more of them before anything else."""

VISIBLE = 0.02
"""A rise of the metric by this share, and beyond noise, counts as visible."""


def decide(case: Case, findings: Sequence[Finding]) -> Verdict:
    """The verdict; ``findings`` are in order, the worst first."""
    run = case.run
    if run.unreadable is not None:
        return Verdict("cannot tell", run.unreadable or "the run could not be read")
    own = [f for f in findings if f.explained_by is None and f.severity is not Severity.INFO]
    if run.data is not None:
        return fitness(run.data, own)
    got = result(case, findings)
    if run.status is Status.RUNNING:
        return _running(case, own, got)
    if error := next((f for f in own if _is_fatal(f)), None):
        return _failed(case, error, own, got)
    if wrong := next((f for f in own if f.rule in WRONG_CHECKPOINT), None):
        return _other_checkpoint(case, wrong, own, got)
    serious = [f for f in own if f.rule not in (*BESIDE, INCOMPLETE)]
    if serious and all(f.rule in PAST_ITS_BEST for f in serious) and got.is_usable:
        return _ship(case, got, serious)
    if serious:
        worst = next((f for f in serious if f.rule not in PAST_ITS_BEST), serious[0])
        return _restart(case, worst, own, got) or _cannot_tell(case, worst, got)
    if any(f.rule == INCOMPLETE for f in own):
        return _incomplete(case, own, got)
    return _without_faults(case, findings, own, got)


def _is_fatal(finding: Finding) -> bool:
    """Whether the training itself went wrong, not only the choice of its weights."""
    return finding.severity is Severity.ERROR and finding.rule not in WRONG_CHECKPOINT


def _running(case: Case, own: Sequence[Finding], got: Result) -> Verdict:
    """A run that goes on is stopped for an error, or when its best is behind it."""
    cost = price.joined(price.since_best(case, got), price.ahead(case))
    for finding in own:
        if _is_fatal(finding) or finding.rule in PAST_ITS_BEST:
            return Verdict("stop now", finding.message, cost, merged([finding, *own]))
    so_far = own[0].message if own else "nothing is wrong so far"
    return Verdict("keep training", f"{_progress(case)}: {so_far}", cost)


def _progress(case: Case) -> str:
    """``epoch 5 of 20``, ``step 500``, or that nothing was logged yet."""
    run = case.run
    for axis, done, planned in (
        ("epoch", run.epochs_done, run.planned_epochs),
        ("step", run.steps_done, run.planned_steps),
    ):
        if done:
            return f"{axis} {done:,}" + (f" of {planned:,}" if planned else "")
    return "no value was logged yet"


def _failed(case: Case, error: Finding, own: Sequence[Finding], got: Result) -> Verdict:
    """An error: mend it by the config and start anew, or repair it and go on."""
    if verdict := _restart(case, error, own, got):
        return verdict
    broke_off = all(f.rule in BROKE_OFF for f in own if _is_fatal(f))
    if broke_off and nextstep.can_resume(case):
        advice = first_advice(error)
        repair = f"{advice}, then " if advice else ""
        because = f"{error.message}; {repair}{nextstep.how_to_resume(case)}"
        return Verdict("keep training", because, price.ahead(case))
    return _cannot_tell(case, error, got)


def _restart(case: Case, worst: Finding, own: Sequence[Finding], got: Result) -> Verdict | None:
    """Train again with all that the findings ask for; None where no config change is offered."""
    patch = merged([worst, *own])
    if not patch:
        return None
    others = [f for f in own if f is not worst and f.rule not in (*BESIDE, INCOMPLETE)]
    rest = not_enough([worst, *others])
    because = price.joined(_symptom(worst, got), rest)
    cost = price.joined(price.since_best(case, got), price.again(case))
    return Verdict("restart with this patch", because, cost, patch)


def _cannot_tell(case: Case, worst: Finding, got: Result) -> Verdict:
    """No config mends it: what to look at first."""
    step = first_advice(worst)
    if worst.rule in BROKE_OFF:
        go_on = nextstep.how_to_resume(case)
        step = f"{step}, then {go_on}" if step else go_on
    because = price.joined(_symptom(worst, got), step)
    return Verdict("cannot tell", because, price.since_best(case, got))


def _symptom(worst: Finding, got: Result) -> str:
    """What the finding says, after the result where that is what makes it no matter of choice."""
    if worst.rule in PAST_ITS_BEST and got.grade == "poor":
        return f"{got.text}, {got.why}; {worst.message}"
    return worst.message


def _other_checkpoint(case: Case, wrong: Finding, own: Sequence[Finding], got: Result) -> Verdict:
    """Ship the epoch file that is really best, where it is there."""
    if got.is_usable and got.curve is not None and got.curve.axis == "epoch":
        for checkpoint in case.run.checkpoints:
            if checkpoint.epoch == got.at and _is_usable(checkpoint, case):
                because = f"take {checkpoint.file}, not the best checkpoint: {wrong.message}"
                return Verdict("ship it", because, price.since_best(case, got), merged(own))
    return _restart(case, wrong, own, got) or _cannot_tell(case, wrong, got)


def _is_usable(checkpoint: Checkpoint, case: Case) -> bool:
    """Whether it is another file than the best one, and there or only not copied along."""
    best = case.run.best_checkpoint
    not_copied = case.fact("weights_present") is False and not checkpoint.removed
    return (checkpoint.exists or not_copied) and (best is None or checkpoint.file != best.file)


def _incomplete(case: Case, own: Sequence[Finding], got: Result) -> Verdict:
    """A run that ended too early, and shows no other fault: go on, or start it again."""
    told = next(f for f in own if f.rule == INCOMPLETE).message
    step = nextstep.how_to_resume(case)
    if step == nextstep.START_AGAIN:
        lacking = "no weights were saved" if nextstep.has_begun(case) else "nothing was learned"
        return Verdict("cannot tell", f"{told}; {lacking}: {step}", price.again(case))
    cost = price.joined(price.since_best(case, got), price.ahead(case))
    return Verdict("keep training", f"{told}; {step}", cost)


def _without_faults(
    case: Case, findings: Sequence[Finding], own: Sequence[Finding], got: Result
) -> Verdict:
    """A run that is over and shows nothing wrong: good, still rising, or not to be judged."""
    if got.grade == "none":
        reason = "no curve shows a fault, but no validation metric was logged"
        if not nextstep.has_begun(case):
            reason = "no value of a training was logged"
        return Verdict("cannot tell", _with_ending(case, reason))
    still = next((f for f in findings if f.rule == "still-improving"), None)
    if still is not None and (rise := _still_rising(case)):
        if nextstep.can_resume(case) is not False:
            because = f"{rise}; {nextstep.how_to_resume(case)}"
            return Verdict("keep training", because, price.ahead(case))
        if verdict := _restart(case, still, [still], got):
            return verdict
    if got.grade == "poor":
        step = "train longer" if got.points < FEW else "look at the data first"
        because = f"no curve shows a fault, but {got.text}, {got.why}: {step}"
        return Verdict("cannot tell", because, price.since_best(case, got))
    return _ship(case, got, own)


def _ship(case: Case, got: Result, own: Sequence[Finding]) -> Verdict:
    """What was reached, in which file, and what the user alone can say."""
    parts = [_with_ending(case, got.text + _file(case, got)), *(f.message for f in own[:1])]
    if got.curve is not None and got.curve.name == "val_loss":
        parts.append("no metric was logged, so whether that is enough is for you to say")
    elif got.grade == "open":
        parts.append("whether that is enough is for you to say")
    return Verdict("ship it", "; ".join(parts), price.since_best(case, got))


def _file(case: Case, got: Result) -> str:
    """Where the weights of the best epoch are, if that is known."""
    held = case.run.best_checkpoint
    if held is None or got.curve is None or got.curve.axis != "epoch" or held.epoch != got.at:
        return ""
    return f", in {held.file}"


def _with_ending(case: Case, text: str) -> str:
    broken = (Status.FAILED, Status.KILLED, Status.INTERRUPTED)
    return f"{text}; {ENDINGS[case.run.status]}" if case.run.status in broken else text


def _still_rising(case: Case) -> str:
    """A sentence when the metric was best at the end and rose visibly in the last third."""
    curve, higher = metric_curve(case.run), case.run.higher_is_better
    if curve is None:
        return ""
    y = finite(curve)[1]
    third = max(1, len(y) // 3)
    if len(y) < 3 or best_index(y, higher) < len(y) - 1:
        return ""
    before = float(y[best_index(y[:-third], higher)])
    if abs(y[-1] - before) <= max(2 * noise(curve), VISIBLE * abs(before)):
        return ""
    return (
        f"{label(curve.name)} was still getting better: from {before:.3g} to {y[-1]:.3g} in the "
        f"last {f'{third} evaluations' if third > 1 else 'evaluation'}"
    )
