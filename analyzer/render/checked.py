"""What the outputs for CI are given: a report, the rules it was judged by, and what decides.

``told`` goes through everything that was found, with its place in a file, in a stable order: the
outputs for SARIF, GitHub and GitLab show the same and differ in form alone.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from analyzer.finding import FileEvidence, Finding, KeyEvidence, Severity, Suppressed
from analyzer.render.report import Report
from analyzer.render.text import plain
from analyzer.run import Run

TOGETHER = "several runs"


class RuleInfo(NamedTuple):
    """What an output says of a rule; ``about`` is ``run``, ``runs`` or ``data``."""

    id: str
    title: str
    why: str
    family: str
    about: str


class Told(NamedTuple):
    """A finding where it was made: the run's short name, and the place in a file.

    ``path`` is relative to the current folder where it lies below it. ``nth`` counts the findings
    with the same fingerprint from 0, so that mark and number together name one and stay the same
    when runs get new names. ``accepted`` is set where settings or a baseline accept the finding.
    """

    finding: Finding
    run: str
    path: str
    line: int | None
    nth: int
    accepted: Suppressed | None

    @property
    def counts(self) -> bool:
        """Whether it stands for itself and nobody accepted it."""
        return self.accepted is None and self.finding.explained_by is None


@dataclass(frozen=True)
class Checked:
    """``fail_on`` is the least severity that decides, None where none does.

    ``root`` is the folder that paths in files are relative to; rules that are named in
    ``always`` decide whatever ``fail_on`` says.
    """

    report: Report
    rules: tuple[RuleInfo, ...]
    fail_on: Severity | None
    root: Path
    always: frozenset[str] = frozenset()

    @cached_property
    def told(self) -> tuple[Told, ...]:
        """Everything that was found, run by run, then what several runs show together."""
        seen: Counter[str] = Counter()
        return tuple(self._numbered(seen))

    def _numbered(self, seen: Counter[str]) -> Iterator[Told]:
        for finding, run, path, line, accepted in self._placed():
            yield Told(finding, run, path, line, seen[finding.fingerprint], accepted)
            seen[finding.fingerprint] += 1

    def _placed(self) -> Iterator[tuple[Finding, str, str, int | None, Suppressed | None]]:
        for entry in self.report.entries:
            run, diagnosis = entry.item.run, entry.item.diagnosis
            for finding in diagnosis.findings:
                yield finding, entry.name, *self.place(run, finding), None
            for one in diagnosis.suppressed:
                yield one.finding, entry.name, *self.place(run, one.finding), one
        told = self.report.together
        for finding in told.findings:
            yield finding, TOGETHER, *self._first(finding), None
        for one in told.suppressed:
            yield one.finding, TOGETHER, *self._first(one.finding), one

    def _first(self, finding: Finding) -> tuple[str, int | None]:
        """Of a finding about several runs the first one's place."""
        named = [self.report.by_name[name] for name in finding.runs if name in self.report.by_name]
        if not named:
            return ".", None
        return self.place(named[0].item.run, finding)

    def place(self, run: Run, finding: Finding) -> tuple[str, int | None]:
        """The file and the line where the finding is best shown: in a log, else in the config."""
        files = [one for one in finding.evidence if isinstance(one, FileEvidence)]
        for one in files:
            return self.relative(run, one.file), one.line
        keys = [one.key for one in finding.evidence if isinstance(one, KeyEvidence)]
        keys += [key for fix in finding.fixes for key in fix.set]
        config = run.config
        if config.file is None:
            return self.relative(run, ""), None
        lines = (config.lines.get(key) for key in keys)
        return self.relative(run, config.file), next((line for line in lines if line), None)

    def relative(self, run: Run, file: str) -> str:
        """The path of a file of a run, with ``/``, as seen from ``root`` where it is below."""
        single = run.path.name == Path(file).name  # the run is that one file
        path = run.path if single or not file else run.path / file
        whole = os.path.normpath(self.root / path)
        inside = os.path.relpath(whole, self.root)
        return Path(whole if inside.startswith("..") else inside).as_posix()

    def fails(self, finding: Finding) -> bool:
        """Whether a finding stands for itself and is severe enough to decide."""
        if finding.explained_by is not None:
            return False
        severe = self.fail_on is not None and finding.severity.rank >= self.fail_on.rank
        return severe or finding.rule in self.always

    @property
    def failed(self) -> bool:
        """Whether anything decides, in a run or in several together."""
        found = (one for item in self.report.runs for one in item.diagnosis.findings)
        return any(map(self.fails, (*found, *self.report.together.findings)))


def sentence(told: Told) -> str:
    """The finding in one line, with the name of its run."""
    return plain(f"{told.run}: {told.finding.message}")
