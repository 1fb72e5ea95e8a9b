"""Rules: what may stand in a rule file.

The models here and in ``grammar`` and ``example`` are the language; an editor gets its JSON Schema
from ``Rule.model_json_schema()``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from functools import cached_property
from typing import Annotated, Any

from pydantic import BeforeValidator, Discriminator, Field, FiniteFloat, Tag, model_validator

from analyzer.diagnosis import message
from analyzer.diagnosis.example import Example
from analyzer.diagnosis.grammar import (
    Condition,
    LimitField,
    Model,
    Text,
    When,
    known,
    leaves,
    placed,
    wrong,
)
from analyzer.diagnosis.problems import VALUES
from analyzer.diagnosis.runchecks import EVERY_CHECK, RUN_CHECKS
from analyzer.diagnosis.several import AMONG, TOLD
from analyzer.diagnosis.vocabulary import EACH, check_pattern, unknown
from analyzer.diagnosis.window import FINDING
from analyzer.facts import DATA_FACTS, FACTS
from analyzer.finding import Severity
from analyzer.signals import SIGNALS

ID = re.compile(r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")
"""What ids of rules and causes look like."""

Id = Annotated[str, Field(pattern=ID.pattern)]


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

    times: FiniteFloat | None = None
    at_least: FiniteFloat | None = None
    at_most: FiniteFloat | None = None
    fact: str | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Change:
        if self.fact is not None:
            known("fact", self.fact, FACTS, "fact")
        given = [self.times, self.at_least, self.at_most, self.fact]
        if sum(value is not None for value in given) != 1:
            raise ValueError("a change has exactly one of times, at_least, at_most, fact")
        return self


def _constant(raw: Any) -> Any:
    """A text, a number, or a yes/no."""
    if not isinstance(raw, bool | int | float | str):
        raise ValueError("write a text, a number, true or false, or a change: {times: 0.1}")
    if isinstance(raw, float) and not math.isfinite(raw):
        raise ValueError(f"{raw} is no value to set")
    return raw


def _new_value(raw: Any) -> str:
    return "change" if isinstance(raw, dict | Change) else "constant"


NewValue = Annotated[
    Annotated[Change, Tag("change")]
    | Annotated[bool | int | float | str, BeforeValidator(_constant), Tag("constant")],
    Discriminator(_new_value),
]


class FixText(Model):
    """A config patch, or an advice; beside a patch one for configs with none of its keys.

    ``safe``: undoable, and cannot make a healthy run worse.
    """

    set: dict[str, NewValue] | None = None
    do: Text | None = None
    safe: bool = False

    @model_validator(mode="after")
    def _some_kind(self) -> FixText:
        if self.set is None and self.do is None:
            raise ValueError("a fix has set:, do:, or both")
        if self.set is not None and not self.set:
            raise wrong("a patch names at least one key: {optimizer.lr: {times: 0.1}}", "set")
        if self.safe and self.set is None:
            raise wrong("only a config patch (set) can be safe", "safe")
        return self


class CauseText(Model):
    """A possible reason: ``when`` holds -> supported, ``unless`` holds -> ruled out."""

    id: Id
    says: Text
    when: When | None = None
    unless: When | None = None
    fix: FixText | None = None


def _one_or_list(raw: Any) -> str:
    return "list" if isinstance(raw, list | tuple) else "one"


SeverityField = Annotated[
    Annotated[Severity, Tag("one")] | Annotated[tuple[Step, ...], Tag("list")],
    Discriminator(_one_or_list),
]


class Rule(Model):
    """One rule file. ``id`` and ``family`` come from its name and its folder."""

    GIVEN = ("id", "family")

    id: Id
    family: str = ""
    title: Text
    severity: SeverityField
    confidence: Annotated[FiniteFloat, Field(gt=0, le=1)] = 1.0
    limits: dict[str, LimitField] = Field(default_factory=dict)
    among: str | None = None
    for_each: Patterns = ()
    when: When
    unless: When | None = None
    message: Text
    explains: tuple[Id, ...] = ()
    causes: tuple[CauseText, ...] = ()
    fixes: tuple[FixText, ...] = ()
    why: Text
    known_limits: str = ""
    links: tuple[str, ...] = ()
    examples: tuple[Example, ...] = Field(min_length=2)

    @model_validator(mode="after")
    def _severity_ends(self) -> Rule:
        if isinstance(self.severity, tuple):
            _check_steps(self.severity)
        ids = [cause.id for cause in self.causes]
        for index, name in enumerate(ids):
            if name in ids[:index]:
                text = f"another cause has the id '{name}' too; give each its own"
                raise wrong(text, "causes", str(index), "id")
        return self

    @model_validator(mode="after")
    def _one_run_or_several(self) -> Rule:
        """Rules about several runs ask for checks of them, and only those do."""
        if self.among is not None:
            if self.among not in AMONG:
                raise wrong(unknown("value of among", self.among, AMONG), "among")
            self._no_key_of_one_run()
        for place, leaf in self.placed():
            if (leaf.check in RUN_CHECKS) != (self.among is not None):
                text = f"'{leaf.name}' looks at several runs, which needs among:"
                if self.among is not None:
                    text = f"'{leaf.name}' looks at one run; with among: there are only checks: "
                    text += ", ".join(RUN_CHECKS)
                raise wrong(text, *place)
        for index, example in enumerate(self.examples):
            if bool(example.runs) != (self.among is not None):
                needs = "two runs or more under runs:" if self.among else "no runs:"
                text = f"with{'' if self.among else 'out'} among: an example has {needs}"
                raise wrong(text, "examples", str(index))
        return self

    @model_validator(mode="after")
    def _examples_have_names_of_their_own(self) -> Rule:
        names = [example.name for example in self.examples]
        for index, name in enumerate(names):
            if name in names[:index]:
                raise wrong(f"an example named '{name}' stands above", "examples", str(index))
        return self

    def _no_key_of_one_run(self) -> None:
        for key in ("for_each", "explains"):
            if getattr(self, key):
                raise wrong("goes with rules about one run; leave it out", key)
        for place, fix in self.placed_fixes():
            if fix.set is not None:
                raise wrong("a patch is of one run; with among: write do:", *place, "set")

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
            if leaf.problem is not None:
                allowed |= set(VALUES)
        try:
            for name in message.names(self.message):
                known("name in the message", name, sorted(allowed), "message")
        except ValueError as error:
            raise wrong(str(error), "message") from None
        return self

    @model_validator(mode="after")
    def _each_and_finding(self) -> Rule:
        for place, leaf in self.placed():
            named = [leaf.of, leaf.vs, *(limit.of for limit in leaf.limits.values())]
            if EACH in named and not self.for_each:
                raise wrong("'each' needs for_each:, which says what it stands for", *place)
            is_symptom = place[0] in ("when", "unless")
            if is_symptom and leaf.over is not None and leaf.over.of == FINDING:
                text = f"{leaf.over.text}: the finding is known only in causes and severity"
                raise wrong(text, *place, "over")
        return self

    @cached_property
    def about_data(self) -> bool:
        """Whether the rule judges a data set; all others judge runs."""
        facts = (leaf.fact or "" for leaf in leaves(self.when))
        asked = any(leaf.problem is not None for leaf in leaves(self.when))
        return asked or any(name in DATA_FACTS for name in facts)

    def conditions(self) -> Iterator[Condition]:
        """Every condition of the rule: of its symptom, its severity and its causes."""
        for _, leaf in self.placed():
            yield leaf

    def placed(self) -> Iterator[tuple[tuple[str, ...], Condition]]:
        """Every condition of the rule, and its place in the file."""
        trees: list[tuple[tuple[str, ...], Any]] = [(("when",), self.when)]
        trees.append((("unless",), self.unless))
        for index, step in enumerate(self.severity if isinstance(self.severity, tuple) else ()):
            trees.append((("severity", str(index), "when"), step.when))
        for index, cause in enumerate(self.causes):
            trees.append((("causes", str(index), "when"), cause.when))
            trees.append((("causes", str(index), "unless"), cause.unless))
        for place, tree in trees:
            if tree is not None:
                yield from placed(tree, place)

    def placed_fixes(self) -> Iterator[tuple[tuple[str, ...], FixText]]:
        """Every fix of the rule, and its place in the file."""
        for index, fix in enumerate(self.fixes):
            yield ("fixes", str(index)), fix
        for index, cause in enumerate(self.causes):
            if cause.fix is not None:
                yield ("causes", str(index), "fix"), cause.fix


def _check_steps(steps: tuple[Step, ...]) -> None:
    if not steps:
        raise wrong("the list is empty; give at least one {to: warning}", "severity")
    for index, step in enumerate(steps[:-1]):
        if step.when is None:
            text = "only the last step has no when:, so what stands below this one never counts"
            raise wrong(text, "severity", str(index))
    if steps[-1].when is not None:
        text = "the last step has no when:, or a finding could be left without a severity"
        raise wrong(text, "severity", str(len(steps) - 1), "when")
