"""The findings as JUnit XML: a suite for each run, a case for each rule, for the trends of a CI.

A finding that decides is a failure; a lesser one is told in the output of a case that passes; what
was not judged, or is accepted, is skipped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from xml.etree import ElementTree

from analyzer.finding import Finding, NotEvaluated, Suppressed
from analyzer.render.checked import TOGETHER, Checked
from analyzer.render.json import TOOL
from analyzer.render.text import plain
from analyzer.render.wording import evidence_text

_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, not even escaped."""


@dataclass
class Case:
    """What is said of one rule in one suite."""

    failures: list[Finding] = field(default_factory=list)
    others: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)


def to_junit(checked: Checked) -> str:
    """The whole file."""
    root = ElementTree.Element("testsuites", name=TOOL)
    for entry in checked.report.entries:
        told = entry.item.diagnosis
        about = "run" if entry.item.run.data is None else "data"
        cases = _cases(checked, about, told.findings, told.not_evaluated, told.suppressed)
        _suite(root, entry.name, cases)
    together = checked.report.together
    if len(checked.report.runs) > 1:
        told_of = (together.findings, together.not_evaluated, together.suppressed)
        _suite(root, TOGETHER, _cases(checked, "runs", *told_of))
    for key in ("tests", "failures", "skipped", "errors"):
        root.set(key, str(sum(int(suite.get(key, "0")) for suite in root)))
    ElementTree.indent(root, " ")
    head = '<?xml version="1.0" encoding="utf-8"?>\n'
    return head + ElementTree.tostring(root, encoding="unicode") + "\n"


def _cases(
    checked: Checked,
    about: str,
    findings: Iterable[Finding],
    not_evaluated: Iterable[NotEvaluated],
    suppressed: Iterable[Suppressed],
) -> dict[str, Case]:
    cases = {rule.id: Case() for rule in checked.rules if rule.about == about}
    for finding in findings:
        case = cases.setdefault(finding.rule, Case())
        if checked.fails(finding):
            case.failures.append(finding)
        else:
            case.others.append(f"{finding.severity.value}: {finding.message}")
    for missed in not_evaluated:
        cases.setdefault(missed.rule, Case()).skipped.append(f"not judged: {missed.reason}")
    for one in suppressed:
        cases.setdefault(one.finding.rule, Case()).skipped.append(f"accepted: {one.reason}")
    return cases


def _suite(root: ElementTree.Element, name: str, cases: dict[str, Case]) -> None:
    suite = ElementTree.SubElement(root, "testsuite", name=_legal(name))
    failed = skipped = 0
    for rule, case in cases.items():
        element = ElementTree.SubElement(
            suite, "testcase", classname=_legal(f"{TOOL}.{name}"), name=_legal(rule)
        )
        if case.failures:
            failed += 1
            _fail(element, case.failures)
        elif case.skipped and not case.others:
            skipped += 1
            ElementTree.SubElement(element, "skipped", message=_legal("; ".join(case.skipped)))
        if case.others:
            output = ElementTree.SubElement(element, "system-out")
            output.text = "\n".join(map(_legal, case.others))
    counts = {"tests": len(cases), "failures": failed, "skipped": skipped, "errors": 0}
    for key, number in counts.items():
        suite.set(key, str(number))


def _fail(element: ElementTree.Element, findings: Sequence[Finding]) -> None:
    first = findings[0]
    failure = ElementTree.SubElement(
        element, "failure", type=first.severity.value, message=_legal(first.message)
    )
    lines = [text for one in findings for text in (one.message, *map(evidence_text, one.evidence))]
    failure.text = "\n".join(map(_legal, lines))


def _legal(text: str) -> str:
    """One line that XML can hold."""
    return _ILLEGAL.sub("\ufffd", plain(text))
