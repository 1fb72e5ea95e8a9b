"""Every example, condition and patch of every rule file, each as a test of its own."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from analyzer.diagnosis.example import Example
from analyzer.diagnosis.examples import (
    check_example,
    check_healthy,
    check_patches,
    check_rule,
    healthy_runs,
    needs,
)
from analyzer.diagnosis.loading import load_rules, parse_rule
from analyzer.diagnosis.rule import Rule
from analyzer.facts import FACTS
from analyzer.location import rules_dir
from analyzer.signals import SIGNALS

RULES = load_rules(rules_dir())
EXAMPLES = [(rule, example) for rule in RULES for example in rule.examples]
NEEDS = [(rule, what, needed) for rule in RULES for what, _, needed in needs(rule)]
HEALTHY = healthy_runs(rules_dir())


@pytest.mark.parametrize(
    ("rule", "example"), EXAMPLES, ids=[f"{rule.id}: {example.name}" for rule, example in EXAMPLES]
)
def test_example(rule: Rule, example: Example) -> None:
    assert check_example(rule, example) == []


@pytest.mark.parametrize(
    ("rule", "condition", "needed"),
    NEEDS,
    ids=[f"{rule.id} needs {what}" for rule, what, _ in NEEDS],
)
def test_every_condition_is_needed(rule: Rule, condition: str, needed: bool) -> None:
    assert needed, f"leave out '{condition}' and no example of {rule.id} notices"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_is_complete(rule: Rule) -> None:
    assert check_patches(rule) == []
    assert {example.expects.fires for example in rule.examples} == {True, False}
    assert len(rule.causes) > 0
    assert len(rule.known_limits) > 0 or rule.id == "run-unreadable"
    assert len({example.name for example in rule.examples}) == len(rule.examples)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.id)
def test_a_rule_says_nothing_of_healthy_runs(rule: Rule) -> None:
    assert check_healthy(rule, HEALTHY) == []


def test_the_template_is_a_rule_that_proves_itself() -> None:
    path = rules_dir() / "_template.yaml"
    rule = parse_rule(path.read_text(encoding="utf-8"), path.with_name("template.yaml"))
    assert check_rule(rule, HEALTHY) == []


@pytest.mark.parametrize("table", [SIGNALS, FACTS], ids=["signals", "facts"])
def test_the_guide_names_the_whole_vocabulary(table: Mapping[str, object]) -> None:
    guide = (rules_dir() / "README.md").read_text(encoding="utf-8")
    assert [name for name in table if f"`{name}`" not in guide] == []
