"""The charts of a page as compact data; the page's own script makes Bokeh figures of it.

Only the drawing lies in Bokeh's canvas. Titles, legends and texts are HTML beside it, where they
wrap and cannot be taken for TeX, which Bokeh would fetch a library for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from analyzer.errors import MissingExtra
from analyzer.render.charts import Band, Chart, Curve
from analyzer.render.marks import Mark
from analyzer.render.overview import Overview
from analyzer.render.packing import Numbers, counts_up, zipped
from analyzer.render.palette import FLAG, QUIET
from analyzer.render.report import Entry
from analyzer.render.text import plain
from analyzer.run import FloatArray

X_DIGITS = 7
SCRIPTS = (
    *("numbers.js", "figures.js", "overview.js", "buttons.js", "record.js"),
    *("charts.js", "runs.js", "copy.js"),
)
TEMPLATES = Path(__file__).parent / "templates"


def scripts() -> list[str]:
    """BokehJS, its core component only, and the page's own script."""
    try:
        import bokeh  # noqa: F401
        from bokeh.resources import Resources
    except ImportError:
        raise MissingExtra("the HTML report", "report") from None
    own = "\n".join((TEMPLATES / name).read_text("utf-8") for name in SCRIPTS)
    return ["\n".join(Resources(mode="inline", components=["bokeh"]).js_raw), own]


class ChartData:
    """All charts of a page: each group of charts under a name, and the chart of all runs."""

    def __init__(self) -> None:
        self._numbers = Numbers()
        self._groups: dict[str, list[dict[str, Any]]] = {}
        self._overview: dict[str, Any] | None = None
        self.records = ""
        """What else is known of each run of many, as ``packed_records`` packs it."""

    def add(self, name: str, charts: Sequence[Chart]) -> None:
        """Charts to be drawn in the element whose ``data-charts`` is ``name``; none is fine."""
        if charts:
            self._groups[name] = [self._chart(chart) for chart in charts]

    def add_overview(self, overview: Overview) -> None:
        """The main metric of all runs, from the curves that ``add`` was given, flagged last."""
        lines = [line for e in sorted(overview.entries, key=_flagged) if (line := self._line(e))]
        labels = {"x_label": overview.axis, "y_label": plain(overview.label, 40)}
        self._overview = {**labels, "lines": lines}

    def packed(self) -> Mapping[str, str]:
        """What the page holds: ``charts`` (JSON) and ``numbers`` (see ``Numbers``), zipped."""
        if not self._groups:
            return {}
        charts = {
            "colours": {severity.value: colour for severity, colour in FLAG.items()},
            "quiet": QUIET,
            "lengths": self._numbers.lengths,
            "exponents": self._numbers.exponents,
            "groups": self._groups,
            "overview": self._overview,
        }
        text = json.dumps(charts, separators=(",", ":"), allow_nan=False)
        made = {"charts": zipped(text.encode()), "numbers": zipped(self._numbers.packed())}
        return made | ({"records": self.records} if self.records else {})

    def _chart(self, chart: Chart) -> dict[str, Any]:
        made: dict[str, Any] = {
            "id": chart.id,
            "title": plain(chart.title, 90),
            "x_label": chart.x_label,
            "y_label": plain(chart.y_label, 40),
            "range": chart.y_range,
            "log": chart.log,
            "curves": [self._curve(curve, log=chart.log) for curve in chart.curves],
            "marks": [_mark(mark) for mark in chart.marks],
        }
        if chart.bands:
            made["bands"] = [self._band(band, log=chart.log) for band in chart.bands]
        if chart.best is not None:
            made["best"] = chart.best
        return made

    def _curve(self, curve: Curve, *, log: bool) -> dict[str, Any]:
        made: dict[str, Any] = {
            "name": curve.name,
            "label": plain(curve.label, 90),
            "colour": curve.colour,
            "x": self._x(curve.x),
            "y": self._numbers.add(curve.y, log=log),
        }
        if curve.crosses:
            made["crosses"] = curve.crosses
        if curve.faint:
            made["faint"] = True
        return made

    def _band(self, band: Band, *, log: bool) -> dict[str, Any]:
        low, high = (self._numbers.add(y, log=log) for y in (band.low, band.high))
        return {"colour": band.colour, "x": self._x(band.x), "low": low, "high": high}

    def _x(self, x: FloatArray) -> dict[str, Any]:
        """Epochs need no numbers but the first."""
        if counts_up(x):
            return {"first": float(x[0])}
        return {"of": self._numbers.add(x, digits=X_DIGITS)}

    def _line(self, entry: Entry) -> dict[str, Any] | None:
        """A run in the chart of all runs; it shares the numbers of its own chart."""
        metric = entry.item.metric
        curves = (c for chart in self._groups.get(entry.anchor, ()) for c in chart["curves"])
        found = next((c for c in curves if metric and c["name"] == metric.name), None)
        if found is None:
            return None
        worst = entry.item.worst.value if entry.item.flagged and entry.item.worst else ""
        place = {"x": found["x"], "y": found["y"]}
        return {"name": plain(entry.name, 90), "anchor": entry.anchor, "worst": worst, **place}


def _flagged(entry: Entry) -> bool:
    return entry.item.flagged


def _mark(mark: Mark) -> dict[str, Any]:
    made: dict[str, Any] = {"rule": plain(mark.rule), "text": plain(mark.text)}
    made |= {"severity": mark.severity.value, "start": mark.start, "end": mark.end}
    if mark.limit is not None and np.isfinite(mark.limit):
        made["limit"] = mark.limit
    if mark.noise is not None and np.isfinite(mark.noise):
        made |= {"series": mark.series, "noise": mark.noise}
    if mark.point is not None:
        made["point"] = mark.point
    if mark.broken:
        made["broken"] = True
    return made
