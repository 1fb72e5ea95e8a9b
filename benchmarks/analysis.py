"""Speed and memory of the analysis: ``python -m benchmarks.analysis [--runs N] [--epochs N]``.

Makes runs in the documented layout, and a long log, in a temporary folder. Each figure is the
median of ``--repeat`` fresh processes: CPU seconds (user and system, children included), so that
a busy machine does not count, and the peak of private memory (RssAnon, polled every 20 ms). The
first call of a pair starts with an empty result cache, the second one finds it filled.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from benchmarks import others
from benchmarks.made_runs import write_log, write_runs
from benchmarks.measure import Cost, measure, middle

CACHE = "TRAINLINT_CACHE"
GOAL_RUNS, GOAL_EPOCHS, GOAL_MB = 1000, 300, 300
"""The sizes that the goals are stated for; other sizes get goals in proportion."""


@dataclass(frozen=True)
class Line:
    """One line of the table. ``goal`` is in CPU seconds, ``memory_goal`` in MiB."""

    what: str
    goal: float | None
    cost: Cost
    memory_goal: float | None = None


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure all and print the table."""
    options = _parser().parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="trainlint-benchmark-") as folder:
        lines = list(_lines(Path(folder), options))
    print(f"{options.runs} runs x {options.epochs} epochs; a log of {options.log_mb:g} MB")
    print(table(lines))
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=GOAL_RUNS)
    parser.add_argument("--epochs", type=int, default=GOAL_EPOCHS)
    parser.add_argument("--log-mb", type=float, default=GOAL_MB, help="0 leaves the log out")
    parser.add_argument("--repeat", type=int, default=3)
    return parser


def _lines(folder: Path, options: argparse.Namespace) -> Iterator[Line]:
    runs, size = folder / "workdirs", options.runs * options.epochs / (GOAL_RUNS * GOAL_EPOCHS)
    write_runs(runs, options.runs, options.epochs)
    for name, cold, cached, arguments in (
        ("check --format json", 6.0, 1.0, ["--fail-on", "never", "--format", "json"]),
        ("report", 10.0, 3.0, ["--out", str(folder / "report")]),
    ):
        command = [sys.executable, "-m", "analyzer", name.split()[0], str(runs), *arguments]
        first, second = _cold_and_cached(command, folder, options.repeat)
        yield Line(f"{name}, cold", cold * size, first, 1024.0)
        yield Line(f"{name}, cached", cached * size, second, 1024.0)
    yield from _curves_of_others(folder, runs, options)
    if options.log_mb > 0:
        yield from _long_log(folder / "train.log", options)


def _cold_and_cached(command: Sequence[str], folder: Path, repeat: int) -> tuple[Cost, Cost]:
    pairs = []
    for _ in range(repeat):
        with tempfile.TemporaryDirectory(dir=folder) as cache:
            environment = {**os.environ, CACHE: cache}
            pairs.append([_checked(command, environment) for _ in range(2)])
    first, second = zip(*pairs, strict=True)
    return middle(first), middle(second)


def _checked(command: Sequence[str], environment: dict[str, str] | None = None) -> Cost:
    cost = measure(command, environment)
    if cost.code:
        raise SystemExit(f"{' '.join(command)} ended with {cost.code}")
    return cost


def _other(name: str, path: Path, repeat: int) -> Cost:
    command = [sys.executable, "-m", "benchmarks.others", name, str(path)]
    return middle([_checked(command) for _ in range(repeat)])


def _curves_of_others(folder: Path, runs: Path, options: argparse.Namespace) -> Iterator[Line]:
    for name, what, write in (
        ("pandas", "pandas.read_csv, the same curves", lambda to: others.write_csv(runs, to)),
        (
            "tensorboard",
            f"EventAccumulator, {others.SCALARS:,} scalars",
            others.write_events,
        ),
    ):
        found = find_spec(name)
        if found is None or found.origin is None:  # a folder of that name is no package
            print(f"{name} is not installed: not measured", file=sys.stderr)
            continue
        yield Line(what, None, _written(write, folder / name, name, options.repeat))


def _written(write: Callable[[Path], None], path: Path, name: str, repeat: int) -> Cost:
    write(path)
    return _other(name, path, repeat)


def _long_log(path: Path, options: argparse.Namespace) -> Iterator[Line]:
    count = write_log(path, options.log_mb)
    goal = 5.0 * options.log_mb / GOAL_MB
    read = _other("read_log", path, options.repeat)
    yield Line(f"train.log of {count:,} step lines", goal, read, 300.0)
    yield Line("a bare re scan of it", None, _other("scan_log", path, options.repeat))


def table(lines: Sequence[Line]) -> str:
    """Goal, measured and their ratio, for CPU seconds and MiB; a ratio above 1 misses the goal."""
    head = ("", "goal s", "CPU s", "ratio", "goal MiB", "MiB", "ratio")
    rows = [head] + [
        (
            line.what,
            *_goal(line.goal, line.cost.cpu, ".2f"),
            *_goal(line.memory_goal, line.cost.memory, ".0f"),
        )
        for line in lines
    ]
    widths = [max(len(row[i]) for row in rows) for i in range(len(head))]
    return "\n".join(
        "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]) for row in rows
    )


def _goal(goal: float | None, measured: float, form: str) -> tuple[str, str, str]:
    if goal is None:
        return "-", f"{measured:{form}}", "-"
    return f"{goal:{form}}", f"{measured:{form}}", f"{measured / goal:.2f}"


if __name__ == "__main__":
    sys.exit(main())
