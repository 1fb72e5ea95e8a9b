"""What a renderer is given. Every derived number is made here, once; renderers only show.

``Report`` and ``RunReport`` hold what was read and found; their cached properties are the plain
data that the outputs share, so the terminal, the page and the JSON cannot disagree.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from analyzer.finding import Diagnosis, Finding, Severity, Together
from analyzer.render.charts import Chart, charts
from analyzer.render.known import Baselined
from analyzer.render.names import file_name, short_names
from analyzer.render.overview import MAIN_METRIC, Overview, overview
from analyzer.render.polyline import polyline
from analyzer.render.text import count, plain, setting, sparkline
from analyzer.render.wording import counted
from analyzer.run import Note, Run, Series
from analyzer.summary import Summary, direction, summarise

MAX_PLOTTED = 20
"""Up to this many runs are shown in full; of more, only so many of the flagged ones."""

PICTURES = 200
"""Of many runs this over their number get a picture beside the Markdown: each takes a fifth of a
second.
"""


@dataclass(frozen=True)
class Row:
    """One line of the table of all curves of a run."""

    summary: Summary
    series: Series

    @property
    def spark(self) -> str:
        """The curve in blocks of text."""
        return sparkline(self.series.y.tolist())

    @property
    def points(self) -> str:
        """The curve as the points of an SVG polyline."""
        return polyline(self.series)


@dataclass(frozen=True)
class RunReport:
    """One run and what was found in it."""

    run: Run
    diagnosis: Diagnosis

    @cached_property
    def worst(self) -> Severity | None:
        """The highest severity of a finding that stands for itself."""
        return self.diagnosis.worst()

    @property
    def flagged(self) -> bool:
        """Whether anything above info was found."""
        return self.worst is not None and self.worst is not Severity.INFO

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Those that stand for themselves, the worst first as the diagnosis orders them."""
        return tuple(f for f in self.diagnosis.findings if f.explained_by is None)

    @cached_property
    def explained(self) -> tuple[Finding, ...]:
        """Those that are the consequence of another one."""
        return tuple(f for f in self.diagnosis.findings if f.explained_by is not None)

    @cached_property
    def metric(self) -> Summary | None:
        """The main metric in numbers, else the validation loss, else the training loss."""
        for name in (self.run.main_metric or "", "val_loss", "train_loss"):
            if name in self.run.series and len(self.run.series[name]):
                return summarise(self.run.series[name], direction(name, self.run))
        return None

    @cached_property
    def rows(self) -> tuple[Row, ...]:
        """All curves in numbers, the main metric and the losses first."""
        first = [self.run.main_metric, "train_loss", "val_loss"]
        order = sorted(
            (name for name, one in self.run.series.items() if len(one)),
            key=lambda name: (first.index(name) if name in first else len(first), name),
        )
        found = ((self.run.series[name], direction(name, self.run)) for name in order)
        return tuple(Row(summarise(one, higher), one) for one, higher in found)

    @cached_property
    def row(self) -> Row | None:
        """The row of ``metric``."""
        if self.metric is None:
            return None
        return Row(self.metric, self.run.series[self.metric.name])

    @cached_property
    def done(self) -> str:
        """Epochs done of those planned, ``14/20``; of a run without epochs ``500/900 steps``."""
        run = self.run
        if run.epochs_done or run.planned_epochs or not run.steps_done:
            return _of(run.epochs_done, run.planned_epochs)
        return f"{_of(run.steps_done, run.planned_steps)} steps"

    @property
    def progress(self) -> str:
        """The same as a phrase: ``14/20 epochs``."""
        return self.done if self.done.endswith("steps") else f"{self.done} epochs"

    @cached_property
    def seconds(self) -> float | None:
        """How long the run took: by its time stamps, else by the sum of its epochs' times."""
        run = self.run
        if run.started is not None and run.ended is not None:
            aware = run.started.tzinfo is None, run.ended.tzinfo is None
            if aware[0] == aware[1] and run.ended >= run.started:
                return (run.ended - run.started).total_seconds()
        times = run.series.get("epoch_time")
        if times is None or not times.finite.any():
            return None
        return float(times.y[times.finite].sum())

    @cached_property
    def config(self) -> tuple[tuple[str, str], ...]:
        """The settings as (key in the user's spelling, value) in the order of the keys."""
        config = self.run.config
        pairs = ((config.spelled(key), value) for key, value in config.values.items())
        return tuple((plain(key), setting(value)) for key, value in sorted(pairs))

    @cached_property
    def charts(self) -> tuple[Chart, ...]:
        """What is to be drawn of the run."""
        return charts(self.run, self.findings)

    @cached_property
    def counts(self) -> str:
        """``1 error, 2 warnings``; ``none`` when nothing was found."""
        tally = Counter(finding.severity for finding in self.findings)
        return counted(tally) or "none"

    @cached_property
    def weight(self) -> int:
        """Orders runs by what was found in them: errors, then warnings, then infos."""
        return sum(1000**finding.severity.rank for finding in self.findings)

    @cached_property
    def rules(self) -> tuple[str, ...]:
        """The ids of the rules that fired, each once."""
        return tuple(dict.fromkeys(finding.rule for finding in self.diagnosis.findings))


@dataclass(frozen=True)
class Entry:
    """A run at its place in the report: a short name no other run has, and names for links."""

    number: int
    name: str
    anchor: str
    file: str
    plotted: bool
    item: RunReport


@dataclass(frozen=True)
class Report:
    """All that a renderer gets. ``skipped`` says what was met but is not a run, and why.

    ``together`` is what was found in several runs beside each other, named as in ``entries``.
    """

    runs: tuple[RunReport, ...]
    skipped: tuple[Note, ...]
    created: datetime
    version: str
    title: str = "Training report"
    together: Together = field(default_factory=Together)
    baseline: Baselined | None = None

    @cached_property
    def entries(self) -> tuple[Entry, ...]:
        """The runs with their short names, in the order given."""
        plotted = self._plotted()
        names = short_names([item.run for item in self.runs])
        return tuple(
            Entry(i, name, f"run-{i}", f"{i:02d}-{file_name(name)}", i - 1 in plotted, item)
            for i, (name, item) in enumerate(zip(names, self.runs, strict=True), start=1)
        )

    def _plotted(self) -> set[int]:
        if not self.many:
            return set(range(len(self.runs)))
        return set(self._flagged[: PICTURES // len(self.runs)])

    @cached_property
    def _flagged(self) -> list[int]:
        """Places of the flagged runs, those with errors first."""
        worst = ((i, item.worst) for i, item in enumerate(self.runs) if item.flagged)
        ranked = sorted((-severity.rank, i) for i, severity in worst if severity is not None)
        return [i for _, i in ranked]

    @property
    def detailed(self) -> tuple[Entry, ...]:
        """The runs that a text shows in full: all, or of many the worst of the flagged ones."""
        if not self.many:
            return self.entries
        return tuple(self.entries[i] for i in self._flagged[:MAX_PLOTTED])

    @property
    def drawn(self) -> tuple[Entry, ...]:
        """The runs that get a picture of their own."""
        return tuple(entry for entry in self.entries if entry.plotted)

    @property
    def listed(self) -> tuple[Entry, ...]:
        """The flagged runs that a text has only a line for."""
        return tuple(self.entries[i] for i in self._flagged[MAX_PLOTTED:]) if self.many else ()

    @property
    def quiet(self) -> str:
        """``600 runs with nothing above info: 400 ship it, 200 keep training``."""
        actions = Counter(i.diagnosis.verdict.action for i in self.runs if not i.flagged)
        number = count(actions.total(), "run")
        parts = ", ".join(f"{n} {action}" for action, n in actions.most_common())
        return f"{number} with nothing above info{': ' if parts else ''}{parts}"

    @cached_property
    def by_name(self) -> dict[str, Entry]:
        """The runs by their short names."""
        return {entry.name: entry for entry in self.entries}

    @property
    def many(self) -> bool:
        """Whether there are so many runs that what they share is said once for all of them."""
        return len(self.runs) > MAX_PLOTTED

    @cached_property
    def overview(self) -> Overview:
        """What the chart of all runs shows."""
        return overview(self.entries)

    @property
    def metric_name(self) -> str:
        """What to call the column of the main metric: its name where all runs share one."""
        labels = {item.metric.label for item in self.runs if item.metric is not None}
        return labels.pop() if len(labels) == 1 else MAIN_METRIC

    @property
    def mixed(self) -> bool:
        """Whether the runs are judged by several metrics, so that each has to be named."""
        return self.metric_name == MAIN_METRIC

    @property
    def actions(self) -> tuple[str, ...]:
        """The verdicts of the runs, each once, in the order of the alphabet."""
        return tuple(sorted({item.diagnosis.verdict.action for item in self.runs}))

    @property
    def shown_severities(self) -> frozenset[str]:
        """The worst severities of the flagged runs."""
        return frozenset(i.worst.value for i in self.runs if i.flagged and i.worst is not None)

    @property
    def created_text(self) -> str:
        """When the report was made, to the minute."""
        return self.created.isoformat(sep=" ", timespec="minutes")

    @property
    def summary(self) -> str:
        """``8 runs: 5 with errors, 1 with warnings, 2 without``."""
        worst = Counter(item.worst if item.flagged else None for item in self.runs)
        if not self.runs:
            return "No run was found."
        several = counted(Counter(one.severity for one in self.together.findings))
        more = f" Of several runs together: {several}." if several else ""
        if not worst[Severity.ERROR] and not worst[Severity.WARNING]:
            wrong = "nothing wrong was found" + (" in a single one" if more else "")
            known = len(self.together.suppressed)
            known += sum(len(item.diagnosis.suppressed) for item in self.runs)
            more += f" Suppressed: {count(known, 'finding')}." if known else ""
            return f"{count(len(self.runs), 'run')}, and {wrong}.{more}"
        parts = [
            f"{worst[severity]} with {severity}s"
            for severity in (Severity.ERROR, Severity.WARNING)
            if worst[severity]
        ]
        if worst[None]:
            parts.append(f"{worst[None]} without")
        return f"{count(len(self.runs), 'run')}: {', '.join(parts)}.{more}"


def _of(done: int, planned: int | None) -> str:
    return str(done) if planned is None else f"{done}/{planned}"
