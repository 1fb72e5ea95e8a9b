"""Plots of runs as PNG files, 800 pixels wide.

The evidence is drawn on the curve it is about: the span shaded, the limit as a dashed line, the
point that passed it ringed; a value that is not finite is a cross at the last finite height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analyzer.errors import MissingExtra
from analyzer.finding import Severity
from analyzer.formats.files import replace_file
from analyzer.render.charts import Chart, Curve
from analyzer.render.fonts import cover
from analyzer.render.marks import Mark
from analyzer.render.palette import FLAG
from analyzer.render.report import Entry
from analyzer.render.text import number, plain

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Shown = Callable[[str], str]

DPI = 100
WIDTH = 8.0
LEFT, RIGHT = 0.75, 0.2
TOP, BOTTOM, GAP = 0.72, 0.5, 0.85
PANEL, LOW_PANEL = 1.9, 0.8
"""Inches. Panels are placed by hand: matplotlib's layout engines draw everything twice."""

INK, SOFT = "#24292f", "#57606a"

STYLE: dict[str, Any] = {
    "agg.path.chunksize": 2000,  # a path of 100,000 points is drawn in half the time
    "font.size": 9,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titley": 1.0,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": "#8c959f",
    "axes.labelcolor": SOFT,
    "axes.unicode_minus": False,
    "axes.formatter.useoffset": False,
    "grid.color": "#e4e7eb",
    "grid.linewidth": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "legend.borderaxespad": 0.2,
    "legend.columnspacing": 1.2,
    "legend.handlelength": 1.6,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
}


def plot_run(entry: Entry, path: Path) -> None:
    """Draw the panels of a run into a PNG file."""
    plot_panels(entry.name, entry.item.charts, path)


def plot_panels(title: str, panels: Sequence[Chart], path: Path) -> None:
    """Draw panels one below the other into a PNG file."""
    texts = [title, *(curve.label for chart in panels for curve in chart.curves)]
    texts += [mark.rule for chart in panels for mark in chart.marks]
    with drawing(texts) as shown:
        heights = [LOW_PANEL if chart.id == "rate" else PANEL for chart in panels]
        figure, grid = make_figure(shown(title), heights or [PANEL])
        for axes, chart in zip(grid, panels, strict=False):
            _draw_panel(axes, chart, shown)
        _share_x(grid, panels)
        if not panels:
            grid[0].text(0.5, 0.5, "no curve was logged", ha="center", color=SOFT)
            grid[0].set_axis_off()
        save(figure, path)


@contextmanager
def drawing(texts: Iterable[str]) -> Iterator[Shown]:
    """Our look while drawing, with fonts that have the glyphs of ``texts``.

    Gives the function that every text must pass: it makes it plain and drops what no font has.
    """
    try:
        from matplotlib import rc_context
    except ImportError:
        raise MissingExtra("drawing plots", "report") from None
    families, missing = cover(plain(text) for text in texts)
    style: Any = {**STYLE, "font.family": families}
    with rc_context(style):
        yield lambda text: plain(text, 90).translate(missing)


def make_figure(title: str, heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure of one panel below the other, ``heights`` in inches."""
    from matplotlib.figure import Figure

    high = TOP + sum(heights) + GAP * (len(heights) - 1) + BOTTOM
    figure = Figure(figsize=(WIDTH, high), dpi=DPI, facecolor="white")
    figure.text(0.1 / WIDTH, 1 - 0.2 / high, title, size=11.5, weight="bold", va="center")
    grid, top = [], high - TOP
    for height in heights:
        box = (LEFT / WIDTH, (top - height) / high, 1 - (LEFT + RIGHT) / WIDTH, height / high)
        grid.append(figure.add_axes(box))
        top -= height + GAP
    return figure, grid


def save(figure: Figure, path: Path) -> None:
    """Write the PNG in one step; no date or version in it, so equal plots are equal files."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    replace_file(path, lambda p: canvas.print_png(str(p), metadata={"Software": None}))


def _draw_panel(axes: Axes, chart: Chart, shown: Shown) -> None:
    axes.set_title(shown(chart.title))
    axes.set_xlabel(chart.x_label)
    axes.set_ylabel(shown(chart.y_label))
    if chart.log:
        _logarithmic(axes)
    if chart.x_label == "epoch":
        whole_epochs(axes)
    for band in chart.bands:
        look: dict[str, Any] = {"color": band.colour, "alpha": 0.18, "linewidth": 0, "zorder": 1.2}
        axes.fill_between(band.x, band.low, band.high, **look)
    for curve in chart.curves:
        _draw_curve(axes, curve, shown)
    axes.set_ylim(chart.y_range)
    if not chart.log and not 1e-3 <= max(map(abs, axes.get_ylim())) < 1e6:
        axes.yaxis.set_major_formatter(lambda value, _: number(value))  # no power on the title
    for row, mark in enumerate(chart.marks):
        _draw_mark(axes, mark, row, shown)
        for curve in chart.curves:
            if mark.noise is not None and curve.name == mark.series:
                _draw_noise(axes, curve, mark, mark.noise)
    if chart.best is not None:
        x, text = chart.best
        axes.axvline(x, color=INK, linewidth=1.0, linestyle=(0, (1, 2)), label=text)
    if len(chart.curves) > 1 or chart.best is not None:
        legend(axes, columns=5 if len(chart.curves) <= 4 else 8)


def _logarithmic(axes: Axes) -> None:
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(
        FuncFormatter(lambda value, _: number(value) if value < 1e4 else f"{value:.0e}")
    )
    axes.yaxis.set_minor_formatter(NullFormatter())


def _draw_curve(axes: Axes, curve: Curve, shown: Shown) -> None:
    """A curve; a curve of few points also gets dots, so that a single one can be seen."""
    if curve.faint:
        axes.plot(curve.x, curve.y, color=curve.colour, alpha=0.3, linewidth=0.6, zorder=1.5)
        return
    dots = "o" if np.isfinite(curve.y).sum() <= 12 else ""
    look: dict[str, Any] = {"color": curve.colour, "linewidth": 1.5, "marker": dots}
    (drawn,) = axes.plot(curve.x, curve.y, markersize=3.5, **look)
    drawn.set_label("\u200b" + shown(curve.label))
    if curve.crosses:
        x, y = zip(*curve.crosses, strict=True)
        axes.plot(x, y, "x", color=FLAG[Severity.ERROR], markersize=6, markeredgewidth=1.6)


def _draw_mark(axes: Axes, mark: Mark, row: int, shown: Shown) -> None:
    colour = FLAG[mark.severity]
    half = 0.5 if mark.start == mark.end else 0.0
    axes.axvspan(mark.start - half, mark.end + half, color=colour, alpha=0.09, linewidth=0)
    if mark.limit is not None:
        axes.hlines(mark.limit, mark.start - half, mark.end + half, colour, "--", linewidth=1.0)
    if mark.point is not None:
        ring: dict[str, Any] = {
            "markerfacecolor": "none",
            "markeredgecolor": colour,
            "markeredgewidth": 1.6,
        }
        axes.plot(*mark.point, "o", markersize=9, **ring)
    text = shown(mark.rule) + ("" if mark.limit is None else f" (limit {number(mark.limit)})")
    text += "" if mark.noise is None else f" (noise ± {number(mark.noise)})"
    left, right = axes.get_xlim()
    late = (mark.start - left) > 0.6 * (right - left)
    axes.annotate(
        text,
        (mark.end if late else mark.start, 1.0),
        xycoords=("data", "axes fraction"),
        xytext=(-3 if late else 3, -4 - 11 * row),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top",
        size=8,
        color=colour,
        bbox={"facecolor": "white", "alpha": 0.75, "linewidth": 0, "pad": 1},
    )


def _draw_noise(axes: Axes, curve: Curve, mark: Mark, noise: float) -> None:
    """The noise that the evidence was measured by, as a band around the curve."""
    inside = (curve.x >= mark.start) & (curve.x <= mark.end)
    x, y = curve.x[inside], curve.y[inside]
    axes.fill_between(x, y - noise, y + noise, color=curve.colour, alpha=0.25, linewidth=0)


def _share_x(grid: Sequence[Axes], panels: Sequence[Chart]) -> None:
    """Panels over the same kind of x show the same stretch of it."""
    for kind in {chart.x_label for chart in panels}:
        same = [a for a, chart in zip(grid, panels, strict=False) if chart.x_label == kind]
        ends = [c.x for chart in panels if chart.x_label == kind for c in chart.curves]
        left, right = (float(f([f(x) for x in ends])) for f in (min, max))
        pad = 0.02 * (right - left) or 0.5
        for axes in same:
            axes.set_xlim(left - pad, right + pad)


def whole_epochs(axes: Axes) -> None:
    from matplotlib.ticker import MaxNLocator

    axes.xaxis.set_major_locator(MaxNLocator(nbins=10, integer=True, steps=[1, 2, 5, 10]))


def legend(axes: Axes, *, columns: int) -> None:
    """Above the panel, where no curve runs; rows of ``columns``."""
    handles, labels = axes.get_legend_handles_labels()
    if handles:
        many = handles[: 2 * columns]
        place: dict[str, Any] = {"loc": "lower right", "bbox_to_anchor": (1.0, 1.0)}
        axes.legend(many, labels[: len(many)], ncols=min(columns, len(many)), **place)
