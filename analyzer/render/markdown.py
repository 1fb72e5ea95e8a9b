"""The report as GitHub-flavoured Markdown with plots beside it.

Strangers' texts are escaped in running text or put in code spans, so no name can make a heading, a
table cell, HTML, a link or a mention.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from analyzer.finding import (
    Evidence,
    FileEvidence,
    Finding,
    KeyEvidence,
    NotEvaluated,
    Suppressed,
    Together,
)
from analyzer.formats.files import replace_text
from analyzer.render.fitting import LIMIT, fitted
from analyzer.render.known import Baselined
from analyzer.render.markup import bullets, code, escape, fenced, folded, table
from analyzer.render.overviewplot import plot_overview
from analyzer.render.plots import plot_run
from analyzer.render.report import Entry, Report
from analyzer.render.terminal import note_text
from analyzer.render.text import count, duration, number, setting
from analyzer.render.wording import (
    best_text,
    diff_lines,
    named,
    ranked,
    suppressed_text,
    told_fixes,
)

Patch = Mapping[str, tuple[Any, Any]]

REPORT = "report.md"
PLOTS = "plots"

MAX_ROWS = 100
"""Of the table of all runs; of more, those with the worst findings are listed."""


def write_markdown(report: Report, folder: Path) -> Path:
    """Write ``report.md`` and ``plots/*.png`` into ``folder`` and return the path of the former.

    Raises MissingExtra without matplotlib, before anything is written.
    """
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    if len(report.runs) > 1:
        plot_overview(report, folder / PLOTS / "overview.png")
    for entry in report.drawn:
        plot_run(entry, folder / PLOTS / f"{entry.file}.png")
    path = folder / REPORT
    replace_text(path, "\n\n".join(fitted(list(blocks(report)), LIMIT - 1)) + "\n")
    return path


def diff(patch: Patch) -> str:
    """A config patch as a diff block."""
    removed, added = diff_lines(patch)
    lines = [f"- {line}" for line in removed] + [f"+ {line}" for line in added]
    return fenced("\n".join(lines), "diff")


def blocks(report: Report, *, drawn: bool = True) -> Iterator[str]:
    """The parts of the text, between which blank lines stand; ``drawn``: with pictures."""
    yield f"# {escape(report.title)}"
    yield f"**{report.summary}**"
    yield f"Made by trainlint {report.version} on {report.created_text}."
    if drawn and len(report.runs) > 1:
        yield f"![{escape(report.overview.title)}]({PLOTS}/overview.png)"
    if report.runs:
        yield _overview(report)
    yield from together_blocks(report.together)
    if report.skipped:
        yield bullets(f"skipped: {escape(note_text(note))}" for note in report.skipped)
    yield from baseline_blocks(report.baseline)
    for entry in report.detailed:
        yield from _run(entry, drawn=drawn and entry.plotted)
    if report.many:
        yield from _others(report, drawn=drawn)


def together_blocks(told: Together) -> Iterator[str]:
    """What was found in several runs beside each other."""
    if told.findings or told.suppressed or told.not_evaluated:
        yield "## Several runs together"
    for finding in told.findings:
        yield from finding_blocks(finding, {})
        shown, more = named(finding)
        yield f"Runs: {', '.join(map(code, shown))} {more}".rstrip()
    yield from accepted_blocks(told.suppressed)
    if told.not_evaluated:
        yield _missed(told.not_evaluated)


def accepted_blocks(items: Sequence[Suppressed]) -> Iterator[str]:
    """The findings that settings or a baseline accept, in a line."""
    if items:
        yield f"{escape(suppressed_text(items))}."


def baseline_blocks(told: Baselined | None) -> Iterator[str]:
    """What a baseline holds for nothing: entries that were not met any more."""
    if told is not None and told.stale:
        yield f"Stale in the baseline {code(told.file)}, which may be written anew:"
        yield bullets(
            f"{code(one.rule)} {escape(one.subject)}{f' of {escape(one.run)}' if one.run else ''}"
            for one in told.stale
        )


def _missed(items: Sequence[NotEvaluated]) -> str:
    missed = (f"{code(n.rule)}: {escape(n.reason)}" for n in items)
    return folded(f"Not judged: {count(len(items), 'rule')}", bullets(missed))


def _others(report: Report, *, drawn: bool) -> Iterator[str]:
    """What a report of many runs leaves out, and a line for each flagged run of it."""
    if report.listed:
        yield "## Other runs with findings"
        yield bullets(map(_line, report.listed))
    yield f"{report.quiet[:1].upper()}{report.quiet[1:]}."
    if not drawn:
        yield f"Of {len(report.runs)} runs this shows {len(report.detailed)} in full."
        return
    yield (
        f"Of {len(report.runs)} runs this shows {len(report.detailed)} in full and draws "
        f"{len(report.drawn) or 'none'}; report.html has all of them, with their curves."
    )


def _line(entry: Entry) -> str:
    verdict = entry.item.diagnosis.verdict
    because = f": {escape(verdict.because)}" if verdict.because else ""
    return f"{escape(entry.name)}: **{verdict.action}**{because} ({entry.item.counts})"


def _overview(report: Report) -> str:
    best = f"{escape(report.metric_name)}, best @ epoch"
    head = ("run", "verdict", best, "last", "trend", "epochs", "findings")
    parts = {entry.number for entry in report.detailed}
    shown = report.entries
    if len(shown) > MAX_ROWS:
        shown = tuple(sorted(shown, key=lambda entry: -entry.item.weight))[:MAX_ROWS]
    rows = (
        _overview_row(entry, linked=entry.number in parts, named=report.mixed) for entry in shown
    )
    more = len(report.entries) - len(shown)
    return table(head, rows) + (f"\n\nand {more} more, with less to tell of." if more else "")


def _overview_row(entry: Entry, *, linked: bool, named: bool) -> tuple[str, ...]:
    item, best = entry.item, best_text(entry.item.metric)
    return (
        f"[{escape(entry.name)}](#{entry.anchor})" if linked else escape(entry.name),
        item.diagnosis.verdict.action,
        f"{escape(item.metric.label)} {best}" if named and item.metric else best,
        number(None if item.metric is None else item.metric.last),
        "" if item.row is None else item.row.spark,
        item.done,
        item.counts,
    )


def _run(entry: Entry, *, drawn: bool) -> Iterator[str]:
    item, run = entry.item, entry.item.run
    yield f'<a id="{entry.anchor}"></a>\n\n## {escape(entry.name)}'
    yield from _verdict(entry)
    facts = [run.status.value, item.progress, duration(item.seconds), escape(run.format)]
    yield f"{', '.join(f for f in facts if f != '-')} · {code(run.path.as_posix())}"
    for finding in item.findings:
        yield from finding_blocks(finding, item.diagnosis.verdict.patch)
    if item.explained:
        yield f"### {count(len(item.explained), 'consequence')} of the above"
        yield bullets(
            f"{code(f.rule)}: {escape(f.message)} (follows from {code(f.explained_by)})"
            for f in item.explained
        )
    yield from accepted_blocks(item.diagnosis.suppressed)
    if drawn:
        yield f"![Curves of {escape(entry.name)}]({PLOTS}/{entry.file}.png)"
    yield from _unjudged(entry)
    yield from _tables(entry)


def _verdict(entry: Entry) -> Iterator[str]:
    verdict = entry.item.diagnosis.verdict
    because = f": {escape(verdict.because)}" if verdict.because else ""
    yield f"**Verdict: {verdict.action}**{because}"
    if verdict.price:
        yield f"Price: {escape(verdict.price)}"
    if verdict.patch:
        yield diff(verdict.patch)


def finding_blocks(finding: Finding, patch: Patch) -> Iterator[str]:
    """A finding with its evidence, causes and fixes; ``patch`` is the verdict's, shown above."""
    yield f"### {finding.severity.value}: {escape(finding.title)}"
    sure = f"{finding.confidence:.0%} sure"
    yield f"{escape(finding.message)} ({code(finding.rule)}, {sure})"
    if finding.evidence:
        yield bullets(map(_evidence, finding.evidence))
    if finding.causes:
        rows = ((c.verdict.value, escape(c.says), escape(c.because)) for c in ranked(finding))
        yield table(("cause", "", "because"), rows)
    for fix, above in told_fixes(finding, patch):
        does = escape(fix.do) if fix.do else "the patch above" if above else "change the config"
        yield f"Fix{' (safe)' if fix.safe else ''}: {does}"
        if fix.set and not above:
            yield diff(fix.set)
    if finding.why:
        yield f"> {escape(finding.why)}"


def _evidence(piece: Evidence) -> str:
    if isinstance(piece, FileEvidence):
        place = piece.file if piece.line is None else f"{piece.file}:{piece.line}"
        return f"{code(place)}: {code(piece.text)}"
    if isinstance(piece, KeyEvidence):
        return f"{escape(piece.text)} ({code(f'{piece.key}: {setting(piece.value)}')})"
    return escape(piece.text)


def _unjudged(entry: Entry) -> Iterator[str]:
    told, notes = entry.item.diagnosis, entry.item.run.notes
    if told.not_evaluated:
        yield _missed(told.not_evaluated)
    if told.advice:
        yield f"To judge more:\n\n{bullets(map(escape, told.advice))}"
    if notes:
        met = bullets(escape(note_text(note)) for note in notes)
        yield f"Met while reading:\n\n{met}"


def _tables(entry: Entry) -> Iterator[str]:
    if entry.item.rows:
        rows = (
            (escape(r.summary.label), r.spark, best_text(r.summary), number(r.summary.last))
            for r in entry.item.rows
        )
        curves = table(("curve", "", "best @ epoch or step", "last"), rows)
        yield folded(count(len(entry.item.rows), "curve"), curves)
    if entry.item.config:
        pairs = ((code(k, cell=True), code(v, cell=True)) for k, v in entry.item.config)
        yield folded("Config", table(("key", "value"), pairs))
