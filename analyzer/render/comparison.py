"""A comparison as a renderer gets it, and its output in the terminal.

Runs are called by the letter of their side (``A``, or ``A1`` and ``A2`` for repetitions), so that
tables stay narrow; the names stand once, above.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from analyzer.compare import Comparison, Difference, Explanation, Judgement, Outcome, Side
from analyzer.finding import Together
from analyzer.names import label
from analyzer.render.charts import Chart
from analyzer.render.comparison_cells import AREA, HEAD, REPEATED, difference_row, result_cell
from analyzer.render.comparison_charts import comparison_charts
from analyzer.render.names import short_names
from analyzer.render.terminal import print_together, show
from analyzer.render.text import count, listing, number, plain, setting

OUTCOME_STYLE = {
    Outcome.BETTER: "bold green",
    Outcome.WORSE: "bold red",
    Outcome.WITHIN_NOISE: "bold blue",
    Outcome.CANNOT_TELL: "bold yellow",
}

MOST_SIDES = 8
"""Columns that a terminal and a text in Markdown have room for; the page has all."""

MOST_RUNS = 24
"""Runs of those sides that are listed by name."""


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
    def shown(self) -> tuple[Side, ...]:
        """The sides that a text shows: all, or of many A and those with the clearest verdicts."""
        sides = self.comparison.sides
        if len(sides) <= MOST_SIDES:
            return sides
        outcome = {one.b: list(OUTCOME_STYLE).index(one.outcome) for one in self.comparison.main}
        others = sorted(sides[1:], key=lambda side: outcome.get(side.name, len(OUTCOME_STYLE)))
        chosen = {side.name for side in (sides[0], *others[: MOST_SIDES - 1])}
        return tuple(side for side in sides if side.name in chosen)

    @cached_property
    def left_out(self) -> str:
        """What a text does not show of many sides; empty where it shows all."""
        names = {side.name for side in self.shown}
        rest = [side for side in self.comparison.sides if side.name not in names]
        if not rest:
            return ""
        tally = Counter(one.outcome for one in self.comparison.main if one.b not in names)
        parts = ", ".join(f"{tally[one]} {one.value}" for one in OUTCOME_STYLE if tally[one])
        return f"{count(len(rest), 'more side')}{f': {parts}' if parts else ''}"

    @property
    def legend(self) -> str:
        """What the numbers of the results are."""
        repeated = any(len(side.places) > 1 for side in self.comparison.sides)
        return f"{AREA} {REPEATED}" if repeated else AREA

    def run_lines(self, sides: Sequence[Side]) -> list[RunLine]:
        """The runs of these sides, in the order of them."""
        names, lines = self.names, []
        for side in sides:
            for place, seed in zip(side.places, side.seeds, strict=True):
                run = self.comparison.runs[place]
                about = [run.status.value, f"{run.epochs_done} epochs"]
                about += [] if seed is None else [f"seed {setting(seed)}"]
                lines.append(RunLine(self.tags[place], names[place], ", ".join(about)))
        return lines

    @cached_property
    def headlines(self) -> tuple[tuple[Outcome, str], ...]:
        """The verdict for each side shown but A, in the main metric."""
        names = {side.name for side in self.shown}
        return tuple((o.outcome, headline(o)) for o in self.comparison.main if o.b in names)

    @cached_property
    def explanations(self) -> tuple[str, ...]:
        """What could explain a difference: settings, code and data, for each side shown but A."""
        if not all(run.config.values for run in self.comparison.runs):
            return ("Not every run has its settings, so what differs cannot be said in full.",)
        names = {side.name for side in self.shown}
        return tuple(
            explanation_text(one) for one in self.comparison.explanations if one.side in names
        )

    def results(self, sides: Sequence[Side]) -> tuple[tuple[str, ...], ...]:
        """Rows of the table of results: metric, the numbers of each side, then outcomes."""
        names = {side.name for side in sides}
        return tuple(
            (
                plain(label(name)),
                *(result_cell(side, summaries, self.areas(name)) for side in sides),
                self._outcomes(name, names),
            )
            for name, summaries in self.comparison.summaries.items()
        )

    def differences(
        self, found: Sequence[Difference], sides: Sequence[Side]
    ) -> list[tuple[str, ...]]:
        """Rows of a table of what differs between these sides."""
        rows = [difference_row(one, sides) for one in found]
        every = len(sides) == len(self.comparison.sides)
        return [row for row in rows if every or len(set(row[1:])) > 1]

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """The main metric, the losses and the rate: the runs laid over each other."""
        return comparison_charts(self.comparison, self.tags)

    def areas(self, metric: str) -> tuple[float | None, ...]:
        """The area below the curve of each run."""
        return self.comparison.areas.get(metric, (None,) * len(self.comparison.runs))

    def _outcomes(self, metric: str, names: Collection[str]) -> str:
        """``within noise`` of all sides; where they differ ``worse: D; cannot tell: B and C``."""
        found: dict[Outcome, list[str]] = {outcome: [] for outcome in OUTCOME_STYLE}
        for one in self.comparison.judgements:
            if one.metric == metric and one.b in names:
                found[one.outcome].append(one.b)
        told = {outcome.value: sides for outcome, sides in found.items() if sides}
        if len(told) == 1:
            return next(iter(told))
        return "; ".join(f"{outcome}: {listing(sides)}" for outcome, sides in told.items())


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
    """Print the verdict for each side shown but the first."""
    for outcome, sentence in report.headlines:
        show(console, Text(sentence, style=OUTCOME_STYLE[outcome]))
    if report.left_out:
        show(console, f"{report.left_out}; --out and --format json have all")
    if not report.headlines:
        show(console, "The runs share no metric that could be compared.")


def print_comparison(report: ComparisonReport, console: Console) -> None:
    """Print the verdict first, then what differs, then the results."""
    comparison, sides = report.comparison, report.shown
    print_headlines(report, console)
    for sentence in report.explanations:
        show(console, Text(sentence))
    for note in comparison.notes:
        show(console, Text(note, style="dim"))
    show(console, "")
    runs = report.run_lines(sides)
    show(console, _table(("", "run", ""), [(r.tag, r.name, r.about) for r in runs[:MOST_RUNS]]))
    if len(runs) > MOST_RUNS:
        show(console, Text(f"and {count(len(runs) - MOST_RUNS, 'more run')}", style="dim"))
    columns = [side.name for side in sides]
    for title, found in (("config", comparison.config), ("environment", comparison.environment)):
        show(console, "")
        if rows := report.differences(found, sides):
            show(console, _table((title, *columns), rows))
        else:
            show(console, Text(f"{title}: nothing differs", style="dim"))
    show(console, "")
    print_together(report.together, console)
    if comparison.summaries:
        show(console, _table((HEAD, *columns, "verdict"), report.results(sides)))
        show(console, Text(report.legend, style="dim"))


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Table:
    table = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for title in head:
        table.add_column(Text(title), overflow="fold")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
