from __future__ import annotations

from dataclasses import replace

import handmade
import pytest

from analyzer.errors import FormatError, UsageError
from analyzer.finding import Finding
from analyzer.gate.baseline import (
    Baseline,
    entry,
    read_baseline,
    without_known,
    without_known_together,
    write_baseline,
)

TOLD = handmade.exploded().diagnosis
FIRST = TOLD.findings[0]


def of(*findings: Finding, run: str = "") -> Baseline:
    entries = [entry(one, run) for one in findings]
    return Baseline("known.json", {one.fingerprint: one for one in entries}, bool(run))


def test_what_is_known_decides_nothing_and_is_still_told() -> None:
    told = without_known(TOLD, "exp_1", of(*TOLD.findings))
    assert told.findings == ()
    assert told.worst() is None
    assert [(one.reason, one.until) for one in told.suppressed] == [
        ("known, in known.json", None)
    ] * len(TOLD.findings)


def test_what_follows_from_a_known_finding_is_known_too() -> None:
    chain = [
        replace(FIRST, rule=rule, explained_by=by)
        for rule, by in (("a", None), ("b", "a"), ("c", "b"))
    ]
    told = without_known(replace(TOLD, findings=tuple(chain)), "x", of(chain[0]))
    assert told.findings == ()
    both = (*chain, replace(chain[0], subject="another"))
    told = without_known(replace(TOLD, findings=both), "x", of(chain[0]))
    assert [one.rule for one in told.findings] == ["b", "c", "a"], "a new one may be their reason"


def test_the_name_of_a_run_counts_only_where_asked_for() -> None:
    assert of(FIRST).knows(FIRST, "exp_2")
    assert of(FIRST, run="exp_1").knows(FIRST, "exp_1")
    assert not of(FIRST, run="exp_1").knows(FIRST, "exp_2")


def test_another_subject_is_another_finding() -> None:
    assert not of(FIRST).knows(replace(FIRST, subject="another"), "exp_1")


def test_findings_of_several_runs_outlive_their_names() -> None:
    told = handmade.together("a", "b")
    later = handmade.together("c", "d")
    assert without_known_together(later, of(*told.findings)).findings == ()


def test_a_baseline_reads_back_and_has_a_stable_order(tmp_path) -> None:
    entries = [entry(one, "exp_1") for one in TOLD.findings]
    path, other = tmp_path / "new" / "known.json", tmp_path / "other.json"
    assert write_baseline(path, entries, per_run=True) == len(entries)
    write_baseline(other, reversed(entries), per_run=True)
    assert path.read_text() == other.read_text()
    found = read_baseline(path)
    assert found.per_run
    assert set(found.entries.values()) == set(entries)


def test_an_empty_baseline_knows_nothing(tmp_path) -> None:
    assert write_baseline(tmp_path / "a", [], per_run=False) == 0
    assert not read_baseline(tmp_path / "a").knows(FIRST, "")


def test_stale_are_only_entries_of_rules_that_were_asked() -> None:
    known = of(FIRST, replace(FIRST, rule="other"))
    assert known.stale(set(), {"other"}) == [entry(replace(FIRST, rule="other"))]
    assert known.stale(set(known.entries), {"other"}) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        '{"version": 2}',
        '{"version": 1, "per_run": false, "findings": [1]}',
        '{"version": 1, "per_run": false, "findings": [{"rule": "a"}]}',
        "[" * 100_000,
    ],
)
def test_what_is_no_baseline_waves_nothing_through(tmp_path, text) -> None:
    (tmp_path / "known.json").write_text(text)
    with pytest.raises(FormatError, match=r"known\.json.*--write-baseline"):
        read_baseline(tmp_path / "known.json")


def test_a_baseline_that_is_not_there_is_said(tmp_path) -> None:
    with pytest.raises(UsageError, match="cannot read the baseline"):
        read_baseline(tmp_path / "known.json")
