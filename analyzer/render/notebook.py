"""Runs, and what is said of them, in a notebook: small tables, HTML or Markdown, all escaped."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape as html_escape
from typing import Any, NamedTuple

from analyzer.finding import Diagnosis, Together
from analyzer.names import label
from analyzer.render.markup import escape, table
from analyzer.render.text import count, number, plain, sparkline
from analyzer.render.wording import change_text
from analyzer.run import Run
from analyzer.summary import direction, summarise

MOST_ROWS = 12
"""Curves, or findings, that a view shows; the others are counted."""

LONGEST = 240
"""Characters of any one text."""


class _View(NamedTuple):
    """What both forms show: a headline with what follows it, a table, and a last line."""

    head: str
    says: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    foot: str


def run_html(run: Run) -> str:
    """A run as a fragment of HTML."""
    return _html(_run(run))


def run_markdown(run: Run) -> str:
    """A run as Markdown."""
    return _markdown(_run(run))


def diagnosis_html(diagnosis: Diagnosis) -> str:
    """A diagnosis as a fragment of HTML."""
    return _html(_diagnosis(diagnosis))


def diagnosis_markdown(diagnosis: Diagnosis) -> str:
    """A diagnosis as Markdown."""
    return _markdown(_diagnosis(diagnosis))


def together_html(told: Together) -> str:
    """What several runs show together, as a fragment of HTML."""
    return _html(_together(told))


def together_markdown(told: Together) -> str:
    """What several runs show together, as Markdown."""
    return _markdown(_together(told))


def _run(run: Run) -> _View:
    if run.unreadable is not None:
        return _View(run.name, run.unreadable, (), (), "")
    facts = [run.format, run.status.value]
    if run.epochs_done:
        facts.append(count(run.epochs_done, "epoch"))
    elif run.steps_done:
        facts.append(count(run.steps_done, "step"))
    first = [run.main_metric, "train_loss", "val_loss"]
    logged = [name for name, curve in run.series.items() if len(curve)]
    names = sorted(logged, key=lambda n: (first.index(n) if n in first else len(first), n))
    rows = []
    for name in names[:MOST_ROWS]:
        curve = run.series[name]
        told = summarise(curve, direction(name, run))
        numbers = map(number, (told.best, told.best_at, told.last))
        rows.append((label(name), *numbers, sparkline(curve.y.tolist())))
    columns = ("curve", "best", "at", "last", "trend")
    return _View(run.name, ", ".join(facts), columns, rows, _more(len(names), "curve"))


def _diagnosis(diagnosis: Diagnosis) -> _View:
    verdict = diagnosis.verdict
    rows = []
    own = [one for one in diagnosis.findings if one.explained_by is None]
    for finding in own[:MOST_ROWS]:
        fix = next(iter(finding.fixes), None)
        does = "" if fix is None else change_text(fix.set) if fix.set else plain(fix.do or "")
        rows.append((finding.severity.value, finding.rule, finding.message, does))
    foot = [_more(len(own), "finding")]
    if len(own) < len(diagnosis.findings):
        foot.append(f"{len(diagnosis.findings) - len(own)} more follow from these")
    if diagnosis.not_evaluated:
        foot.append(f"not judged: {count(len(diagnosis.not_evaluated), 'rule')}")
    columns = ("severity", "rule", "says", "fix")
    says = verdict.because or ("nothing was found" if not rows else "")
    return _View(verdict.action, says, columns, rows, "; ".join(filter(None, foot)))


def _together(told: Together) -> _View:
    rows = [
        (one.severity.value, one.rule, one.message, ", ".join(one.runs))
        for one in told.findings[:MOST_ROWS]
    ]
    foot = [_more(len(told.findings), "finding")]
    if told.not_evaluated:
        foot.append(f"not judged: {count(len(told.not_evaluated), 'rule')}")
    columns = ("severity", "rule", "says", "runs")
    says = "" if rows else "nothing was found"
    return _View("several runs", says, columns, rows, "; ".join(filter(None, foot)))


def _more(all_: int, what: str) -> str:
    return f"and {count(all_ - MOST_ROWS, f'more {what}')}" if all_ > MOST_ROWS else ""


def _html(view: _View) -> str:
    def shown(value: Any) -> str:
        return html_escape(plain(value, LONGEST))

    def row(cells: Sequence[str], tag: str) -> str:
        style = ' style="text-align:left"'
        return "<tr>" + "".join(f"<{tag}{style}>{shown(c)}</{tag}>" for c in cells) + "</tr>"

    parts = [f"<div><strong>{shown(view.head)}</strong> {shown(view.says)}"]
    if view.rows:
        body = "".join(row(cells, "td") for cells in view.rows)
        head = row(view.columns, "th")
        parts.append(f"<table><thead>{head}</thead><tbody>{body}</tbody></table>")
    if view.foot:
        parts.append(f"<small>{shown(view.foot)}</small>")
    return "".join(parts) + "</div>"


def _markdown(view: _View) -> str:
    def shown(value: Any) -> str:
        return escape(plain(value, LONGEST))

    parts = [f"**{shown(view.head)}** {shown(view.says)}".rstrip()]
    if view.rows:
        parts.append(table(view.columns, [tuple(map(shown, cells)) for cells in view.rows]))
    if view.foot:
        parts.append(shown(view.foot))
    return "\n\n".join(parts) + "\n"
