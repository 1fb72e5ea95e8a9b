"""Values and settings as Python prints them. Nothing is ever evaluated but plain literals."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Mapping
from typing import Any

MAX_LITERAL = 1 << 17
MAX_DEPTH = 40

_NAMESPACE = re.compile(r"\b(?:Namespace|Config)\((?=\w+=)")
_QUOTED = r"'(?:[^'\\\n]|\\.)*+'|\"(?:[^\"\\\n]|\\.)*+\""
_KEYWORD = re.compile(
    rf"\s*+(\w++)=({_QUOTED}|\[[^\]\n]*+\]|\{{[^}}\n]*+\}}|\([^)\n]*+\)"
    r"|[^,()\[\]\n]*+(?:\([^)\n]*+\))?)\s*+([,)])"
)
_WORDS = {"True": True, "False": False, "None": None, "": None}
_WHOLE = re.compile(r"[-+]?\d{1,18}\Z")
_REAL = re.compile(r"[-+]?(?:\d++\.?\d*+|\.\d++)(?:[eE][-+]?\d++)?\Z")


def scalar(text: str) -> Any:
    """What ``str(value)`` or ``repr(value)`` printed: a number, True, False, None, else text."""
    text = text.strip()
    if text in _WORDS:
        return _WORDS[text]
    if _WHOLE.match(text):
        return int(text)
    if _REAL.match(text):
        return float(text)
    if text[0] in "'\"[(":
        value = _literal(text)
        return text if value is None else value
    return text


def namespace(text: str) -> dict[str, Any]:
    """The settings in ``Namespace(lr=0.1, ...)``, as argparse prints them; {} without one."""
    text = text[:MAX_LITERAL]
    found = _NAMESPACE.search(text)
    own: dict[str, Any] = {}
    place = found.end() if found else len(text)
    while keyword := _KEYWORD.match(text, place):
        own[keyword[1]] = scalar(keyword[2])
        place = keyword.end()
        if keyword[3] == ")":
            break
    return own


def mapping(text: str) -> Mapping[Any, Any]:
    """The dict that begins at the first brace, as ``print`` or ``pprint`` wrote it; else {}."""
    start = text.find("{")
    end = _closing(text, start) if start >= 0 else -1
    value = _literal(text[start : end + 1]) if end >= 0 else None
    return value if isinstance(value, Mapping) else {}


def _closing(text: str, start: int) -> int:
    """The place of the brace that closes the one at ``start``; -1 where there is none near."""
    depth = 0
    for found in re.finditer(rf"{_QUOTED}|[{{}}]", text[start : start + MAX_LITERAL]):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth == 0:
            return start + found.start()
    return -1


def _literal(text: str) -> Any:
    """The value of a plain literal; None for anything else, and for what is too large or deep."""
    if len(text) > MAX_LITERAL or _depth(text) > MAX_DEPTH:
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.literal_eval(text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _depth(text: str) -> int:
    depth = deepest = 0
    for mark in re.findall(r"[\[({]|[\])}]", text):
        depth += 1 if mark in "[({" else -1
        deepest = max(deepest, depth)
    return deepest
