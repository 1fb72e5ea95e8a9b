"""Make the runs: ``python -m benchmarks.diagnosis.make [--only NAME]... [--seeds 0,1] OUT``.

Trains every fault of ``faults.FAULTS`` and the healthy twins into OUT/<base>/<fault>/seed_<n>/,
about ten CPU seconds a run. What exists is left as it is, so an interrupted call is gone on with.
Weights are never kept. Label the runs afterwards with ``python -m benchmarks.diagnosis.outcome``.
"""

from __future__ import annotations

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress

from benchmarks.diagnosis.fault import Fault
from benchmarks.diagnosis.faults import FAULTS, HEALTHY, TWINS

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Job:
    """One run to be trained."""

    fault: Fault | None
    base: str
    seed: int

    @property
    def name(self) -> str:
        """The fault's, or that of the twins."""
        return self.fault.name if self.fault else HEALTHY

    @property
    def folder(self) -> Path:
        """Relative to the folder of all runs."""
        return Path(self.base, self.name, f"seed_{self.seed}")

    def exists(self, out: Path) -> bool:
        """Whether it has been made."""
        return any((out / self.folder).glob("exp_*"))


def jobs() -> Iterator[Job]:
    """All runs: the twins first, then one seed of every fault, then the next of each."""
    for base, seeds in TWINS.items():
        yield from (Job(None, base, seed) for seed in seeds)
    pairs = {
        f.name: [(base, seed) for base, seeds in f.on.items() for seed in seeds] for f in FAULTS
    }
    for turn in range(max(map(len, pairs.values()))):
        for fault in FAULTS:
            yield from (Job(fault, *pair) for pair in pairs[fault.name][turn : turn + 1])


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("out", type=click.Path(path_type=Path))
@click.option(
    "--only", multiple=True, metavar="NAME", help="A fault, or healthy. May be repeated."
)
@click.option("--seeds", metavar="N,N", help="Only these seeds.")
@click.option("--jobs", "count", default=1, show_default=True, help="Trainings at a time.")
@click.option("--scratch", type=click.Path(path_type=Path), help="Where weights lie meanwhile.")
def cli(
    out: Path, only: Sequence[str], seeds: str | None, count: int, scratch: Path | None
) -> None:
    """Train the runs of the diagnosis benchmark into the folder OUT."""
    wanted = {int(seed) for seed in seeds.split(",")} if seeds else None
    todo = [
        job
        for job in jobs()
        if (not only or job.name in only) and (wanted is None or job.seed in wanted)
        if not job.exists(out)
    ]
    with tempfile.TemporaryDirectory(prefix="faults-", dir=scratch) as folder:
        make(todo, out.absolute(), Path(folder).resolve(), count)


def make(todo: Sequence[Job], out: Path, scratch: Path, count: int) -> None:
    """Train ``count`` at a time, each in a fork of this process, which has loaded torch once."""
    os.environ.setdefault("GOMP_SPINCOUNT", "5000")
    from benchmarks.diagnosis import training

    context = multiprocessing.get_context("fork")
    waiting, running, failed = list(todo), list[multiprocessing.process.BaseProcess](), 0
    console = Console(stderr=True)
    # Without a refreshing thread: forks and threads do not go together.
    with Progress(console=console, auto_refresh=False) as bar:
        task = bar.add_task("Training", total=len(todo))
        while waiting or running:
            while waiting and len(running) < count:
                job = waiting.pop(0)
                if job.exists(out):  # made by another call meanwhile
                    bar.advance(task)
                    continue
                arguments = (job.fault, job.base, job.seed, scratch, out / job.folder)
                running.append(context.Process(target=training.train, args=arguments))
                running[-1].start()
            time.sleep(POLL_SECONDS)
            ended = [process for process in running if not process.is_alive()]
            failed += sum(process.exitcode != 0 for process in ended)
            running = [process for process in running if process not in ended]
            bar.update(task, advance=len(ended), refresh=bool(ended))
    if failed:
        raise click.ClickException(f"{failed} of {len(todo)} runs could not be made; see above")


if __name__ == "__main__":
    cli()
