"""Tries every reader on damaged runs: ``python -m benchmarks.fuzz [--reader FORMAT]``.

No input may make a reader raise, warn, take more than 5 CPU seconds, grow by more than 500 MB or
give a Run that rules cannot bear. What fails is made small and kept in ``tests/fuzz/<format>/``.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from collections.abc import Sequence

import click

from analyzer.readers import READERS
from benchmarks.fuzz_worker import Figures

FORMATS = [reader.FORMAT for reader in READERS]


@click.command()
@click.option("--reader", "readers", multiple=True, type=click.Choice(FORMATS), help="Only this.")
@click.option("--runs", default=100_000, show_default=True, help="Inputs for each reader.")
@click.option("--seconds", default=1e9, help="CPU seconds for each reader, if that is less.")
@click.option("--engine", type=click.Choice(["atheris", "mutate"]), help="How inputs are made.")
@click.option("--seed", default=0, help="Another number tries other inputs.")
def main(readers: Sequence[str], runs: int, seconds: float, engine: str | None, seed: int) -> None:
    """Fuzz the readers; exit 1 where one failed."""
    chosen = engine or ("atheris" if importlib.util.find_spec("atheris") else "mutate")
    click.echo(f"{'reader':<14} {'inputs':>9} {'read':>6} {'CPU s':>7} {'worst s':>8} {'MB':>5}")
    failed = False
    for name in readers or FORMATS:
        figures = fuzz(name, chosen, runs, seconds, seed)
        failed |= figures is None or bool(figures.findings)
        click.echo(f"{name:<14} died" if figures is None else _line(figures))
    sys.exit(1 if failed else 0)


def fuzz(name: str, engine: str, runs: int, seconds: float, seed: int) -> Figures | None:
    """One reader in a process of its own; None where that died."""
    worker = [sys.executable, "-m", "benchmarks.fuzz_worker", name, engine]
    done = subprocess.run(
        [*worker, str(runs), str(seconds), str(seed)], capture_output=True, check=False
    )
    lines = done.stdout.splitlines()
    if done.returncode == 0 and lines:
        return Figures(**json.loads(lines[-1]))
    click.echo(done.stderr.decode("utf-8", "replace")[-2000:], err=True)
    return None


def _line(figures: Figures) -> str:
    share = figures.read / max(1, figures.inputs)
    line = (
        f"{figures.format:<14} {figures.inputs:>9,} {share:>6.0%} {figures.cpu:>7.1f} "
        f"{figures.worst:>8.2f} {figures.growth / 2**20:>5.0f}"
    )
    faults = [f"\n{fault} ({file})\n{trace}" for fault, (file, trace) in figures.findings.items()]
    return line + "".join(faults)


if __name__ == "__main__":
    main()
