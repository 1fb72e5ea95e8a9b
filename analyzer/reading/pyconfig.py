"""Configs written as Python: assignments of plain values, parsed, never executed."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

MAX_STATEMENT = 1 << 18
MAX_DEPTH = 60

_STATEMENT = re.compile(r"^(?=[A-Za-z_]\w* *=[^=])", re.MULTILINE)
_NESTING = re.compile(r"[\[({]|[\])}]")


def assignments(text: str) -> dict[str, Any]:
    """The values of ``name = ...`` at the top level of a config; a later one counts.

    Read are literals, ``dict(a=1)``, names that were assigned before, and sums and products of
    numbers. What is anything else, or damaged, is left out, and the rest is kept.
    """
    values: dict[str, Any] = {}
    for statement in _STATEMENT.split(text):
        for node in _parsed(statement):
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                value = _value(node.value, values)
                if value is not _UNKNOWN:
                    values[node.targets[0].id] = value
    return values


_UNKNOWN = object()


def _parsed(statement: str) -> list[ast.stmt]:
    if len(statement) > MAX_STATEMENT or _depth(statement) > MAX_DEPTH:
        return []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(statement.rstrip("\n")).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return []


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in _NESTING.findall(text):
        depth += 1 if mark in "[({" else -1
        deepest = max(deepest, depth)
    return deepest


def _value(node: ast.expr, known: Mapping[str, Any]) -> Any:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return known.get(name, _UNKNOWN)
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            found = [_value(item, known) for item in items]
            return [item for item in found if item is not _UNKNOWN]
        case ast.Call(func=ast.Name(id="dict"), keywords=keywords):
            return dict(_items(((k.arg, k.value) for k in keywords), known))
        case ast.Dict(keys=keys, values=items):
            named = (
                (key.value if isinstance(key, ast.Constant) else None, item)
                for key, item in zip(keys, items, strict=True)
            )
            return dict(_items(named, known))
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            value = _value(operand, known)
            return -value if _is_number(value) else _UNKNOWN
        case ast.BinOp(left=left, op=operator, right=right):
            return _computed(_value(left, known), operator, _value(right, known))
    return _UNKNOWN


def _items(
    named: Iterator[tuple[Any, ast.expr]], known: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    for name, node in named:
        value = _value(node, known)
        if name is not None and value is not _UNKNOWN:
            yield str(name), value


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e300


def _computed(left: Any, operator: ast.operator, right: Any) -> Any:
    if not (_is_number(left) and _is_number(right)):
        return _UNKNOWN
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
        case ast.Div() if right:
            return left / right
        case ast.FloorDiv() if right:
            return left // right
    return _UNKNOWN
