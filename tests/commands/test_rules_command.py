"""``rules``: what is printed of good rules, and the sentence that each broken one gets."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest

from analyzer.__main__ import run as run_cli
from analyzer.commands.explain import explain
from analyzer.commands.rules import schema_text
from analyzer.diagnosis import installed_rules
from analyzer.location import rules_dir

GOLD = Path(__file__).parent.parent / "gold"

RULE = """\
title: The loss is high
severity: warning
limits: {most: 3}
when:
  all:
    - {signal: level, of: loss, above: most}
    - {signal: points, of: loss, above: 2}
message: "the {of} stands at {level}"
causes:
  - id: lr-too-high
    says: The rate is too high
    when: {fact: lr_over_usual, above: 3}
    fix: {set: {optimizer.lr: {times: 0.1}}}
why: Because.
examples:
  - name: high
    run: {loss: 4.0*5}
    config: {optimizer.type: SGD, optimizer.lr: 0.1}
    expects: {fires: true, causes: {lr-too-high: supported}}
  - {name: low, run: {loss: 2.0*5}, expects: {fires: false}}
  - {name: short, run: {loss: 4.0*2}, expects: {fires: false}}
"""


def rules(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["analyzer", "rules", *map(str, args)])
    return run_cli()


def folder(root: Path, **texts: str) -> Path:
    (root / "mine").mkdir()
    for name, text in texts.items():
        (root / "mine" / f"{name.replace('_', '-')}.yaml").write_text(text, encoding="utf-8")
    return root / "mine"


def test_list_and_show_and_explain(monkeypatch, capsys) -> None:
    assert rules(monkeypatch, "list") == 0
    listed = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in listed] == [rule.id for rule in installed_rules()]
    assert rules(monkeypatch, "show", "loss-flat") == 0
    text = (rules_dir() / "loss" / "loss-flat.yaml").read_text(encoding="utf-8")
    assert capsys.readouterr().out.endswith(text)
    assert rules(monkeypatch, "explain", "loss-flat") == 0
    told = capsys.readouterr().out
    for part in ("Why it matters", "How it is decided", "Causes", "Known limits", "Before"):
        assert part in told
    assert rules(monkeypatch, "explain", "loss-falt") == 2
    assert "unknown rule 'loss-falt'; did you mean 'loss-flat'?" in capsys.readouterr().err
    assert rules(monkeypatch, "explain", "zzz") == 2
    told = capsys.readouterr().err
    assert told == "error: unknown rule 'zzz'; `python -m analyzer rules list` names them all\n"


@pytest.mark.parametrize("rule", installed_rules(), ids=lambda rule: rule.id)
def test_every_rule_can_be_explained(rule) -> None:
    told = explain(rule)
    assert all(cause.says in told for cause in rule.causes)
    assert "None" not in told
    assert all(f"  {name}: " in told for name in rule.limits)


def test_the_own_rules_prove_themselves(monkeypatch, capsys) -> None:
    assert rules(monkeypatch, "test") == 0
    assert "examples: all proven" in capsys.readouterr().out


def test_a_rule_outside_the_package_proves_itself(tmp_path, monkeypatch, capsys) -> None:
    assert rules(monkeypatch, "test", "--rules", folder(tmp_path, loss_high=RULE)) == 0
    out = capsys.readouterr().out
    assert out == "1 rule with 3 examples: all proven\n"
    assert rules(monkeypatch, "explain", "loss-high", "--rules", tmp_path / "mine") == 0
    assert "most: 3" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("old", "new", "code", "says"),
    [
        ("severity:", "severty:", 2, r":2: unknown key 'severty'; did you mean 'severity'\?"),
        ("title: The", "title: [The", 2, r"not valid YAML"),
        ("severity: warning", "severity: 3", 2, r":2: severity"),
        ("title: The loss is high", "title: [1]", 2, r":1: title: write a text, not a list"),
        ("signal: level", "signal: levle", 2, r":6: .*unknown signal 'levle'; did you mean"),
        ("of: loss, above: 2", "of: los, above: 2", 2, r":7: .*did you mean 'loss'\?"),
        ("fact: lr_over_usual", "fact: lr_usual", 2, r":12: .*unknown fact 'lr_usual'; did you"),
        (
            "run: {loss: 4.0*2}",
            "run: {loss: 4.0*3}",
            1,
            r":21: short: the rule has to stay silent, but fires: the training loss",
        ),
        ("name: high\n", "name: high\n    status: gone\n", 2, r":17: examples.0.status"),
        (
            "  - {name: short, run: {loss: 4.0*2}, expects: {fires: false}}\n",
            *("", 1, r":7: no example needs 'when: signal: points.*; leave it out, or add a run"),
        ),
        ("causes: {lr-too-high: supported}", "severity: info", 1, r":16: high: the severity is"),
        (
            "above: 3}\n    fix",
            "above: 99}\n    fix",
            1,
            r":16: high: the cause lr-too-high is possible",
        ),
        ("optimizer.lr: 0.1}", "optimizer.lr: 0.1, data.x: 1}", 0, "all proven"),
        ("optimizer.lr: {times", "data.y: {times", 1, r":13: no example's config is changed by"),
        ("run: {loss: 4.0*5}", "run: {loss: 2.0*5}", 1, r":16: high: the rule has to fire, but"),
        ("above: most", "above: 0.05", 2, r":3: limits: no condition uses 'most'; leave it out"),
        (
            "why: Because.",
            "why: Because.\nexplains: [loss-hgh]",
            2,
            r":15: explains: unknown",
        ),
    ],
)
def test_each_fault_of_a_rule_has_its_own_sentence(
    tmp_path, monkeypatch, capsys, *, old: str, new: str, code: int, says: str
) -> None:
    assert old in RULE
    place = folder(tmp_path, loss_high=RULE.replace(old, new, 1))
    assert rules(monkeypatch, "test", "--rules", place) == code
    assert re.search(says, capsys.readouterr().out)


def test_faults_of_several_files_are_all_told(tmp_path, monkeypatch, capsys) -> None:
    place = folder(
        tmp_path,
        loss_flat=RULE,
        first=RULE + "explains: [second]\n",
        second=RULE + "explains: [first]\n",
        third="{",
        fourth=RULE.replace("title:", "titel:"),
    )
    assert rules(monkeypatch, "test", "--rules", place) == 2
    out = capsys.readouterr().out
    assert re.search(r"loss-flat\.yaml: the id loss-flat belongs to a rule that comes with", out)
    assert "first.yaml:22: explains: first -> second -> first; a rule cannot explain itself" in out
    assert re.search(r"third\.yaml:1: not valid YAML", out)
    assert "fourth.yaml:1: unknown key 'titel'; did you mean 'title'?" in out
    assert "5 broken" in out


def test_a_rule_that_finds_something_in_a_healthy_run_is_told(
    tmp_path, monkeypatch, capsys
) -> None:
    loud = RULE.replace("limits: {most: 3}", "limits: {most: 0.1}")
    assert rules(monkeypatch, "test", "--rules", folder(tmp_path, loud=loud)) == 1
    assert "loud.yaml:4: fires on the healthy run 'documented default" in capsys.readouterr().out


def test_the_schema_is_the_one_in_the_folder_of_rules(monkeypatch, capsys) -> None:
    assert rules(monkeypatch, "schema") == 0
    printed = capsys.readouterr().out
    committed = (rules_dir() / "schema.json").read_text(encoding="utf-8")
    assert printed == schema_text() == committed, "write it anew with: rules schema"
    schema = json.loads(printed)
    names = schema["$defs"]["Condition"]["properties"]["signal"]["anyOf"][0]["enum"]
    assert "drop" in names
    assert "id" not in schema["properties"]


@pytest.mark.parametrize(
    ("of", "file"),
    [("report", "report.json"), ("comparison", "comparison.json"), ("dataset", "dataset.json")],
)
def test_the_schemas_of_our_json_are_printed_and_hold(monkeypatch, capsys, of, file) -> None:
    assert rules(monkeypatch, "schema", "--of", of) == 0
    schema = json.loads(capsys.readouterr().out)
    jsonschema.Draft202012Validator.check_schema(schema)
    made = json.loads((GOLD / file).read_text(encoding="utf-8"))
    jsonschema.validate(made, schema)
    del made["version"]
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(made, schema)


def test_the_page_is_the_one_in_the_folder_of_rules(monkeypatch, capsys) -> None:
    assert rules(monkeypatch, "page") == 0
    printed = capsys.readouterr().out
    committed = (rules_dir() / "RULES.md").read_text(encoding="utf-8")
    assert printed == committed, "write it anew with: rules page > rules/RULES.md"
    for rule in installed_rules():
        section = printed.split(f"\n### {rule.id}\n")[1].split("\n### ")[0]
        plain = " ".join(section.replace("\\", "").split())
        said = [rule.title, rule.why, rule.known_limits, *(cause.says for cause in rule.causes)]
        assert [text for text in said if " ".join(text.split()) not in plain] == []


def test_the_page_escapes_what_markdown_would_read(monkeypatch, capsys, tmp_path) -> None:
    text = (rules_dir() / "_template.yaml").read_text(encoding="utf-8")
    title = "title: A *bold* <b>title</b> | of train_loss"
    changed = text.replace("title: One sentence that says what is wrong", title)
    (tmp_path / "mine.yaml").write_text(changed, encoding="utf-8")
    assert rules(monkeypatch, "page", "--rules", str(tmp_path)) == 0
    printed = capsys.readouterr().out
    assert r"| A \*bold\* \<b\>title\</b\> \| of train_loss |" in printed
