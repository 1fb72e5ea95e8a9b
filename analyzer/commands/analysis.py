"""From paths to a report: the steps that the commands share."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.commands.notes import is_quiet
from analyzer.commands.progress import busy, with_progress

if TYPE_CHECKING:
    from rich.console import Console

    from analyzer.commands.choice import Choice
    from analyzer.finding import Together
    from analyzer.render.report import Report
    from analyzer.run import Run

PIPED_COLUMNS = 160

paths_argument = click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)

data_option = click.option(
    "--data",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="The data set: where a label broke a training, its line is looked up there. Without it "
    "in a data set below a PATH.",
)


def build_report(paths: Sequence[Path], choice: Choice, data: Path | None = None) -> Report:
    """Read every run at or below ``paths`` and diagnose it by the rules and settings chosen.

    ``data`` is the data set in which lines that broke a training are looked up.
    """
    from analyzer import __version__
    from analyzer.commands.choice import tell
    from analyzer.commands.datafile import data_folders, with_data
    from analyzer.commands.results import results
    from analyzer.readers import find
    from analyzer.reading.paths import expanded
    from analyzer.render.report import Report, RunReport

    paths = expanded(paths)
    with busy("Looking for runs"):
        found = find(paths)
    done = with_progress(results(found.runs, choice), len(found.runs), "Reading runs")
    folders = data_folders(paths, data)
    items = [RunReport(run, with_data(run, diagnosis, folders)) for run, diagnosis in done]
    runs = [item.run for item in items]
    together = look_together(runs, choice)
    gone = [one for item in items for one in item.diagnosis.suppressed]
    tell(choice, runs, [*gone, *together.suppressed])
    now = datetime.now().astimezone()
    return Report(tuple(items), tuple(found.skipped), now, __version__, together=together)


def look_together(runs: Sequence[Run], choice: Choice) -> Together:
    """What the rules chosen say of several runs beside each other, under their short names."""
    from analyzer.commands.choice import chosen
    from analyzer.diagnosis import diagnose_runs
    from analyzer.render.names import short_names

    found = chosen(choice)
    return diagnose_runs(runs, found.rules, found.active, short_names(list(runs)))


def print_findings(report: Report) -> None:
    """The findings in the terminal; of them only the last line with ``--quiet``."""
    from analyzer.render.terminal import print_report, print_summary

    (print_summary if is_quiet() else print_report)(report, stdout_console())


def json_text(value: Mapping[str, object]) -> str:
    """JSON as every command prints it: strict, strangers' scripts left as they are, and nothing
    in it that a terminal obeys.

    Each key has a line, and in a list each item, so a run is one line that `grep` finds. Python
    indents deeper only at ten times the cost.
    """
    import json

    from analyzer.render.text import steady_json

    def line(part: object) -> str:
        return steady_json(json.dumps(part, allow_nan=False, ensure_ascii=False))

    def block(part: object) -> str:
        if not isinstance(part, list) or not part:
            return line(part)
        return "[\n  " + ",\n  ".join(map(line, part)) + "\n ]"

    keys = ",\n ".join(f"{line(key)}: {block(part)}" for key, part in value.items())
    return f"{{\n {keys}\n}}\n"


def stdout_console() -> Console:
    """The console for findings and data; a pipe or a file gets lines that are not cut at 80."""
    from rich.console import Console

    class Stdout(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would end with 1, which means findings

    width = None if sys.stdout.isatty() or "COLUMNS" in os.environ else PIPED_COLUMNS
    return Stdout(highlight=False, soft_wrap=False, width=width)


def stderr_console() -> Console:
    """The console for progress and notes."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)
