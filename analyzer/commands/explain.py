"""``rules explain``: a rule in words, for somebody who has never met it."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import fill

from analyzer.diagnosis import words
from analyzer.diagnosis.engine import Fired
from analyzer.diagnosis.example import Example
from analyzer.diagnosis.examples import build_run, outcome
from analyzer.diagnosis.rule import CauseText, Rule
from analyzer.diagnosis.several import AMONG
from analyzer.finding import Finding
from analyzer.render.text import setting, sparkline
from analyzer.run import Series

COLUMNS = 96
SPARKS = 32
MOST_CURVES = 3


def explain(rule: Rule) -> str:
    """What it detects, why it matters, how it is decided, causes, fixes, limits and an example."""
    return "\n".join(_lines(rule)).rstrip() + "\n"


def _lines(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} ({rule.family}, {severity(rule)})"
    yield rule.title
    yield from _part("Why it matters", _text(rule.why))
    yield from _part("How it is decided", decided(rule))
    yield from _part("What these words mean", _meanings(rule))
    yield from _part("Causes, in the order in which to check them", _causes(rule))
    yield from _part("What to do in any case", (f"- {words.fix(fix)}" for fix in rule.fixes))
    yield from _part("Known limits", _text(rule.known_limits))
    yield from _part("Limits that analyzer.yaml can change", _limits(rule))
    yield from _part("Before", _example(rule, fires=True))
    yield from _part("After", _example(rule, fires=False))
    explains = _text(", ".join(rule.explains))
    yield from _part("What it explains, and so is shown under it", explains)
    yield from _part("Read on", rule.links)


def _part(title: str, lines: Iterator[str] | tuple[str, ...]) -> Iterator[str]:
    found = [f"  {line}" for line in lines if line]
    if found:
        yield ""
        yield title
        yield from found


def _text(text: str) -> tuple[str, ...]:
    return tuple(fill(" ".join(text.split()), COLUMNS - 2).splitlines())


def severity(rule: Rule) -> str:
    """The severities that a rule may have, the first to be tried first."""
    steps = rule.severity
    named = [str(step.to) for step in steps] if isinstance(steps, tuple) else [str(steps)]
    return " or ".join(dict.fromkeys(named))


def decided(rule: Rule) -> Iterator[str]:
    """How a rule is decided, as nested list items under lines that end with a colon."""
    if rule.among is not None:
        yield f"among {AMONG[rule.among].says}:"
    if rule.for_each:
        yield f"for each of {', '.join(rule.for_each)}:"
    yield from words.tree(rule.when)
    if rule.unless is not None:
        yield "unless:"
        yield from words.tree(rule.unless)
    for step in rule.severity if isinstance(rule.severity, tuple) else ():
        if step.when is None:
            yield f"{'else ' if len(severity(rule).split()) > 1 else ''}{step.to}"
        else:
            yield f"{step.to} if:"
            yield from words.tree(step.when)


def _meanings(rule: Rule) -> Iterator[str]:
    whens = (rule.when,) if rule.unless is None else (rule.when, rule.unless)
    for line in words.meanings(whens):
        yield from fill(f"- {line}", COLUMNS - 2, subsequent_indent="  ").splitlines()


def _causes(rule: Rule) -> Iterator[str]:
    for cause in rule.causes:
        yield f"- {cause.says} [{cause.id}]"
        yield from _cause(cause)


def _cause(cause: CauseText) -> Iterator[str]:
    for what, when in (("supported if", cause.when), ("ruled out if", cause.unless)):
        if when is not None:
            yield f"    {what}:"
            yield from words.tree(when, "    ")
    if cause.fix is not None:
        yield f"    fix: {words.fix(cause.fix)}"


def _limits(rule: Rule) -> Iterator[str]:
    for name, limit in rule.limits.items():
        yield f"{name}: {words.limit(limit)}"


def _example(rule: Rule, *, fires: bool) -> Iterator[str]:
    """The first example that fires, best one with a patch, or the first silent one, as curves."""
    found = [e for e in rule.examples if e.expects.fires is fires]
    chosen = next((e for e in found if e.expects.fixes), found[0]) if found else None
    if chosen is None:
        return
    yield chosen.name
    for name, series in list(_curves(chosen))[:MOST_CURVES]:
        yield f"{name:<16} {sparkline(series.y.tolist(), SPARKS)}"
    yield from _said(rule, chosen)


def _curves(example: Example) -> Iterator[tuple[str, Series]]:
    """The curves of an example; of several runs the first of each, under the run's name."""
    for text in example.texts:
        for name, series in build_run(text).series.items():
            yield text.name if example.runs else name, series
            if example.runs:
                break


def _said(rule: Rule, example: Example) -> Iterator[str]:
    result = outcome(rule, example)
    if not isinstance(result, Fired):
        yield "nothing is said"
        return
    finding: Finding = result.finding
    yield from fill(f"-> {finding.message}", COLUMNS - 2).splitlines()
    for fix in finding.fixes:
        for key, (old, new) in fix.set.items():
            yield f"-> {key}: {setting(old)} -> {setting(new)}"
