"""Rule files: how one is read, and a folder of them; errors name file, line and a way out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from analyzer.diagnosis.faults import document_of, first_error, line_of, text_of
from analyzer.diagnosis.rule import ID, Rule
from analyzer.diagnosis.vocabulary import unknown, unknown_rule
from analyzer.errors import RuleError, UsageError
from analyzer.formats import yaml12
from analyzer.location import MARKER, rules_dir

_ENDS = (".yaml", ".yml")
_SIDES = ("above", "below")
_NAME = re.compile(r"^[A-Za-z_]\w*$")

Limits = Mapping[str, Mapping[str, Any]]
"""Rule id -> name of a limit -> what to put in its place."""


def load_rule(path: Path, limits: Mapping[str, Any] | None = None) -> Rule:
    """Read one rule file. Raises RuleError with file and line."""
    return parse_rule(text_of(path, RuleError), path, limits)


def parse_rule(text: str, path: Path, limits: Mapping[str, Any] | None = None) -> Rule:
    """The rule that ``text`` holds; ``path`` gives its id and family. Raises RuleError.

    ``limits`` take the place of those that the file gives under the same names.
    """
    document = document_of(text, path, RuleError)
    if not document.value:
        raise RuleError(f"is empty; start from a copy of {rules_dir() / MARKER}", file=str(path))
    for key in ("id", "family"):
        if key in document.value:
            raise RuleError(
                f"leave out {key}: the file name is the id and its folder is the family",
                file=str(path),
                line=document.lines[key],
            )
    if not ID.match(path.stem):
        said = "a rule's file name is its id: small letters, digits and hyphens"
        raise RuleError(f"{said}; rename it, for example to loss-high.yaml", file=str(path))
    raw = {"id": path.stem, "family": path.parent.name, **document.value}
    unused = _name_limits(raw, limits or {}, document, path)
    try:
        rule = Rule.model_validate(raw)
    except ValidationError as error:
        raise first_error(error, raw, document, path, RuleError) from None
    for name in unused:
        line = document.lines.get(f"limits.{name}")
        text = f"limits: no condition uses '{name}'; leave it out, or write above: {name}"
        raise RuleError(text, file=str(path), line=line)
    return rule


def _name_limits(
    raw: dict[str, Any], changed: Mapping[str, Any], document: yaml12.Document, path: Path
) -> list[str]:
    """Put the limits that have a name where conditions name them; those that none names.

    Raises RuleError for a name that is no limit.
    """
    limits = raw.get("limits", {})
    if not isinstance(limits, Mapping):
        return []
    if limits:
        raw["limits"] = {name: changed.get(name, value) for name, value in limits.items()}
    used: set[str] = set()
    for key in ("severity", "when", "unless", "causes"):
        for place, node, side in _limits_in(raw.get(key), (key,)):
            name = node[side]
            if name in limits:
                used.add(name)
            elif limits and _NAME.match(name):
                at = (*place, side)
                text = f"{'.'.join(at)}: {unknown('limit', name, limits)}"
                raise RuleError(text, file=str(path), line=line_of(at, document.lines))
        if key in raw and limits:
            raw[key] = _filled_in(raw[key], raw["limits"])
    return [name for name in limits if name not in used]


def _limits_in(
    node: Any, place: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any], str]]:
    """(place, condition, ``above`` or ``below``) of each limit in ``node`` that is a text."""
    items: Iterable[tuple[Any, Any]] = enumerate(node) if isinstance(node, list) else ()
    if isinstance(node, Mapping):
        items = node.items()
        yield from ((place, node, side) for side in _SIDES if isinstance(node.get(side), str))
    for key, value in items:
        yield from _limits_in(value, (*place, str(key)))


def _filled_in(node: Any, limits: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_filled_in(item, limits) for item in node]
    if not isinstance(node, Mapping):
        return node
    return {
        key: limits[value]
        if key in _SIDES and isinstance(value, str) and value in limits
        else _filled_in(value, limits)
        for key, value in node.items()
    }


def load_rules(*places: Path, limits: Limits | None = None) -> list[Rule]:
    """All rules in or below ``places``, by family and id, with some of their limits changed.

    Raises RuleError for a broken file, an id given twice, an ``explains`` that names no rule, or
    rules that explain each other in a circle.
    """
    found = read_places(places, limits or {})
    for _, item in found:
        if isinstance(item, RuleError):
            raise item
    rules = {path: item for path, item in found if isinstance(item, Rule)}
    for error in disagreements(rules):
        raise error
    return list(rules.values())


def read_places(
    places: Sequence[Path], limits: Limits | None = None
) -> list[tuple[Path, Rule | RuleError]]:
    """Every rule file in or below ``places``, read, or what is wrong with it.

    A place is a rule file, or a folder with rule files or with families of them. Files whose name
    starts with _ are left out. Raises UsageError for a place without any rule file.
    """
    found: dict[Path, tuple[Path, Rule | RuleError]] = {}
    for place in places:
        paths = rule_files(place)
        if not paths:
            raise UsageError(f"{place} holds no rule file; a rule is a file FAMILY/ID.yaml")
        for path in paths:
            if path.resolve() not in found:  # a folder may be named twice
                found[path.resolve()] = path, _read(path, (limits or {}).get(path.stem))
    return list(found.values())


def rule_files(place: Path) -> list[Path]:
    """The files that count as rules: the place itself, else those in it and in its folders."""
    if place.is_file():
        return [place]
    paths = [path for end in _ENDS for way in ("*", "*/*") for path in place.glob(way + end)]
    chosen = (path for path in paths if not path.name.startswith("_"))
    return sorted(chosen, key=lambda path: (path.parent.name, path.name))


def _read(path: Path, limits: Mapping[str, Any] | None) -> Rule | RuleError:
    if path.suffix != ".yaml":
        return RuleError(f"rename it to {path.stem}.yaml, or it is not read", file=str(path))
    try:
        return load_rule(path, limits)
    except RuleError as error:
        return error


def disagreements(rules: Mapping[Path, Rule]) -> Iterator[RuleError]:
    """What is wrong with rules beside each other: ids given twice, and what they explain."""
    by_id: dict[str, tuple[Path, Rule]] = {}
    for path, rule in rules.items():
        if rule.id in by_id:
            yield RuleError(_taken(rule.id, by_id[rule.id][0]), file=str(path))
        else:
            by_id[rule.id] = path, rule
    known = {name: rule for name, (_, rule) in by_id.items()}
    for path, rule in by_id.values():
        if wrong := _wrong_explains(rule, known):
            at, text = wrong
            lines = yaml12.parse(text_of(path, RuleError), file=str(path)).lines
            line = line_of(("explains", str(at)), lines)
            yield RuleError(f"explains: {text}", file=str(path), line=line)


def _taken(rule_id: str, other: Path) -> str:
    """The sentence for an id that the file ``other`` has already."""
    if other.is_relative_to(rules_dir()):
        return (
            f"the id {rule_id} belongs to a rule that comes with trainlint; rename this file, or "
            "change that rule's severity and limits in analyzer.yaml"
        )
    return f"the id {rule_id} is also used in {other}; rename one of the files"


def _wrong_explains(rule: Rule, by_id: Mapping[str, Rule]) -> tuple[int, str] | None:
    """(which item of ``explains``, what is wrong with it) of the first that is wrong."""
    for index, name in enumerate(rule.explains):
        if name not in by_id:
            return index, unknown_rule(name, by_id)
    way: dict[str, str] = dict.fromkeys(rule.explains, rule.id)
    waiting = list(rule.explains)
    while waiting:
        name = waiting.pop()
        if name == rule.id:
            circle = _circle(rule.id, way)
            at = rule.explains.index(circle[1])
            return at, f"{' -> '.join(circle)}; a rule cannot explain itself"
        for other in by_id[name].explains:
            if other in by_id and other not in way:
                way[other] = name
                waiting.append(other)
    return None


def _circle(start: str, way: Mapping[str, str]) -> list[str]:
    """The rules of a circle in their order, ``start`` at both ends."""
    names = [start]
    while len(names) == 1 or names[-1] != start:
        names.append(way[names[-1]])
    return names[::-1]


@cache
def installed_rules() -> tuple[Rule, ...]:
    """The rules that come with the package, read once."""
    return tuple(load_rules(rules_dir()))
