"""No rule looks at names: a run in another folder under another name gets the same findings."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

from analyzer.diagnosis import diagnose
from analyzer.readers import read
from analyzer.run import Run

ROOT = Path(__file__).parents[2]
INJECTED = ROOT / "benchmarks" / "diagnosis" / "runs"
OTHERS = (ROOT / "examples" / "workdirs", ROOT / "tests" / "runs" / "workdir")

PLAIN = "q7x2"
TELLING = "exp_20200101000000_healthy_diverged_lr_too_high_nan_200_epochs"
"""Names that say nothing, and one that would mislead whoever reads it; no text holds either."""


def said_of(run: Run, *names: str) -> str:
    """All that is said of a run, with its place and these names taken out."""
    text = repr(asdict(diagnose(run))).replace(str(run.path), "RUN")
    for name in names:
        text = text.replace(name, "RUN")
    return text


def moved(run: Run, place: Path) -> Run:
    """A copy of the run as it is read in another place."""
    shutil.copytree(run.path, place)
    (copy,) = read(place)
    shutil.rmtree(place)
    return copy


def test_renamed_runs_get_the_same_findings(tmp_path: Path) -> None:
    for run in read(*OTHERS):
        plain, telling = moved(run, tmp_path / PLAIN), moved(run, tmp_path / "else" / TELLING)
        assert said_of(telling, TELLING) == said_of(plain, PLAIN), run.path


def test_renamed_runs_with_injected_faults_get_the_same_findings(tmp_path: Path) -> None:
    for run in read(INJECTED):
        names = (run.path.name, TELLING)  # logs name the folder that they were written to
        assert said_of(moved(run, tmp_path / TELLING), *names) == said_of(run, *names), run.path
