"""``--format`` to stdout and ``--output FORMAT=PATH`` to files: the formats that checks share."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from analyzer.commands.analysis import PIPED_COLUMNS, json_text
from analyzer.commands.notes import note

if TYPE_CHECKING:
    from rich.console import Console

    from analyzer.render.checked import Checked


def _terminal(checked: Checked) -> str:
    from analyzer.render.terminal import print_report

    return printed(lambda console: print_report(checked.report, console))


def _json(checked: Checked) -> str:
    from analyzer.render.json import to_json

    return json_text(to_json(checked.report))


def _markdown(checked: Checked) -> str:
    from analyzer.render.stepsummary import markdown_summary

    return markdown_summary(checked.report)


def _html(checked: Checked) -> str:
    from analyzer.render.html import html_text

    return html_text(checked.report)


def _sarif(checked: Checked) -> str:
    from analyzer.render.sarif import to_sarif

    return to_sarif(checked)


def _junit(checked: Checked) -> str:
    from analyzer.render.junit import to_junit

    return to_junit(checked)


def _github(checked: Checked) -> str:
    from analyzer.render.github import to_github

    return to_github(checked)


def _gitlab(checked: Checked) -> str:
    from analyzer.render.gitlab import to_gitlab

    return to_gitlab(checked)


FORMATS: dict[str, Callable[[Checked], str]] = {
    "terminal": _terminal,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
}
"""Format -> what writes it, as one text."""


class Output(NamedTuple):
    """A file to be written, and in which format."""

    format: str
    path: Path


def _outputs(_: click.Context, __: click.Parameter, given: Sequence[str]) -> tuple[Output, ...]:
    made = tuple(map(_output, given))
    paths = [one.path for one in made]
    for path in paths:
        if paths.count(path) > 1:
            raise click.BadParameter(f"{path} is named twice; give each format a file of its own")
    return made


def _output(given: str) -> Output:
    name, equals, path = given.partition("=")
    if not equals or not path or name not in FORMATS:
        raise click.BadParameter(
            f"'{given}' is not FORMAT=PATH; the formats are {', '.join(FORMATS)}: "
            "--output sarif=findings.sarif"
        )
    return Output(name, Path(path))


format_option = click.option(
    "--format",
    "output_format",
    type=click.Choice(list(FORMATS)),
    default="terminal",
    show_default=True,
    help="What to print on stdout.",
)

output_option = click.option(
    "--output",
    "outputs",
    metavar="FORMAT=PATH",
    multiple=True,
    callback=_outputs,
    help="Also write this format into a file; may be given several times.",
)


def write_outputs(outputs: Sequence[Output], text: Callable[[str], str]) -> None:
    """Write each file; ``text`` makes that of a format. Raises UsageError where one cannot be."""
    from analyzer.errors import UsageError
    from analyzer.formats.files import replace_text
    from analyzer.formats.folders import make_folder

    for name, path in outputs:
        made = text(name)
        make_folder(path.parent)
        try:
            replace_text(path, made)
        except OSError as error:
            raise UsageError(f"cannot write {path}: {error.strerror}") from error
        note(f"wrote {path}")


def printed(show: Callable[[Console], None]) -> str:
    """What ``show`` prints on a console without colours."""
    from io import StringIO

    from rich.console import Console

    file = StringIO()
    show(Console(file=file, width=PIPED_COLUMNS, highlight=False, color_system=None))
    return file.getvalue()


@contextmanager
def obeyed_by_none(output_format: str) -> Iterator[None]:
    """On a runner of GitHub Actions, which obeys lines such as ``::error::``, nothing is obeyed.

    A log line, quoted at the start of a line of ours, could else give the runner commands. Where
    stdout is data for a program the marks go to stderr, which the runner reads as well.
    """
    if os.environ.get("GITHUB_ACTIONS") != "true" or output_format == "github":
        yield
        return
    token, err = secrets.token_hex(16), output_format != "terminal"
    click.echo(f"::stop-commands::{token}", err=err)
    try:
        yield
    finally:
        sys.stdout.flush()
        click.echo(f"::{token}::", err=err)
