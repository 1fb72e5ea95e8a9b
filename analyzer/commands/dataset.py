"""``dataset``: what is wrong with a data set, before a training stumbles over it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from analyzer.commands.analysis import json_text, stdout_console
from analyzer.commands.choice import choice_options, choose
from analyzer.commands.gate import Asked, Gate, gate_options
from analyzer.commands.notes import is_quiet, note, quiet_option
from analyzer.commands.outputs import (
    FORMATS,
    Output,
    format_option,
    obeyed_by_none,
    output_option,
    printed,
    write_outputs,
)
from analyzer.commands.progress import with_progress

if TYPE_CHECKING:
    from analyzer.commands.choice import Choice
    from analyzer.dataset.examine import Examined
    from analyzer.dataset.repair import Change
    from analyzer.render.checked import Checked
    from analyzer.render.dataset import DatasetReport
    from analyzer.render.report import Report, RunReport


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@gate_options
@format_option
@output_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write dataset.html and dataset.md into this folder.",
)
@click.option(
    "--overlay",
    metavar="N",
    type=click.IntRange(min=0),
    default=0,
    help="Draw N images with their boxes into the files of --out, those with most problems first.",
)
@click.option(
    "--fix",
    "copy",
    metavar="OUT",
    type=click.Path(path_type=Path, file_okay=False),
    help="Write a copy into the new folder OUT in which all that is safe to repair is repaired.",
)
@click.option("--deep", is_flag=True, help="Decode all images, not a sample of 1,000.")
@click.option(
    "--input-size",
    type=click.IntRange(min=32),
    default=800,
    show_default=True,
    help="Side of the training input in pixels; words are measured at this size.",
)
@choice_options
@quiet_option
@click.pass_context
def dataset(
    context: click.Context,
    *,
    folder: Path,
    output_format: str,
    outputs: tuple[Output, ...],
    out: Path | None,
    overlay: int,
    copy: Path | None,
    deep: bool,
    input_size: int,
    rules: tuple[Path, ...],
    settings: Path | None,
    **asked: Any,
) -> None:
    """Check the data set in DIR: its layout, lists, labels, images, and train against test.

    DIR holds train_list.txt, train_images/, train_gts/ and the same with test_ (ICDAR2015). Each
    finding names file and line. DIR itself is never written to.

    \b
    Examples
      python -m analyzer dataset my_data
      python -m analyzer dataset my_data --out report --overlay 20
      python -m analyzer dataset my_data --fix my_data_repaired
      python -m analyzer dataset my_data --output junit=data.xml --baseline known.json
    """
    from analyzer.dataset.examine import examine
    from analyzer.dataset.records import Options

    if overlay and out is None:
        raise click.UsageError("--overlay draws into a report: name its folder with --out")
    chosen = choose(rules, settings)
    gate = Gate(Asked(**asked), chosen, data=True)
    with obeyed_by_none(output_format):
        examined = examine(folder, Options(input_size=input_size, deep=deep), with_progress)
        checked = gate.applied(_as_report(diagnosed(examined, chosen)))
        changes = None if copy is None else _repair(folder, copy)
        result = _report(examined, checked.report, overlay, changes, copy)
        _show(result, checked, output_format)
        write_outputs(outputs, lambda name: _text(result, checked, name))
        if out is not None:
            _write(result, out)
    context.exit(1 if checked.failed else 0)


def diagnosed(examined: Examined, choice: Choice) -> RunReport:
    """The data set judged by the rules and settings chosen."""
    from analyzer.commands.choice import chosen, tell
    from analyzer.diagnosis import diagnose
    from analyzer.render.report import RunReport
    from analyzer.run import Run, Status

    found = chosen(choice)
    name = examined.root.resolve().name or str(examined.root)
    run = Run(name, examined.root, "dataset", status=Status.FINISHED, data=examined.data)
    diagnosis = diagnose(run, found.rules, found.active)
    tell(choice, [run], diagnosis.suppressed)
    return RunReport(run, diagnosis)


def _as_report(item: RunReport) -> Report:
    """The data set as a report of one run, which the outputs for CI take."""
    from analyzer import __version__
    from analyzer.render.report import Report

    return Report((item,), (), datetime.now().astimezone(), __version__)


def _repair(folder: Path, copy: Path) -> tuple[Change, ...]:
    from analyzer.dataset.repair import repair

    return tuple(repair(folder, copy, with_progress))


def _report(
    examined: Examined,
    report: Report,
    overlay: int,
    changes: tuple[Change, ...] | None,
    copy: Path | None,
) -> DatasetReport:
    from analyzer import __version__
    from analyzer.render.dataset import DatasetReport, Overlay

    pictures: tuple[Overlay, ...] = ()
    if overlay:
        from analyzer.dataset.worst import worst
        from analyzer.render.overlay import overlays

        drawn = list(worst(examined, overlay))
        pictures = tuple(with_progress(overlays(drawn), len(drawn), "Drawing"))
    now = datetime.now().astimezone()
    return DatasetReport(
        report.runs[0],
        examined.numbers,
        now,
        __version__,
        pictures,
        changes,
        str(copy or ""),
        report.baseline,
    )


def _show(result: DatasetReport, checked: Checked, output_format: str) -> None:
    if output_format == "terminal":
        from analyzer.render.dataset import print_counts, print_dataset

        (print_counts if is_quiet() else print_dataset)(result, stdout_console())
    else:
        click.echo(_text(result, checked, output_format), nl=False)


def _text(result: DatasetReport, checked: Checked, name: str) -> str:
    """A format's text: a data set has its own words and numbers, the rest is as of runs."""
    return OWN[name](result) if name in OWN else FORMATS[name](checked)


def _terminal(result: DatasetReport) -> str:
    from analyzer.render.dataset import print_dataset

    return printed(lambda console: print_dataset(result, console))


def _json(result: DatasetReport) -> str:
    from analyzer.render.dataset import dataset_to_json

    return json_text(dataset_to_json(result))


def _markdown(result: DatasetReport) -> str:
    from analyzer.render.dataset_files import dataset_markdown

    return dataset_markdown(replace(result, overlays=()))


def _html(result: DatasetReport) -> str:
    from analyzer.render.dataset_files import dataset_html

    return dataset_html(result)


OWN: dict[str, Callable[[DatasetReport], str]] = {
    "terminal": _terminal,
    "json": _json,
    "markdown": _markdown,
    "html": _html,
}
"""The formats in which a data set says more than its findings."""


def _write(result: DatasetReport, out: Path) -> None:
    from analyzer.formats.folders import make_folder
    from analyzer.render.dataset_files import write_dataset_html, write_dataset_markdown

    make_folder(out)
    markdown = write_dataset_markdown(result, out)
    for path in (write_dataset_html(result, out / "dataset.html"), markdown):
        note(f"wrote {path}")
