"""The findings as a Code Quality report of GitLab.

Format: https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format. Accepted
findings are left out, as the format has no word for them.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any

from analyzer.finding import Severity
from analyzer.render.checked import Checked, Told, sentence
from analyzer.render.json import TOOL, finite
from analyzer.render.text import plain

SEVERITIES = {Severity.ERROR: "critical", Severity.WARNING: "minor", Severity.INFO: "info"}


def to_gitlab(checked: Checked) -> str:
    """The whole file; what follows from another finding is only information."""
    made = finite([_issue(one) for one in checked.told if one.accepted is None])
    return json.dumps(made, allow_nan=False, ensure_ascii=False, indent=1) + "\n"


def _issue(one: Told) -> dict[str, Any]:
    found = one.finding
    # Equal marks are shown as one, so those of two runs have to differ.
    mark = hashlib.sha256(f"{found.fingerprint}:{one.nth}".encode()).hexdigest()[:32]
    return {
        "description": sentence(one),
        "check_name": plain(f"{TOOL}/{found.rule}"),
        "fingerprint": mark,
        "severity": SEVERITIES[found.severity] if one.counts else "info",
        "location": {"path": plain(one.path), "lines": {"begin": one.line or 1}},
    }
