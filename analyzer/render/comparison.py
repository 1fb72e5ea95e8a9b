"""A comparison as a renderer gets it, and its outputs in the terminal and as JSON.

Runs are called by the letter of their side (``A``, or ``A1`` and ``A2`` for repetitions), so that
tables stay narrow; the names stand once, above.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import cast

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.compare import (
    MISSING,
    Aligned,
    Comparison,
    Difference,
    Explanation,
    Judgement,
    Outcome,
)
from analyzer.finding import Together
from analyzer.names import label
from analyzer.render.charts import Chart
from analyzer.render.comparison_cells import AREA, HEAD, REPEATED, difference_row, result_cell
from analyzer.render.comparison_charts import comparison_charts
from analyzer.render.comparisonschema import ComparisonReportJson
from analyzer.render.json import TOOL, finite, together_json
from analyzer.render.names import short_names
from analyzer.render.schema import VERSION
from analyzer.render.terminal import print_together, show
from analyzer.render.text import listing, number, plain, setting
from analyzer.summary import Summary

OUTCOME_STYLE = {
    Outcome.BETTER: "bold green",
    Outcome.WORSE: "bold red",
    Outcome.WITHIN_NOISE: "bold blue",
    Outcome.CANNOT_TELL: "bold yellow",
}


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
    def columns(self) -> tuple[str, ...]:
        """What the columns of tables are called: the sides."""
        return tuple(side.name for side in self.comparison.sides)

    @property
    def legend(self) -> str:
        """What the numbers of the results are."""
        repeated = any(len(side.places) > 1 for side in self.comparison.sides)
        return f"{AREA} {REPEATED}" if repeated else AREA

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

    @cached_property
    def explanations(self) -> tuple[str, ...]:
        """What could explain a difference: settings, code and data, for each side but A."""
        if not all(run.config.values for run in self.comparison.runs):
            return ("Not every run has its settings, so what differs cannot be said in full.",)
        return tuple(explanation_text(one) for one in self.comparison.explanations)

    @cached_property
    def results(self) -> tuple[tuple[str, ...], ...]:
        """Rows of the table of results: metric, the numbers of each side, then outcomes."""
        sides = self.comparison.sides
        return tuple(
            (
                plain(label(name)),
                *(result_cell(side, summaries, self.areas(name)) for side in sides),
                self._outcomes(name),
            )
            for name, summaries in self.comparison.summaries.items()
        )

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The main metric, the losses and the rate: the runs laid over each other."""
        return comparison_charts(self.comparison, self.tags)

    def areas(self, metric: str) -> tuple[float | None, ...]:
        """The area below the curve of each run."""
        return self.comparison.areas.get(metric, (None,) * len(self.comparison.runs))

    def _outcomes(self, metric: str) -> str:
        found = [one for one in self.comparison.judgements if one.metric == metric]
        if len(found) == 1:
            return found[0].outcome.value
        return ", ".join(f"{one.b}: {one.outcome.value}" for one in found)


def headline(one: Judgement) -> str:
    """The verdict in a sentence, with its numbers and its doubt."""
    what = f"{plain(one.label)}: {one.b} against {one.a}: {one.outcome.value}"
    if one.difference is not None:
        values = f"{number(one.b_value)} against {number(one.a_value)}"
        what += f" ({values}, {one.difference:+.3g})"
    return f"{what}: {one.because}" + (f"; {one.next_step}" if one.next_step else "")


def explanation_text(one: Explanation) -> str:
    """Which differences could explain what is seen between A and another side."""
    found = []
    if one.config:
        what = "this setting differs" if len(one.config) == 1 else "these settings differ"
        found.append(f"{what}: {listing(map(plain, one.config))}")
    if one.code:
        found.append(f"the code is another ({listing(map(plain, one.code))})")
    if one.data:
        found.append(f"the data are others ({listing(map(plain, one.data))})")
    if not found:
        return f"{one.side} and A differ in the seed at most, as far as is known."
    return f"What could explain {one.side} against A: {'; '.join(found)}."


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
    for sentence in report.explanations:
        show(console, Text(sentence))
    for note in comparison.notes:
        show(console, Text(note, style="dim"))
    show(console, "")
    show(console, _table(("", "run", ""), [(r.tag, r.name, r.about) for r in report.runs]))
    for title, found in (("config", comparison.config), ("environment", comparison.environment)):
        show(console, "")
        if found:
            rows = [difference_row(one, comparison.sides) for one in found]
            show(console, _table((title, *report.columns), rows))
        else:
            show(console, Text(f"{title}: nothing differs", style="dim"))
    show(console, "")
    print_together(report.together, console)
    if report.results:
        show(console, _table((HEAD, *report.columns, "verdict"), report.results))
        show(console, Text(report.legend, style="dim"))


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
        "explanations": [vars(one) for one in comparison.explanations],
        "config": [_difference(one, tags) for one in comparison.config],
        "environment": [_difference(one, tags) for one in comparison.environment],
        "results": {
            name: {
                t: {**_result(s), "area": area and float(f"{area:.6g}")}
                for t, s, area in zip(tags, found, report.areas(name), strict=True)
                if s is not None
            }
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
