"""Rules with one condition left out: if no example notices, the condition proves nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from analyzer.diagnosis.grammar import Condition, Group
from analyzer.diagnosis.rule import Rule

_ALWAYS = Group.model_construct(all=())
"""All of nothing: holds for any run."""


class Variant(NamedTuple):
    """A rule without one condition, and where that one stands in the file."""

    what: str
    path: str
    rule: Rule


def variants(rule: Rule) -> Iterator[Variant]:
    """The rule without each condition, those of its severity and its causes too."""
    for what, path, rest in _without(rule.when, "when"):
        yield Variant(f"when: {what}", path, rule.model_copy(update={"when": rest or _ALWAYS}))
    for what, path, rest in _without(rule.unless, "unless"):
        yield Variant(f"unless: {what}", path, rule.model_copy(update={"unless": rest}))
    if isinstance(rule.severity, tuple):
        for index, step in enumerate(rule.severity):
            for what, path, rest in _without(step.when, f"severity.{index}.when"):
                steps = _replaced(rule.severity, index, {"when": rest})
                less = rule.model_copy(update={"severity": steps})
                yield Variant(f"severity {step.to}: {what}", path, less)
    for index, cause in enumerate(rule.causes):
        for key in ("when", "unless"):
            for what, path, rest in _without(getattr(cause, key), f"causes.{index}.{key}"):
                causes = _replaced(rule.causes, index, {key: rest})
                less = rule.model_copy(update={"causes": causes})
                yield Variant(f"{cause.id} {key}: {what}", path, less)


def _replaced(items: tuple[Any, ...], index: int, update: dict[str, Any]) -> tuple[Any, ...]:
    """``items`` with the one at ``index`` changed."""
    changed = items[index].model_copy(update=update)
    return (*items[:index], changed, *items[index + 1 :])


def _without(
    when: Group | Condition | None, path: str
) -> Iterator[tuple[str, str, Group | Condition | None]]:
    """(the condition left out, its path, what is left of the tree) for every condition in it."""
    if isinstance(when, Condition):
        yield sentence(when), path, None
    elif isinstance(when, Group):
        for index, item in enumerate(when.items):
            for what, place, rest in _without(item, f"{path}.{when.kind}.{index}"):
                left = () if rest is None else (rest,)
                items = (*when.items[:index], *left, *when.items[index + 1 :])
                yield what, place, when.with_items(items) if items else None


def sentence(condition: Condition) -> str:
    """A condition as it stands in the file, in short."""
    given = condition.model_dump(exclude_none=True, by_alias=True)
    given |= {side: limit.text for side, limit in condition.limits.items()}
    if condition.over is not None:
        given["over"] = condition.over.text
    return ", ".join(f"{key}: {value}" for key, value in given.items())
