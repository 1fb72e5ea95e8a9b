"""``--rules``, ``--settings`` and the settings file that is found: what they do and say."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from analyzer.__main__ import run as run_cli
from analyzer.commands import choice

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "workdirs"
RULE = """\
title: The loss exists
severity: error
when: {signal: points, of: loss, above: 0}
message: "{points} points"
why: Because.
examples:
  - {name: some, run: {loss: 1.0*9}, expects: {fires: true}}
  - {name: none, run: {loss: nan*9}, expects: {fires: false}}
"""


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with one flat run below it."""
    shutil.copytree(EXAMPLES / "flat", tmp_path / "runs" / "flat", symlinks=True)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def check(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    choice.chosen.cache_clear()  # each call stands for a program that is started anew
    monkeypatch.setattr(sys, "argv", ["analyzer", "check", "runs", "--format", "json", *args])
    return run_cli()


def rules_of(out: str) -> set[str]:
    return {f["rule"] for item in json.loads(out)["runs"] for f in item["findings"]}


def test_settings_are_found_from_the_current_folder_upward(here, monkeypatch, capsys) -> None:
    assert check(monkeypatch) == 1
    capsys.readouterr()
    (here / "analyzer.yaml").write_text("rules: {loss-flat: off}", encoding="utf-8")
    assert check(monkeypatch) == 0
    below = here / "deep" / "er"
    below.mkdir(parents=True)
    monkeypatch.chdir(below)
    shutil.copytree(here / "runs", below / "runs", symlinks=True)
    assert check(monkeypatch) == 0
    assert '"loss-flat"' not in capsys.readouterr().out


def test_named_settings_come_first(here, monkeypatch, capsys) -> None:
    (here / "analyzer.yaml").write_text("rules: {loss-flat: off}", encoding="utf-8")
    (here / "other.yaml").write_text("rules: {loss-flat: info}", encoding="utf-8")
    assert check(monkeypatch, "--settings", "other.yaml") == 0
    assert "loss-flat" in rules_of(capsys.readouterr().out)


def test_settings_inside_a_run_are_ignored_and_that_is_said(here, monkeypatch, capsys) -> None:
    (run,) = here.glob("runs/flat/exp_*")
    (run / "analyzer.yaml").write_text("rules: {loss-flat: off}", encoding="utf-8")
    assert check(monkeypatch) == 1
    assert "lies inside a run and is ignored" in capsys.readouterr().err
    monkeypatch.chdir(run)
    monkeypatch.setattr(sys, "argv", ["analyzer", "check", "."])
    assert run_cli() == 1
    assert capsys.readouterr().err.count("lies inside a run and is ignored") == 1


def test_what_suppressions_did_is_said(here, monkeypatch, capsys) -> None:
    (here / "analyzer.yaml").write_text(
        "main_metric: val_cer\n"
        "suppress:\n"
        "  - {rule: loss-flat, reason: known, until: 2999-01-01}\n"
        "  - {rule: overfitting, reason: known, until: 2999-01-01}\n"
        "  - {rule: loss-flat, reason: known, until: 2001-01-01}\n",
        encoding="utf-8",
    )
    assert check(monkeypatch) == 0
    said = capsys.readouterr().err
    assert "analyzer.yaml:3: loss-flat: 1 suppressed until 2999-01-01: known" in said
    assert "analyzer.yaml:4: overfitting: the suppression is not used; remove it" in said
    assert "analyzer.yaml:5: loss-flat: the suppression ended on 2001-01-01" in said
    assert "main_metric: no run logs 'val_cer'" in said


def test_a_main_metric_that_is_spelled_wrong_gets_a_hint(here, monkeypatch, capsys) -> None:
    (here / "analyzer.yaml").write_text("main_metric: val_f2", encoding="utf-8")
    check(monkeypatch)
    assert "no run logs 'val_f2'; did you mean 'val_f1'?" in capsys.readouterr().err


def test_a_folder_of_rules_is_added(here, monkeypatch, capsys) -> None:
    folder = here / "mine"
    folder.mkdir()
    (folder / "loss-exists.yaml").write_text(RULE, encoding="utf-8")
    assert check(monkeypatch, "--rules", "mine") == 1
    assert {"loss-exists", "loss-flat"} <= rules_of(capsys.readouterr().out)
    (folder / "loss-flat.yaml").write_text(RULE, encoding="utf-8")
    assert check(monkeypatch, "--rules", "mine") == 2
    assert "the id loss-flat belongs to a rule that comes with" in capsys.readouterr().err
    assert check(monkeypatch, "--rules", "runs") == 2
    assert "holds no rule file" in capsys.readouterr().err


def test_what_lies_beside_a_rule_file_does_not_count(here, monkeypatch) -> None:
    rule = here / "loss-exists.yaml"
    rule.write_text(RULE, encoding="utf-8")
    before = choice.digest(choice.Choice((rule,)))
    (here / "other.yaml").write_text("a: 1", encoding="utf-8")
    choice.chosen.cache_clear()
    assert choice.digest(choice.Choice((rule,))) == before
    rule.write_text(RULE + "\n", encoding="utf-8")
    choice.chosen.cache_clear()
    assert choice.digest(choice.Choice((rule,))) != before


def test_a_wrong_key_in_the_settings_stops_the_command(here, monkeypatch, capsys) -> None:
    (here / "analyzer.yaml").write_text("rules:\n  loss-flt: off\n", encoding="utf-8")
    assert check(monkeypatch) == 2
    assert "analyzer.yaml:2: unknown rule 'loss-flt'; did you mean" in capsys.readouterr().err


def test_kept_results_hang_on_the_settings(here, monkeypatch, capsys) -> None:
    monkeypatch.setenv("TRAINLINT_CACHE", str(here / "cache"))
    assert [check(monkeypatch), check(monkeypatch)] == [1, 1]
    (here / "analyzer.yaml").write_text("rules: {loss-flat: off}", encoding="utf-8")
    assert check(monkeypatch) == 0
    (here / "analyzer.yaml").write_text("rules: {loss-flat: error}", encoding="utf-8")
    assert check(monkeypatch) == 1
    capsys.readouterr()
