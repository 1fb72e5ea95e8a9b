"""The main metric of all runs as a PNG file, flagged runs in colour."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.finding import Severity
from analyzer.render.palette import FLAG, QUIET
from analyzer.render.plots import Shown, drawing, legend, make_figure, save, whole_epochs
from analyzer.render.report import Entry, Report, RunReport

if TYPE_CHECKING:
    from matplotlib.axes import Axes

WIDE_PANEL = 2.8
"""Inches."""

CROWD_POINTS = 50_000
"""Of many runs together; of more, every second point is drawn, or every third, ..."""

DASHES: tuple[Any, ...] = (
    "-",
    (0, (5, 1.5)),
    (0, (1.2, 1.2)),
    (0, (6, 1.5, 1.2, 1.5)),
    (0, (2.5, 2.5)),
)
"""Of flagged runs of one colour, so that the legend tells them apart."""


def plot_overview(report: Report, path: Path) -> None:
    """Draw the main metric of all runs into a PNG file: flagged runs coloured, others grey."""
    with drawing([entry.name for entry in report.entries]) as shown:
        overview = report.overview
        figure, (axes,) = make_figure(shown(overview.title), [WIDE_PANEL])
        if report.many:
            _draw_crowd(axes, [entry.item for entry in overview.entries])
        else:
            _draw_few(axes, overview.entries, shown)
        axes.set_ylabel(shown(overview.label))
        axes.set_xlabel(overview.axis)
        whole_epochs(axes)
        legend(axes, columns=3)
        save(figure, path)


def _draw_few(axes: Axes, entries: Sequence[Entry], shown: Shown) -> None:
    drawn: Counter[Severity | None] = Counter()
    for entry in sorted(entries, key=lambda one: one.item.flagged):
        item = entry.item
        if item.metric is not None:
            dashes = DASHES[drawn[item.worst] % len(DASHES)] if item.flagged else "-"
            _draw_line(axes, entry, shown, dashes)
            drawn[item.worst] += 1


def _draw_line(axes: Axes, entry: Entry, shown: Shown, dashes: Any) -> None:
    metric, worst = entry.item.metric, entry.item.worst
    if metric is None:
        return
    series = entry.item.run.series[metric.name]
    flagged = entry.item.flagged and worst is not None
    y = np.where(series.finite, series.y, np.nan)
    (line,) = axes.plot(
        series.x,
        y,
        color=FLAG[worst] if flagged and worst is not None else QUIET,
        linewidth=1.4,
        linestyle=dashes,
        marker="o" if len(y) <= 12 else "",
        markersize=3,
    )
    line.set_label("\u200b" + shown(entry.name) if flagged else "_")


def _draw_crowd(axes: Axes, items: Sequence[RunReport]) -> None:
    """Many runs as one line for each colour, broken between runs: a line each takes a second."""
    groups: dict[Severity | None, list[RunReport]] = {}
    for item in items:
        groups.setdefault(item.worst if item.flagged else None, []).append(item)
    points = max((len(row.series) for item in items if (row := item.row)), default=0)
    step = 1 + points * len(items) // CROWD_POINTS
    for worst in (None, Severity.WARNING, Severity.ERROR):
        metrics = [i.run.series[i.metric.name] for i in groups.get(worst, ()) if i.metric]
        if not metrics:
            continue
        gap = [np.nan]
        x = np.concatenate([part for one in metrics for part in (one.x[::step], gap)])
        y = np.concatenate([part for one in metrics for part in (one.y[::step], gap)])
        colour = QUIET if worst is None else FLAG[worst]
        label = "nothing above info" if worst is None else f"with {worst}s"
        y = np.where(np.isfinite(y), y, np.nan)
        axes.plot(x, y, color=colour, linewidth=0.6, label=label)
