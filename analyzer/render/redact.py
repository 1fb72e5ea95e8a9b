"""A report that can go into a public issue: without what points at people, machines and data.

User names, hosts, addresses, absolute paths and the texts of labels are replaced in every text of
a report before anything is rendered, so that no output can show them. Numbers stay, and so do the
names of rules, settings and curves, which are what the reader of an issue needs.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from pathlib import Path
from typing import Any

from analyzer.finding import FileEvidence, Finding, Together
from analyzer.render.names import short_names
from analyzer.render.redaction import HIDDEN, Redaction, is_private, private_words
from analyzer.render.report import Report, RunReport
from analyzer.run import Checkpoint, LogEvent, Note, Run, Series

CONTRACT = frozenset(
    {
        "rule",
        "explained_by",
        "action",
        "axis",
        "kind",
        "format",
        "unit",
        "source",
        "id",
        "severity",
    }
)
"""Fields that hold words of this program, never a stranger's."""

QUOTING = frozenset({"message", "because", "text", "subject"})
"""Fields whose text may quote a log or a label file."""


def redacted(report: Report) -> Report:
    """The same report without user names, hosts, absolute paths and texts of labels."""
    runs = [item.run for item in report.runs]
    hide = Redaction(word for run in runs for word in _words_of(run))
    paths = _below_their_root([run.path for run in runs])
    items = tuple(
        RunReport(
            replace(_clean(item.run, hide), path=Path(hide.text(path.as_posix()) or ".")),
            _clean(item.diagnosis, hide),
        )
        for item, path in zip(report.runs, paths, strict=True)
    )
    names = zip(short_names(runs), short_names([item.run for item in items]), strict=True)
    together = _renamed(report.together, dict(names))
    return replace(
        report,
        runs=items,
        skipped=tuple(_clean(note, hide) for note in report.skipped),
        together=_clean(together, hide),
        title=hide.text(report.title),
    )


def _below_their_root(paths: list[Path]) -> list[Path]:
    """Absolute paths without the folders that all of them lie in; others as they are."""
    absolute = [path for path in paths if path.is_absolute()]
    root = os.path.commonpath([path.parent for path in absolute]) if absolute else ""
    return [path.relative_to(root) if path.is_absolute() else path for path in paths]


def _words_of(run: Run) -> Iterator[str]:
    """Names of users and machines that a run tells of."""
    yield from private_words(run.path.as_posix())
    for settings in (run.config.values, run.environment):
        for key, value in settings.items():
            if isinstance(value, str):
                yield from [value] if is_private(key) else private_words(value)
    told: Iterable[LogEvent | Note] = (*run.events, *run.notes)
    for event in told:
        yield from private_words(event.text)


def _renamed(together: Together, names: Mapping[str, str]) -> Together:
    """What is said of several runs, under the names that these have now."""

    def renamed(finding: Finding) -> Finding:
        message = finding.message
        for name in sorted(finding.runs, key=len, reverse=True):
            message = message.replace(name, names.get(name, name))
        return replace(
            finding, message=message, runs=tuple(names.get(name, name) for name in finding.runs)
        )

    gone = tuple(replace(one, finding=renamed(one.finding)) for one in together.suppressed)
    return replace(together, findings=tuple(map(renamed, together.findings)), suppressed=gone)


def _clean(value: Any, hide: Redaction, *, quoting: bool = False) -> Any:
    """``value`` with every text in it redacted; arrays, numbers and dates are left as they are."""
    if isinstance(value, str) and not isinstance(value, Enum):
        return hide.quoting(value) if quoting else hide.text(value)
    if isinstance(value, Path):
        return Path(hide.text(value.as_posix()))
    if isinstance(value, Series):
        name = hide.text(value.name)
        return value if name == value.name else replace(value, name=name)
    if isinstance(value, Mapping):
        return {hide.text(str(key)): _setting(key, one, hide) for key, one in value.items()}
    if isinstance(value, Checkpoint):
        return value._replace(file=hide.text(value.file))
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        # Also what a run from the cache unpacks only when somebody looks at it.
        made = [_clean(one, hide, quoting=quoting) for one in value]
        return made if isinstance(value, list) else getattr(value, "_make", tuple)(made)
    if is_dataclass(value) and not isinstance(value, type):
        return _clean_fields(value, hide)
    return value


def _clean_fields(value: Any, hide: Redaction) -> Any:
    """A dataclass with its texts redacted; the same object where nothing had to be."""
    quotes = isinstance(value, LogEvent | FileEvidence | Finding | Note) or hasattr(
        value, "because"
    )
    changed = {}
    for field in fields(value):
        old = getattr(value, field.name)
        if field.name in CONTRACT and isinstance(old, str):
            continue
        new = _clean(old, hide, quoting=quotes and field.name in QUOTING)
        if new is not old and new != old:
            changed[field.name] = new
    return replace(value, **changed) if changed else value


def _setting(key: object, value: Any, hide: Redaction) -> Any:
    if isinstance(value, list | tuple):
        return type(value)(_setting(key, one, hide) for one in value)
    if isinstance(value, str):
        return HIDDEN if is_private(str(key)) else hide.setting(value)
    return _clean(value, hide)
