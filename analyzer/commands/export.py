"""``export``: every scalar of every run as one table, for other tools."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click

from analyzer.commands.analysis import paths_argument
from analyzer.commands.notes import note, quiet_option, trouble
from analyzer.commands.outputs import obeyed_by_none
from analyzer.commands.progress import busy, with_progress
from analyzer.errors import UsageError

if TYPE_CHECKING:
    from analyzer.run import Run


@click.command()
@paths_argument
@click.option(
    "--to",
    "kind",
    type=click.Choice(("csv", "jsonl", "parquet")),
    default="csv",
    show_default=True,
    help="The form; parquet needs --out.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write; without it the table goes to stdout.",
)
@quiet_option
def export(paths: tuple[Path, ...], kind: str, out: Path | None) -> None:
    """Write every scalar of the runs at or below each PATH, one row for each logged value.

    The columns: run, format, series, axis (epoch or step), x, value, start (how many starts of the
    program came before) and superseded (logged again later, or by another training in the same
    files). Epochs count from 1 and rates are fractions, whatever the framework wrote.

    \b
    Examples
      python -m analyzer export workdirs/ > scalars.csv
      python -m analyzer export runs/ --to parquet --out scalars.parquet
      tar c runs | python -m analyzer export - --to jsonl
    """
    if kind == "parquet" and out is None:
        raise UsageError("--to parquet writes a binary file; name it with --out FILE.parquet")
    runs = _runs(paths)
    if out is None:
        with obeyed_by_none(kind):
            _write_text(runs, kind, sys.stdout)
        return
    from analyzer.formats.files import replace_file
    from analyzer.formats.folders import make_folder

    make_folder(out.parent)
    replace_file(out, lambda temporary: _write(runs, kind, temporary))
    note(f"wrote {out}")


def _runs(paths: tuple[Path, ...]) -> Iterator[Run]:
    """The runs one by one, so that many need no more memory than one; trouble goes to stderr.

    Where several have one name, each gets as much of its path as tells it from the others.
    """
    from analyzer.readers import find, read_run
    from analyzer.render.names import short_names

    with busy("Looking for runs"):
        found = find(paths).runs
    names, seen = short_names(found), set()
    read = with_progress(map(read_run, found), len(found), "Reading runs")
    for located, short, run in zip(found, names, read, strict=True):
        if run.unreadable is not None:
            trouble(f"left out: {run.unreadable}")
        name = run.name if short == located.name else short
        name = run.path.as_posix() if name in seen else name
        seen.add(name)
        yield replace(run, name=name)


def _write(runs: Iterator[Run], kind: str, path: Path) -> None:
    from analyzer.render.scalars import write_parquet

    if kind == "parquet":
        write_parquet(runs, path)
        return
    with path.open("w", encoding="utf-8", errors="replace", newline="") as file:
        _write_text(runs, kind, file)


def _write_text(runs: Iterator[Run], kind: str, file: TextIO) -> None:
    from analyzer.render.scalars import TEXT

    TEXT[kind](runs, file)
