"""Public training runs that people labelled, against what the rules say of them.

The corpus is a folder with ``labels.csv`` (id, format, repo, commit, path, labels, contested,
confidence, reason) and ``runs/<id>/``. ``labels`` are those that two readers both gave;
``contested`` ones only one of them gave: they are neither hit, miss nor false alarm.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from analyzer.diagnosis import Rule, diagnose
from analyzer.finding import CauseVerdict, Finding, Severity
from analyzer.run import Run
from benchmarks.corpus import runs_in
from benchmarks.diagnosis.scoring import FALSE, HIT, MISS, Counts, total

W, I = Severity.WARNING, Severity.INFO  # noqa: E741


@dataclass(frozen=True)
class Label:
    """A label and the rules that stand for it.

    A finding of one of ``rules`` counts from the severity ``least`` on, one of ``by_cause`` where
    that cause is supported. ``strict`` labels are facts, the others are matters of degree.
    """

    name: str
    family: str
    rules: tuple[str, ...]
    least: Severity
    strict: bool
    by_cause: tuple[str, str] | None = None


def _label(
    name: str, family: str, rules: str, least: Severity, *, strict: bool = False, cause: str = ""
) -> Label:
    by_cause = (cause.partition(" ")[0], cause.partition(" ")[2]) if cause else None
    return Label(name, family, tuple(rules.split()), least, strict, by_cause)


LABELS: tuple[Label, ...] = (
    _label("nan_or_inf_loss", "loss", "loss-nonfinite metric-nonfinite", W, strict=True),
    _label("loss_diverges", "loss", "loss-diverges", W, strict=True),
    _label("loss_flat", "loss", "loss-flat", W, strict=True),
    _label(
        "lr_too_high_evidence",
        "schedule",
        "lr-too-high loss-diverges loss-starts-high",
        W,
        strict=True,
        cause="loss-nonfinite lr-too-high",
    ),
    _label("overfitting", "fit", "overfitting loss-metric-split", W, strict=True),
    _label(
        "incomplete_run", "runtime", "run-incomplete run-stalled start-stalled", I, strict=True
    ),
    _label("resumed_or_duplicate_epochs", "runtime", "run-resumed", I, strict=True),
    _label("crash_oom", "runtime", "out-of-memory", W, strict=True),
    _label(
        "crash_error",
        "runtime",
        "crashed file-not-found label-not-a-number label-too-short charset-too-small",
        W,
        strict=True,
    ),
    _label("precision_recall_imbalance", "metric", "precision-recall-skew", W, strict=True),
    _label(
        "component_loss_imbalance", "loss", "loss-part-dominates loss-part-stuck", W, strict=True
    ),
    _label("plateau_early", "metric", "metric-plateau", I),
    _label("still_improving", "fit", "still-improving", I),
    _label("best_not_last", "checkpoint", "best-checkpoint-stale overfitting metric-plateau", I),
    _label(
        "low_final_metric",
        "metric",
        "metric-low metric-zero metric-flat predictions-degenerate",
        I,
    ),
    _label("metric_oscillates", "metric", "metric-oscillates loss-oscillates", I),
    _label("no_validation", "runtime", "no-validation", I),
    _label("loss_spikes", "loss", "loss-spikes", I),
    _label(
        "lr_zero_or_constant_issue", "schedule", "lr-schedule-inert lr-too-low config-mismatch", W
    ),
)
"""The map from labels to rules, in the order of the tables. Labels that are not here
(``healthy``, ``unknown``) are no finding."""


@dataclass(frozen=True)
class Labelled:
    """One folder of the corpus as people judged it."""

    id: str
    repo: str
    labels: frozenset[str]
    contested: frozenset[str]
    confidence: str
    reason: str

    @property
    def surely_healthy(self) -> bool:
        """Whether nothing above info may be said of it."""
        return "healthy" in self.labels and self.confidence == "high"


@dataclass(frozen=True)
class Said:
    """What was said of one folder: rule -> worst severity, and (rule, cause) supported."""

    severities: Mapping[str, Severity]
    supported: frozenset[tuple[str, str]] = frozenset()

    def means(self, label: Label) -> bool:
        """Whether it comes to this label."""
        return label.by_cause in self.supported or bool(self.rules_for(label))

    def rules_for(self, label: Label) -> list[str]:
        """The rules that said so."""
        severities = ((rule, self.severities.get(rule)) for rule in label.rules)
        return [rule for rule, found in severities if found and found.rank >= label.least.rank]


@dataclass(frozen=True)
class Judged:
    """A labelled folder beside what was said of it."""

    row: Labelled
    said: Said

    def counts(self, label: Label) -> Counts:
        """What one label adds to the score."""
        if label.name in self.row.contested:
            return Counts()
        said = self.said.means(label)
        if label.name in self.row.labels:
            return HIT if said else MISS
        return FALSE if said else Counts()


def load(corpus: Path) -> list[Labelled]:
    """The rows of ``labels.csv``."""
    with (corpus / "labels.csv").open(encoding="utf-8", newline="") as file:
        return [
            Labelled(
                row["id"],
                row["repo"],
                frozenset(filter(None, row["labels"].split(";"))),
                frozenset(filter(None, row["contested"].split(";"))),
                row["confidence"],
                row["reason"],
            )
            for row in csv.DictReader(file)
        ]


def read(corpus: Path, rows: Iterable[Labelled]) -> dict[str, list[Run]]:
    """The runs that the readers find in each folder."""
    return {row.id: runs_in(corpus / "runs" / row.id) for row in rows}


def said_of(runs: Sequence[Run], rules: Sequence[Rule] | None = None) -> Said:
    """What the rules say of all runs of one folder together."""
    return gather(finding for run in runs for finding in diagnose(run, rules).findings)


def gather(findings: Iterable[Finding]) -> Said:
    """Several findings as what was said of one folder."""
    severities: dict[str, Severity] = {}
    supported = set()
    for finding in findings:
        before = severities.get(finding.rule, finding.severity)
        severities[finding.rule] = max(before, finding.severity, key=lambda s: s.rank)
        supported |= {
            (finding.rule, cause.id)
            for cause in finding.causes
            if cause.verdict is CauseVerdict.SUPPORTED
        }
    return Said(severities, frozenset(supported))


def by_label(judged: Sequence[Judged]) -> dict[str, Counts]:
    """The score of each label."""
    return {label.name: total(one.counts(label) for one in judged) for label in LABELS}


def by_family(judged: Sequence[Judged]) -> dict[str, Counts]:
    """The score of each family of labels."""
    families: dict[str, Counts] = {}
    for label in LABELS:
        counts = total(one.counts(label) for one in judged)
        families[label.family] = families.get(label.family, Counts()) + counts
    return families


def by_rule(judged: Sequence[Judged]) -> dict[str, Counts]:
    """The findings of each rule: right where one of its labels is, false where none may be.

    A miss belongs to the first rule of its label: the others say the same in other words.
    """
    rules: dict[str, Counts] = {rule: Counts() for label in LABELS for rule in label.rules}
    for rule in rules:
        labels = [label for label in LABELS if rule in label.rules]
        for one in judged:
            claimed = [label for label in labels if rule in one.said.rules_for(label)]
            names = {label.name for label in claimed}
            if names & one.row.labels:
                rules[rule] += HIT
            elif names and not names & one.row.contested:
                rules[rule] += FALSE
    for label in LABELS:
        for one in judged:
            if one.counts(label) == MISS:
                rules[label.rules[0]] += MISS
    return {rule: counts for rule, counts in rules.items() if counts != Counts()}


def pooled(judged: Sequence[Judged], *, strict: bool) -> Counts:
    """The score over all labels of one kind."""
    return total(one.counts(label) for label in LABELS if label.strict is strict for one in judged)


def per_repository(judged: Sequence[Judged], *, strict: bool) -> Counts:
    """The same where each repository counts once, however many runs it holds."""
    runs = Counter(one.row.repo for one in judged)
    return total(pooled([one], strict=strict).times(1 / runs[one.row.repo]) for one in judged)


def alarms(judged: Sequence[Judged], families: Mapping[str, str]) -> Iterator[str]:
    """What was said above info of surely healthy runs, but for where their time went."""
    for one in judged:
        for rule, severity in one.said.severities.items() if one.row.surely_healthy else ():
            if severity is not Severity.INFO and families.get(rule) != "throughput":
                yield f"{one.row.id}: {rule} ({severity})"


def wrong(judged: Sequence[Judged], *, strict: bool) -> Iterator[tuple[str, str, str]]:
    """The folder, what is wrong about it, and why the readers labelled it so."""
    for label in LABELS:
        for one in judged:
            counts = one.counts(label) if label.strict is strict else Counts()
            if counts.misses:
                yield one.row.id, f"{label.name} missed", one.row.reason
            elif counts.false:
                rules = ", ".join(one.said.rules_for(label)) or "a supported cause"
                yield one.row.id, f"{label.name} is not there, but {rules}", one.row.reason
