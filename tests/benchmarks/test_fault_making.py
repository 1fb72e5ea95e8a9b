"""A faulty training leaves a small run directory, and its measures are what happened in it."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from benchmarks.diagnosis.measures import Measures, measure
from benchmarks.diagnosis.outcome import OUTCOMES, Twins

ROOT = Path(__file__).parents[2]
SMALL = """
import sys
from pathlib import Path
from benchmarks.diagnosis import injections as inject
from benchmarks.diagnosis.fault import Fault
from benchmarks.diagnosis.training import train

fault = Fault("small", "two images, killed and resumed", "runtime", {}, (), synth={"train": 8,
    "test": 2}, settings={"train.epochs": 3, "checkpoint.every": 1}, edit=inject.shuffle_labels,
    stop_after=1, resume=True, inject_resume=inject.forget_optimizer)
train(fault, "constant", 1, Path(sys.argv[1]), Path(sys.argv[2]))
"""


def test_a_run_is_killed_resumed_and_kept_without_weights(tmp_path: Path) -> None:
    script = [sys.executable, "-c", SMALL, str(tmp_path / "scratch"), str(tmp_path / "kept")]
    subprocess.run(script, check=True, cwd=ROOT)
    (run,) = (tmp_path / "kept").iterdir()
    assert not list(run.rglob("*.pth"))
    assert str(tmp_path) not in "".join(f.read_text() for f in run.rglob("*") if f.is_file())
    found = measure(run)
    assert (found.epochs, found.planned, found.resumed, found.finished) == (3, 3, True, True)
    assert found.saves >= 3


def write(folder: Path, records: list[dict[str, Any]], **info: Any) -> Path:
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "metrics.json").write_text(json.dumps(records))
    (folder / "run.json").write_text(json.dumps({"status": "finished", **info}))
    (folder / "config.yaml").write_text("train: {epochs: 6}\n")
    best = {"file": "checkpoints/best.pth", "epoch": 2}
    (folder / "checkpoints" / "index.json").write_text(json.dumps([best]))
    return folder


def record(epoch: int, loss: float, f1: float, **more: Any) -> dict[str, Any]:
    times = {"data_time": 0.01, "step_time": 0.1, "clipped_share": 0.5}
    rates = {"val_f1": f1, "val_precision": f1 + 0.1, "val_recall": f1 - 0.1}
    parts = {"train_loss.a": loss / 4, "train_loss.b": loss * 3 / 4}
    return {
        "epoch": epoch,
        "train_loss": loss,
        "val_loss": loss,
        **parts,
        **times,
        **rates,
        **more,
    }


def healthy(tmp_path: Path) -> Measures:
    losses, rates = [8, 4, 3, 2.5, 2.2, 2.1], [0.1, 0.4, 0.6, 0.7, 0.69, 0.71]
    rows = [record(n + 1, *pair) for n, pair in enumerate(zip(losses, rates, strict=True))]
    return measure(write(tmp_path / "healthy", rows))


def test_measures_of_a_plain_run(tmp_path: Path) -> None:
    found = healthy(tmp_path)
    assert (found.f1, found.f1_best, found.f1_saved) == (0.7, 0.71, 0.4)
    assert found.f1_rise == pytest.approx(0.7 - 0.4)
    assert found.skew == pytest.approx(0.2)
    assert found.part == pytest.approx(0.75)
    assert found.data_share == pytest.approx(0.1)
    assert found.slowing == 1
    assert not any((found.nonfinite, found.resumed, found.failed))
    assert math.isnan(found.jump)


def test_measures_of_a_resumed_run_that_jumps(tmp_path: Path) -> None:
    rows = [record(1, 8, 0.1), record(2, 4, 0.4), record(2, 6, 0.2), record(3, 4, 0.4)]
    found = measure(write(tmp_path / "run", rows, resumed=["later"]))
    assert found.jump == pytest.approx(0.5)
    assert (found.epochs, found.resumed) == (3, True)


def outcomes(run: Measures, twin: Measures) -> set[str]:
    twins = Twins(twin, [twin, replace(twin, f1=twin.f1 + 0.02)])
    return {word for word, (_, test) in OUTCOMES.items() if test(run, twins)}


@pytest.mark.parametrize(
    ("outcome", "changes"),
    [
        ("nonfinite", {"nonfinite": True}),
        ("crashed", {"failed": True}),
        ("cut-off", {"epochs": 4}),
        ("unvalidated", {"f1": math.nan}),
        ("no-weights", {"saves": 0}),
        ("not-learnt", {"f1_best": 0.1}),
        ("worse", {"f1": 0.5}),
        ("weaker", {"f1": 0.63}),
        ("weaker", {"loss_fall": 0.5}),
        ("lost", {"f1": 0.5}),
        ("lost", {"loss_kept": 0.4}),
        ("late", {"late": 0.4}),
        ("unsteady", {"swing": 0.3}),
        ("overfits", {"val_rise": 0.2, "fall_since": 0.2}),
        ("gap", {"gap": 2.2}),
        ("leaks", {"f1": 0.97}),
        ("leaks", {"gap": 0.7}),
        ("unfinished", {"f1": 0.6, "loss_slope": 0.05}),
        ("stale-best", {"f1_saved": 0.5}),
        ("one-part", {"part": 0.95}),
        ("skewed", {"skew": 0.4}),
        ("clipped", {"clipped": 0.95}),
        ("starved", {"data_share": 0.5}),
        ("slowing", {"slowing": 2.0}),
        ("resumed", {"resumed": True}),
        ("jump", {"jump": 0.3}),
    ],
)
def test_an_outcome_is_measured_where_it_happened_and_not_in_the_twin(
    tmp_path: Path, outcome: str, changes: dict[str, Any]
) -> None:
    twin = replace(healthy(tmp_path), f1_saved=0.71, clipped=0.2, skew=0.1)
    assert not outcomes(twin, twin)
    assert outcome in outcomes(replace(twin, **changes), twin)
