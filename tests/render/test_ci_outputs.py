"""SARIF, JUnit, GitHub and GitLab: as published, and no stranger's text is obeyed."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import handmade
import junitparser
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pagetext import page_text
from sarif_schema import faults

from analyzer.commands.outputs import FORMATS
from analyzer.finding import FileEvidence, Finding, KeyEvidence, Severity, Suppressed
from analyzer.render.checked import Checked, RuleInfo
from analyzer.render.github import to_github
from analyzer.render.gitlab import to_gitlab
from analyzer.render.junit import to_junit
from analyzer.render.known import Baselined
from analyzer.render.report import Report, RunReport
from analyzer.render.sarif import to_sarif
from analyzer.render.stepsummary import MOST_BYTES, markdown_summary
from analyzer.run import Config

RULES = (
    RuleInfo(
        "loss-nonfinite", "The loss is NaN or infinite", "Nothing is learned.", "loss", "run"
    ),
    RuleInfo("loss-flat", "The training loss does not fall", "", "loss", "run"),
    RuleInfo("runs-identical", "Several runs have the same curves", "No.", "compare", "runs"),
)
ROOT = Path("/repository")
KNOWN = Baselined(Path("known.json"), False, 2)
NEVER_SHOWN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")


def checked(report: Report | None = None, **more: Any) -> Checked:
    fields = {"fail_on": Severity.ERROR, "root": ROOT, **more}
    return Checked(report or handmade.report(), RULES, **fields)


def hostile() -> Checked:
    """A report of hostile texts, in which lines look like commands to a runner."""
    report = handmade.hostile()
    item = report.runs[0]
    command = "ok\n::error::no\r\n::set-output name=a::b\n##[error]x%0A::add-mask::y\uffff\x00]]>"
    first = replace(item.diagnosis.findings[0], message=command, rule="a:,b::\n")
    told = replace(item.diagnosis, findings=(first, *item.diagnosis.findings))
    return checked(replace(report, runs=(RunReport(item.run, told), *report.runs[1:])))


def one(finding: Finding, **more: Any) -> Checked:
    item = handmade.healthy()
    told = replace(item.diagnosis, findings=(finding,))
    return checked(handmade.report(RunReport(replace(item.run, **more), told)))


@pytest.mark.parametrize(
    ("name", "file"),
    [
        ("sarif", "check.sarif"),
        ("junit", "check.junit.xml"),
        ("github", "check.github.txt"),
        ("gitlab", "check.gitlab.json"),
        ("markdown", "check.md"),
        ("terminal", "check.txt"),
    ],
)
def test_each_format_is_as_published(gold, name, file) -> None:
    gold(file, FORMATS[name](checked()))


def test_the_json_is_that_of_the_report(gold) -> None:
    text = FORMATS["json"](checked())
    gold("report.json", json.dumps(json.loads(text), ensure_ascii=False, indent=1))


def test_the_page_is_that_of_the_report(gold) -> None:
    pytest.importorskip("bokeh")
    gold("report.page.txt", page_text(FORMATS["html"](checked())))


def accepted() -> Checked:
    """Nothing is left that counts: a finding of each kind is suppressed."""
    item = handmade.exploded()
    gone = tuple(Suppressed(f, "known, in k.json", None, 0) for f in item.diagnosis.findings)
    told = replace(item.diagnosis, findings=(), suppressed=(*gone, handmade.suppressed()))
    return checked(handmade.report(RunReport(item.run, told), baseline=KNOWN))


def clean() -> Checked:
    return checked(handmade.report(handmade.healthy("a"), handmade.healthy("b")))


def empty() -> Checked:
    return checked(replace(handmade.report(), runs=(), together=handmade.Together()))


@pytest.mark.parametrize("made", [checked, clean, empty, accepted, hostile])
def test_sarif_keeps_to_its_schema(made) -> None:
    text = to_sarif(made())
    assert faults(text) == []
    run = json.loads(text)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert all(rules[one["ruleIndex"]]["id"] == one["ruleId"] for one in run["results"])
    assert bool(run["results"]) is (made not in (clean, empty))


def broken(change: Callable[[Any], object]) -> list[str]:
    made = json.loads(to_sarif(checked()))
    change(made["runs"][0])
    return faults(json.dumps(made))


def test_the_check_of_the_schema_can_fail() -> None:
    def place(run: Any) -> Any:
        return run["results"][1]["locations"][0]["physicalLocation"]

    assert broken(lambda run: run) == []
    for change in (
        lambda run: run["results"][0].update(level="fatal"),
        lambda run: run["results"][0].update(rank=101),
        lambda run: run["results"][0].update(ruleIndex="0"),
        lambda run: run["results"][0].pop("message"),
        lambda run: run["results"][0].update(message={}),
        lambda run: run["results"][0].update(guid="no"),
        lambda run: run["tool"]["driver"].update(more=1),
        lambda run: run["tool"].pop("driver"),
        lambda run: run["tool"]["driver"]["rules"].append(run["tool"]["driver"]["rules"][0]),
        lambda run: place(run)["region"].update(startLine=0),
        lambda run: place(run)["artifactLocation"].update(uri="a b"),
    ):
        assert len(broken(change)) == 1


def test_sarif_says_what_is_accepted_and_what_is_new() -> None:
    item = handmade.exploded()
    first, *rest = item.diagnosis.findings
    known = Suppressed(first, "known, in known.json", None, 0)
    told = replace(item.diagnosis, findings=tuple(rest), suppressed=(known,))
    report = handmade.report(RunReport(item.run, told), baseline=KNOWN)
    results = json.loads(to_sarif(checked(report)))["runs"][0]["results"]
    by_rule = {result["ruleId"]: result for result in results}
    assert by_rule[first.rule]["baselineState"] == "unchanged"
    assert by_rule[first.rule]["suppressions"][0]["justification"] == "known, in known.json"
    assert {by_rule[f.rule]["baselineState"] for f in rest} == {"new"}
    assert "baselineState" not in json.loads(to_sarif(checked()))["runs"][0]["results"][0]


def test_marks_name_one_finding_and_outlive_the_names_of_runs() -> None:
    def marks(*names: str) -> tuple[list[str], list[str]]:
        made = checked(handmade.report(*map(handmade.exploded, names)))
        results = json.loads(to_sarif(made))["runs"][0]["results"]
        issues = json.loads(to_gitlab(made))
        sarif = [result["partialFingerprints"]["trainlint/v1"] for result in results]
        return sarif, [issue["fingerprint"] for issue in issues]

    for first, later in zip(marks("a", "b"), marks("c", "d"), strict=True):
        assert len(set(first)) == len(first)
        assert first == later


@pytest.mark.parametrize("made", [checked(), hostile()])
def test_junit_is_read_by_a_real_parser(made) -> None:
    xml = junitparser.JUnitXml.fromstring(to_junit(made).encode())
    for suite in xml:
        cases = list(suite)
        kinds = [type(result) for case in cases for result in case.result]
        assert suite.tests == len(cases)
        assert suite.failures == kinds.count(junitparser.Failure)
        assert suite.skipped == kinds.count(junitparser.Skipped)
    assert xml.failures == sum(suite.failures for suite in xml) > 0


def test_junit_fails_exactly_what_decides() -> None:
    def failed(fail_on: Severity | None, **more: Any) -> set[str]:
        xml = junitparser.JUnitXml.fromstring(to_junit(checked(fail_on=fail_on, **more)).encode())
        return {case.name for suite in xml for case in suite if case.is_failure}

    assert failed(None) == set()
    assert "loss-nonfinite" in failed(Severity.ERROR)
    assert failed(Severity.ERROR) < failed(Severity.WARNING)
    assert failed(None, always=frozenset({"loss-nonfinite"})) == {"loss-nonfinite"}


COMMAND = re.compile(
    r"::(?:error|warning|notice) file=[^:,]+(?:,line=\d+)?,title=[^:,]+::[^\r\n]+"
)


def test_github_gets_commands_that_are_ours_alone() -> None:
    lines = to_github(hostile()).split("\n")
    commands = [line for line in lines if "::" in line or "##[" in line]
    assert len(commands) > 1
    for line in commands:
        assert COMMAND.fullmatch(line), line
    assert "%250A" in to_github(hostile()), "an escape in a stranger's text is no escape"


def test_github_gets_ten_of_a_kind_the_surest_first() -> None:
    item = handmade.healthy()
    finding = handmade.exploded().diagnosis.findings[0]
    many = [replace(finding, subject=f"s{i}", confidence=i / 20) for i in range(14)]
    few = replace(finding, severity=Severity.INFO)
    told = replace(item.diagnosis, findings=(*many, few))
    lines = to_github(checked(handmade.report(RunReport(item.run, told)))).splitlines()
    assert [line[:7] for line in lines[:10]] == ["::error"] * 10
    assert lines[10] == "4 more as error, of which GitHub shows 10 in a step"
    assert lines[11].startswith("::notice")
    assert len(lines) == 13


def test_the_summary_of_a_step_fits() -> None:
    finding = replace(handmade.exploded().diagnosis.findings[0], message="界 <b> " * 300)
    item = handmade.healthy()
    told = replace(item.diagnosis, findings=(finding,) * 400)
    text = markdown_summary(handmade.report(RunReport(item.run, told)))
    assert 0.9 * MOST_BYTES < len(text.encode()) < 1 << 20
    assert text.endswith("The rest is left out: this is as much as a step summary may hold.\n")
    assert "plots/" not in markdown_summary(handmade.report())


@pytest.mark.parametrize("made", [checked(), hostile()])
def test_gitlab_gets_what_it_asks_for(made) -> None:
    issues = json.loads(to_gitlab(made))
    assert issues
    for issue in issues:
        assert issue["severity"] in ("info", "minor", "major", "critical", "blocker")
        assert issue["description"]
        assert issue["check_name"].startswith("trainlint/")
        assert issue["location"]["path"]
        assert issue["location"]["lines"]["begin"] >= 1
    assert len({issue["fingerprint"] for issue in issues}) == len(issues)


@pytest.mark.parametrize("name", ["terminal", "markdown", "sarif", "junit", "github", "gitlab"])
def test_no_format_lets_control_characters_through(name) -> None:
    text = FORMATS[name](hostile())
    text.encode("utf-8")
    assert not NEVER_SHOWN.search(text)


PLACES = [
    (FileEvidence("logs/train.log", 7, "x"), {}, "workdirs/exp_healthy/logs/train.log", 7),
    (KeyEvidence("optimizer.lr", 1, "x"), {}, "workdirs/exp_healthy/config.yaml", 30),
    (KeyEvidence("lr", 1, "x"), {"config": Config()}, "workdirs/exp_healthy", None),
    (FileEvidence("a.log", 2, "x"), {"path": Path("/repository/in/a.log")}, "in/a.log", 2),
    (FileEvidence("a.log", 2, "x"), {"path": Path("/else/a b")}, "/else/a b/a.log", 2),
    (FileEvidence("a.log", 2, "x"), {"path": Path("./x/../in")}, "in/a.log", 2),
]


@pytest.mark.parametrize(("evidence", "more", "path", "line"), PLACES)
def test_a_finding_is_shown_in_the_file_that_shows_it(evidence, more, path, line) -> None:
    config = Config({"optimizer.lr": 1}, file="config.yaml", lines={"optimizer.lr": 30})
    finding = replace(handmade.exploded().diagnosis.findings[0], evidence=(evidence,), fixes=())
    made = one(finding, **{"config": config, **more})
    assert (made.told[0].path, made.told[0].line) == (path, line)
    place = json.loads(to_sarif(made))["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
    assert unquote(urlsplit(place["artifactLocation"]["uri"]).path) == path
    assert place["region"]["startLine"] == line or line is None


def test_what_follows_from_another_finding_never_decides() -> None:
    finding = replace(handmade.exploded().diagnosis.findings[0], explained_by="loss-flat")
    made = one(finding)
    assert not made.failed
    assert json.loads(to_sarif(made))["runs"][0]["results"][0]["level"] == "note"
    assert json.loads(to_gitlab(made))[0]["severity"] == "info"
    assert "::" not in to_github(made)
    xml = junitparser.JUnitXml.fromstring(to_junit(made).encode())
    assert xml.failures == 0


def test_without_a_run_each_format_is_valid() -> None:
    assert json.loads(to_gitlab(empty())) == []
    assert junitparser.JUnitXml.fromstring(to_junit(empty()).encode()).tests == 0
    assert io.StringIO(to_github(empty())).readline() == "No run was found.\n"


@given(st.text(st.characters(), max_size=80), st.text(st.characters(), max_size=30))
def test_any_text_leaves_every_format_valid(text, name) -> None:
    finding = handmade.exploded().diagnosis.findings[0]
    odd = FileEvidence(name, 1, text)
    made = one(replace(finding, rule=name, message=text, subject=text, evidence=(odd,)))
    assert faults(to_sarif(made)) == []
    assert len(json.loads(to_gitlab(made))) == 1
    assert junitparser.JUnitXml.fromstring(to_junit(made).encode()).failures == 1
    first, summary, end = to_github(made).split("\n")
    assert first.startswith("::error file=")
    assert "::" not in summary + end
