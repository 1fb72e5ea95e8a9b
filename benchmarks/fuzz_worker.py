"""Tries one reader on many inputs, in a process of its own: ``python -m benchmarks.fuzz_worker``.

The parent, ``benchmarks.fuzz``, reads the figures from the last line that it prints.
"""

from __future__ import annotations

import json
import os
import random
import resource
import sys
import tempfile
import time
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import seeds

if TYPE_CHECKING:
    from analyzer.reading.claim import Reader
    from benchmarks.fuzz_target import Place

JUDGED = 50
"""Of so many inputs one is diagnosed as well, which costs more than reading."""

HEADROOM = 3 << 30
MOST_INPUT = 1 << 16
INSTRUMENTED = ["analyzer.reading", "analyzer.readers", "analyzer.formats"]


@dataclass
class Figures:
    """What one reader's inputs cost and showed.

    ``read`` counts inputs that held a readable run; ``cpu`` and ``worst`` are seconds, ``growth``
    bytes; ``findings`` maps a fault to the seed that shows it and its traceback.
    """

    format: str
    engine: str
    inputs: int = 0
    read: int = 0
    cpu: float = 0.0
    worst: float = 0.0
    growth: int = 0
    findings: dict[str, tuple[str, str]] = field(default_factory=dict)


class Session:
    """One reader under fire; keeps count, and keeps what fails as a seed."""

    def __init__(self, format_name: str, engine: str, runs: int, seconds: float) -> None:
        from analyzer.readers import READERS
        from benchmarks import fuzz_target

        self.target = fuzz_target
        self.reader: Reader = {r.FORMAT: r for r in READERS}[format_name]
        self.seeds = list(seeds.seeds(format_name).values())
        self.others = self.seeds + [
            files for reader in READERS for files in list(seeds.seeds(reader.FORMAT).values())[:2]
        ]
        self.known: list[Place] = []
        for files in self.seeds:
            self.known += fuzz_target.claimed_places(self.reader, files)
        self.figures = Figures(format_name, engine)
        self.runs, self.seconds = runs, seconds
        for files in self.seeds:  # loads what is loaded when used, before memory is measured
            self.target.try_input(self.reader, files, self.known, judge=True)
        self._start, self._memory = time.process_time(), fuzz_target.peak_memory()

    def done(self) -> bool:
        """Whether enough was tried."""
        figures = self.figures
        figures.cpu = time.process_time() - self._start
        return figures.inputs >= self.runs or figures.cpu >= self.seconds

    def try_files(self, files: Mapping[str, bytes]) -> None:
        """Try one input."""
        figures = self.figures
        judge = figures.inputs % JUDGED == 0
        tried = self.target.try_input(self.reader, files, self.known, judge=judge)
        figures.inputs += 1
        figures.read += any(run.unreadable is None for run in tried.runs)
        figures.worst = max(figures.worst, tried.seconds)
        figures.growth = max(figures.growth, self.target.peak_memory() - self._memory)
        if tried.fault and tried.fault not in figures.findings:
            self._keep(files, tried.fault, tried.trace, judge=judge)

    def _keep(self, files: Mapping[str, bytes], fault: str, trace: str, *, judge: bool) -> None:
        def fails(candidate: Mapping[str, bytes]) -> bool:
            tried = self.target.try_input(self.reader, candidate, self.known, judge=judge)
            return bool(tried.fault == fault)

        small = self.target.smaller(files, fails, 30 if "TooSlow" in fault else 400)
        name = f"found_{zlib.crc32(fault.encode()):08x}"
        path = seeds.save(self.figures.format, name, small)
        self.figures.findings[fault] = (path.name, trace)


def mutate_forever(session: Session, seed: int) -> None:
    """Damage seeds at random; the same ``seed`` tries the same inputs."""
    from benchmarks.mutation import mutate

    chance = random.Random(seed)
    while not session.done():
        files = mutate(chance.choice(session.seeds), session.others, chance)
        session.try_files(files)


def cover(session: Session, seed: int) -> None:
    """Let Atheris look for inputs that reach new lines; does not return."""
    import atheris

    from benchmarks.mutation import mutate

    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    for number, files in enumerate(session.seeds):
        (folder / f"{number:04}").write_bytes(seeds.encode(files))
    chance = random.Random(seed)

    def one(data: bytes) -> None:
        session.try_files(seeds.decode(data))
        if session.done():
            _report(session.figures)
            os._exit(0)

    def mutator(data: bytes, size: int, number: int) -> bytes:
        if number % 3 == 0:
            return bytes(atheris.Mutate(data, size))
        return seeds.encode(mutate(seeds.decode(data), session.others, chance))[:size]

    arguments = [f"-max_len={MOST_INPUT}", "-timeout=60", "-rss_limit_mb=0", f"-seed={seed + 1}"]
    atheris.Setup(
        [sys.argv[0], *arguments, "-verbosity=0", str(folder)], one, custom_mutator=mutator
    )
    atheris.Fuzz()


def _report(figures: Figures) -> None:
    print(json.dumps(asdict(figures)), flush=True)


def main(arguments: Sequence[str]) -> None:
    """``FORMAT ENGINE RUNS SECONDS SEED``."""
    format_name, engine, runs, seconds, seed = arguments
    if engine == "atheris":
        import atheris

        with atheris.instrument_imports(include=INSTRUMENTED):
            import analyzer.readers  # noqa: F401
    warnings.simplefilter("error")  # one that is shown to a user is a fault too
    session = Session(format_name, engine, int(runs), float(seconds))
    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_address_space() + HEADROOM, most))
    if not session.seeds:
        sys.exit(f"{format_name} has no seed; add one to {seeds.FUZZ / format_name}")
    (cover if engine == "atheris" else mutate_forever)(session, int(seed))
    _report(session.figures)


def _address_space() -> int:
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[0])
    return pages * resource.getpagesize()


if __name__ == "__main__":
    main(sys.argv[1:])
