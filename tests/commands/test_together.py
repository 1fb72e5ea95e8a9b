"""What several runs show together: exit codes, JSON, and what the settings do about it."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest

from analyzer.__main__ import run as run_cli
from analyzer.commands import choice

HEALTHY = Path(__file__).parents[2] / "examples" / "workdirs" / "healthy"


@pytest.fixture
def twins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two runs with the same curves, of which one is said to have another weight decay."""
    for name in ("a", "b"):
        shutil.copytree(HEALTHY, tmp_path / "runs" / name, symlinks=True)
    (config,) = (tmp_path / "runs" / "b").glob("exp_*/config.yaml")
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("  weight_decay: ", "  weight_decay: 5"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def call(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    choice.chosen.cache_clear()  # each call stands for a program that is started anew
    monkeypatch.setattr(sys, "argv", ["analyzer", *args])
    return run_cli()


def check(monkeypatch: pytest.MonkeyPatch, *args: str) -> int:
    return call(monkeypatch, "check", "runs", "--format", "json", *args)


def test_check_counts_what_several_runs_show(twins, monkeypatch, capsys) -> None:
    assert check(monkeypatch) == 0
    made = json.loads(capsys.readouterr().out)
    found = {f["rule"]: f for f in made["together"]["findings"]}
    assert [run["path"] for run in found["runs-identical"]["runs"]] == [
        run["path"] for run in made["runs"]
    ]
    assert all(f["severity"] == "info" for run in made["runs"] for f in run["findings"])
    assert check(monkeypatch, "--fail-on", "warning") == 1
    assert call(monkeypatch, "check", "runs/a", "--fail-on", "warning") == 0


def test_settings_act_on_what_several_runs_show(twins, monkeypatch, capsys) -> None:
    settings = twins / "analyzer.yaml"
    settings.write_text("rules: {runs-identical: error}", encoding="utf-8")
    assert check(monkeypatch) == 1
    settings.write_text("rules: {runs-identical: off}", encoding="utf-8")
    assert check(monkeypatch, "--fail-on", "warning") == 0
    entry = "suppress: [{rule: runs-identical, run: '*', reason: known, until: 2999-01-01}]"
    settings.write_text(entry, encoding="utf-8")
    capsys.readouterr()
    assert check(monkeypatch, "--fail-on", "warning") == 0
    out, said = capsys.readouterr()
    (gone,) = json.loads(out)["together"]["suppressed"]
    assert gone["suppression"] == {"justification": "known", "until": "2999-01-01"}
    assert "runs-identical: 1 suppressed until 2999-01-01: known" in said


def test_compare_respects_the_settings(twins, monkeypatch, capsys) -> None:
    settings = twins / "analyzer.yaml"
    settings.write_text(
        "main_metric: val_recall\n"
        "rules: {within-noise: off}\n"
        "suppress:\n"
        "  - {rule: runs-identical, reason: known, until: 2999-01-01}\n"
        "  - {rule: loss-flat, reason: known, until: 2999-01-01}\n",
        encoding="utf-8",
    )
    assert call(monkeypatch, "compare", "runs", "--format", "json") == 0
    out, said = capsys.readouterr()
    made = json.loads(out)["comparison"]
    assert made["metric"] == "val_recall"
    assert made["together"]["findings"] == []
    assert [one["rule"] for one in made["together"]["suppressed"]] == ["runs-identical"]
    assert "runs-identical: 1 suppressed" in said
    assert "loss-flat" not in said  # compare does not ask that rule
    settings.write_text("rules: {nothing: off}", encoding="utf-8")
    assert call(monkeypatch, "compare", "runs") == 2


def test_compare_and_report_show_it(twins, monkeypatch, capsys) -> None:
    assert call(monkeypatch, "compare", "runs", "--out", "out") == 0
    printed = capsys.readouterr().out
    pages = [printed]
    assert call(monkeypatch, "report", "runs", "--out", "out") == 0
    pages.append(capsys.readouterr().out)
    names = ("comparison.md", "comparison.html", "report.md", "report.html")
    pages += [(twins / "out" / name).read_text(encoding="utf-8") for name in names]
    for page in pages:
        assert "everal runs together" in page
        assert "runs-identical" in page
