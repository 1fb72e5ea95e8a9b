"""The Markdown report as one text without pictures, as the summary of a CI step shows it."""

from __future__ import annotations

from analyzer.render.markdown import blocks
from analyzer.render.report import Report

MOST_BYTES = 1_000_000
"""GitHub refuses the summary of a step above 1 MiB."""


def markdown_summary(report: Report) -> str:
    """The text, cut between two blocks where it would be too long."""
    fitting: list[str] = []
    size = 0
    for block in blocks(report, drawn=False):
        size += len(f"{block}\n\n".encode("utf-8", "surrogateescape"))
        if size > MOST_BYTES:
            fitting.append("The rest is left out: this is as much as a step summary may hold.")
            break
        fitting.append(block)
    return "\n\n".join(fitting) + "\n"
