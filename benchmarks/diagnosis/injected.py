"""Faults injected into trainings of our own trainer, against what the rules say of them.

``labels.csv`` beside this module has a row for each run in ``runs/``: ``run``, ``base`` (the
training it was made from), ``fault`` (empty for a healthy twin), ``seed``, ``outcome`` (what the
fault did, judged before any diagnosis), ``family``, ``expects`` and ``allows`` (rule ids parted by
``|``). One of the rules in ``expects`` has to fire. More findings above info are false alarms,
unless they are in ``allows`` or shown as a consequence of one that is expected or allowed.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from analyzer.diagnosis import Rule, diagnose
from analyzer.finding import Finding, Severity
from analyzer.readers import read
from benchmarks.diagnosis.scoring import FALSE, HIT, MISS, Counts

HERE = Path(__file__).parent
Seeds = Literal["odd", "even", "all"]


@dataclass(frozen=True)
class Injected:
    """A row of the table."""

    run: str
    fault: str
    seed: int
    outcome: str
    family: str
    expects: tuple[str, ...]
    allows: tuple[str, ...]

    def of(self, seeds: Seeds) -> bool:
        """Whether its seed is one of those."""
        return seeds == "all" or self.seed % 2 == (seeds == "odd")


@dataclass(frozen=True)
class Scored:
    """A run, whether it was recognised (None: nothing to recognise), and its false alarms."""

    row: Injected
    recognised: bool | None
    false: tuple[str, ...]
    said: tuple[str, ...]

    @property
    def wrong(self) -> str:
        """What is wrong, or nothing."""
        parts = [f"{' or '.join(self.row.expects)} missed"] if self.recognised is False else []
        parts += [f"{rule} is not there" for rule in self.false]
        return ", ".join(parts)


def load(folder: Path) -> list[Injected]:
    """The rows of ``labels.csv``."""
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [
            Injected(
                *(row["run"], row["fault"], int(row["seed"]), row["outcome"], row["family"]),
                expects=_ids(row["expects"]),
                allows=_ids(row["allows"]),
            )
            for row in csv.DictReader(file)
        ]


def _ids(cell: str) -> tuple[str, ...]:
    return tuple(filter(None, cell.split("|")))


def score(rows: Iterable[Injected], rules: Sequence[Rule], folder: Path) -> Iterator[Scored]:
    """Diagnose each run and hold what was said against its row."""
    mild = {rule.id for rule in rules if rule.severity is Severity.INFO}
    for row in rows:
        runs = read(folder / "runs" / row.run)
        findings = [finding for run in runs for finding in diagnose(run, rules).findings]
        yield judge(row, findings, mild)


def judge(row: Injected, findings: Sequence[Finding], mild: Iterable[str]) -> Scored:
    """One run. ``mild`` are the rules that never say more than info: these count at info."""
    above = {f.rule for f in findings if f.severity is not Severity.INFO}
    counts = above | {f.rule for f in findings if f.rule in mild}
    parents = {f.rule: f.explained_by for f in findings if f.explained_by}
    known = {*row.expects, *row.allows}
    false = sorted(rule for rule in above if not known & set(_line(rule, parents)))
    recognised = bool(counts & set(row.expects)) if row.expects else None
    said = tuple(f"{f.rule} ({f.severity})" for f in findings)
    return Scored(row, recognised, tuple(false), said)


def _line(rule: str, parents: Mapping[str, str]) -> Iterator[str]:
    """The rule, the one that explains it, the one that explains that, ..."""
    yield rule
    while rule in parents:
        rule = parents[rule]
        yield rule


def by_family(scored: Sequence[Scored], families: Mapping[str, str]) -> dict[str, Counts]:
    """A family is hit or missed once a run, and gives one false alarm a run at most.

    A twin that did not learn has no fault; its family is that of the first rule it expects.
    """
    counts: dict[str, Counts] = {}
    for one in scored:
        if one.recognised is not None:
            own = HIT if one.recognised else MISS
            family = one.row.family or families.get(one.row.expects[0], "other")
            counts[family] = counts.get(family, Counts()) + own
        for family in {families.get(rule, "other") for rule in one.false}:
            counts[family] = counts.get(family, Counts()) + FALSE
    return dict(sorted(counts.items()))


def by_rule(scored: Sequence[Scored]) -> dict[str, Counts]:
    """A hit belongs to each expected rule that fired, a miss to the first expected one."""
    counts: dict[str, Counts] = {}
    for one in scored:
        said = {text.partition(" ")[0] for text in one.said}
        found = [*(said & set(one.row.expects))] if one.recognised else []
        missed = one.row.expects[:1] if one.recognised is False else ()
        for rules, count in ((found, HIT), (missed, MISS), (one.false, FALSE)):
            for rule in rules:
                counts[rule] = counts.get(rule, Counts()) + count
    return dict(sorted(counts.items()))


def alarmed_twins(scored: Sequence[Scored]) -> list[Scored]:
    """Healthy twins of which something above info was said."""
    return [one for one in scored if not one.row.fault and one.false]
