"""``check``: the same findings for CI, with an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.commands.analysis import (
    build_report,
    data_option,
    format_option,
    json_text,
    paths_argument,
    print_findings,
)
from analyzer.commands.choice import choice_options, choose
from analyzer.commands.notes import quiet_option

if TYPE_CHECKING:
    from analyzer.finding import Severity
    from analyzer.render.report import Report

FAIL_ON = ("error", "warning", "info", "never")


fail_option = click.option(
    "--fail-on",
    type=click.Choice(FAIL_ON),
    default="error",
    show_default=True,
    help="Exit with 1 when a finding is at least this severe.",
)


@click.command()
@paths_argument
@fail_option
@format_option
@data_option
@choice_options
@quiet_option
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    *,
    fail_on: str,
    output_format: str,
    data: Path | None,
    rules: tuple[Path, ...],
    settings: Path | None,
) -> None:
    """Check the runs at or below each PATH and exit with 1 when something is wrong.

    Findings that another finding explains are listed but never decide the exit code. What several
    runs show together, such as equal curves, counts like the rest.

    \b
    Examples
      python -m analyzer check workdirs/latest
      python -m analyzer check workdirs/ --fail-on warning --format json > findings.json
    """
    result = build_report(paths, choose(rules, settings), data)
    _show(result, output_format)
    context.exit(1 if fails(result, fail_on) else 0)


def _show(report: Report, output_format: str) -> None:
    if output_format == "json":
        from analyzer.render.json import to_json

        click.echo(json_text(to_json(report)), nl=False)
    else:
        print_findings(report)


def fails(report: Report, fail_on: str) -> bool:
    """Whether a run, or several together, have a finding of their own as severe as ``fail_on``."""
    worst = (*(item.worst for item in report.runs), report.together.worst)
    return any(is_severe(one, fail_on) for one in worst)


def is_severe(worst: Severity | None, fail_on: str) -> bool:
    """Whether a severity is at or above ``fail_on``."""
    from analyzer.finding import Severity

    if fail_on == "never" or worst is None:
        return False
    return worst.rank >= Severity(fail_on).rank
