"""Sacred: lists of steps and values by name, settings and status in files of their own."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from analyzer.readers import read
from analyzer.run import Run, Status

REAL = Path(__file__).parents[1] / "runs/sacred/finished"


def one(folder: Path) -> Run:
    (run,) = read(folder)
    assert run.format == "sacred"
    return run


def test_a_real_run() -> None:
    run = one(REAL)
    assert run.series["train_loss"].y.tolist() == [2.0, 1.7, 1.4, 1.1]
    assert run.series["val_accuracy"].y.tolist() == [0.5, 0.6, 0.7, 0.8]
    assert run.series["val_accuracy"].x.tolist() == [1, 2, 3, 4]
    assert (run.main_metric, run.epochs_done, run.planned_epochs) == ("val_accuracy", 4, 4)
    assert run.status is Status.FINISHED
    assert run.config.get("optimizer.lr") == 0.1
    assert run.config.spelled("data.batch_size") == "batch_size"


@pytest.mark.parametrize(
    ("said", "status"), [("FAILED", Status.FAILED), ("INTERRUPTED", Status.INTERRUPTED)]
)
def test_how_it_ended(tmp_path: Path, said: str, status: Status) -> None:
    folder = Path(shutil.copytree(REAL, tmp_path / "run"))
    (folder / "run.json").write_text(json.dumps({"status": said}))
    assert one(folder).status is status


def test_nan_text_and_lists_of_different_lengths(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(REAL, tmp_path / "run"))
    times = [f"2026-01-05T10:00:0{i}" for i in range(4)]
    loss = {"steps": [10, 20, 30, 40], "values": [1.0, float("nan"), None], "timestamps": times}
    (folder / "metrics.json").write_text(json.dumps({"loss": loss, "odd": {"steps": 3}}))
    curve = one(folder).series["train_loss"]
    assert curve.x.tolist() == [10, 20, 30]
    assert np.array_equal(curve.y, [1.0, np.nan, np.nan], equal_nan=True)


def test_damaged_files_are_noted(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(REAL, tmp_path / "run"))
    whole = (folder / "metrics.json").read_bytes()
    for cut in range(1, len(whole) - 1, 41):
        (folder / "metrics.json").write_bytes(whole[:cut])
        run = one(folder)
        assert run.notes
        assert not run.series
