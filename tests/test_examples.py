"""The committed example runs: real ones, small, each sick one diagnosed by its name."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

import analyzer
from analyzer.finding import Severity

ROOT = Path(__file__).parent.parent
WORKDIRS = ROOT / "examples" / "workdirs"
MAX_BYTES = 2_000_000

EXPECTED: dict[str, str | None] = {
    "healthy": None,
    "nan": "loss-nonfinite",
    "flat": "loss-flat",
    "oscillating": "lr-too-high",
    "stale_best": "monitor-wrong",
    "overfitting": "overfitting",
    "killed": "run-incomplete",
}
"""Folder below ``examples/workdirs`` -> the rule that must lead its findings; None: healthy."""


@pytest.fixture(scope="module")
def diagnoses() -> dict[str, tuple[analyzer.Run, analyzer.Diagnosis]]:
    runs = analyzer.read(WORKDIRS)
    return {run.path.parent.name: (run, analyzer.diagnose(run)) for run in runs}


def test_every_example_is_there_and_no_other(diagnoses) -> None:
    assert set(diagnoses) == set(EXPECTED)


@pytest.mark.parametrize("name", [name for name, rule in EXPECTED.items() if rule])
def test_a_sick_run_gets_the_right_name(diagnoses, name: str) -> None:
    _, diagnosis = diagnoses[name]
    own = [finding for finding in diagnosis.findings if finding.explained_by is None]
    assert own[0].rule == EXPECTED[name]
    assert own[0].severity is not Severity.INFO
    assert own[0].evidence
    assert diagnosis.verdict.action != "ship it" or name == "stale_best"


def test_the_healthy_run_has_nothing_above_info(diagnoses) -> None:
    run, diagnosis = diagnoses["healthy"]
    assert diagnosis.worst() in (None, Severity.INFO)
    assert run.get("val_f1").y.max() > 0.5


def test_the_examples_are_small_and_hold_no_weights() -> None:
    files = [path for path in WORKDIRS.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sum(path.stat().st_size for path in files) < MAX_BYTES
    assert not [path for path in files if path.suffix == ".pth"]


def test_the_examples_were_written_by_the_trainer(diagnoses) -> None:
    """What a run says of its own numbers agrees among its files."""
    for run, _ in diagnoses.values():
        printed = {event.epoch for event in run.events if event.kind == "best"}
        assert run.best_checkpoint is None or run.best_checkpoint.epoch in printed
        losses = run.get("train_loss")
        by_step = run.series.get("train_loss@step")
        assert losses is not None
        assert by_step is not None or math.isnan(losses.y[-1])


def test_no_example_names_the_machine_it_was_made_on() -> None:
    for path in WORKDIRS.rglob("*"):
        if path.is_file() and not path.is_symlink():
            text = path.read_text(encoding="utf-8")
            assert not re.search(r"(?<![\w.])/(home|root|tmp|Users|work|workspace)/", text)
