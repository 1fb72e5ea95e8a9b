"""The options that decide whether a check passes, and what they come to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from analyzer.commands.notes import note

if TYPE_CHECKING:
    from analyzer.commands.choice import Choice
    from analyzer.finding import Diagnosis
    from analyzer.gate.baseline import Baseline, Entry
    from analyzer.gate.requirement import Requirement
    from analyzer.render.checked import Checked, RuleInfo
    from analyzer.render.known import Baselined
    from analyzer.render.report import Report, RunReport

FAIL_ON = ("error", "warning", "info", "never")


class Asked(NamedTuple):
    """What was asked for on the command line."""

    fail_on: str
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    baseline: Path | None
    write_baseline: Path | None
    per_run: bool
    require: tuple[str, ...] = ()


def gate_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """``--fail-on``, ``--select``, ``--ignore``, and those of the baseline."""
    file = click.Path(dir_okay=False, path_type=Path)
    for option in (
        click.option(
            "--per-run",
            is_flag=True,
            help="With --write-baseline: a finding is known in the run of that name alone.",
        ),
        click.option(
            "--write-baseline",
            type=file,
            metavar="FILE",
            help="Write what is found now into FILE as known, and pass.",
        ),
        click.option(
            "--baseline",
            type=file,
            metavar="FILE",
            help="Findings noted in FILE are known: they are listed and decide nothing.",
        ),
        click.option(
            "--ignore",
            multiple=True,
            metavar="RULE",
            help="Leave out this rule, family, or pattern; may be given several times.",
        ),
        click.option(
            "--select",
            multiple=True,
            metavar="RULE",
            help="Show and count only this rule, family, or pattern such as 'metric-*'.",
        ),
        click.option(
            "--fail-on",
            type=click.Choice(FAIL_ON),
            default="error",
            show_default=True,
            help="Exit with 1 when a finding is at least this severe.",
        ),
    ):
        command = option(command)
    return command


require_option = click.option(
    "--require",
    multiple=True,
    metavar="REQUIREMENT",
    help='What every run has to reach, such as "val_f1>=0.7" (its best value) or '
    '"last(val_loss)<0.5"; a value that was not logged never passes.',
)


class Gate:
    """What was asked for, read and checked before any run is."""

    def __init__(self, asked: Asked, choice: Choice, *, data: bool = False) -> None:
        from analyzer.commands.choice import chosen
        from analyzer.gate.baseline import read_baseline
        from analyzer.gate.requirement import parse_requirement
        from analyzer.gate.selection import selected

        if asked.per_run and asked.write_baseline is None:
            raise click.UsageError("--per-run says how to write a baseline: add --write-baseline")
        self.asked = asked
        self.rules = chosen(choice).every
        families = {rule.id: rule.family for rule in self.rules}
        self.ids = selected(families, asked.select, asked.ignore)
        about = "a data set" if data else "runs"
        if not asked.require and not any(
            rule.about_data == data and rule.id in self.ids for rule in self.rules
        ):
            raise click.UsageError(
                f"--select and --ignore leave no rule about {about} to judge by"
            )
        self.baseline: Baseline | None = None
        if asked.baseline is not None:
            self.baseline = read_baseline(asked.baseline)
        self.wanted: tuple[Requirement, ...] = tuple(map(parse_requirement, asked.require))

    def applied(self, report: Report) -> Checked:
        """The report as it counts. Writes the new baseline, and says what of the old is stale."""
        from analyzer.gate.baseline import without_known_together
        from analyzer.gate.requirement import require
        from analyzer.gate.selection import narrowed, narrowed_together

        items = [replace(i, diagnosis=narrowed(i.diagnosis, self.ids)) for i in report.runs]
        together = narrowed_together(report.together, self.ids)
        report = replace(report, runs=tuple(items), together=together)
        baseline, counted = self._baseline(report)
        if baseline is not None:
            names = [entry.name for entry in report.entries]
            items = [_without(i, n, baseline) for i, n in zip(items, names, strict=True)]
            together = without_known_together(together, baseline)
        items = [_with(i, require(i.run, i.diagnosis, self.wanted)) for i in items]
        report = replace(report, runs=tuple(items), together=together, baseline=counted)
        return self._checked(report)

    def _checked(self, report: Report) -> Checked:
        from analyzer.finding import Severity
        from analyzer.gate.requirement import RULE
        from analyzer.render.checked import Checked

        fail_on = None if self.asked.fail_on == "never" else Severity(self.asked.fail_on)
        about_data = any(item.run.data is not None for item in report.runs)
        rules = tuple(one for one in self._infos() if (one.about == "data") == about_data)
        return Checked(report, rules, fail_on, Path.cwd(), frozenset({RULE}))

    def _infos(self) -> Iterator[RuleInfo]:
        from analyzer.render.checked import RuleInfo

        for rule in self.rules:
            if rule.id in self.ids:
                about = "runs" if rule.among else "data" if rule.about_data else "run"
                yield RuleInfo(rule.id, rule.title, rule.why, rule.family, about)

    def _baseline(self, report: Report) -> tuple[Baseline | None, Baselined | None]:
        """What counts as known, and what is to be told of it.

        That is what was read, or what is written now in its place.
        """
        from analyzer.gate.baseline import Baseline, write_baseline

        read, target = self.asked.baseline, self.asked.write_baseline
        stale = self._stale(report)
        for one in stale:
            note(f"note: {read}: stale: {one.text} was not found; --write-baseline writes the "
                 "file without it")  # fmt: skip
        if target is None:
            return self.baseline, _told(read, self.baseline, stale)
        entries = list(_entries(report, per_run=self.asked.per_run))
        count = write_baseline(target, entries, per_run=self.asked.per_run)
        note(f"wrote {target}, known findings: {count}")
        by_mark = {one.fingerprint: one for one in entries}
        written = Baseline(target.name, by_mark, self.asked.per_run)
        return written, _told(target, written, ())

    def _stale(self, report: Report) -> list[Entry]:
        known = self.baseline
        if known is None:
            return []
        met = {one.fingerprint for one in _entries(report, per_run=known.per_run, every=True)}
        return known.stale(met, self.ids)


def _told(
    path: Path | None, baseline: Baseline | None, stale: Sequence[Entry]
) -> Baselined | None:
    from analyzer.render.known import Baselined, KnownEntry

    if path is None or baseline is None:
        return None
    entries = tuple(KnownEntry(*one) for one in stale)
    return Baselined(path, baseline.per_run, len(baseline.entries), entries)


def _with(item: RunReport, diagnosis: Diagnosis) -> RunReport:
    return replace(item, diagnosis=diagnosis)


def _without(item: RunReport, name: str, baseline: Baseline) -> RunReport:
    from analyzer.gate.baseline import without_known

    return _with(item, without_known(item.diagnosis, name, baseline))


def _entries(report: Report, *, per_run: bool, every: bool = False) -> Iterator[Entry]:
    """The findings that stand for themselves, as a baseline notes them; ``every``: all."""
    from analyzer.gate.baseline import entry, runs_of

    for one in report.entries:
        name = one.name if per_run else ""
        for finding in one.item.diagnosis.findings if every else one.item.findings:
            yield entry(finding, name)
    for finding in report.together.findings:
        yield entry(finding, runs_of(finding) if per_run else "")
