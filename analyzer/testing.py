"""``assert_healthy``: a training's outcome as an assertion, in a test of any framework."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from analyzer.finding import Finding
    from analyzer.gate.requirement import Requirement
    from analyzer.run import Run


def assert_healthy(
    run: Run | Path | str,
    *,
    fail_on: Literal["error", "warning", "info"] = "error",
    require: Sequence[str] = (),
    select: Sequence[str] = (),
    ignore: Sequence[str] = (),
) -> None:
    """Raise AssertionError unless a run, or every run below a path, is healthy.

    It is where no finding that stands for itself is at least as severe as ``fail_on``, and each
    requirement such as ``"val_f1>=0.7"`` is met. ``select`` and ``ignore`` name rules, families
    or patterns, as on the command line. Raises NoRunFound and UsageError as the commands do.
    """
    __tracebackhide__ = True
    from analyzer.gate.requirement import parse_requirement
    from analyzer.run import Run

    wanted = [parse_requirement(text) for text in require]
    chosen = _chosen(select, ignore)
    lines: list[str] = []
    for one in [run] if isinstance(run, Run) else _read(Path(run)):
        found = [
            f"  {f.severity.value}: {f.rule}: {f.message}"
            for f in _found(one, chosen, wanted, fail_on)
        ]
        lines += [f"{one.name} is not healthy:", *found] if found else []
    if lines:
        raise AssertionError("\n".join(lines))


def _read(path: Path) -> Sequence[Run]:
    from analyzer.readers import read

    return list(read(path))


def _chosen(select: Sequence[str], ignore: Sequence[str]) -> frozenset[str]:
    from analyzer.diagnosis import installed_rules
    from analyzer.gate.selection import selected

    return selected({rule.id: rule.family for rule in installed_rules()}, select, ignore)


def _found(
    run: Run, chosen: frozenset[str], wanted: Sequence[Requirement], fail_on: str
) -> Iterator[Finding]:
    from analyzer.diagnosis import diagnose
    from analyzer.finding import Severity
    from analyzer.gate.requirement import require
    from analyzer.gate.selection import narrowed

    told = require(run, narrowed(diagnose(run), chosen), wanted)
    for finding in told.findings:
        if finding.explained_by is None and finding.severity.rank >= Severity(fail_on).rank:
            yield finding
