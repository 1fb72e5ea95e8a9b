"""The dataset doctor's report as Markdown with pictures, and as one offline HTML page."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from markupsafe import Markup

from analyzer.formats.files import replace_file, replace_text
from analyzer.render.dataset import DatasetReport, Overlay, changes_text
from analyzer.render.markdown import (
    accepted_blocks,
    baseline_blocks,
    finding_blocks,
)
from analyzer.render.markup import bullets, code, escape, fenced, folded, table
from analyzer.render.names import file_name

FILE = "dataset.md"
PICTURES = "overlays"


def write_dataset_markdown(report: DatasetReport, folder: Path) -> Path:
    """Write ``dataset.md`` and ``overlays/*.jpg`` into ``folder``; returns the former's path."""
    if report.overlays:
        (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    for i, overlay in enumerate(report.overlays, start=1):
        replace_file(folder / _picture(i, overlay), partial(Path.write_bytes, data=overlay.jpeg))
    path = folder / FILE
    replace_text(path, dataset_markdown(report))
    return path


def dataset_markdown(report: DatasetReport) -> str:
    """The text of ``dataset.md``."""
    return "\n\n".join(_blocks(report)) + "\n"


def write_dataset_html(report: DatasetReport, path: Path) -> Path:
    """Write the page; the pictures are in it."""
    from analyzer.render.html import save_page

    return save_page(dataset_html(report), path)


def dataset_html(report: DatasetReport) -> str:
    """The page with the pictures in it."""
    from analyzer.render.html import render_page, tone
    from analyzer.render.pagecharts import ChartData

    return render_page(
        "dataset.html.j2",
        ChartData(),
        report=report,
        item=report.item,
        created=report.created_text,
        version=report.version,
        tone=tone,
        inline=_inline,
        changes_text=changes_text,
    )


def _inline(overlay: Overlay) -> Markup:
    return Markup(f"data:image/jpeg;base64,{base64.b64encode(overlay.jpeg).decode()}")


def _picture(i: int, overlay: Overlay) -> str:
    return f"{PICTURES}/{i:02d}-{file_name(overlay.name)}.jpg"


def _blocks(report: DatasetReport) -> Iterator[str]:
    item, verdict = report.item, report.item.diagnosis.verdict
    yield f"# {escape(report.title)}"
    yield f"**{verdict.action}**: {escape(verdict.because)}"
    yield f"Made by trainlint {report.version} on {report.created_text}: {code(item.run.path)}"
    for finding in item.findings:
        yield from finding_blocks(finding, {})
    if item.explained:
        yield "### Consequences of the above"
        yield bullets(f"{code(f.rule)}: {escape(f.message)}" for f in item.explained)
    yield from accepted_blocks(item.diagnosis.suppressed)
    yield from baseline_blocks(report.baseline)
    if item.diagnosis.not_evaluated:
        missed = (f"{code(n.rule)}: {escape(n.reason)}" for n in item.diagnosis.not_evaluated)
        yield folded("Not judged", bullets(missed))
    yield "## In numbers"
    yield "The median, and in brackets where nine in ten lie."
    yield table(("", *report.splits), ([escape(cell) for cell in row] for row in report.rows))
    for title, rows in report.bars:
        yield table((title, *report.splits), rows)
    if report.begins:
        yield "The lists and labels begin so:"
        yield fenced("\n".join(report.begins), "text")
    if report.changes is not None:
        yield f"## {escape(report.copy)}: {changes_text(report.changes)}"
        yield bullets(f"{code(change.file)}: {escape(change.what)}" for change in report.changes)
    if report.overlays:
        yield "## Pictures"
        yield "The images with most problems first. Red boxes have one, grey ones are ignored."
    for i, overlay in enumerate(report.overlays, start=1):
        yield f"### {escape(overlay.name)}"
        yield f"![{escape(overlay.name)}]({_picture(i, overlay)})"
        if overlay.problems:
            yield bullets(map(escape, overlay.problems))
