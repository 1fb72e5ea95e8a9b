"""``check``: the same findings for CI, with an exit code."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.commands.analysis import build_report, data_option, paths_argument, print_findings
from analyzer.commands.choice import choice_options, choose
from analyzer.commands.gate import Asked, Gate, gate_options, require_option
from analyzer.commands.notes import quiet_option
from analyzer.commands.outputs import (
    FORMATS,
    Output,
    format_option,
    obeyed_by_none,
    output_option,
    write_outputs,
)

if TYPE_CHECKING:
    from analyzer.render.checked import Checked


@click.command()
@paths_argument
@gate_options
@require_option
@format_option
@output_option
@data_option
@choice_options
@quiet_option
@click.pass_context
def check(
    context: click.Context,
    paths: tuple[Path, ...],
    *,
    output_format: str,
    outputs: tuple[Output, ...],
    data: Path | None,
    rules: tuple[Path, ...],
    settings: Path | None,
    **asked: Any,
) -> None:
    """Check the runs at or below each PATH and exit with 1 when something is wrong.

    Findings that another finding explains are listed but never decide the exit code. What several
    runs show together, such as equal curves, counts like the rest.

    \b
    Examples
      python -m analyzer check workdirs/latest
      python -m analyzer check workdirs/ --fail-on warning --format json > findings.json
      python -m analyzer check workdirs/ --require "val_f1>=0.7" --output sarif=findings.sarif
      python -m analyzer check workdirs/ --write-baseline known.json   # then --baseline known.json
    """
    choice = choose(rules, settings)
    gate = Gate(Asked(**asked), choice)
    with obeyed_by_none(output_format):
        checked = gate.applied(build_report(paths, choice, data))
        _show(checked, output_format)
        write_outputs(outputs, lambda name: FORMATS[name](checked))
    context.exit(1 if checked.failed else 0)


def _show(checked: Checked, output_format: str) -> None:
    if output_format == "terminal":
        print_findings(checked.report)
    else:
        click.echo(FORMATS[output_format](checked), nl=False)
