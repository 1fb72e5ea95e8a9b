"""Do the readers read real runs right? ``python -m benchmarks.corpus [--corpus DIR]``

The corpus is a folder with ``runs/<id>/``: public training runs as their authors committed them.
It is not part of the repository; without one the check says that it was skipped. What a right
reader must say stands in ``corpus_expected.csv``. It was extracted without the readers, by scripts
of its own, and checked by eye. Each row states one value of one run:

- ``id``: the folder. ``run``: the name of the run's main file where a folder holds several runs.
- ``reader``: the format's name; ``none`` where the files hold no training at all. A ``none`` is
  right when nothing is found, or nothing but an unreadable run or one without curves.
- ``axis``, ``last``: where the judged training ends: the last epoch that ended and was logged,
  counted from 1, or the last step as logged; 0 where none ended. A run with rows of both axes must
  be right on each axis that its reader uses.
- ``planned``: the planned length in the unit of ``axis``; empty where the run does not say it.
- ``series``, ``last_value``, ``tolerance``: the value of a series at its last position in the
  judged training (a Run's units: rates are fractions), and how far off it may be.
- ``why``: what is odd about the run, or what could be argued about.

Several right answers in one cell are parted by ``|``. Where a file holds several trainings (the
counter goes back to its first position), the judged one is the last that has at least a quarter as
many logged positions as the longest. A counter that goes back only part of the way is a resume of
the same training, and later rows win.
"""

from __future__ import annotations

import csv
import math
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from analyzer.errors import NoRunFound
from analyzer.names import STEP_SUFFIX
from analyzer.readers import read
from analyzer.run import Run, Series

EXPECTED = Path(__file__).with_name("corpus_expected.csv")
NO_TRAINING = "none"
SAME_POSITION = 0.01
"""Epochs may be fractions (a trainer's state in JSON); the table gives them to four digits."""


@dataclass(frozen=True)
class Fact:
    """One row of the table. ``last`` and ``series`` hold every right answer."""

    id: str
    run: str
    reader: tuple[str, ...]
    axis: str
    last: tuple[float, ...]
    planned: int | None
    series: tuple[str, ...]
    value: float
    tolerance: float


def load(table: Path = EXPECTED) -> dict[str, list[Fact]]:
    """The facts of each run id, in the order of the table."""
    facts: dict[str, list[Fact]] = {}
    with table.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            facts.setdefault(row["id"], []).append(_fact(row))
    return facts


def _fact(row: Mapping[str, str]) -> Fact:
    return Fact(
        id=row["id"],
        run=row["run"],
        reader=_answers(row["reader"]),
        axis=row["axis"],
        last=tuple(float(answer) for answer in _answers(row["last"])),
        planned=int(row["planned"]) if row["planned"] else None,
        series=_answers(row["series"]),
        value=float(row["last_value"] or "nan"),
        tolerance=float(row["tolerance"] or 0),
    )


def _answers(cell: str) -> tuple[str, ...]:
    return tuple(cell.split("|")) if cell else ()


def deviations(facts: Sequence[Fact], runs: Sequence[Run]) -> Iterator[str]:
    """What differs between the facts of one id and the runs that were found there."""
    if facts[0].reader == (NO_TRAINING,):
        for run in runs:
            if run.series and run.unreadable is None:
                yield f"{run.name}: read as {run.format}, expected no training run"
        return
    left = list(runs)
    for name in dict.fromkeys(fact.run for fact in facts):
        match = _match(name, left)
        if match is None:
            yield f"{name or 'the run'}: not found"
            continue
        left.remove(match)
        yield from wrong(match, [fact for fact in facts if fact.run == name])
    for run in left:
        yield f"{run.name}: found as {run.format}, expected no further run"


def _match(name: str, runs: Sequence[Run]) -> Run | None:
    """The run called ``name``; without a name the one with the most points."""
    named = [run for run in runs if not name or name in (run.path.name, run.name)]
    return max(named, key=lambda run: sum(len(s) for s in run.series.values()), default=None)


def wrong(run: Run, facts: Sequence[Fact]) -> Iterator[str]:
    """What one run says that the facts about it do not."""
    if run.unreadable is not None:
        yield f"unreadable: {run.unreadable}"
        return
    if run.format not in facts[0].reader:
        yield f"read as {run.format}, expected {' or '.join(facts[0].reader)}"
    yield from _wrong_ends(run, facts)
    yield from _wrong_plans(run, facts)
    for fact in facts:
        if fact.series:
            yield from _wrong_value(run, fact)


def _wrong_ends(run: Run, facts: Sequence[Fact]) -> Iterator[str]:
    for axis, last in dict.fromkeys((fact.axis, fact.last) for fact in facts if fact.last):
        ends = [s.x[-1] for s in run.series.values() if s.axis == axis and len(s)]
        if not ends and run.series:
            continue  # this reader counts on the other axis
        end = max(ends, default=0)
        if not any(abs(end - answer) < SAME_POSITION for answer in last):
            yield f"last {axis} {end:.10g}, expected {' or '.join(f'{x:.10g}' for x in last)}"


def _wrong_plans(run: Run, facts: Sequence[Fact]) -> Iterator[str]:
    plans = {"epoch": run.planned_epochs, "step": run.planned_steps}
    expected = {fact.axis: fact.planned for fact in facts if fact.planned is not None}
    if expected and all(plans[axis] is None for axis in expected):
        yield f"no planned length, expected {_plan(expected)}"
    for axis, length in expected.items():
        if plans[axis] not in (None, length):
            yield f"planned {axis}s {plans[axis]}, expected {length}"


def _plan(expected: Mapping[str, int]) -> str:
    return " or ".join(f"{length} {axis}s" for axis, length in expected.items())


def _wrong_value(run: Run, fact: Fact) -> Iterator[str]:
    """By step logged, the last of the curve by step counts: the plain name is a mean then."""
    found = [series for name in fact.series for series in _by_epoch_and_step(run, name)]
    ends = [float(series.y[-1]) for series in found]
    if not found:
        yield f"no series {' or '.join(fact.series)}"
    elif not any(_same(end, fact.value, fact.tolerance) for end in ends):
        yield f"{found[0].name} ends at {ends[0]:.10g}, expected {fact.value:.10g}"


def _by_epoch_and_step(run: Run, name: str) -> list[Series]:
    both = (run.get(name), run.get(name + STEP_SUFFIX))
    return [series for series in both if series is not None and len(series)]


def _same(value: float, expected: float, tolerance: float) -> bool:
    if not math.isfinite(expected):
        return value == expected or (math.isnan(value) and math.isnan(expected))
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=tolerance)


def runs_in(folder: Path) -> list[Run]:
    """Every run that the readers find in one folder of the corpus."""
    try:
        return read(folder)
    except NoRunFound:
        return []


def check(corpus: Path, table: Path = EXPECTED) -> bool:
    """Print each deviation and a summary per reader; true when there is none."""
    total: Counter[str] = Counter()
    right: Counter[str] = Counter()
    started = time.process_time()
    for name, facts in load(table).items():
        reader = facts[0].reader[0]
        total[reader] += 1
        folder = corpus / "runs" / name
        found = deviations(facts, runs_in(folder)) if folder.is_dir() else ["no such folder"]
        problems = list(found)
        right[reader] += not problems
        for problem in problems:
            click.echo(f"{name}: {problem}")
    seconds = time.process_time() - started
    for reader in sorted(total):
        click.echo(f"{reader:12} {right[reader]:3} / {total[reader]:3}")
    click.echo(f"{'all':12} {right.total():3} / {total.total():3}   {seconds:.1f} CPU seconds")
    return right == total


@click.command()
@click.option(
    "--corpus",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    envvar="TRAINLINT_CORPUS",
    help="Folder that holds runs/<id>/.",
)
def main(corpus: Path | None) -> None:
    """Compare what the readers say about real runs with the table of what is right."""
    if corpus is None:
        click.echo("skipped: no corpus of real runs; give --corpus DIR or set TRAINLINT_CORPUS")
        return
    sys.exit(0 if check(corpus) else 1)


if __name__ == "__main__":
    main()
