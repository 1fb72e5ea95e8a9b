"""Rules with one condition left out: if no example notices, the condition proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from analyzer.diagnosis.grammar import Condition, Group
from analyzer.diagnosis.rule import Rule

_ALWAYS = Group.model_construct(all=())
"""All of nothing: holds for any run."""


def variants(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """(which condition, the rule without it) for every condition of the rule and its causes."""
    for what, rest in _without(rule.when):
        yield f"when: {what}", rule.model_copy(update={"when": rest or _ALWAYS})
    for what, rest in _without(rule.unless):
        yield f"unless: {what}", rule.model_copy(update={"unless": rest})
    if isinstance(rule.severity, tuple):
        for index, step in enumerate(rule.severity):
            for what, rest in _without(step.when):
                steps = _replaced(rule.severity, index, {"when": rest})
                yield f"severity {step.to}: {what}", rule.model_copy(update={"severity": steps})
    for index, cause in enumerate(rule.causes):
        for key in ("when", "unless"):
            for what, rest in _without(getattr(cause, key)):
                causes = _replaced(rule.causes, index, {key: rest})
                yield f"{cause.id} {key}: {what}", rule.model_copy(update={"causes": causes})


def _replaced(items: tuple[Any, ...], index: int, update: dict[str, Any]) -> tuple[Any, ...]:
    """``items`` with the one at ``index`` changed."""
    changed = items[index].model_copy(update=update)
    return (*items[:index], changed, *items[index + 1 :])


def _without(when: Group | Condition | None) -> Iterator[tuple[str, Group | Condition | None]]:
    """(the condition left out, what is left of the tree) for every condition in it."""
    if isinstance(when, Condition):
        yield sentence(when), None
    elif isinstance(when, Group):
        for index, item in enumerate(when.items):
            for what, rest in _without(item):
                left = () if rest is None else (rest,)
                items = (*when.items[:index], *left, *when.items[index + 1 :])
                yield what, when.with_items(items) if items else None


def sentence(condition: Condition) -> str:
    """A condition as it stands in the file, in short."""
    given = condition.model_dump(exclude_none=True, by_alias=True)
    for key in ("above", "below"):
        if key in given:
            limit = given[key]
            target = limit["fact"] if limit.get("fact") else limit.get("signal") or limit["unit"]
            given[key] = f"{limit['value']:g} {target}".strip()
    if condition.over is not None:
        given["over"] = condition.over.text
    return ", ".join(f"{key}: {value}" for key, value in given.items())
