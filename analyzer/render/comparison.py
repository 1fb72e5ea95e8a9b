"""A comparison as a renderer gets it, and its outputs in the terminal and as JSON.

Runs are called by the letter of their side (``A``, or ``A1`` and ``A2`` for repetitions), so that
tables stay narrow; the names stand once, above.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.compare import MISSING, Aligned, Comparison, Difference, Judgement, Outcome
from analyzer.finding import Together
from analyzer.names import label
from analyzer.render.charts import Chart, Curve, crosses_of, range_of_y, spans_decades
from analyzer.render.json import TOOL, finite, together_json
from analyzer.render.names import short_names
from analyzer.render.palette import run_colours
from analyzer.render.schema import VERSION, ComparisonReportJson
from analyzer.render.terminal import print_together, show
from analyzer.render.text import listing, number, plain, setting
from analyzer.summary import Summary, last_written

OUTCOME_STYLE = {
    Outcome.BETTER: "bold green",
    Outcome.WORSE: "bold red",
    Outcome.WITHIN_NOISE: "bold blue",
    Outcome.CANNOT_TELL: "bold yellow",
}
DIGEST_DIGITS = 12
_DIGEST = re.compile(r"[0-9a-f]{40,128}")
CHARTED = ("val_loss", "train_loss", "learning_rate")


@dataclass(frozen=True)
class RunLine:
    """A run of the comparison: its tag, name, and what is to be said of it."""

    tag: str
    name: str
    about: str


@dataclass(frozen=True)
class ComparisonReport:
    """All that a renderer of a comparison gets."""

    comparison: Comparison
    created: datetime
    version: str
    title: str = "Comparison of training runs"
    together: Together = field(default_factory=Together)

    @property
    def created_text(self) -> str:
        """When the report was made, to the minute."""
        return self.created.isoformat(sep=" ", timespec="minutes")

    @cached_property
    def names(self) -> tuple[str, ...]:
        """One short name for each run, in the order of the runs."""
        return tuple(short_names(list(self.comparison.runs)))

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """One short tag for each run, in the order of the runs."""
        tags = [""] * len(self.comparison.runs)
        for side in self.comparison.sides:
            for i, place in enumerate(side.places, start=1):
                tags[place] = side.name if len(side.places) == 1 else f"{side.name}{i}"
        return tuple(tags)

    @cached_property
    def runs(self) -> tuple[RunLine, ...]:
        """The runs in the order of their sides."""
        names, lines = self.names, []
        for side in self.comparison.sides:
            for place, seed in zip(side.places, side.seeds, strict=True):
                run = self.comparison.runs[place]
                about = [run.status.value, f"{run.epochs_done} epochs"]
                about += [] if seed is None else [f"seed {setting(seed)}"]
                lines.append(RunLine(self.tags[place], names[place], ", ".join(about)))
        return tuple(lines)

    @cached_property
    def headlines(self) -> tuple[tuple[Outcome, str], ...]:
        """The verdict for each side but A, in the main metric."""
        return tuple((one.outcome, headline(one)) for one in self.comparison.main)

    @property
    def explanation(self) -> str:
        """Which settings could explain a difference."""
        keys = [plain(key) for key in self.comparison.explaining]
        if not all(run.config.values for run in self.comparison.runs):
            return "Not every run has its settings, so what differs cannot be said in full."
        if not keys:
            return "No setting but the seed differs."
        return f"These settings differ and could explain it: {listing(keys)}."

    @cached_property
    def results(self) -> tuple[tuple[str, ...], ...]:
        """Rows of the table of results: metric, then best and last for each run, then outcomes."""
        return tuple(
            (
                plain(label(name)),
                *(result_text(summary) for summary in summaries),
                self._outcomes(name),
            )
            for name, summaries in self.comparison.summaries.items()
        )

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The main metric, the losses and the rate: the runs laid over each other."""
        shared = {curve.name for curve in self.comparison.curves}
        names = dict.fromkeys((self.comparison.metric or "", *CHARTED))
        return tuple(self._chart(name) for name in names if name in shared)

    def _outcomes(self, metric: str) -> str:
        found = [one for one in self.comparison.judgements if one.metric == metric]
        if len(found) == 1:
            return found[0].outcome.value
        return ", ".join(f"{one.b}: {one.outcome.value}" for one in found)

    def _chart(self, name: str) -> Chart:
        aligned = next(curve for curve in self.comparison.curves if curve.name == name)
        curves = []
        for place, run in enumerate(self.comparison.runs):
            if name in run.series:
                crosses = crosses_of(*last_written(run.series[name]))
                tag, colour = self.tags[place], self._colours[self._side_of(place)]
                curves.append(Curve(name, tag, colour, aligned.x, aligned.y[place], crosses))
        log = name.endswith("loss") and spans_decades(curves)
        shown = range_of_y(curves, (), log=log, span=0.0)
        title = label(name)
        return Chart(name, title, aligned.axis, title, tuple(curves), shown, log=log)

    @cached_property
    def _colours(self) -> list[str]:
        """One colour for each side, by the name of its first run."""
        runs = self.comparison.runs
        return run_colours([runs[side.places[0]].name for side in self.comparison.sides])

    def _side_of(self, place: int) -> int:
        return next(i for i, side in enumerate(self.comparison.sides) if place in side.places)


def headline(one: Judgement) -> str:
    """The verdict in a sentence, with its numbers and its doubt."""
    what = f"{plain(one.label)}: {one.b} against {one.a}: {one.outcome.value}"
    if one.difference is not None:
        values = f"{number(one.b_value)} against {number(one.a_value)}"
        what += f" ({values}, {one.difference:+.3g})"
    return f"{what}: {one.because}" + (f"; {one.next_step}" if one.next_step else "")


def result_text(summary: Summary | None) -> str:
    """``0.72 @ 14, 0.7``: best, its epoch, last."""
    if summary is None or summary.best is None:
        return "-"
    return f"{number(summary.best)} @ {number(summary.best_at)}, {number(summary.last)}"


def value_text(value: object) -> str:
    """A value of the config diff; a missing one is said to be missing, null is null.

    Of a commit or digest the first digits tell as much, and leave room for the keys.
    """
    if isinstance(value, str) and _DIGEST.fullmatch(value):
        return value[:DIGEST_DIGITS]
    return "(missing)" if value is MISSING else setting(value)


def print_headlines(report: ComparisonReport, console: Console) -> None:
    """Print the verdict for each side but the first."""
    for outcome, sentence in report.headlines:
        show(console, Text(sentence, style=OUTCOME_STYLE[outcome]))
    if not report.headlines:
        show(console, "The runs share no metric that could be compared.")


def print_comparison(report: ComparisonReport, console: Console) -> None:
    """Print the verdict first, then what differs, then the results."""
    comparison = report.comparison
    print_headlines(report, console)
    show(console, Text(report.explanation))
    for note in comparison.notes:
        show(console, Text(note, style="dim"))
    show(console, "")
    show(console, _table(("", "run", ""), [(r.tag, r.name, r.about) for r in report.runs]))
    for title, found in (("config", comparison.config), ("environment", comparison.environment)):
        show(console, "")
        if found:
            show(console, _table((title, *report.tags), map(difference_row, found)))
        else:
            show(console, Text(f"{title}: nothing differs", style="dim"))
    show(console, "")
    print_together(report.together, console)
    if report.results:
        show(console, _table(("best @ epoch, last", *report.tags, "verdict"), report.results))


def difference_row(one: Difference) -> tuple[str, ...]:
    """A key and the values of the runs."""
    return (plain(one.key), *map(value_text, one.values))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in head:
        table.add_column(Text(title), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table


def comparison_to_json(report: ComparisonReport) -> ComparisonReportJson:
    """The comparison as values that ``json.dumps(..., allow_nan=False)`` takes.

    Values by run are objects with the tags as keys; a run that lacks a key is left out of them.
    """
    made = {
        "version": VERSION,
        "tool": TOOL,
        "tool_version": report.version,
        "created": report.created.isoformat(timespec="seconds"),
        "comparison": _comparison(report),
    }
    return cast(ComparisonReportJson, finite(made))


def _comparison(report: ComparisonReport) -> dict[str, object]:
    comparison, tags = report.comparison, report.tags
    paths = {name: run.path for name, run in zip(report.names, comparison.runs, strict=True)}
    return {
        "runs": [
            {"tag": tag, "name": run.name, "path": run.path, "format": run.format}
            for tag, run in zip(tags, comparison.runs, strict=True)
        ],
        "sides": [
            {"name": s.name, "runs": [tags[p] for p in s.places], "seeds": list(s.seeds)}
            for s in comparison.sides
        ],
        "metric": comparison.metric,
        "judgements": [
            {**vars(one), "outcome": one.outcome.value} for one in comparison.judgements
        ],
        "explaining": comparison.explaining,
        "config": [_difference(one, tags) for one in comparison.config],
        "environment": [_difference(one, tags) for one in comparison.environment],
        "results": {
            name: {t: _result(s) for t, s in zip(tags, found, strict=True) if s is not None}
            for name, found in comparison.summaries.items()
        },
        "curves": [_curve(one, tags) for one in comparison.curves],
        "together": together_json(report.together, paths),
        "notes": comparison.notes,
    }


def _curve(one: Aligned, tags: Sequence[str]) -> dict[str, object]:
    rows = zip(tags, one.y, strict=True)
    y = {tag: [None if math.isnan(v) else v for v in row.tolist()] for tag, row in rows}
    return {"name": one.name, "axis": one.axis, "x": one.x.tolist(), "y": y}


def _difference(one: Difference, tags: Sequence[str]) -> dict[str, object]:
    pairs = zip(tags, one.values, strict=True)
    return {"key": one.key, "values": {tag: v for tag, v in pairs if v is not MISSING}}


def _result(summary: Summary) -> dict[str, object]:
    keys = ("best", "best_at", "last", "last_at", "points")
    return {key: getattr(summary, key) for key in keys}
