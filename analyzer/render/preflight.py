"""A data set before a training on it, in the terminal: verdict, findings, one small table."""

from __future__ import annotations

from collections.abc import Sequence

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.render.report import RunReport
from analyzer.render.terminal import findings_grid, folded_lines, headline, indent, show
from analyzer.render.text import plain

HEADS = ("data", "train", "test")


def print_preflight(item: RunReport, rows: Sequence[tuple[str, ...]], console: Console) -> None:
    """Print what was found; ``rows`` are (what, of the training set, of the test set)."""
    show(console, headline(plain(item.run.name, 80), item.diagnosis.verdict))
    if item.findings:
        show(console, indent(findings_grid(item.findings)))
    for line in folded_lines(item):
        show(console, indent(Text(line, style="dim")))
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for head in HEADS:
        table.add_column(Text(head), justify="left" if head == HEADS[0] else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    show(console, "")
    show(console, indent(table))
    show(console, "")
