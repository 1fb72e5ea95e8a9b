"""The report as one HTML file that needs no network.

Autoescape is on, and every text is made plain on its way out. The page's policy allows no
connection at all and only the very scripts that were written into it, by their digests.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Sequence
from hashlib import sha256
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from analyzer.formats.files import replace_text
from analyzer.render.charts import MAX_POINTS, Chart, charts
from analyzer.render.many import overall, own_settings
from analyzer.render.manyrecords import packed_records
from analyzer.render.pagecharts import ChartData, scripts
from analyzer.render.palette import FLAG, QUIET
from analyzer.render.record import environment, events, size
from analyzer.render.report import Report, RunReport
from analyzer.render.terminal import note_text
from analyzer.render.text import count, duration, number, plain
from analyzer.render.wording import (
    best_text,
    diff_lines,
    evidence_text,
    named,
    ranked,
    suppressed_text,
    told_fixes,
)

TEMPLATES = Path(__file__).parent / "templates"
PAGE_POINTS, LEAST_POINTS = 400_000, 100
"""Of one curve of all runs together: a page that holds more gets slow to open."""

TONES = {
    "ship it": "good",
    "keep training": "info",
    "stop now": "error",
    "restart with this patch": "error",
    "cannot tell": "warning",
    "repair it first": "error",
    "train on it": "good",
}
WORDS = {
    "best_text": best_text,
    "breakable": lambda name: Markup("/<wbr>").join(plain(name).split("/")),
    "count": count,
    "diff_lines": diff_lines,
    "duration": duration,
    "environment": environment,
    "events": events,
    "evidence_text": evidence_text,
    "flags": {severity.value: colour for severity, colour in FLAG.items()},
    "note_text": note_text,
    "number": number,
    "quiet": QUIET,
    "own_settings": own_settings,
    "named": named,
    "ranked": ranked,
    "size": size,
    "sortable": lambda value: "" if value is None or not isfinite(value) else f"{value:.6g}",
    "suppressed_text": suppressed_text,
    "told_fixes": told_fixes,
}


def write_html(report: Report, path: Path) -> Path:
    """Write the page. Raises MissingExtra without Bokeh, before anything is written."""
    return save_page(html_text(report), path)


def save_page(page: str, path: Path) -> Path:
    """Write a page that is whole, into a folder that need not be there yet."""
    path.parent.mkdir(parents=True, exist_ok=True)
    replace_text(path, page)
    return path


def html_text(report: Report) -> str:
    """The page. Raises MissingExtra without Bokeh."""
    data = ChartData()
    for entry in report.entries:
        data.add(entry.anchor, _charts(report, entry.item))
    if len(report.runs) > 1:
        data.add_overview(report.overview)
    if report.many:
        data.records = packed_records(report.entries)
    return render_page(
        "report.html.j2",
        data,
        report=report,
        entries=report.entries,
        many=overall(report.runs) if report.many else None,
        created=report.created_text,
        version=report.version,
        anchors={name: entry.anchor for name, entry in report.by_name.items()},
        tone=tone,
    )


def _charts(report: Report, item: RunReport) -> Sequence[Chart]:
    """The charts of a run; where there are many, without single steps and with fewer points."""
    if not report.many:
        return item.charts
    limit = min(MAX_POINTS, max(LEAST_POINTS, PAGE_POINTS // len(report.runs)))
    return charts(item.run, item.findings, points=limit, steps=False)


def render_page(template: str, data: ChartData, **context: Any) -> str:
    """A whole page of ``template`` with its charts, scripts and policy."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= WORDS
    packed = data.packed()
    made = scripts() if packed else []
    return environment.get_template(template).render(
        policy=policy(made),
        scripts=[Markup(text) for text in made],
        chart_data=Markup(json.dumps(packed)) if packed else "",
        **context,
    )


def policy(scripts: list[str]) -> str:
    """A content security policy that allows these scripts, the page's styles, nothing else."""
    digests = (b64encode(sha256(text.encode()).digest()).decode() for text in scripts)
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests) or "'none'"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def tone(item: RunReport) -> str:
    """The class that colours a verdict."""
    return TONES[item.diagnosis.verdict.action]


def _finalize(value: Any) -> Any:
    return plain(value) if isinstance(value, str) and not isinstance(value, Markup) else value
