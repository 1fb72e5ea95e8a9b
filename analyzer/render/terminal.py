"""The report in a terminal: a block for each run, its verdict first, then a table of all runs.

Of many runs the worst get a block, the other flagged ones a line, the rest are counted.

Every text goes through ``plain`` and is a rich ``Text``, so markup and control characters in names
and log lines are shown or dropped, never obeyed.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.cells import cell_len
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from analyzer.finding import Action, Finding, Fix, NotEvaluated, Severity, Together, Verdict
from analyzer.render.report import Entry, Report, RunReport
from analyzer.render.text import count, duration, number, plain
from analyzer.render.wording import (
    best_text,
    change_text,
    evidence_text,
    likeliest,
    suppressed_text,
)
from analyzer.run import Note

SEVERITY_STYLE = {Severity.ERROR: "bold red", Severity.WARNING: "yellow", Severity.INFO: "blue"}
ACTION_STYLE: dict[Action, str] = {
    "ship it": "bold green",
    "keep training": "bold cyan",
    "stop now": "bold red",
    "restart with this patch": "bold red",
    "cannot tell": "bold yellow",
    "repair it first": "bold red",
    "train on it": "bold green",
}
SHORT_NAME = 32
NARROW, WIDE = 80, 100
"""Below ``NARROW`` columns the table keeps only what decides; from ``WIDE`` on it has all."""


def print_report(report: Report, console: Console) -> None:
    """Print the whole report; ``console`` decides on width and colour."""
    for entry in report.detailed:
        show(console, _block(entry))
        show(console, "")
    if report.many:
        for entry in report.listed:
            show(console, _headline(entry).append(f" ({entry.item.counts})"))
        show(console, report.quiet)
    elif len(report.runs) > 1:
        show(console, _table(report, console))
        show(console, "")
    print_together(report.together, console)
    for note in report.skipped:
        show(console, Text(f"skipped: {note_text(note)}", style="dim"))
    print_summary(report, console)


def print_summary(report: Report, console: Console) -> None:
    """The last line of the report: how many runs, and what was found in how many."""
    show(console, Text(report.summary, style="bold"))


def print_together(told: Together, console: Console) -> None:
    """What was found in several runs beside each other; nothing where there is nothing."""
    lines: list[RenderableType] = []
    if told.findings:
        lines.append(indent(findings_grid(told.findings)))
    if told.suppressed:
        lines.append(indent(Text(suppressed_text(told.suppressed), style="dim")))
    if told.not_evaluated:
        lines.append(indent(Text(not_judged(told.not_evaluated), style="dim")))
    if lines:
        show(console, Group(Text("several runs together", style="bold"), *lines))
        show(console, "")


def note_text(note: Note) -> str:
    """A note with its place."""
    if note.file is None:
        return plain(note.text)
    place = note.file if note.line is None else f"{note.file}:{note.line}"
    return plain(f"{place}: {note.text}")


def show(console: Console, content: RenderableType) -> None:
    """Print without any reading of what is in the text."""
    console.print(content, highlight=False, markup=False, emoji=False)


def _block(entry: Entry) -> Group:
    item = entry.item
    lines: list[RenderableType] = [_headline(entry), *_about(item)]
    if item.findings:
        lines.append(indent(findings_grid(item.findings)))
    lines += [indent(Text(line, style="dim")) for line in folded_lines(item)]
    return Group(*lines)


def indent(content: RenderableType) -> Padding:
    """Two columns to the right, below a headline."""
    return Padding(content, (0, 0, 0, 2), expand=False)


def _headline(entry: Entry) -> Text:
    return headline(entry.name, entry.item.diagnosis.verdict)


def headline(name: str, verdict: Verdict) -> Text:
    """The verdict, before anything else is said of a run."""
    line = Text.assemble((name, "bold"), "  ", (verdict.action, ACTION_STYLE[verdict.action]))
    because = plain(verdict.because)
    return line.append(f": {because}" if because else "")


def _about(item: RunReport) -> Iterator[RenderableType]:
    run, metric = item.run, item.metric
    facts = [run.status.value, item.progress]
    if item.seconds is not None:
        facts.append(duration(item.seconds))
    if metric is not None and metric.best is not None:
        best = f"{number(metric.best)} at {metric.axis} {number(metric.best_at)}"
        facts.append(f"{plain(metric.label)} best {best}, last {number(metric.last)}")
    yield indent(Text(", ".join(facts), style="dim"))
    price = plain(item.diagnosis.verdict.price)
    if price:
        yield indent(Text(f"price: {price}"))
    patch = item.diagnosis.verdict.patch
    if patch:
        yield indent(Text(f"patch: {change_text(patch)}", style="green"))


def findings_grid(findings: Iterable[Finding]) -> Table:
    """A grid, so that long texts wrap under their own column."""
    grid = Table.grid(padding=(0, 1))
    grid.add_column(no_wrap=True)
    grid.add_column(overflow="fold")
    for finding in findings:
        message = Text.assemble((plain(finding.rule), "bold"), "  ", plain(finding.message))
        grid.add_row(_word(finding.severity), message)
        for piece in finding.evidence[:1]:
            _detail(grid, "evidence", evidence_text(piece))
        cause = likeliest(finding)
        if cause is not None:
            _detail(
                grid,
                "cause",
                f"{plain(cause.says)} ({cause.verdict.value}: {plain(cause.because)})",
            )
        for fix in finding.fixes[:1]:
            _detail(grid, "fix", _fix(fix), "green")
    return grid


def _word(severity: Severity) -> Text:
    return Text(severity.value, style=SEVERITY_STYLE[severity])


def _detail(grid: Table, word: str, text: str, style: str = "") -> None:
    grid.add_row(Text(word, style="dim"), Text(text, style=style))


def _fix(fix: Fix) -> str:
    parts = [f"set {change_text(fix.set)}"] if fix.set else []
    if fix.do:
        parts.append(plain(fix.do))
    return "; ".join(parts) + (" (safe)" if fix.safe else "")


def folded_lines(item: RunReport) -> Iterator[str]:
    """What follows from the findings, what could not be judged, what was odd: a line each."""
    if item.explained:
        follow = (
            f"{len(item.explained)} more {'follows' if len(item.explained) == 1 else 'follow'}"
        )
        names = (f"{plain(f.rule)} (from {plain(f.explained_by)})" for f in item.explained)
        yield f"{follow} from these: {', '.join(names)}"
    if item.diagnosis.suppressed:
        yield suppressed_text(item.diagnosis.suppressed)
    if item.diagnosis.not_evaluated:
        yield not_judged(item.diagnosis.not_evaluated)
    if item.diagnosis.advice:
        yield f"to judge more: {'; '.join(map(plain, item.diagnosis.advice))}"
    if item.run.notes:
        first, more = item.run.notes[0], len(item.run.notes) - 1
        yield f"note: {note_text(first)}" + (f" (and {more} more)" if more else "")


def not_judged(items: tuple[NotEvaluated, ...]) -> str:
    """Rules that were not judged on one line, those with the same reason together."""
    reasons: dict[str, list[str]] = {}
    for item in items:
        reasons.setdefault(plain(item.reason), []).append(plain(item.rule))
    parts = (f"{', '.join(rules)}: {reason}" for reason, rules in reasons.items())
    return f"not judged, {count(len(items), 'rule')}: {'; '.join(parts)}"


def _table(report: Report, console: Console) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    columns: list[tuple[str, Any, bool]] = [
        ("run", lambda e: Text(e.name, style="bold"), True),
        ("verdict", _verdict_cell, True),
        (
            f"{plain(report.metric_name, 24)}, best @ epoch",
            lambda e: Text(best_text(e.item.metric, named=report.mixed)),
            True,
        ),
        ("last", lambda e: Text(_last(e.item)), console.width >= NARROW),
        (
            "trend",
            lambda e: Text(_trend(e.item)),
            console.width >= WIDE and _draws_blocks(console),
        ),
        ("epochs", lambda e: Text(e.item.done), console.width >= NARROW),
        ("findings", lambda e: Text(e.item.counts, style=_findings_style(e.item)), True),
    ]
    shown = [(title, cell) for title, cell, show in columns if show]
    for title, _ in shown:
        table.add_column(Text(title), overflow="fold", no_wrap=title == "trend")
    table.columns[0].no_wrap = all(cell_len(e.name) <= SHORT_NAME for e in report.entries)
    for entry in report.entries:
        table.add_row(*(cell(entry) for _, cell in shown))
    return table


def _verdict_cell(entry: Entry) -> Text:
    action = entry.item.diagnosis.verdict.action
    return Text(action, style=ACTION_STYLE[action])


def _findings_style(item: RunReport) -> str:
    return "" if item.worst is None else SEVERITY_STYLE[item.worst]


def _last(item: RunReport) -> str:
    return number(None if item.metric is None else item.metric.last)


def _trend(item: RunReport) -> str:
    return "" if item.row is None else item.row.spark


def _draws_blocks(console: Console) -> bool:
    return console.encoding.lower().startswith("utf")
