"""A comparison as Markdown with a plot, and as one offline HTML page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from analyzer.compare import Difference, Outcome
from analyzer.formats.files import replace_text
from analyzer.render.comparison import ComparisonReport
from analyzer.render.comparison_cells import HEAD, difference_row
from analyzer.render.markdown import PLOTS, together_blocks
from analyzer.render.markup import bullets, code, escape, table
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
    replace_text(path, comparison_markdown(report))
    return path


def comparison_markdown(report: ComparisonReport) -> str:
    """The text of ``comparison.md``."""
    return "\n\n".join(_blocks(report)) + "\n"


def write_comparison_html(report: ComparisonReport, path: Path) -> Path:
    """Write the page. Raises MissingExtra without Bokeh, before anything is written."""
    from analyzer.render.html import save_page

    return save_page(comparison_html(report), path)


def comparison_html(report: ComparisonReport) -> str:
    """The page. Raises MissingExtra without Bokeh."""
    from analyzer.render.html import render_page
    from analyzer.render.pagecharts import ChartData

    data = ChartData()
    data.add("comparison", report.charts)
    return render_page(
        "comparison.html.j2",
        data,
        report=report,
        comparison=report.comparison,
        created=report.created_text,
        version=report.version,
        tones=TONES,
        difference_row=difference_row,
        head=HEAD,
    )


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
    yield _differences("config", comparison.config, report)
    yield _differences("environment", comparison.environment, report)
    if report.results:
        yield "## Results"
        head = (HEAD, *report.columns, "verdict")
        yield table(head, ((escape(row[0]), *row[1:]) for row in report.results))
        yield escape(report.legend)
    yield from together_blocks(report.together)
    if report.charts:
        yield f"![Curves of the runs]({PLOTS}/comparison.png)"
    yield f"Made by trainlint {report.version} on {report.created_text}."


def _differences(title: str, found: Sequence[Difference], report: ComparisonReport) -> str:
    if not found:
        return f"Nothing differs in the {title}."
    sides = report.comparison.sides
    rows = ([code(cell, cell=True) for cell in difference_row(one, sides)] for one in found)
    return table((title, *report.columns), rows)
