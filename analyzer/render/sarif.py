"""The findings as SARIF 2.1.0, the exchange format of static analysis.

Fields after https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html, and those of them
that GitHub code scanning reads. Accepted findings are there as suppressed ones.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

from analyzer.finding import Severity
from analyzer.render.checked import Checked, RuleInfo, Told, sentence
from analyzer.render.json import TOOL, finite
from analyzer.render.text import plain

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}
MOST_RESULTS = 25_000
"""GitHub refuses a run with more."""


def to_sarif(checked: Checked) -> str:
    """The whole file; of more findings than GitHub takes the worst."""
    told = checked.told
    if len(told) > MOST_RESULTS:
        told = tuple(sorted(told, key=lambda one: -one.finding.severity.rank)[:MOST_RESULTS])
    rules = _rules(checked, told)
    index = {rule.id: i for i, rule in enumerate(rules)}
    run = {
        "tool": {
            "driver": {
                "name": TOOL,
                "semanticVersion": checked.report.version,
                "rules": [_rule(rule) for rule in rules],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_result(one, index, checked) for one in told],
    }
    made = finite({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]})
    return json.dumps(made, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _rules(checked: Checked, told: tuple[Told, ...]) -> list[RuleInfo]:
    """The rules known, and after them what was found by others, such as a requirement."""
    rules = {rule.id: rule for rule in checked.rules}
    for one in told:
        found = one.finding
        rules.setdefault(found.rule, RuleInfo(found.rule, found.title, found.why, "", "run"))
    return list(rules.values())


def _rule(rule: RuleInfo) -> dict[str, Any]:
    made: dict[str, Any] = {
        "id": plain(rule.id),
        "shortDescription": {"text": plain(rule.title)},
        "help": {"text": plain(rule.why or rule.title)},
    }
    if rule.family:
        made["properties"] = {"tags": [plain(rule.family)]}
    return made


def _result(one: Told, index: dict[str, int], checked: Checked) -> dict[str, Any]:
    found = one.finding
    level = "note" if found.explained_by is not None else LEVELS[found.severity]
    made: dict[str, Any] = {
        "ruleId": plain(found.rule),
        "ruleIndex": index[found.rule],
        "level": level,
        "message": {"text": sentence(one)},
        "locations": [{"physicalLocation": _location(one)}],
        "partialFingerprints": {"trainlint/v1": f"{found.fingerprint}:{one.nth}"},
        "rank": round(100 * found.confidence, 1),
        "properties": {"run": plain(one.run), "subject": plain(found.subject)},
    }
    if found.explained_by is not None:
        made["properties"]["explainedBy"] = plain(found.explained_by)
    if one.accepted is not None:
        reason = plain(one.accepted.reason)
        made["suppressions"] = [{"kind": "external", "justification": reason}]
    if checked.report.baseline is not None:
        known = one.accepted is not None and one.accepted.until is None
        made["baselineState"] = "unchanged" if known else "new"
    return made


def _location(one: Told) -> dict[str, Any]:
    path = quote(plain(one.path))
    uri = f"file://{path}" if path.startswith("/") else path
    return {"artifactLocation": {"uri": uri}, "region": {"startLine": one.line or 1}}
