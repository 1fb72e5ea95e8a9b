"""The rules recognise the injected faults of seeds that no limit was chosen on."""

from __future__ import annotations

from analyzer.diagnosis import installed_rules
from benchmarks.diagnosis import injected
from benchmarks.diagnosis.scoring import total

LEAST = 0.95


def test_faults_of_odd_seeds_are_recognised_and_healthy_twins_left_alone() -> None:
    rules = installed_rules()
    rows = [row for row in injected.load(injected.HERE) if row.of("odd")]
    scored = list(injected.score(rows, rules, injected.HERE))
    counts = total(injected.by_family(scored, {rule.id: rule.family for rule in rules}).values())
    wrong = [f"{one.row.run}: {one.wrong}" for one in scored if one.wrong]
    assert injected.alarmed_twins(scored) == []
    assert counts.precision >= LEAST, wrong
    assert counts.recall >= LEAST, wrong


def test_at_least_two_hundred_runs_have_been_labelled() -> None:
    rows = injected.load(injected.HERE)
    assert len(rows) >= 200
    assert all((injected.HERE / "runs" / row.run).is_dir() for row in rows)
