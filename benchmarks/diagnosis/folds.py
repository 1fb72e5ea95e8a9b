"""Cross-validation over repositories: how much of a figure comes from limits that were fitted.

The runs are grouped by repository into folds. For each fold the rules' named limits are chosen
anew on the other folds, by the F1 of each label, from a grid that knows the shipped value by its
order of magnitude only; then the fold that was held out is scored with them. What this cannot
undo: the conditions themselves were written by people who had seen the corpus.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from math import isnan, log10
from pathlib import Path

import numpy as np

from analyzer.diagnosis import Rule, load_rule
from analyzer.diagnosis.case import Case
from analyzer.diagnosis.engine import Fired, examine
from analyzer.diagnosis.limit import Limit
from analyzer.location import rules_dir
from analyzer.run import Run
from benchmarks.diagnosis.corpus import LABELS, Judged, Label, Labelled, Said, gather
from benchmarks.diagnosis.scoring import Counts, total

FOLDS = 5
AROUND = 2
"""Grid values on either side of the start."""

SERIES = (1.0, 2.0, 5.0)


@dataclass(frozen=True)
class Variant:
    """A rule with other limits: what it then says of each folder, and how far off the start."""

    limits: Mapping[str, str]
    distance: int
    said: Mapping[str, Said]


@dataclass(frozen=True)
class Folded:
    """The score of each label: with limits chosen on all runs, and on the other folds."""

    in_sample: Mapping[str, Counts]
    held_out: Mapping[str, Counts]


def validate(
    rows: Sequence[Labelled], runs: Mapping[str, Sequence[Run]], rules: Iterable[Rule]
) -> Folded:
    """Choose limits and score, fold by fold."""
    cases = {row.id: [Case(run) for run in runs[row.id] if not run.unreadable] for row in rows}
    judged = {rule for label in LABELS for rule in label.rules}
    judged |= {label.by_cause[0] for label in LABELS if label.by_cause}
    with np.errstate(all="ignore"):
        variants = {r.id: list(variants_of(r, cases)) for r in rules if r.id in judged}
    held_out: dict[str, Counts] = {label.name: Counts() for label in LABELS}
    for part in folds(rows):
        chosen = choose([row for row in rows if row not in part], variants)
        for name, counts in score(part, chosen).items():
            held_out[name] += counts
    return Folded(score(rows, choose(rows, variants)), held_out)


def folds(rows: Sequence[Labelled], count: int = FOLDS) -> list[list[Labelled]]:
    """The rows in ``count`` groups of about one size that share no repository."""
    sizes = Counter(row.repo for row in rows)
    parts: list[list[str]] = [[] for _ in range(count)]
    for repo in sorted(sizes, key=lambda repo: (-sizes[repo], repo)):
        min(parts, key=lambda part: sum(sizes[name] for name in part)).append(repo)
    return [[row for row in rows if row.repo in part] for part in parts]


def grid(limit: Limit) -> list[str]:
    """Five values about a limit from the series 1, 2, 5, 10, ...: the same for all near by.

    A share close to 1 is varied by what it lacks to 1. A limit that is no plain number stays.
    """
    if limit.fact or limit.signal:
        return []
    whole = 100.0 if limit.unit == "%" else 1.0
    size, sign = abs(limit.value), -1.0 if limit.value < 0 else 1.0
    if size == 0:
        values = [0.0, 1.0, 2.0, 5.0]
    elif limit.unit in ("", "%") and 0.6 * whole <= size < whole:
        values = [whole - value for value in reversed(_about(whole - size))]
    else:
        values = _about(size)
    return [f"{sign * value:.10g}{limit.unit and f' {limit.unit}'}" for value in values]


def _about(size: float) -> list[float]:
    series = [m * 10.0**e for e in range(-9, 10) for m in SERIES]
    middle = min(range(len(series)), key=lambda i: abs(log10(series[i]) - log10(size)))
    return series[middle - AROUND : middle + AROUND + 1]


def variants_of(rule: Rule, cases: Mapping[str, Sequence[Case]]) -> Iterator[Variant]:
    """The rule under each combination of limits in its grid; as it is where it has none."""
    grids = {name: values for name, limit in rule.limits.items() if (values := grid(limit))}
    path = rules_dir() / rule.family / f"{rule.id}.yaml"
    for places in product(*(range(len(values)) for values in grids.values())):
        limits = {name: grids[name][i] for name, i in zip(grids, places, strict=True)}
        distance = sum(abs(i - AROUND) for i in places)
        yield Variant(limits, distance, _said(_with_limits(path, limits), cases))


def _with_limits(path: Path, limits: Mapping[str, str]) -> Rule:
    plain = {name: _number_or_text(value) for name, value in limits.items()}
    return load_rule(path, plain)


def _number_or_text(value: str) -> float | str:
    return value if " " in value else float(value)


def _said(rule: Rule, cases: Mapping[str, Sequence[Case]]) -> dict[str, Said]:
    found = {}
    for name, of_folder in cases.items():
        results = (examine(rule, case) for case in of_folder)
        found[name] = gather(result.finding for result in results if isinstance(result, Fired))
    return found


def choose(
    rows: Sequence[Labelled], variants: Mapping[str, Sequence[Variant]]
) -> dict[str, Variant]:
    """One variant of each rule, the best for the first label that the rule stands for.

    One rule after the other, beside those of the same label; among equals the one nearest to the
    start.
    """
    chosen = {name: min(some, key=lambda v: v.distance) for name, some in variants.items()}
    done: set[str] = set()
    for label in LABELS:
        for name in [name for name in label.rules if name in variants and name not in done]:
            scored = [(_f1(label, rows, {**chosen, name: v}), -v.distance) for v in variants[name]]
            chosen[name] = variants[name][scored.index(max(scored))]
            done.add(name)
    return chosen


def score(rows: Iterable[Labelled], chosen: Mapping[str, Variant]) -> dict[str, Counts]:
    """The score of each label under the variants that were chosen."""
    rows = list(rows)
    return {label.name: _score(label, rows, chosen) for label in LABELS}


def _score(label: Label, rows: Iterable[Labelled], chosen: Mapping[str, Variant]) -> Counts:
    own = [*label.rules, *([label.by_cause[0]] if label.by_cause else [])]
    variants = [chosen[name] for name in own if name in chosen]
    return total(_together(row, variants).counts(label) for row in rows)


def _together(row: Labelled, chosen: Iterable[Variant]) -> Judged:
    said = [variant.said[row.id] for variant in chosen]
    severities = {rule: worst for one in said for rule, worst in one.severities.items()}
    return Judged(
        row, Said(severities, frozenset(cause for one in said for cause in one.supported))
    )


def _f1(label: Label, rows: Iterable[Labelled], chosen: Mapping[str, Variant]) -> float:
    """With nothing to find and nothing said, all is well."""
    counts = _score(label, rows, chosen)
    return 1.0 if isnan(counts.f1) else counts.f1
