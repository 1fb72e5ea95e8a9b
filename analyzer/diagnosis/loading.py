"""Rule files: how one is read, and a folder of them; errors name file, line and a way out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError

from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.vocabulary import unknown
from analyzer.errors import FormatError, RuleError, UsageError
from analyzer.formats import yaml12
from analyzer.location import rules_dir

Wrong = TypeVar("Wrong", bound=FormatError)

Limits = Mapping[str, Mapping[str, Any]]
"""Rule id -> name of a limit -> what to put in its place."""


def load_rule(path: Path, limits: Mapping[str, Any] | None = None) -> Rule:
    """Read one rule file. Raises RuleError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RuleError(f"cannot be read: {reason}", file=str(path)) from None
    return parse_rule(text, path, limits)


def parse_rule(text: str, path: Path, limits: Mapping[str, Any] | None = None) -> Rule:
    """The rule that ``text`` holds; ``path`` gives its id and family. Raises RuleError.

    ``limits`` take the place of those that the file gives under the same names.
    """
    document = yaml12.parse(text, file=str(path))
    if document.duplicates:
        key, line = document.duplicates[0]
        raise RuleError(f"{key} is given twice; leave one out", file=str(path), line=line)
    if not isinstance(document.value, Mapping):
        raise RuleError("holds no keys; start from rules/_template.yaml", file=str(path))
    for key in ("id", "family"):
        if key in document.value:
            raise RuleError(
                f"leave out {key}: the file name is the id and its folder is the family",
                file=str(path),
                line=document.lines[key],
            )
    raw = {"id": path.stem, "family": path.parent.name, **document.value}
    _name_limits(raw, limits or {}, document, path)
    try:
        return Rule.model_validate(raw)
    except ValidationError as error:
        raise first_error(error, raw, document, path, RuleError) from None


def _name_limits(
    raw: dict[str, Any], changed: Mapping[str, Any], document: yaml12.Document, path: Path
) -> None:
    """Put the limits that have a name where conditions name them. Raises RuleError."""
    limits = raw.get("limits")
    if not isinstance(limits, Mapping):
        return
    raw["limits"] = {name: changed.get(name, value) for name, value in limits.items()}
    used: set[str] = set()
    for key in ("severity", "when", "unless", "causes"):
        if key in raw:
            raw[key] = _filled_in(raw[key], raw["limits"], used)
    for name in limits:
        if name not in used:
            line = document.lines.get(f"limits.{name}")
            text = f"limits: no condition uses '{name}'; leave it out"
            raise RuleError(text, file=str(path), line=line)


def _filled_in(node: Any, limits: Mapping[str, Any], used: set[str]) -> Any:
    if isinstance(node, list):
        return [_filled_in(item, limits, used) for item in node]
    if not isinstance(node, Mapping):
        return node
    filled = {}
    for key, value in node.items():
        named = key in ("above", "below") and isinstance(value, str) and value in limits
        if named:
            used.add(value)
        filled[key] = limits[value] if named else _filled_in(value, limits, used)
    return filled


def first_error(
    error: ValidationError,
    raw: Mapping[str, Any],
    document: yaml12.Document,
    path: Path,
    kind: type[Wrong],
) -> Wrong:
    """The first thing that is wrong in a file, as an error of ``kind`` with its line."""
    first = error.errors()[0]
    place = _path(first["loc"], raw)
    key = first.get("ctx", {}).get("key")
    if key is not None:
        place = [*place, str(key)]
    line = None
    for length in range(len(place), 0, -1):
        line = document.lines.get(".".join(place[:length]))
        if line is not None:
            break
    text = first["msg"].removeprefix("Value error, ")
    where = "" if key is not None or not place else f"{'.'.join(place)}: "
    return kind(f"{where}{text}", file=str(path), line=line)


def _path(loc: Sequence[int | str], raw: Any) -> list[str]:
    """The keys of an error's place; pydantic mixes the names of union members into them."""
    path: list[str] = []
    for item in loc:
        is_key = isinstance(raw, Mapping) and item in raw
        if is_key or (isinstance(raw, list) and isinstance(item, int) and item < len(raw)):
            raw = raw[item]
        elif item != loc[-1] or item in ("group", "condition"):
            continue
        path.append(str(item))
    return path


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
    found: list[tuple[Path, Rule | RuleError]] = []
    for place in places:
        paths = [place] if place.is_file() else [*place.glob("*.yaml"), *place.glob("*/*.yaml")]
        paths = sorted((p for p in paths if not p.name.startswith("_")), key=_family_first)
        if not paths:
            raise UsageError(f"{place} holds no rule file; a rule is a file FAMILY/ID.yaml")
        found += [(path, _read(path, (limits or {}).get(path.stem))) for path in paths]
    return found


def _family_first(path: Path) -> tuple[str, str]:
    return path.parent.name, path.name


def _read(path: Path, limits: Mapping[str, Any] | None) -> Rule | RuleError:
    try:
        return load_rule(path, limits)
    except RuleError as error:
        return error
    except FormatError as error:  # not even YAML
        text = str(error).partition(f"{error.line}: " if error.line else f"{path}: ")[2]
        return RuleError(text, file=str(path), line=error.line)


def disagreements(rules: Mapping[Path, Rule]) -> Iterator[RuleError]:
    """What is wrong with rules beside each other: ids given twice, and what they explain."""
    by_id: dict[str, tuple[Path, Rule]] = {}
    for path, rule in rules.items():
        if rule.id in by_id:
            other = by_id[rule.id][0]
            text = f"the id {rule.id} is also used in {other}; rename one of the files"
            yield RuleError(text, file=str(path))
        else:
            by_id[rule.id] = path, rule
    known = {name: rule for name, (_, rule) in by_id.items()}
    for path, rule in by_id.values():
        if text := _wrong_explains(rule, known):
            yield RuleError(text, file=str(path), line=_line_of(path, "explains"))


def _wrong_explains(rule: Rule, by_id: Mapping[str, Rule]) -> str:
    for name in rule.explains:
        if name not in by_id:
            return f"explains: {unknown('rule', name, by_id)}"
    way: dict[str, str] = dict.fromkeys(rule.explains, rule.id)
    waiting = list(rule.explains)
    while waiting:
        name = waiting.pop()
        if name == rule.id:
            return f"explains: {_circle(rule.id, way)}; a rule cannot explain itself"
        for other in by_id[name].explains:
            if other in by_id and other not in way:
                way[other] = name
                waiting.append(other)
    return ""


def _circle(start: str, way: Mapping[str, str]) -> str:
    """The circle in words: ``a -> b -> a``."""
    names = [start]
    while len(names) == 1 or names[-1] != start:
        names.append(way[names[-1]])
    return " -> ".join(reversed(names))


def _line_of(path: Path, key: str) -> int | None:
    return yaml12.parse(path.read_text(encoding="utf-8"), file=str(path)).lines.get(key)


@cache
def installed_rules() -> tuple[Rule, ...]:
    """The rules that come with the package, read once."""
    return tuple(load_rules(rules_dir()))
