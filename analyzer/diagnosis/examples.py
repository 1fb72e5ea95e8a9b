"""Rules tested by the examples in their own files: nothing in a rule goes unproven.

``check_rule`` says what is wrong with one rule, a sentence each: an example that does not come
out as it says, none that fires or none that stays silent, a condition that no example needs, a
patch that no example receives, a finding in a healthy run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import NamedTuple

from analyzer.diagnosis.case import Case
from analyzer.diagnosis.datasets import examined
from analyzer.diagnosis.engine import Fired, Unjudged, examine, symptom
from analyzer.diagnosis.example import Example, RunText
from analyzer.diagnosis.fix import resolve
from analyzer.diagnosis.message import UNKNOWN, show
from analyzer.diagnosis.notation import curve
from analyzer.diagnosis.rule import FixText, Rule
from analyzer.diagnosis.several import AMONG, Several
from analyzer.diagnosis.variants import variants
from analyzer.diagnosis.vocabulary import unknown
from analyzer.finding import Severity
from analyzer.formats import yaml12
from analyzer.names import RATES, STEP_SUFFIX
from analyzer.run import BestCheckpoint, Checkpoint, Config, LogEvent, Note, Run, Series

_NAMES = {"loss": "train_loss", "metric": "val_f1"}


def build_run(example: RunText) -> Run:
    """The run that an example describes. Raises ValueError for a curve that cannot be read."""
    series = dict(_series(example))
    best = example.best_checkpoint
    because = f"the example says epoch {best.epoch}" if best is not None else ""
    return Run(
        name=example.name,
        path=Path(),
        format="workdir",
        series=series,
        config=Config(example.config, file="config.yaml" if example.config else None),
        notes=tuple(Note(text, clash=True) for text in example.clashes),
        checkpoints=tuple(Checkpoint(**vars(file)) for file in example.checkpoints),
        best_checkpoint=None if best is None else BestCheckpoint(**vars(best), because=because),
        events=tuple(
            LogEvent(event.kind, "logs/train.log", line + 1, event.text, event.epoch)
            for line, event in enumerate(example.events)
        ),
        main_metric=next((name for name in RATES if name in series), None),
        planned_epochs=example.planned_epochs,
        planned_steps=example.planned_steps,
        status=example.status,
        samples=example.samples,
        environment=example.environment,
        unreadable=example.unreadable,
        data=None if example.dataset is None else examined(example.dataset),
    )


def _series(example: RunText) -> Iterator[tuple[str, Series]]:
    """The curves of an example; one by step beside one by epoch has the finer one's name."""
    for given, text in example.run.items():
        name = _NAMES.get(given, given)
        yield name, curve(name, text, f"{example.name}/{name}", resumed=example.resumed)
    for given, text in example.steps.items():
        name = _NAMES.get(given, given)
        name += STEP_SUFFIX if given in example.run else ""
        yield name, curve(name, text, f"{example.name}/{name}", every=example.step_every)


def outcome(rule: Rule, example: Example) -> Fired | Unjudged | None:
    """What the rule says of the example; of its first set of runs about which it says anything."""
    found = [examine(rule, case) for case in cases(rule, example.texts)]
    fired = next((one for one in found if isinstance(one, Fired)), None)
    return fired or next((one for one in found if one is not None), None)


def cases(rule: Rule, texts: Sequence[RunText]) -> list[Case]:
    """What a rule looks at: each run, or each set of runs that it looks at together."""
    if rule.among is None:
        return [Case(build_run(text), text.facts) for text in texts]
    several = Several(tuple(map(build_run, texts)), tuple(text.name for text in texts))
    return [Case(one.runs[0], several=one) for one in AMONG[rule.among].sets(several)]


class Problem(NamedTuple):
    """What is wrong with a rule; ``path`` is the dotted place in its file."""

    path: str
    text: str


def check_rule(rule: Rule, healthy: Sequence[RunText] = ()) -> list[Problem]:
    """Everything that is wrong with a rule by its own examples; empty when all is proven.

    On ``healthy`` runs it may say nothing above info.
    """
    problems = [
        Problem(f"examples.{index}", text)
        for index, example in enumerate(rule.examples)
        for text in check_example(rule, example)
    ]
    if problems:  # what else is wrong may come from these
        return problems + check_healthy(rule, healthy)
    fires = [example.expects.fires for example in rule.examples]
    if not any(fires):
        problems.append(Problem("examples", "no example fires; add a run that this rule finds"))
    if all(fires):
        problems.append(Problem("examples", "no example stays silent; add a near miss"))
    problems += [
        Problem(path, f"no example needs '{what}'; leave it out, or add a run that turns on it")
        for what, path, needed in needs(rule)
        if not needed
    ]
    return problems + check_patches(rule) + check_healthy(rule, healthy)


def check_healthy(rule: Rule, healthy: Sequence[RunText]) -> list[Problem]:
    """The healthy runs in which the rule finds something above info."""
    return [
        Problem("when", f"fires on the healthy run '{case.run.name}': {found.finding.message}")
        for case in cases(rule, healthy)
        if isinstance(found := examine(rule, case), Fired)
        and found.finding.severity is not Severity.INFO
    ]


def healthy_runs(folder: Path) -> tuple[RunText, ...]:
    """The healthy runs in ``_healthy.yaml`` of the folder of the rules."""
    path = folder / "_healthy.yaml"
    found = yaml12.parse(path.read_text(encoding="utf-8"), file=str(path)).value
    return tuple(RunText.model_validate(item) for item in found)


def check_example(rule: Rule, example: Example) -> list[str]:
    """How the rule's answer differs from what the example expects, a sentence each."""
    try:
        found = outcome(rule, example)
    except ValueError as error:
        return [f"{example.name}: {error}"]
    expects = example.expects
    if expects.fires and not isinstance(found, Fired):
        why = f": {_why_silent(rule, example, found)}"
        return [f"{example.name}: the rule has to fire, but stays silent{why}"]
    if isinstance(found, Fired):
        if not expects.fires:
            said = found.finding.message
            return [f"{example.name}: the rule has to stay silent, but fires: {said}"]
        return [f"{example.name}: {text}" for text in _differences(found, example)]
    reason = found.reason if isinstance(found, Unjudged) else "it was judged"
    if expects.unjudged is not None and expects.unjudged not in reason:
        return [f"{example.name}: expected as reason '{expects.unjudged}', but {reason}"]
    return []


def _why_silent(rule: Rule, example: Example, found: Unjudged | None) -> str:
    if found is not None:
        return found.reason
    if rule.among is not None:
        return "the check does not hold of these runs"
    return symptom(rule, Case(build_run(example), example.facts))[0].text


def _differences(found: Fired, example: Example) -> Iterator[str]:
    finding, expects = found.finding, example.expects
    if UNKNOWN in finding.message.split():
        yield f"the message has a gap: {finding.message}"
    if expects.message is not None and finding.message != expects.message:
        yield f"the message is '{finding.message}'"
    if expects.severity is not None and finding.severity is not expects.severity:
        yield f"the severity is {finding.severity}"
    if expects.runs is not None and finding.runs != expects.runs:
        yield f"the runs are {', '.join(finding.runs)}"
    verdicts = {cause.id: cause.verdict for cause in finding.causes}
    for cause, verdict in expects.causes.items():
        if cause not in verdicts:
            yield unknown("cause", cause, verdicts)
        elif verdicts[cause] is not verdict:
            yield f"the cause {cause} is {verdicts[cause]}, not {verdict}"
    patch = {key: new for fix in reversed(finding.fixes) for key, (_, new) in fix.set.items()}
    for key, value in expects.fixes.items():
        if key not in patch or patch[key] != value:
            yield f"{key} is set to {_shown(patch.get(key))}, not to {_shown(value)}"


def _shown(value: object) -> str:
    return "nothing" if value is None else show(value)


def needs(rule: Rule) -> Iterator[tuple[str, str, bool]]:
    """Each condition, its place, and whether leaving it out changes what an example comes to."""
    before = [_told(outcome(rule, example)) for example in rule.examples]
    for what, path, variant in variants(rule):
        after = (_told(outcome(variant, example)) for example in rule.examples)
        changed = any(old != new for old, new in zip(before, after, strict=True))
        yield what, path, changed


def _told(found: Fired | Unjudged | None) -> object:
    """What counts of an answer: fired or not, how bad, and the verdicts on the causes."""
    if not isinstance(found, Fired):
        return found is None
    finding = found.finding
    return finding.severity, sorted((cause.id, cause.verdict) for cause in finding.causes)


def check_patches(rule: Rule) -> list[Problem]:
    """The config patches that change the config of no example."""
    return [
        Problem(".".join(place), _unused(fix.set, rule))
        for place, fix in rule.placed_fixes()
        if fix.set is not None and not _changes_some(fix, rule)
    ]


def _unused(patch: Mapping[str, object], rule: Rule) -> str:
    given = {key for example in rule.examples for key in example.config}
    for key in patch:
        if key not in given and (close := get_close_matches(key, sorted(given), n=1, cutoff=0.8)):
            return f"no example's config has the key {key} to set; did you mean '{close[0]}'?"
    return (
        f"no example's config is changed by setting {', '.join(patch)}; "
        "give one that fires a config in which that has another value"
    )


def _changes_some(fix: FixText, rule: Rule) -> bool:
    for example in rule.examples:
        found = outcome(rule, example)
        if isinstance(found, Fired):
            patch = resolve(fix, Case(build_run(example), example.facts), lambda _: None)
            if patch is not None and patch.set:
                return True
    return False
