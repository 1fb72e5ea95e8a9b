from __future__ import annotations

from dataclasses import replace

import handmade
import pytest

from analyzer.errors import UsageError
from analyzer.gate.selection import narrowed, narrowed_together, selected

FAMILIES = {
    "loss-flat": "loss",
    "metric-low": "metric",
    "metric-zero": "metric",
    "lr-too-high": "lr",
}


@pytest.mark.parametrize(
    ("select", "ignore", "expected"),
    [
        ((), (), set(FAMILIES)),
        (("metric",), (), {"metric-low", "metric-zero"}),
        (("*-low", "loss-flat"), (), {"metric-low", "loss-flat"}),
        (("metric",), ("metric-zero",), {"metric-low"}),
        ((), ("loss", "lr"), {"metric-low", "metric-zero"}),
    ],
)
def test_ids_families_and_patterns(select, ignore, expected) -> None:
    assert selected(FAMILIES, select, ignore) == expected


@pytest.mark.parametrize(
    ("name", "hint"), [("loss-falt", "did you mean 'loss-flat'"), ("qqq", "rules list")]
)
def test_a_name_of_no_rule_is_refused(name, hint) -> None:
    with pytest.raises(UsageError, match=hint):
        selected(FAMILIES, (name,), ())
    with pytest.raises(UsageError, match=hint):
        selected(FAMILIES, (), (name,))


def test_what_is_left_out_is_gone_and_what_followed_from_it_stands_alone() -> None:
    told = handmade.exploded().diagnosis
    first = told.findings[0]
    follower = replace(first, rule="metric-low", explained_by=first.rule)
    told = replace(told, findings=(first, follower))
    (left,) = narrowed(told, {"metric-low"}).findings
    assert left == replace(follower, explained_by=None)
    assert narrowed(told, {"metric-low"}).verdict is told.verdict
    assert narrowed(told, {first.rule, "metric-low"}).findings == told.findings


def test_of_several_runs_too() -> None:
    told = handmade.together("a", "b")
    assert narrowed_together(told, {"within-noise"}).findings == ()
    assert len(narrowed_together(told, {"within-noise"}).not_evaluated) == 1
    assert narrowed_together(told, {"runs-identical"}).findings == told.findings
