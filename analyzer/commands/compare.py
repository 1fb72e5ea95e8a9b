"""``compare``: which run is better, what differs between them, and how sure that is."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from analyzer.commands.analysis import (
    json_text,
    look_together,
    paths_argument,
    stdout_console,
)
from analyzer.commands.choice import Choice, choice_options, choose, chosen, tell
from analyzer.commands.notes import is_quiet, note, quiet_option
from analyzer.commands.outputs import obeyed_by_none
from analyzer.commands.progress import busy, with_progress

if TYPE_CHECKING:
    from analyzer.compare import By, Comparison, Tolerance
    from analyzer.render.comparison import ComparisonReport
    from analyzer.run import Run


def parse_tolerances(
    context: click.Context, option: click.Parameter, texts: tuple[str, ...]
) -> dict[str, Tolerance]:
    """``METRIC=VALUE`` or ``METRIC=SHARE%`` of each ``--tolerance``, checked."""
    if not texts:
        return {}
    from analyzer.compare import parse_tolerance
    from analyzer.errors import UsageError

    tolerances = {}
    for text in texts:
        metric, _, given = text.partition("=")
        try:
            tolerances[metric] = parse_tolerance(given if metric else "")
        except UsageError:
            raise click.BadParameter(
                f"{text!r} is not METRIC=VALUE with a value of 0 or more, such as val_f1=0.01, "
                "or a share of the first run's value, such as val_f1=1%",
                ctx=context,
                param=option,
            ) from None
    return tolerances


@click.command()
@paths_argument
@click.option(
    "--tolerance",
    "tolerances",
    metavar="METRIC=VALUE",
    callback=parse_tolerances,
    multiple=True,
    help="How much worse a metric may get, such as val_f1=0.01, or val_f1=1% of the first run's "
    "value; may be given several times. "
    "Without it, one run a side is never called worse: its seed alone could be the reason.",
)
@click.option(
    "--fail-on",
    type=click.Choice(("worse", "never")),
    default="never",
    show_default=True,
    help="Exit with 1 when a run is worse than the first in its main metric or one with a "
    "tolerance, or lacks the latter.",
)
@click.option(
    "--by",
    type=click.Choice(("epoch", "step", "time")),
    help="The axis of the curves and areas; without it each curve is over what it was logged by.",
)
@click.option(
    "--format",
    "output_format",
    type=click.Choice(("terminal", "json")),
    default="terminal",
    show_default=True,
    help="What to print on stdout.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Also write comparison.html and comparison.md into this folder.",
)
@choice_options
@quiet_option
@click.pass_context
def compare(
    context: click.Context,
    *,
    paths: tuple[Path, ...],
    tolerances: dict[str, Tolerance],
    fail_on: str,
    by: By | None,
    output_format: str,
    out: Path | None,
    rules: tuple[Path, ...],
    settings: Path | None,
) -> None:
    """Compare runs with the first one: what differs, and which is better.

    Each PATH is a run, or a folder whose runs all take part. Runs whose settings differ only in
    the seed count as repetitions of one another; with two or more a side the verdict can be sure.
    The settings file names the main metric, and acts on the rules about several runs.

    \b
    Examples
      python -m analyzer compare workdirs/exp_a workdirs/exp_b
      python -m analyzer compare old/ new/ --fail-on worse --tolerance val_f1=0.01
      python -m analyzer compare old/ new/ --by time --out comparison
    """
    from analyzer import __version__
    from analyzer.compare import compare as compare_runs
    from analyzer.render.comparison import ComparisonReport

    choice = choose(rules, settings)
    runs = _runs(paths, choice)
    comparison = compare_runs(runs, tolerance=tolerances, by=by)
    together = look_together(runs, choice)
    tell(choice, runs, together.suppressed, together=True)
    now = datetime.now().astimezone()
    result = ComparisonReport(comparison, now, __version__, together=together)
    with obeyed_by_none(output_format):
        _show(result, output_format)
    if out is not None:
        _write(result, out)
    context.exit(1 if fail_on == "worse" and is_worse(comparison) else 0)


def _runs(paths: tuple[Path, ...], choice: Choice) -> list[Run]:
    """All runs, each once; every path has to hold one, or others than meant would be compared."""
    from analyzer.errors import NoRunFound, UsageError
    from analyzer.readers import STDIN, find, read_run

    with busy("Looking for runs"):
        for path in paths:
            if path != STDIN:  # which can be read only once
                find([path])
        found = find(paths).runs
    if STDIN in paths and not any(run.root == STDIN for run in found):
        raise NoRunFound("standard input holds no run that a reader knows")
    if len(found) == 1 and len(paths) > 1:
        raise UsageError(f"all paths lead to one run, {found[0].path}; name another one")
    settings = chosen(choice).settings
    read = with_progress(map(read_run, found), len(found), "Reading runs")
    return [settings.with_main_metric(run) for run in read]


def _show(result: ComparisonReport, output_format: str) -> None:
    from analyzer.render.comparison import print_comparison, print_headlines
    from analyzer.render.comparison_json import comparison_to_json

    if output_format == "json":
        click.echo(json_text(comparison_to_json(result)), nl=False)
    else:
        (print_headlines if is_quiet() else print_comparison)(result, stdout_console())


def _write(result: ComparisonReport, out: Path) -> None:
    from analyzer.formats.folders import make_folder
    from analyzer.render.comparison_files import (
        write_comparison_html,
        write_comparison_markdown,
    )

    make_folder(out)
    write_comparison_html(result, out / "comparison.html")
    markdown = write_comparison_markdown(result, out)
    for path in (out / "comparison.html", markdown):
        note(f"wrote {path}")


def is_worse(comparison: Comparison) -> bool:
    """Whether a run is worse in the main metric, or in one that a tolerance was given for.

    A run without a value of the latter does not pass: nobody can say that it is within tolerance.
    """
    from analyzer.compare import Outcome

    return any(
        (one.outcome is Outcome.WORSE and one.metric == comparison.metric)
        or (one.tolerance is not None and (one.outcome is Outcome.WORSE or not one.n_b))
        for one in comparison.judgements
    )
