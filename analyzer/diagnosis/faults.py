"""What is wrong with a file that a person wrote, in plain words: its line, and a way out.

For rule files and for the settings. The models say what they want of a value; pydantic's own
sentences speak of tuples and of input, which helps nobody who writes YAML.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import NoneType
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from analyzer.diagnosis.vocabulary import unknown
from analyzer.errors import FormatError
from analyzer.formats import yaml12

Wrong = TypeVar("Wrong", bound=FormatError)

MOST_BYTES = 1 << 18
"""A rule is a page or two of text; what is far longer is some other file."""


def text_of(path: Path, kind: type[Wrong]) -> str:
    """The text of a file. Raises ``kind`` where it is no file, too large, or not UTF-8."""
    try:
        if path.exists() and not path.is_file():
            raise kind("is a folder or a device, not a file; move it away", file=str(path))
        with path.open("rb") as file:
            raw = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise kind(f"cannot be read: {error.strerror}", file=str(path)) from None
    if len(raw) > MOST_BYTES:
        text = f"is larger than {MOST_BYTES >> 10} KiB, so it is some other file; move it away"
        raise kind(text, file=str(path))
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise kind("is not UTF-8 text; save it as UTF-8", file=str(path), line=line) from None


def document_of(text: str, path: Path, kind: type[Wrong]) -> yaml12.Document:
    """What ``text`` holds: keys with values, or nothing. Raises ``kind``."""
    try:
        document = yaml12.parse(text, file=str(path))
    except FormatError as error:
        place = f"{path}:{error.line}: " if error.line else f"{path}: "
        raise kind(str(error).removeprefix(place), file=str(path), line=error.line) from None
    if document.duplicates:
        key, line = document.duplicates[0]
        raise kind(f"{key} is given twice; leave one out", file=str(path), line=line)
    if not isinstance(document.value, Mapping | NoneType):
        text = f"write keys with values, such as 'key: value', not {_told(document.value)}"
        raise kind(text, file=str(path), line=1)
    return document


def first_error(
    error: ValidationError,
    raw: Mapping[str, Any],
    document: yaml12.Document,
    path: Path,
    kind: type[Wrong],
) -> Wrong:
    """The first thing that is wrong in a file, as an error of ``kind`` with its line."""
    first = error.errors()[0]
    where = _keys(first["loc"], raw)
    place = [*where, *first.get("ctx", {}).get("place", ())]
    text = _sentence(first)
    name = ".".join(where if text.startswith("unknown key") else place)
    text = f"{name}: {text}" if name else text
    return kind(text, file=str(path), line=line_of(place, document.lines))


def line_of(place: Sequence[str], lines: Mapping[str, int]) -> int:
    """The line of a key, or of what it lies in; 1 for the whole file."""
    for length in range(len(place), 0, -1):
        line = lines.get(".".join(place[:length]))
        if line is not None:
            return line
    return 1


def _keys(loc: Sequence[int | str], raw: Any) -> list[str]:
    """The keys of an error's place; pydantic mixes the names of union members into them."""
    keys: list[str] = []
    for item in loc:
        is_key = isinstance(raw, Mapping) and item in raw
        if is_key or (isinstance(raw, list) and isinstance(item, int) and item < len(raw)):
            raw = raw[item]
            keys.append(str(item))
    return keys


def _sentence(error: ErrorDetails) -> str:
    plain = _PLAIN.get(error["type"])
    if plain is None:
        return error["msg"].removeprefix("Value error, ")
    return plain(error["input"], error.get("ctx", {}))


def _needs(what: str) -> Callable[[Any, Mapping[str, Any]], str]:
    return lambda given, _: f"write {what}, not {_told(given)}"


def _one_of(given: Any, ctx: Mapping[str, Any]) -> str:
    allowed = [word.strip("'") for word in str(ctx["expected"]).replace(" or ", ", ").split(", ")]
    return unknown("value", given, allowed)


def _told(value: Any) -> str:
    """What a value is, for one who wrote it in YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return f"'{str(value).lower()}'"
    if isinstance(value, int | float):
        return f"the number {str(value)[:20]}"
    if isinstance(value, str):
        return f"the text '{value[:40]}'" if value.strip() else "an empty text"
    return "a list" if isinstance(value, list | tuple) else "keys with values"


_PLAIN: Mapping[str, Callable[[Any, Mapping[str, Any]], str]] = {
    "string_type": _needs("a text"),
    **dict.fromkeys(("tuple_type", "list_type"), _needs("a list, with '- ' before each item")),
    **dict.fromkeys(
        ("dict_type", "model_type", "model_attributes_type"),
        _needs("keys with values, such as {key: value}"),
    ),
    **dict.fromkeys(("bool_type", "bool_parsing"), _needs("true or false")),
    **dict.fromkeys(("int_type", "int_parsing", "int_from_float"), _needs("a whole number")),
    **dict.fromkeys(("float_type", "float_parsing", "finite_number"), _needs("a number")),
    **dict.fromkeys(
        ("date_type", "date_parsing", "date_from_datetime_parsing", "date_from_datetime_inexact"),
        _needs("a date such as 2026-12-31"),
    ),
    **dict.fromkeys(("enum", "literal_error"), _one_of),
    "greater_than": lambda given, ctx: f"{given:g} has to be above {ctx['gt']:g}",
    "greater_than_equal": lambda given, ctx: f"{given:g} has to be at least {ctx['ge']:g}",
    "less_than_equal": lambda given, ctx: f"{given:g} has to be at most {ctx['le']:g}",
    "string_too_short": lambda *_: "must not be empty",
    "string_pattern_mismatch": lambda given, _: (
        f"'{given}' is no id; write small letters, digits and hyphens, such as loss-flat"
    ),
    "too_short": lambda _, ctx: (
        f"at least {ctx['min_length']} are needed, not {ctx['actual_length']}"
    ),
}
