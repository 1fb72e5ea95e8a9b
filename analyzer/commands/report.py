"""``report``: what is wrong with these runs, in the terminal, in Markdown and on one page."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.commands.analysis import (
    build_report,
    data_option,
    json_text,
    paths_argument,
    print_findings,
)
from analyzer.commands.choice import choice_options, choose
from analyzer.commands.notes import note, quiet_option
from analyzer.commands.outputs import obeyed_by_none
from analyzer.commands.progress import with_progress

if TYPE_CHECKING:
    from analyzer.render.report import Report


def _html(result: Report, out: Path) -> Path:
    from analyzer.render.html import write_html

    path = out / "report.html"
    write_html(result, path)
    return path


def _markdown(result: Report, out: Path) -> Path:
    from analyzer.render.markdown import write_markdown

    return write_markdown(result, out)


def _json(result: Report, out: Path) -> Path:
    from analyzer.render.json import to_json

    path = out / "report.json"
    path.write_text(json_text(to_json(result)), encoding="utf-8")
    return path


FORMATS: dict[str, Callable[[Report, Path], Path]] = {
    "html": _html,
    "markdown": _markdown,
    "json": _json,
}


@click.command()
@paths_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("report"),
    show_default=True,
    help="Folder for report.html, report.md with its plots, and report.json.",
)
@click.option(
    "--format",
    "formats",
    type=click.Choice(list(FORMATS)),
    multiple=True,
    default=("html", "markdown"),
    show_default=True,
    help="What to write; may be given several times.",
)
@click.option(
    "--redact",
    is_flag=True,
    help="Hide user names, hosts, absolute paths and the texts of labels, for a public issue.",
)
@data_option
@choice_options
@quiet_option
def report(
    paths: tuple[Path, ...],
    *,
    out: Path,
    formats: tuple[str, ...],
    redact: bool,
    data: Path | None,
    rules: tuple[Path, ...],
    settings: Path | None,
) -> None:
    """Say what is wrong with the runs at or below each PATH.

    A PATH is a folder that holds runs, one run, `workdirs/latest`, or a single train.log or
    metrics.json. The summary goes to the terminal, the whole report into the folder --out.

    \b
    Examples
      python -m analyzer report workdirs/
      python -m analyzer report workdirs/latest --out latest_report
      python -m analyzer report train.log --format markdown
      python -m analyzer report workdirs/latest --redact --out for_the_issue
    """
    result = build_report(paths, choose(rules, settings), data)
    if redact:
        from analyzer.render.redact import redacted

        result = redacted(result)
    with obeyed_by_none("terminal"):
        print_findings(result)
    written = with_progress(_write(result, out, formats), len(set(formats)), "Writing the report")
    for path in list(written):
        note(f"wrote {path}")


def _write(result: Report, out: Path, formats: tuple[str, ...]) -> Iterator[Path]:
    """Write each format once, in the order of ``FORMATS``, and name its file."""
    from analyzer.formats.folders import make_folder

    make_folder(out)
    for name, write in FORMATS.items():
        if name in formats:
            yield write(result, out)
