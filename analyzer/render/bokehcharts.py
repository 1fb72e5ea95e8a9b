"""The interactive charts of the page: Bokeh documents in JSON, one for each group of charts.

Only the drawing lies in the canvas. Titles, legends and texts are HTML beside it, where they wrap,
can be read without JavaScript, and cannot be taken for TeX, which Bokeh would fetch a library for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.errors import MissingExtra
from analyzer.finding import Severity
from analyzer.render.charts import Chart, Curve
from analyzer.render.marks import Mark
from analyzer.render.palette import FLAG, QUIET
from analyzer.render.report import Entry, Report
from analyzer.render.text import plain

if TYPE_CHECKING:
    from bokeh.plotting import figure as Figure

HEIGHT, LOW_HEIGHT, WIDE_HEIGHT = 220, 130, 280
TOOLBAR_STYLE = """
:host { background: transparent; }
@media (prefers-color-scheme: dark) { :host { filter: invert(1); } }
@media print { :host { display: none; } }
"""
FEW = 12
TOOLS = "box_zoom,reset,save"


@dataclass(frozen=True)
class ChartGroup:
    """Charts that share their x axes. ``roots`` maps the id of a figure to that of its element."""

    document: Mapping[str, Any]
    roots: Mapping[str, str]


def script() -> str:
    """BokehJS, its core component only."""
    _require()
    from bokeh.resources import Resources

    return "\n".join(Resources(mode="inline", components=["bokeh"]).js_raw)


def run_charts(entry: Entry) -> ChartGroup:
    """The charts of a run, to be shown in the elements ``<anchor>-<number from 0>``."""
    return chart_group(entry.item.charts, entry.anchor)


def chart_group(panels: Sequence[Chart], prefix: str) -> ChartGroup:
    """Panels that zoom together, to be shown in the elements ``<prefix>-<number from 0>``."""
    figures = [_chart_figure(chart) for chart in panels]
    _share_x(figures, [chart.x_label for chart in panels])
    return group(figures, [f"{prefix}-{i}" for i in range(len(figures))])


def overview_chart(report: Report) -> ChartGroup:
    """The main metric of all runs, to be shown in the element ``overview``."""
    plot = make_figure(x_label="epoch", y_label=report.metric_name, height=WIDE_HEIGHT)
    lines = []
    for entry in sorted(report.entries, key=lambda e: e.item.flagged):
        metric = entry.item.metric
        if metric is None:
            continue
        series = entry.item.run.series[metric.name]
        y = np.where(series.finite, series.y, np.nan)
        worst = entry.item.worst
        colour = FLAG[worst] if entry.item.flagged and worst is not None else QUIET
        lines.append(add_line(plot, series.x, y, entry.name, colour, width=1.6))
    add_tooltips(plot, lines)
    return group([plot], ["overview"])


def group(figures: Sequence[Figure], elements: Sequence[str]) -> ChartGroup:
    """Put figures into one document."""
    from bokeh.document import Document

    document = Document()
    for figure in figures:
        document.add_root(figure)
    roots = {figure.id: element for figure, element in zip(figures, elements, strict=True)}
    return ChartGroup(document.to_json(deferred=False), roots)


def make_figure(
    *,
    x_label: str,
    y_label: str,
    height: int,
    y_range: tuple[float, float] | None = None,
    log: bool = False,
) -> Figure:
    """An empty figure as wide as its element; the page colours axes and grid by its theme."""
    _require()
    from bokeh.models import PlainText, PrintfTickFormatter
    from bokeh.plotting import figure

    plot = figure(
        height=height,
        sizing_mode="stretch_width",
        tools=TOOLS,
        active_drag="box_zoom",
        toolbar_location="right",
        toolbar_inner=True,
        y_axis_type="log" if log else "linear",
        **({} if y_range is None else {"y_range": y_range}),
        background_fill_color=None,
        border_fill_color=None,
        outline_line_color=None,
        min_border_left=72,
        min_border_right=10,
        output_backend="canvas",
    )
    plot.toolbar.logo = None
    plot.toolbar.autohide = True
    plot.toolbar.stylesheets = [TOOLBAR_STYLE]
    plot.xaxis.axis_label = PlainText(text=x_label)
    plot.yaxis.axis_label = PlainText(text=plain(y_label, 40))
    for axis in (plot.xaxis, plot.yaxis):
        axis.minor_tick_line_color = None
        axis.axis_label_text_font_style = "normal"
        axis.axis_label_text_font_size = axis.major_label_text_font_size = "12px"
    plot.yaxis.formatter = PrintfTickFormatter(format="%.4g")
    plot.yaxis.ticker.desired_num_ticks = max(3, height // 45)
    if x_label in ("epoch", "step"):
        plot.xaxis.ticker.min_interval = 1
        plot.xaxis.ticker.num_minor_ticks = 0
    return plot


def add_line(
    plot: Figure, x: Any, y: Any, name: str, colour: str, *, width: float = 1.8, alpha: float = 1.0
) -> Any:
    """A curve; with dots where it has few points, so that a single one can be seen and asked."""
    from bokeh.models import Line, Scatter

    name = plain(name, 90)
    look = {"line_color": colour, "line_width": width, "line_alpha": alpha}
    line = _add(plot, {"x": x, "y": y}, Line(x="x", y="y", **look), name)
    if np.isfinite(y).sum() > FEW:
        return line
    dots = Scatter(x="x", y="y", size=5, fill_color=colour, line_color=colour)
    return plot.add_glyph(line.data_source, dots, name=name)


def _add(plot: Figure, data: Mapping[str, Any], glyph: Any, name: str | None = None) -> Any:
    """Add one glyph; ``figure``'s own methods make three more models for each."""
    from bokeh.models import ColumnDataSource

    return plot.add_glyph(ColumnDataSource(data), glyph, name=name)


def add_tooltips(plot: Figure, lines: Sequence[Any]) -> None:
    """Let ``lines`` tell their name and values."""
    from bokeh.models import HoverTool

    tips = [("", "$name"), (str(plot.xaxis[0].axis_label.text), "@x"), ("value", "@y{%.4g}")]
    plot.add_tools(HoverTool(tooltips=tips, formatters={"@y": "printf"}, renderers=list(lines)))


def _require() -> None:
    try:
        import bokeh  # noqa: F401
    except ImportError:
        raise MissingExtra("the HTML report", "report") from None


def _chart_figure(chart: Chart) -> Figure:
    height = LOW_HEIGHT if chart.id == "rate" else HEIGHT
    plot = make_figure(
        x_label=chart.x_label,
        y_label=chart.y_label,
        height=height,
        y_range=chart.y_range,
        log=chart.log,
    )
    for number, mark in enumerate(chart.marks, start=1):
        _add_mark(plot, mark, number)
    for curve in (curve for curve in chart.curves if curve.faint):
        add_line(plot, curve.x, curve.y, "", curve.colour, width=0.7, alpha=0.35)
    main = (curve for curve in chart.curves if not curve.faint)
    add_tooltips(plot, [_add_curve(plot, curve) for curve in main])
    if chart.best is not None:
        from bokeh.models import Span

        line = Span(location=chart.best[0], dimension="height", line_dash="dotted")
        line.line_color, line.line_width, line.name = QUIET, 1.5, "best"
        plot.add_layout(line)
    return plot


def _add_curve(plot: Figure, curve: Curve) -> Any:
    line = add_line(plot, curve.x, curve.y, curve.label, curve.colour)
    if curve.crosses:
        from bokeh.models import Scatter

        x, y = map(list, zip(*curve.crosses, strict=True))
        look = {"size": 9, "line_width": 2, "line_color": FLAG[Severity.ERROR]}
        _add(plot, {"x": x, "y": y}, Scatter(x="x", y="y", marker="x", **look))
    return line


def _add_mark(plot: Figure, mark: Mark, number: int) -> None:
    """A shaded span with its number in the legend, the limit, and a ring around the point."""
    from bokeh.models import BoxAnnotation, Label, Line, Scatter

    colour = FLAG[mark.severity]
    half = 0.5 if mark.start == mark.end else 0.0
    left, right = mark.start - half, mark.end + half
    plot.add_layout(
        BoxAnnotation(left=left, right=right, fill_color=colour, fill_alpha=0.12, line_color=None)
    )
    if mark.limit is not None:
        ends = {"x": [left, right], "y": [mark.limit, mark.limit]}
        _add(plot, ends, Line(x="x", y="y", line_color=colour, line_dash="dashed"))
    if mark.point is not None:
        x, y = mark.point
        ring = {"size": 13, "fill_color": None, "line_color": colour, "line_width": 2}
        _add(plot, {"x": [x], "y": [y]}, Scatter(x="x", y="y", **ring))
    top = HEIGHT - 66 - 14 * (number - 1)
    label = Label(x=left, y=top, y_units="screen", x_offset=4, text=str(number))
    label.text_color, label.text_font_size = colour, "12px"
    plot.add_layout(label)


def _share_x(figures: Sequence[Figure], kinds: Sequence[str]) -> None:
    """Charts over the same kind of x zoom together."""
    first: dict[str, Figure] = {}
    for figure, kind in zip(figures, kinds, strict=True):
        figure.x_range = first.setdefault(kind, figure).x_range
