"""The one YAML loader: YAML 1.2 numbers and booleans, safe types only, a line for every key.

YAML 1.1, which PyYAML speaks, reads ``1e-3`` as text and ``no`` as false; both have broken
training configs. Here a scalar means what YAML 1.2's core schema says.
"""

from __future__ import annotations

import re
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any, ClassVar

import yaml

from analyzer.errors import FormatError

_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_ALIASES = 100
"""Run directories are untrusted: nested aliases can unfold to gigabytes."""


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


_Loader.add_constructor("tag:yaml.org,2002:int", _construct_int)


@dataclass(frozen=True)
class Document:
    """A parsed YAML file.

    ``lines`` maps the dotted path of every key to its 1-based line (list items count as keys:
    ``fixes.0.do``); ``duplicates`` lists (path, line) of keys given twice, where the last one won.
    """

    value: Any
    lines: dict[str, int] = field(default_factory=dict)
    duplicates: tuple[tuple[str, int], ...] = ()


def parse(text: str, *, file: str = "<text>") -> Document:
    """Parse one YAML document.

    Raises FormatError with file and line when the text is not YAML, uses a type outside the
    safe set, or nests aliases to blow up in memory.
    """
    try:
        if text.count("*") > MAX_ALIASES:
            _refuse_alias_bomb(text, file)
        loader = _Loader(text)
        try:
            node = loader.get_single_node()
            lines: dict[str, int] = {}
            duplicates: list[tuple[str, int]] = []
            if node is not None:
                _walk(node, "", lines, duplicates, set())
            value = None if node is None else loader.construct_document(node)
        finally:
            loader.dispose()
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        line = mark.line + 1 if mark is not None else None
        raise FormatError(f"not valid YAML: {error.problem}", file=file, line=line) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = (str(error).splitlines() or [type(error).__name__])[0]
        raise FormatError(f"not valid YAML: {first}", file=file) from None
    return Document(value, lines, tuple(duplicates))


def _refuse_alias_bomb(text: str, file: str) -> None:
    aliases = sum(isinstance(event, yaml.AliasEvent) for event in yaml.parse(text, Loader=_Loader))
    if aliases > MAX_ALIASES:
        raise FormatError(
            f"uses {aliases} YAML aliases; at most {MAX_ALIASES} are read; write them out",
            file=file,
        )


def _walk(
    node: yaml.Node,
    path: str,
    lines: dict[str, int],
    duplicates: list[tuple[str, int]],
    open_nodes: set[int],
) -> None:
    """Collect key lines and duplicate keys below ``node``; refuse a node that contains itself."""
    if id(node) in open_nodes:
        raise yaml.MarkedYAMLError(problem="a value contains itself", problem_mark=node.start_mark)
    open_nodes.add(id(node))
    if isinstance(node, yaml.MappingNode):
        seen: set[Hashable] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            child = f"{path}.{name}" if path else name
            lines[child] = key.start_mark.line + 1
            if name in seen and name != "<<":
                duplicates.append((child, key.start_mark.line + 1))
            seen.add(name)
            _walk(value, child, lines, duplicates, open_nodes)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            child = f"{path}.{index}" if path else str(index)
            lines[child] = value.start_mark.line + 1
            _walk(value, child, lines, duplicates, open_nodes)
    open_nodes.discard(id(node))


class _Dumper(yaml.SafeDumper):
    """Writes what YAML 1.2 reads back unchanged: text that looks like a number is quoted."""

    yaml_implicit_resolvers = _Loader.yaml_implicit_resolvers

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002
        return True


def _represent_float(dumper: _Dumper, value: float) -> yaml.ScalarNode:
    text = repr(value)
    special = {"inf": ".inf", "-inf": "-.inf", "nan": ".nan"}
    return dumper.represent_scalar("tag:yaml.org,2002:float", special.get(text, text))


def _represent_list(dumper: _Dumper, value: list[Any]) -> yaml.SequenceNode:
    flat = not any(isinstance(item, list | dict) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


_Dumper.add_representer(float, _represent_float)
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
