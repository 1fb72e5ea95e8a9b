"""The findings as workflow commands of GitHub Actions, which become annotations.

GitHub shows ten of each kind for a step and drops the others without a word, so the worst ten are
given and the others counted. Escapes as in
https://docs.github.com/actions/reference/workflow-commands-for-github-actions.
"""

from __future__ import annotations

from collections.abc import Iterator

from analyzer.finding import Severity
from analyzer.render.checked import Checked, Told, sentence
from analyzer.render.text import plain

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}
MOST_OF_A_KIND = 10


def to_github(checked: Checked) -> str:
    """The commands, a line each, the worst first; then a line that sums up."""
    return "".join(f"{line}\n" for line in _lines(checked))


def _lines(checked: Checked) -> Iterator[str]:
    own = [one for one in checked.told if one.counts]
    for severity, command in COMMANDS.items():
        kind = [one for one in own if one.finding.severity is severity]
        kind.sort(key=lambda one: -one.finding.confidence)
        yield from (_command(command, one) for one in kind[:MOST_OF_A_KIND])
        if (more := len(kind) - MOST_OF_A_KIND) > 0:
            yield f"{more} more as {command}, of which GitHub shows {MOST_OF_A_KIND} in a step"
    yield checked.report.summary


def _command(command: str, one: Told) -> str:
    properties = {"file": one.path, "line": one.line, "title": f"trainlint: {one.finding.rule}"}
    given = ",".join(f"{k}={_property(v)}" for k, v in properties.items() if v is not None)
    return f"::{command} {given}::{_data(sentence(one))}"


def _data(text: str) -> str:
    for character, escape in (("%", "%25"), ("\r", "%0D"), ("\n", "%0A")):
        text = text.replace(character, escape)
    return text


def _property(value: object) -> str:
    return _data(plain(value)).replace(":", "%3A").replace(",", "%2C")
