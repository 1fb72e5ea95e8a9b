"""From a YAML mapping to a dataclass: every key known, every value of the right type and range.

A settings class is a plain frozen dataclass. Its hints say what is allowed: ``Literal`` lists the
values of a choice, ``Annotated[float, Range(...)]`` bounds a number.
"""

from __future__ import annotations

import difflib
import math
import sys
import types
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Annotated, Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from analyzer.errors import FormatError, TrainlintError, UsageError

T = TypeVar("T")

_NAMES = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}


@dataclass(frozen=True)
class Range:
    """Bounds of a number: ``low`` and ``high`` are allowed, ``above`` and ``below`` are not.

    A multiple is asked for where ``step`` is set.
    """

    low: float = -math.inf
    high: float = math.inf
    above: float = -math.inf
    below: float = math.inf
    step: int = 1

    def holds(self, value: float) -> bool:
        """Whether a number lies inside."""
        inside = self.low <= value <= self.high and self.above < value < self.below
        return inside and (self.step == 1 or value % self.step == 0)

    def __str__(self) -> str:
        parts = [f"at least {self.low:g}"] if self.low > -math.inf else []
        parts += [f"above {self.above:g}"] if self.above > -math.inf else []
        parts += [f"at most {self.high:g}"] if self.high < math.inf else []
        parts += [f"below {self.below:g}"] if self.below < math.inf else []
        parts += [f"a multiple of {self.step}"] if self.step > 1 else []
        return ", ".join(parts)


@dataclass(frozen=True)
class Source:
    """Where settings came from, so that an error can name the place."""

    file: str
    lines: Mapping[str, int] = field(default_factory=dict)
    overrides: Mapping[str, str] = field(default_factory=dict)
    """dotted key -> the command-line option that set it"""

    def error(self, key: str, message: str) -> TrainlintError:
        """An error about ``key``: its option on the command line, else its line in the file."""
        for name, option in self.overrides.items():
            below = name.startswith(f"{key}.") and key not in self.lines
            if key == name or key.startswith(f"{name}.") or below:
                return UsageError(f"{option}: {message}")
        return FormatError(message, file=self.file, line=self.lines.get(key))


def build(cls: type[T], value: Any, source: Source, key: str = "") -> T:
    """Make a settings object from a parsed mapping; what it leaves out keeps its default.

    Raises FormatError (file and line) or UsageError (option) with the value and what is allowed.
    What a class refuses in ``__post_init__`` is a sentence that begins with the field's name.
    """
    if value is None:
        value = {}
    if not isinstance(value, Mapping):
        raise source.error(key, f"{key or 'the file'} is {value!r}; allowed: a mapping of keys")
    hints = get_type_hints(cls, include_extras=True)
    known = [item.name for item in fields(cls)]  # type: ignore[arg-type]
    _refuse_unknown(value, known, source, key)
    found = {}
    for name, item in value.items():
        child = f"{key}.{name}" if key else name
        found[name] = _convert(hints[name], item, source, child)
    try:
        return cls(**found)
    except (TrainlintError, ValueError) as error:
        place = key or str(error).partition(" ")[0].rstrip(":")
        raise source.error(place, f"{key}.{error}" if key else str(error)) from None


def _refuse_unknown(value: Mapping[Any, Any], known: list[str], source: Source, key: str) -> None:
    for name in value:
        if name not in known:
            full = f"{key}.{name}" if key else str(name)
            close = difflib.get_close_matches(str(name), known, n=1)
            hint = f"; did you mean '{close[0]}'?" if close else ""
            where = f"in {key}" if key else "at the top"
            message = f"unknown key '{full}'{hint} The keys {where} are: {', '.join(known)}"
            raise source.error(full, message if hint else message.replace(" The", "; the", 1))


def _convert(hint: Any, value: Any, source: Source, key: str) -> Any:
    """Check ``value`` against a type hint; returns it, a whole number as a float where asked."""
    options = get_args(hint) if get_origin(hint) in (Union, types.UnionType) else (hint,)
    nested: Any = next((option for option in options if is_dataclass(option)), None)
    if nested is not None and not (value is None and type(None) in options):
        return build(nested, value, source, key)
    if get_origin(hint) is tuple and get_args(hint)[-1] is Ellipsis:
        return _build_list(get_args(hint)[0], value, source, key)
    for option in options:
        accepted, result = _accept(option, value)
        if accepted:
            return result
    allowed = " or ".join(_describe(option) for option in options)
    choices = [item for option in options for item in _choices(option)]
    by_lower = {item.lower(): item for item in choices}
    close = difflib.get_close_matches(str(value).lower(), by_lower, n=1, cutoff=0.5)
    advice = f"did you mean {by_lower[close[0]]}?" if close else "correct it there"
    raise source.error(key, f"{key} is {_show(value)}; allowed: {allowed}; {advice}")


def _build_list(cls: type[T], value: Any, source: Source, key: str) -> tuple[T, ...]:
    """Settings objects from a list of mappings."""
    if not isinstance(value, list | tuple):
        raise source.error(key, f"{key} is {_show(value)}; allowed: a list of mappings")
    return tuple(build(cls, item, source, f"{key}.{number}") for number, item in enumerate(value))


def _accept(hint: Any, value: Any) -> tuple[bool, Any]:
    if get_origin(hint) is Annotated:
        inner, limit = get_args(hint)
        accepted, value = _accept(inner, value)
        return accepted and limit.holds(value), value
    if get_origin(hint) is Literal:
        return isinstance(value, str) and value in get_args(hint), value
    if get_origin(hint) is tuple:
        return _accept_tuple(get_args(hint), value)
    if hint is type(None):
        return value is None, value
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if hint is float:
        accepted = number and abs(value) <= sys.float_info.max
        return accepted, float(value) if accepted else value
    return type(value) is hint, value


def _accept_tuple(hints: tuple[Any, ...], value: Any) -> tuple[bool, Any]:
    if not isinstance(value, list | tuple) or len(value) != len(hints):
        return False, value
    items = [_accept(hint, item) for hint, item in zip(hints, value, strict=True)]
    return all(accepted for accepted, _ in items), tuple(item for _, item in items)


def _choices(hint: Any) -> tuple[str, ...]:
    return get_args(hint) if get_origin(hint) is Literal else ()


def _describe(hint: Any) -> str:
    if get_origin(hint) is Annotated:
        inner, limit = get_args(hint)
        return f"{_describe(inner)} {limit}"
    if get_origin(hint) is Literal:
        return ", ".join(get_args(hint))
    if get_origin(hint) is tuple:
        bare = [get_args(h)[0] if get_origin(h) is Annotated else h for h in get_args(hint)]
        return f"[{', '.join(_describe(item) for item in bare)}]"
    return "null" if hint is type(None) else _NAMES[hint]


def _show(value: Any) -> str:
    words = {None: "null", True: "true", False: "false"}
    return words[value] if value is None or isinstance(value, bool) else repr(value)


def plain(value: Any) -> Any:
    """The settings object as mappings, lists and scalars, every default written out."""
    if is_dataclass(value):
        return {item.name: plain(getattr(value, item.name)) for item in fields(value)}
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value
