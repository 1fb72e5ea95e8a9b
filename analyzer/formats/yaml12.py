"""The one YAML loader: YAML 1.2 numbers and booleans, safe types only, a line for every key.

YAML 1.1, which PyYAML speaks, reads ``1e-3`` as text and ``no`` as false; both have broken
training configs. Here a scalar means what YAML 1.2's core schema says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, NoReturn

import yaml

from analyzer.errors import FormatError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 100
MAX_UNFOLDED = 1 << 22
"""Run directories are untrusted: nested aliases can unfold to gigabytes.

This bounds the characters of all key paths together, each alias written out.
"""


class _Loader(_Base):
    """A safe loader whose implicit types are those of YAML 1.2."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}


def _resolve(tag: str, pattern: str, first: str) -> None:
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(pattern), list(first))


_resolve("bool", r"^(?:true|True|TRUE|false|False|FALSE)$", "tTfF")
_resolve("null", r"^(?:~|null|Null|NULL|)$", "~nN")
_Loader.yaml_implicit_resolvers.setdefault("", []).append(
    ("tag:yaml.org,2002:null", re.compile(r"^$"))
)
_resolve("int", r"^(?:[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+)$", "-+0123456789")
_resolve(
    "float",
    r"^(?:[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?"
    r"|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$",
    "-+.0123456789",
)
_resolve("merge", r"^<<$", "<")


def _construct_int(loader: Any, node: yaml.ScalarNode) -> int:
    text = str(loader.construct_scalar(node))
    if text.startswith("0o"):
        return int(text[2:], 8)
    return int(text, 16) if text.startswith("0x") else int(text, 10)


def _construct_float(loader: Any, node: yaml.ScalarNode) -> float:
    text = str(loader.construct_scalar(node)).lower()
    return float(text.replace(".inf", "inf").replace(".nan", "nan"))


def _construct_bool(loader: Any, node: yaml.ScalarNode) -> bool:
    text = str(loader.construct_scalar(node))
    if text.lower() not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false")
    return text.lower() == "true"


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)
_Loader.add_constructor("tag:yaml.org,2002:float", _construct_float)
_Loader.add_constructor("tag:yaml.org,2002:bool", _construct_bool)

_CORE = ("str", "int", "float", "bool", "null", "map", "seq", "merge")
_TAGS = frozenset(f"tag:yaml.org,2002:{name}" for name in _CORE)


@dataclass(frozen=True)
class Document:
    """A parsed YAML file.

    ``lines`` maps the dotted path of every key to its 1-based line (list items count as keys:
    ``fixes.0.do``); ``duplicates`` lists (path, line) of keys given twice, where the last one won.
    """

    value: Any
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: tuple[tuple[str, int], ...] = ()


def parse(text: str, *, file: str = "<text>", lenient: bool = False) -> Document:
    """Parse one YAML document.

    ``lenient`` is for files that other programs wrote: a value of a foreign type
    (``!!python/tuple``) is read as the text, list or mapping that it is written as, and nothing is
    ever made from its type.
    Raises FormatError with file and line when the text is not YAML, uses a type outside the
    safe set, nests deeper than ``MAX_DEPTH``, or unfolds by aliases beyond ``MAX_UNFOLDED``.
    """
    try:
        _refuse_depth(text)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            places = _Places(lenient)
            if node is not None:
                places.walk(node, "")
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        is_open = "did not find expected ','" in str(error.problem)
        mark = (error.context_mark if is_open else None) or error.problem_mark
        lines = text.count("\n") + 1
        line = min(mark.line + 1, lines) if mark is not None else None
        problem = _in_words(error, text)
        raise FormatError(f"not valid YAML: {problem}", file=file, line=line) from None
    except (yaml.YAMLError, ValueError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise FormatError(f"not valid YAML: {first}", file=file) from None
    return Document(value, places.lines, tuple(places.duplicates))


_WORDS = {
    "mapping values are not allowed in this context": (
        "a second ': ' in one line; put the text in quotes, or begin the key on its own line"
    ),
    "did not find expected key": (
        "a key is expected here; look at the indentation, and at the quotes above"
    ),
    "could not find expected ':'": "a key is expected here, with a ':' and a blank behind it",
    "but found another document": "a second document begins here (---); one file holds one",
    "did not find expected ',' or ']'": "a list, begun with [, is not closed or lacks a comma",
    "did not find expected ',' or '}'": "keys, begun with {, are not closed or lack a comma",
    "found unexpected end of stream": "a quote is not closed",
}
"""What the parser says, for one who writes YAML twice a year."""


def _in_words(error: yaml.MarkedYAMLError, text: str) -> str:
    problem = str(error.problem)
    mark = error.problem_mark
    if problem == "found character that cannot start any token" and mark is not None:
        line = (text.split("\n")[mark.line : mark.line + 1] or [""])[0]
        at = line[mark.column : mark.column + 1]
        if at == "\t":
            return "a tab in the indentation; YAML takes blanks only"
        return f"no value can begin with {at!r}; put the text in quotes"
    return _WORDS.get(problem, problem)


def _refuse_depth(text: str) -> None:
    """The C parser composes nodes by recursion and would crash where Python cannot catch it."""
    depth = 0
    for event in yaml.parse(text, Loader=_Loader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            mark: Any = event.start_mark
            problem = f"nested deeper than {MAX_DEPTH} levels"
            raise yaml.MarkedYAMLError(problem=problem, problem_mark=mark)


@dataclass
class _Places:
    """Where the keys of a document stand; ``lenient`` turns foreign types into plain ones."""

    lenient: bool = False
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: list[tuple[str, int]] = field(default_factory=list)
    unfolded: int = 0

    def walk(self, node: yaml.Node, path: str, above: tuple[yaml.Node, ...] = ()) -> None:
        """Collect what lies below ``node``; refuse what contains itself or unfolds without end."""
        if any(node is parent for parent in above):
            self._refuse("a value contains itself", node)
        self._refuse_type(node)
        above = (*above, node)
        seen: set[str] = set()
        for name, place, value in _children(node):
            self._refuse_type(place)
            if place is not value and not isinstance(place, yaml.ScalarNode):
                self._refuse("a key must be a plain value", place)
            child = f"{path}.{name}" if path else name
            line = place.start_mark.line + 1
            self.unfolded += len(child) + 1
            if self.unfolded > MAX_UNFOLDED:
                self._refuse("the aliases unfold to too much; write the values out", place)
            self.lines[child] = line
            if name in seen and name != "<<":
                self.duplicates.append((child, line))
            seen.add(name)
            self.walk(value, child, above)

    def _refuse_type(self, node: yaml.Node) -> None:
        if node.tag in _TAGS:
            return
        name = node.tag.removeprefix("tag:yaml.org,2002:")
        if self.lenient:
            _make_plain(node, name)
        else:
            self._refuse(f"the type {name} is not read; write a plain value", node)

    @staticmethod
    def _refuse(problem: str, node: yaml.Node) -> NoReturn:
        raise yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _make_plain(node: yaml.Node, name: str) -> None:
    """Let ``node`` be what it is written as; of a bare name of code, that name is its text."""
    if isinstance(node, yaml.ScalarNode):
        node.tag = "tag:yaml.org,2002:str"
        node.value = node.value or name.rpartition(":")[2]
    else:
        kind = "map" if isinstance(node, yaml.MappingNode) else "seq"
        node.tag = f"tag:yaml.org,2002:{kind}"


def _children(node: yaml.Node) -> Iterator[tuple[str, yaml.Node, yaml.Node]]:
    """(name, node that bears the line, value node) of each entry of a mapping or a list."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield str(key.value), key, value
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield str(index), value, value


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads back unchanged: text that looks like a number is quoted."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_float(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    special = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    return dumper.represent_scalar("tag:yaml.org,2002:float", special.get(text, text))


def _represent_str(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    """Rare line breaks of Unicode must be escaped: the C parser reads them differently."""
    style = '"' if set("\x85\u2028\u2029") & set(value) else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", value, style)


def _represent_list(dumper: _Dumper, value: list[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(item, list | dict) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


_Dumper.add_representer(float, _represent_float)
_Dumper.add_representer(str, _represent_str)
_Dumper.add_representer(list, _represent_list)


def dump(value: Any) -> str:
    """Write ``value`` as block YAML with keys in the order given; ``parse`` reads it back."""
    text: str = yaml.dump(
        value,
        Dumper=_Dumper,
        sort_keys=False,
        allow_unicode=True,
        width=99,
        default_flow_style=False,
    )
    return text
