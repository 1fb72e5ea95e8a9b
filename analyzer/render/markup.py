"""The parts of Markdown, and strangers' text made harmless for them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from analyzer.render.text import plain

_OBEYED = re.compile(
    r"""(?P<escaped>[\\`*\[\]|~]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9]))  # emphasis, code, tables
    |[&<>@$]|:(?=//)|(?<=\bwww)\.|\#(?=\d)  # HTML, mentions, mathematics, links
    |^(?:[-+#=]|\d+(?=[.)](?:\s|$)))  # headings and lists
    """,
    re.VERBOSE,
)


def escape(value: Any) -> str:
    """A stranger's text as running text: shown as it is, never obeyed."""
    return _OBEYED.sub(_shown, plain(value))


def _shown(found: re.Match[str]) -> str:
    first, rest = found[0][0], found[0][1:]
    return f"\\{first}" if found["escaped"] else f"&#{ord(first)};{rest}"


def code(value: Any, *, cell: bool = False) -> str:
    """A stranger's text as a code span; its fence is longer than any run of backticks inside.

    In the ``cell`` of a table a pipe needs a backslash, elsewhere that would be shown.
    """
    text = plain(value)
    if not text:
        return ""
    fence = "`" * (_longest_fence(text) + 1)
    pad = " " if "`" in text else ""
    inner = text.replace("|", r"\|") if cell else text
    return f"{fence}{pad}{inner}{pad}{fence}"


def _longest_fence(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of cells that are escaped already."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def fenced(text: str, language: str) -> str:
    """A code block whose fence is longer than any run of backticks inside."""
    fence = "`" * max(3, _longest_fence(text) + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def bullets(items: Iterable[str]) -> str:
    """A list of items that are escaped already."""
    return "\n".join(f"- {item}" for item in items)


def folded(summary: str, block: str) -> str:
    """A block behind a line that opens it."""
    return f"<details><summary>{summary}</summary>\n\n{block}\n\n</details>"
