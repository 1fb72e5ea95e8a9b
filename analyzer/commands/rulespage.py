"""``rules page``: all rules on one Markdown page, made from their files and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from textwrap import wrap

from analyzer.commands.explain import decided, severity
from analyzer.diagnosis import words
from analyzer.diagnosis.grammar import Condition, When
from analyzer.diagnosis.rule import CauseText, Rule

COLUMNS = 99
HEAD = """\
# All rules

Made from the rule files by `python -m analyzer rules page > rules/RULES.md`; a test keeps it
current. [README.md](README.md) says how to read and write rules, and
`python -m analyzer rules explain ID` shows one of them with an example.
"""

_MARKS = re.compile(r"([\\*<>\[\]`]|\b_|_\b)")


def page(rules: Iterable[Rule]) -> str:
    """The page: a table of all rules by family and id, then a section for each."""
    ordered = sorted(rules, key=lambda rule: (rule.family, rule.id))
    return "\n".join([HEAD, *_table(ordered), *_families(ordered)]) + "\n"


def _table(rules: Iterable[Rule]) -> Iterator[str]:
    yield "| rule | family | severity | says |"
    yield "| --- | --- | --- | --- |"
    for rule in rules:
        title = _plain(rule.title).replace("|", "\\|")
        yield f"| [`{rule.id}`](#{rule.id}) | {rule.family} | {severity(rule)} | {title} |"


def _families(rules: Iterable[Rule]) -> Iterator[str]:
    for family, members in groupby(rules, key=lambda rule: rule.family):
        yield f"\n## {family}"
        for rule in members:
            yield f"\n### {rule.id}\n"
            yield from _section(rule)


def _section(rule: Rule) -> Iterator[str]:
    """One rule: title and severity, what it detects, why, causes, fixes, limits, links."""
    yield from _text(f"**{_plain(rule.title)}.** Severity: {severity(rule)}.")
    yield from _part("Fires when", _decision(rule))
    yield from _part("Why it matters", (), rule.why)
    yield from _part("Causes, in the order in which to check them", _causes(rule))
    fixes = (f"- {_plain(words.fix(fix))}" for fix in rule.fixes)
    yield from _part("What to do in any case", fixes)
    yield from _part("Known limits", (), rule.known_limits)
    limits = (f"- `{name}`: {_plain(words.limit(limit))}" for name, limit in rule.limits.items())
    yield from _part("Limits that `analyzer.yaml` can change", limits)
    yield from _part("Explains", (f"- [`{name}`](#{name})" for name in rule.explains))
    yield from _part("Read on", (f"- <{link}>" for link in rule.links))


def _decision(rule: Rule) -> Iterator[str]:
    """How a rule is decided; what is no list item stands between empty lines."""
    for line in map(_plain, decided(rule)):
        yield line if line.lstrip().startswith("- ") else f"\n{line}\n"


def _part(title: str, lines: Iterable[str], text: str = "") -> Iterator[str]:
    """A part under its title: list items, or a paragraph; nothing where both are empty."""
    found = list(lines)
    if text.strip():
        yield ""
        yield from _text(f"{title}: {_plain(text)}")
    elif found:
        yield f"\n{title}:\n"
        yield from found


def _causes(rule: Rule) -> Iterator[str]:
    for cause in rule.causes:
        yield f"- `{cause.id}`: {_plain(cause.says)}"
        yield from _cause(cause)


def _cause(cause: CauseText) -> Iterator[str]:
    for what, when in (("supported if", cause.when), ("ruled out if", cause.unless)):
        if when is not None:
            yield f"  - {what} {_sentence(when)}"
    if cause.fix is not None:
        yield f"  - fix: {_plain(words.fix(cause.fix))}"


def _sentence(when: When) -> str:
    """A condition, or a group of them in brackets: ``(this or that)``."""
    if isinstance(when, Condition):
        return _plain(words.condition(when))
    between = " and " if when.kind == "all" else " or "
    inside = between.join(_sentence(item) for item in when.items)
    return f"none of ({inside})" if when.kind == "none" else f"({inside})"


def _plain(text: str) -> str:
    """Text whose marks mean nothing in Markdown; the space before a list item is kept."""
    indent = text[: len(text) - len(text.lstrip())]
    return indent + _MARKS.sub(r"\\\1", " ".join(text.split()))


def _text(text: str) -> list[str]:
    return wrap(text, COLUMNS, break_long_words=False, break_on_hyphens=False)
