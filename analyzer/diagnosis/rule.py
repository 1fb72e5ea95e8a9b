"""Rule files: what may stand in one, and how one is read.

The models here and in ``grammar`` and ``example`` are the language; an editor gets its JSON Schema
from ``Rule.model_json_schema()``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, ValidationError, model_validator

from analyzer.diagnosis import message
from analyzer.diagnosis.checks import CHECKS
from analyzer.diagnosis.example import Example
from analyzer.diagnosis.grammar import Model, When, known, leaves
from analyzer.diagnosis.vocabulary import unknown
from analyzer.errors import RuleError
from analyzer.facts import FACTS
from analyzer.finding import Severity
from analyzer.formats import yaml12
from analyzer.location import rules_dir
from analyzer.signals import SIGNALS

Id = Annotated[str, Field(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$")]


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
                raise ValueError("severity: every step but the last has when:, the last has none")
        ids = [cause.id for cause in self.causes]
        if len(ids) != len(set(ids)):
            raise ValueError("causes: two causes have the same id")
        return self

    @model_validator(mode="after")
    def _message_names(self) -> Rule:
        allowed = {"of", "axis", *FACTS}
        for leaf in leaves(self.when):
            if leaf.signal is not None:
                allowed |= set(SIGNALS[leaf.signal].gives)
            if leaf.check is not None:
                allowed |= set(CHECKS[leaf.check].gives)
        for name in message.names(self.message):
            known("name in the message", name, sorted(allowed))
        return self


def load_rule(path: Path) -> Rule:
    """Read one rule file. Raises RuleError with file and line."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise RuleError(f"cannot be read: {reason}", file=str(path)) from None
    return parse_rule(text, path)


def parse_rule(text: str, path: Path) -> Rule:
    """The rule that ``text`` holds; ``path`` gives its id and family. Raises RuleError."""
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
    try:
        return Rule.model_validate(raw)
    except ValidationError as error:
        raise _first_error(error, raw, document, path) from None


def _first_error(
    error: ValidationError, raw: Mapping[str, Any], document: yaml12.Document, path: Path
) -> RuleError:
    """The first thing that is wrong, with its line."""
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
    return RuleError(f"{where}{text}", file=str(path), line=line)


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


def load_rules(folder: Path) -> list[Rule]:
    """All rules below ``folder``, by family and id; files whose name starts with _ are left out.

    Raises RuleError for a broken file, an id given twice, an ``explains`` that names no rule, or
    rules that explain each other in a circle.
    """
    paths = sorted(p for p in folder.glob("*/*.yaml") if not p.name.startswith("_"))
    rules = [load_rule(path) for path in paths]
    by_id: dict[str, Rule] = {}
    for rule, path in zip(rules, paths, strict=True):
        if rule.id in by_id:
            other = by_id[rule.id].family
            raise RuleError(f"the id {rule.id} is also used in {other}/", file=str(path))
        by_id[rule.id] = rule
    for rule, path in zip(rules, paths, strict=True):
        _check_explains(rule, by_id, path)
    return rules


def _check_explains(rule: Rule, by_id: Mapping[str, Rule], path: Path) -> None:
    for name in rule.explains:
        if name not in by_id:
            raise RuleError(f"explains: {unknown('rule', name, by_id)}", file=str(path))
    seen: set[str] = set()
    waiting = list(rule.explains)
    while waiting:
        name = waiting.pop()
        if name == rule.id:
            raise RuleError("explains: this rule would explain itself", file=str(path))
        if name not in seen:
            seen.add(name)
            waiting += [other for other in by_id[name].explains if other in by_id]


@cache
def installed_rules() -> tuple[Rule, ...]:
    """The rules that come with the package, read once."""
    return tuple(load_rules(rules_dir()))
