"""A comparison as Markdown with a plot, and as one offline HTML page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from markupsafe import Markup

from analyzer.compare import Difference, Outcome
from analyzer.formats.files import replace_text
from analyzer.render.comparison import ComparisonReport
from analyzer.render.comparison_cells import HEAD
from analyzer.render.markdown import PLOTS, together_blocks
from analyzer.render.markup import bullets, code, escape, table
from analyzer.render.plots import plot_panels
from analyzer.render.text import plain

FILE = "comparison.md"
_JOINTS = re.compile(r"(?<=[._/-])")
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
        breakable=breakable,
        unbroken=unbroken,
        head=HEAD,
    )


def breakable(text: str) -> Markup:
    """A key that may go on in the next line after a dot and the like, and nowhere else."""
    return Markup("<wbr>").join(_JOINTS.split(plain(text)))


def unbroken(cell: str) -> Markup:
    """Numbers that go on in the next line after a comma, and nowhere else."""
    parts = (Markup("&nbsp;").join(part.split(" ")) for part in plain(cell).split(", "))
    return Markup(", ").join(parts)


def _blocks(report: ComparisonReport) -> Iterator[str]:
    comparison, sides = report.comparison, report.shown
    yield f"# {escape(report.title)}"
    for _, sentence in report.headlines:
        yield f"**{escape(sentence)}**"
    if report.left_out:
        yield f"{report.left_out}; comparison.html has all."
    if not report.headlines:
        yield "The runs share no metric that could be compared."
    yield bullets(map(escape, report.explanations))
    if comparison.notes:
        yield bullets(map(escape, comparison.notes))
    lines = report.run_lines(sides)
    yield table(("", "run", ""), ((r.tag, escape(r.name), escape(r.about)) for r in lines))
    yield "## What differs"
    yield _differences("config", comparison.config, report)
    yield _differences("environment", comparison.environment, report)
    if comparison.summaries:
        yield "## Results"
        head = (HEAD, *(side.name for side in sides), "verdict")
        yield table(head, ((escape(row[0]), *row[1:]) for row in report.results(sides)))
        yield escape(report.legend)
    yield from together_blocks(report.together)
    if report.charts:
        yield f"![Curves of the runs]({PLOTS}/comparison.png)"
    yield f"Made by trainlint {report.version} on {report.created_text}."


def _differences(title: str, found: Sequence[Difference], report: ComparisonReport) -> str:
    rows = report.differences(found, report.shown)
    if not rows:
        return f"Nothing differs in the {title}."
    head = (title, *(side.name for side in report.shown))
    return table(head, ([code(cell, cell=True) for cell in row] for row in rows))
