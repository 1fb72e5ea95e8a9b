"""No rule looks at names: a run in another folder under another name gets the same findings."""

from __future__ import annotations

import shutil
from dataclasses import asdict
from pathlib import Path

from analyzer.diagnosis import diagnose
from analyzer.readers import read
from analyzer.run import Run

ROOT = Path(__file__).parents[2]
PLACES = (
    ROOT / "examples" / "workdirs",
    ROOT / "benchmarks" / "diagnosis" / "runs",
    ROOT / "tests" / "runs" / "workdir",
)
"""The examples, the runs with injected faults, and the fixtures of our own format."""

PLAIN = "q7x2"
TELLING = "exp_20200101000000_healthy_diverged_lr_too_high_nan_200_epochs"
"""Names that say nothing, and one that would mislead whoever reads it; no text holds either."""


def runs() -> list[Run]:
    """Every run of the places, each in a folder of its own."""
    found = [run for place in PLACES if place.is_dir() for run in read(place)]
    assert len({run.path for run in found}) == len(found)
    return found


def said_of(run: Run, place: Path) -> str:
    """All that is said of a copy of the run in ``place``, with its name and place taken out."""
    shutil.copytree(run.path, place)
    (copy,) = read(place)
    shutil.rmtree(place)
    return repr(asdict(diagnose(copy))).replace(str(place), "RUN").replace(place.name, "RUN")


def test_renamed_runs_get_the_same_findings(tmp_path: Path) -> None:
    for run in runs():
        plain = said_of(run, tmp_path / PLAIN)
        assert said_of(run, tmp_path / "elsewhere" / TELLING) == plain, run.path


def test_a_run_in_its_own_place_gets_the_same_rules(tmp_path: Path) -> None:
    for run in runs():
        place = tmp_path / TELLING
        shutil.copytree(run.path, place)
        (copy,) = read(place)
        shutil.rmtree(place)
        key = [(f.rule, f.severity, f.confidence) for f in diagnose(copy).findings]
        assert key == [(f.rule, f.severity, f.confidence) for f in diagnose(run).findings]
