"""Rules: what may stand in a rule file.

The models here and in ``grammar`` and ``example`` are the language; an editor gets its JSON Schema
from ``Rule.model_json_schema()``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, model_validator

from analyzer.diagnosis import message
from analyzer.diagnosis.example import Example
from analyzer.diagnosis.grammar import Condition, LimitField, Model, When, known, leaves, wrong
from analyzer.diagnosis.runchecks import EVERY_CHECK, RUN_CHECKS
from analyzer.diagnosis.several import AMONG, TOLD
from analyzer.diagnosis.vocabulary import EACH, check_pattern, unknown
from analyzer.diagnosis.window import FINDING
from analyzer.facts import FACTS
from analyzer.finding import Severity
from analyzer.signals import SIGNALS

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


def _patterns(raw: Any) -> Any:
    """One pattern or several, each checked."""
    patterns = [raw] if isinstance(raw, str) else raw
    for pattern in patterns if isinstance(patterns, list | tuple) else ():
        check_pattern(str(pattern))
    return patterns


Patterns = Annotated[
    tuple[str, ...], BeforeValidator(_patterns, json_schema_input_type=str | list[str])
]


class Step(Model):
    """One step of a severity list: the first whose condition holds counts."""

    to: Severity
    when: When | None = None


class Change(Model):
    """A new value that hangs on the old one or on a fact."""

    times: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    fact: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Change:
        if self.fact is not None:
            known("fact", self.fact, FACTS)
        given = [self.times, self.at_least, self.at_most, self.fact]
        if sum(value is not None for value in given) != 1:
            raise ValueError("a change has exactly one of times, at_least, at_most, fact")
        return self


class FixText(Model):
    """A config patch, or an advice. ``safe``: undoable, and cannot make a healthy run worse."""

    set: dict[str, Change | bool | int | float | str] | None = None
    do: str | None = None
    safe: bool = False

    @model_validator(mode="after")
    def _one_kind(self) -> FixText:
        if (self.set is None) == (self.do is None):
            raise ValueError("a fix has exactly one of set, do")
        if self.safe and self.set is None:
            raise ValueError("only a config patch (set) can be safe")
        return self


class CauseText(Model):
    """A possible reason: ``when`` holds -> supported, ``unless`` holds -> ruled out."""

    id: Id
    says: str
    when: When | None = None
    unless: When | None = None
    fix: FixText | None = None


class Rule(Model):
    """One rule file. ``id`` and ``family`` come from its name and its folder."""

    id: Id
    family: str = ""
    title: str
    severity: Severity | tuple[Step, ...]
    confidence: Annotated[float, Field(gt=0, le=1)] = 1.0
    limits: dict[str, LimitField] = Field(default_factory=dict)
    among: str | None = None
    for_each: Patterns = ()
    when: When
    unless: When | None = None
    message: str
    explains: tuple[Id, ...] = ()
    causes: tuple[CauseText, ...] = ()
    fixes: tuple[FixText, ...] = ()
    why: str
    known_limits: str = ""
    links: tuple[str, ...] = ()
    examples: tuple[Example, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _severity_ends(self) -> Rule:
        if isinstance(self.severity, tuple):
            steps = self.severity
            if not steps or steps[-1].when is not None or any(s.when is None for s in steps[:-1]):
                text = "severity: every step but the last has when:, the last has none"
                raise wrong(text, "severity")
        ids = [cause.id for cause in self.causes]
        if len(ids) != len(set(ids)):
            raise wrong("causes: two causes have the same id", "causes")
        return self

    @model_validator(mode="after")
    def _one_run_or_several(self) -> Rule:
        """Rules about several runs ask for checks of them, and only those do."""
        if self.among is not None:
            if self.among not in AMONG:
                raise wrong(unknown("value of among", self.among, AMONG), "among")
            self._no_key_of_one_run()
        for leaf in self.conditions():
            if (leaf.check in RUN_CHECKS) != (self.among is not None):
                text = f"'{leaf.name}' looks at several runs, which needs among:"
                if self.among is not None:
                    text = f"'{leaf.name}' looks at one run; with among: there are only checks: "
                    text += ", ".join(RUN_CHECKS)
                raise wrong(text, "when")
        for index, example in enumerate(self.examples):
            if bool(example.runs) != (self.among is not None):
                needs = "two runs or more under runs:" if self.among else "no runs:"
                text = f"examples.{index}: with{'' if self.among else 'out'} among: it has {needs}"
                raise wrong(text, "examples")
        return self

    def _no_key_of_one_run(self) -> None:
        for key in ("for_each", "explains"):
            if getattr(self, key):
                raise wrong(f"{key}: goes with rules about one run; leave it out", key)
        for fix in (*self.fixes, *(cause.fix for cause in self.causes)):
            if fix is not None and fix.set is not None:
                raise wrong("a patch is of one run; with among: write do:", "fixes")

    @model_validator(mode="after")
    def _message_names(self) -> Rule:
        known_of = TOLD if self.among else ("of", "axis", *FACTS)
        allowed = {*known_of, *(("each", "part") if self.for_each else ())}
        for leaf in leaves(self.when):
            if leaf.signal is not None:
                allowed |= set(SIGNALS[leaf.signal].gives)
            if leaf.event is not None:
                allowed |= {"text", "line", "file"}
            if leaf.check is not None:
                allowed |= set(EVERY_CHECK[leaf.check].gives)
        try:
            for name in message.names(self.message):
                known("name in the message", name, sorted(allowed))
        except ValueError as error:
            raise wrong(str(error), "message") from None
        return self

    @model_validator(mode="after")
    def _each_and_finding(self) -> Rule:
        for leaf in self.conditions():
            limits = (leaf.above, leaf.below)
            named = [leaf.of, leaf.vs, *(limit.of for limit in limits if limit is not None)]
            if EACH in named and not self.for_each:
                raise wrong("'each' needs for_each:, which says what it stands for", "when")
        for tree in (self.when, self.unless):
            for leaf in leaves(tree) if tree is not None else ():
                if leaf.over is not None and leaf.over.of == FINDING:
                    text = f"{leaf.over.text}: the finding is known only in causes and severity"
                    raise wrong(text, "when")
        return self

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the rule: of its symptom, its severity and its causes."""
        steps = self.severity if isinstance(self.severity, tuple) else ()
        trees = [self.when, self.unless, *(step.when for step in steps)]
        trees += [tree for cause in self.causes for tree in (cause.when, cause.unless)]
        for tree in trees:
            if tree is not None:
                yield from leaves(tree)
