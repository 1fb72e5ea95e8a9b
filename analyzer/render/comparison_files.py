"""A comparison as Markdown with a plot, and as one offline HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from analyzer.compare import Difference, Outcome
from analyzer.formats.files import replace_text
from analyzer.render.comparison import AREA, HEAD, ComparisonReport, difference_row, value_text
from analyzer.render.markdown import PLOTS, bullets, code, escape, table, together_blocks
from analyzer.render.plots import plot_panels

FILE = "comparison.md"
TONES = {
    Outcome.BETTER: "good",
    Outcome.WORSE: "error",
    Outcome.WITHIN_NOISE: "info",
    Outcome.CANNOT_TELL: "warning",
}


def write_comparison_markdown(report: ComparisonReport, folder: Path) -> Path:
    """Write ``comparison.md`` and ``plots/comparison.png`` into ``folder``.

    Raises MissingExtra without matplotlib, before anything is written.
    """
    (folder / PLOTS).mkdir(parents=True, exist_ok=True)
    if report.charts:
        plot_panels(report.title, report.charts, folder / PLOTS / "comparison.png")
    path = folder / FILE
    replace_text(path, "\n\n".join(_blocks(report)) + "\n")
    return path


def write_comparison_html(report: ComparisonReport, path: Path) -> Path:
    """Write the page. Raises MissingExtra without Bokeh, before anything is written."""
    from analyzer.render.html import render_page
    from analyzer.render.pagecharts import ChartData

    data = ChartData()
    data.add("comparison", report.charts)
    page = render_page(
        "comparison.html.j2",
        data,
        report=report,
        comparison=report.comparison,
        created=report.created_text,
        version=report.version,
        tones=TONES,
        difference_row=difference_row,
        head=HEAD,
        area=AREA,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, page)
    return path


def _blocks(report: ComparisonReport) -> Iterator[str]:
    comparison = report.comparison
    yield f"# {escape(report.title)}"
    for _, sentence in report.headlines:
        yield f"**{escape(sentence)}**"
    if not report.headlines:
        yield "The runs share no metric that could be compared."
    yield bullets(map(escape, report.explanations))
    if comparison.notes:
        yield bullets(map(escape, comparison.notes))
    yield table(("", "run", ""), ((r.tag, escape(r.name), escape(r.about)) for r in report.runs))
    yield "## What differs"
    yield _differences("config", comparison.config, report.tags)
    yield _differences("environment", comparison.environment, report.tags)
    if report.results:
        yield "## Results"
        head = (HEAD, *report.tags, "verdict")
        yield table(head, ((escape(row[0]), *row[1:]) for row in report.results))
        yield escape(AREA)
    yield from together_blocks(report.together)
    if report.charts:
        yield f"![Curves of the runs]({PLOTS}/comparison.png)"
    yield f"Made by trainlint {report.version} on {report.created_text}."


def _differences(title: str, found: Sequence[Difference], tags: Sequence[str]) -> str:
    if not found:
        return f"Nothing differs in the {title}."
    rows = (
        (code(one.key, cell=True), *(code(value_text(v), cell=True) for v in one.values))
        for one in found
    )
    return table((title, *tags), rows)
