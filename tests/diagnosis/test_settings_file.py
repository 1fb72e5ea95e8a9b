"""The settings file: what it changes, and the sentence with file and line for what is wrong."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from analyzer.diagnosis import diagnose, installed_rules
from analyzer.diagnosis.loading import load_rules
from analyzer.diagnosis.notation import curve
from analyzer.diagnosis.settings import Settings, check_against, read_settings
from analyzer.errors import FormatError
from analyzer.finding import Severity
from analyzer.run import Run, Status

TODAY = date(2026, 6, 1)
RULE = """\
title: The loss fell little
severity: warning
limits: {least: 50%}
when: {signal: drop, of: loss, below: least}
message: "from {head} to {tail}"
why: Because.
examples:
  - {name: little, run: {loss: 1.0-0.01*9}, expects: {fires: true}}
  - {name: much, run: {loss: 1.0-0.1*9}, expects: {fires: false}}
"""


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    (tmp_path / "loss").mkdir()
    (tmp_path / "loss" / "fell-little.yaml").write_text(RULE, encoding="utf-8")
    return tmp_path


def written(folder: Path, text: str) -> Settings:
    path = folder / "analyzer.yaml"
    path.write_text(text, encoding="utf-8")
    settings = read_settings(path)
    check_against(settings, [*installed_rules(), *load_rules(folder / "loss")], path)
    return settings


def run(name: str = "exp_1", **series: str) -> Run:
    curves = {key: curve(key, text, key) for key, text in series.items()}
    return Run(name, Path("runs") / name, "workdir", series=curves, status=Status.FINISHED)


def test_severities_limits_and_rules_that_are_off(rules: Path) -> None:
    text = "rules: {loss-flat: off, fell-little: {severity: info, limits: {least: 5%}}}"
    settings = written(rules, text)
    flat = run(train_loss="1.0*9", val_loss="1.0*9")
    fell = run(train_loss="1.0-0.01*9", val_loss="1.0*9")
    own = load_rules(rules / "loss", limits=settings.limits)
    chosen = settings.applied([*installed_rules(), *own])
    assert [f.rule for f in diagnose(flat, chosen).findings] == ["fell-little"]
    assert diagnose(flat, chosen).findings[0].severity is Severity.INFO
    assert diagnose(fell, chosen).findings == ()
    assert diagnose(fell, load_rules(rules / "loss")).findings != ()
    assert written(rules, "rules: {loss-flat: warning}").applied(installed_rules()) != ()


def test_the_main_metric_may_be_another_one() -> None:
    both = run(val_f1="0.5*9", val_recall="0.9*9", val_loss="1.0*9")
    chosen = Settings.model_validate({"main_metric": "val_recall"}).with_main_metric(both)
    assert (chosen.main_metric, chosen.higher_is_better) == ("val_recall", True)
    downward = Settings.model_validate({"main_metric": "val_loss"}).with_main_metric(both)
    assert (downward.main_metric, downward.higher_is_better) == ("val_loss", False)
    said = {"main_metric": {"name": "val_f1", "better": "lower"}}
    assert not Settings.model_validate(said).with_main_metric(both).higher_is_better
    missing = Settings.model_validate({"main_metric": "val_cer"})
    assert missing.with_main_metric(both) is both


SUPPRESS = "suppress:\n  - {rule: loss-flat, run: 'exp_*', reason: known, until: 2026-06-01}\n"


def test_a_suppressed_finding_counts_for_nothing_and_is_recorded(rules: Path) -> None:
    active = written(rules, SUPPRESS).active(TODAY)
    flat = run(train_loss="1.0*9", val_loss="1.0*9")
    diagnosis = diagnose(flat, suppressions=active)
    assert (diagnosis.findings, diagnosis.worst()) == ((), None)
    (gone,) = diagnosis.suppressed
    assert (gone.finding.rule, gone.finding.subject, gone.reason, gone.line) == (
        *("loss-flat", "train_loss", "known"),
        2,
    )
    assert diagnose(run("other", train_loss="1.0*9"), suppressions=active).findings != ()


def test_a_suppression_may_be_of_one_series_and_ends(rules: Path) -> None:
    of_another = SUPPRESS.replace("rule:", "subject: val_loss, rule:")
    flat = run(train_loss="1.0*9")
    active = written(rules, of_another).active(TODAY)
    assert diagnose(flat, suppressions=active).findings != ()
    assert written(rules, SUPPRESS).active(date(2026, 6, 2)) == ()


@pytest.mark.parametrize(
    ("text", "line", "parts"),
    [
        ("ruels: {}", 1, ["unknown key 'ruels'", "did you mean 'rules'?"]),
        ("rules:\n  loss-flt: off", 2, ["unknown rule 'loss-flt'", "did you mean 'loss-flat'?"]),
        ("rules:\n  loss-flat: loud", 2, ["unknown severity 'loud'", "off, info"]),
        (
            "rules:\n  loss-flat:\n    sevrity: info",
            3,
            ["rules.loss-flat: unknown key 'sevrity'; did you mean 'severity'?"],
        ),
        ("rules:\n  fell-little:\n    limits:\n      leest: 3%", 4, ["did you mean 'least'?"]),
        ("rules:\n  fell-little:\n    limits: {least: lots}", 3, ["'lots' is no limit"]),
        ("rules:\n  run-unreadable:\n    limits: {x: 3}", 3, ["no limits that can be changed"]),
        (SUPPRESS.replace("known", "''"), 2, ["suppress.0.reason"]),
        (SUPPRESS.replace("2026-06-01", "soon"), 2, ["suppress.0.until"]),
        (SUPPRESS.replace("2026-06-01", "31.12.2026"), 2, ["write a date such as 2026-12-31"]),
        (SUPPRESS.replace("2026-06-01", "2026-02-30"), 2, ["write a date such as 2026-12-31"]),
        (SUPPRESS.replace(", until: 2026-06-01", ""), 2, ["the key 'until' is missing"]),
        (SUPPRESS.replace("'exp_*'", "'exp_[12'"), 2, ["'exp_[12' has a [ without its ]"]),
        (SUPPRESS.replace("'exp_*'", "''"), 2, ["suppress.0.run: must not be empty"]),
        (SUPPRESS.replace("'exp_*'", "[a]"), 2, ["suppress.0.run: write a text, not a list"]),
        (SUPPRESS.replace("rule:", "line: 3, rule:"), 2, ["unknown key 'line'; allowed: rule"]),
        (SUPPRESS.replace("rule:", "lien: 3, rule:"), 2, ["unknown key 'lien'; allowed: rule"]),
        ("suppress:\n  rule: loss-flat", 1, ["suppress: write a list, with '- ' before each"]),
        ("suppress:\n  - loss-flat", 2, ["suppress.0: write keys with values"]),
        ("rules:\n  loss-flat: false", 2, ["rules.loss-flat: write off, a severity, or {sev"]),
        ("rules: [loss-flat]", 1, ["rules: write keys with values, such as {key: value}, not a"]),
        ("rules:\n  fell-little:\n    limits: 5%", 3, ["limits: write keys with values"]),
        ("rules:\n  fell-little:\n    limits:\n      least: 5", 4, ["least is a share in %"]),
        (
            "rules:\n  fell-little:\n    limits: {least: 3 noise}",
            3,
            ["and not a number of 'noise'"],
        ),
        ("rules:\n  fell-little:\n    limits: {least: 3 sigma}", 3, ["unknown unit 'sigma'"]),
        ("rules:\n  fell-little:\n    limits: {least: .nan}", 3, ["a limit is a finite number"]),
        ("main_metric: [val_f1]", 1, ["main_metric: write a series, or {name: val_cer"]),
        ("main_metric:\n  name: val_f1\n  better: up", 3, ["allowed: higher, lower"]),
        (SUPPRESS.replace("loss-flat", "loss-falt"), 2, ["did you mean 'loss-flat'?"]),
        ("rules: {}\nrules: {}", 2, ["given twice"]),
        ("- 1", 1, ["write keys with values, such as 'key: value', not a list"]),
        ("a: [", 1, ["not valid YAML"]),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    rules: Path, text: str, line: int | None, parts: list[str]
) -> None:
    with pytest.raises(FormatError) as caught:
        written(rules, text)
    assert "analyzer.yaml" in str(caught.value)
    assert caught.value.line == line
    for part in parts:
        assert part in str(caught.value)


def test_an_empty_file_changes_nothing(rules: Path) -> None:
    assert written(rules, "# nothing yet\n") == Settings()
