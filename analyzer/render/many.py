"""What is said once where there are many runs: settings, rules, and what could not be judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from analyzer.finding import Finding
from analyzer.render.report import RunReport
from analyzer.render.text import plain, setting
from analyzer.run import Config

MAX_DIFFERING = 6
"""Keys that differ and are named beside a run; the others are only counted."""


def differing_keys(configs: Sequence[Config]) -> tuple[str, ...]:
    """The canonical keys whose values differ, those with the fewest values first.

    A key with another value in every run, as a folder has, tells nothing about any of them.
    """
    values: dict[str, set[str]] = {}
    counts: Counter[str] = Counter()
    for config in configs:
        counts.update(config.values.keys())
        for key, value in config.values.items():
            values.setdefault(key, set()).add(repr(value))
    kinds = {key: len(found) + (counts[key] < len(configs)) for key, found in values.items()}
    return tuple(
        sorted((k for k, n in kinds.items() if 1 < n < len(configs)), key=lambda k: (kinds[k], k))
    )


def shared_settings(configs: Sequence[Config]) -> tuple[tuple[str, str], ...]:
    """The settings that all runs have in common, in the order of the keys."""
    if not configs:
        return ()
    held: Counter[str] = Counter()
    first = configs[0].values
    for config in configs:
        held.update(k for k, value in config.values.items() if k in first and value == first[k])
    shared = (key for key in sorted(first) if held[key] == len(configs))
    return tuple((plain(key), setting(first[key])) for key in shared)


def own_settings(config: Config, keys: Sequence[str]) -> str:
    """``optimizer.lr: 0.01, train.seed: 3``; a key that the run lacks is left out."""
    shown = [key for key in keys if key in config.values]
    parts = [f"{plain(config.spelled(k))}: {setting(config.values[k])}" for k in shown]
    return ", ".join(parts[:MAX_DIFFERING])


def fired_rules(items: Iterable[RunReport]) -> tuple[Finding, ...]:
    """One finding of each rule that fired, in the order of their names."""
    found = {finding.rule: finding for item in items for finding in item.diagnosis.findings}
    return tuple(found[rule] for rule in sorted(found))


def unjudged(items: Iterable[RunReport]) -> tuple[tuple[str, str, int], ...]:
    """(rule, reason, number of runs), the most frequent first."""
    counts = Counter(
        (missed.rule, missed.reason) for item in items for missed in item.diagnosis.not_evaluated
    )
    ordered = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return tuple((rule, reason, number) for (rule, reason), number in ordered)


def advice(items: Iterable[RunReport]) -> tuple[tuple[str, int], ...]:
    """(line to log, number of runs that lack it), the most frequent first."""
    counts: Counter[str] = Counter(line for item in items for line in item.diagnosis.advice)
    return tuple(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def overall(report_items: Sequence[RunReport]) -> dict[str, Any]:
    """All of the above by name."""
    configs = [item.run.config for item in report_items]
    return {
        "differing": differing_keys(configs),
        "shared": shared_settings(configs),
        "rules": fired_rules(report_items),
        "unjudged": unjudged(report_items),
        "advice": advice(report_items),
    }
