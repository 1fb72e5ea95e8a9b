"""Why a run ended, from captured output beside it; and how long a run has been silent."""

from __future__ import annotations

from pathlib import Path

import pytest
from ondisk import read_one

from analyzer.run import Status

LOG = (
    "[2026-01-05 14:30:25] INFO Epoch [1/9], LR: 0.007\n"
    "[2026-01-05 14:31:25] INFO Train Loss: 1.9\n"
)
TRACE = 'Traceback (most recent call last):\n  File "t.py", line 1, in f\nKeyError: 3\n'


def run_with(folder: Path, **files: str) -> Path:
    run = folder / "exp"
    (run / "logs").mkdir(parents=True)
    (run / "logs/train.log").write_text(LOG)
    (run / "config.yaml").write_text("train: {epochs: 9}\n")
    for name, text in files.items():
        (run / name.replace("__", "/").replace("_", ".")).write_text(text)
    return run


@pytest.mark.parametrize("name", ["train_err", "stderr_txt", "slurm-12_out", "logs__stderr_txt"])
def test_an_error_in_output_beside_the_log_is_told(tmp_path: Path, name: str) -> None:
    run = read_one(run_with(tmp_path, **{name: f"starting\n{TRACE}"}))
    assert run.status is Status.FAILED
    error = next(event for event in run.events if event.kind == "error")
    assert (error.text, error.line) == ("KeyError: 3", 4)
    assert error.file == name.replace("__", "/").replace("_", ".")


def test_a_kill_beside_the_log_is_a_kill(tmp_path: Path) -> None:
    text = "slurmstepd: error: *** JOB 27 ON n1 CANCELLED AT 2026-07-05T02:42:53 DUE TO TIME LIMIT"
    assert read_one(run_with(tmp_path, **{"slurm-27_out": text})).status is Status.KILLED


def test_output_that_tells_nothing_changes_nothing(tmp_path: Path) -> None:
    run = read_one(run_with(tmp_path, train_err="a warning\n", notes_txt=TRACE))
    assert run.status is Status.UNKNOWN
    assert not [event for event in run.events if event.kind == "error"]


def test_what_the_log_says_itself_comes_first(tmp_path: Path) -> None:
    folder = run_with(tmp_path, train_err=TRACE)
    with (folder / "logs/train.log").open("a") as log:
        log.write("[2026-01-05 14:31:26] ERROR Failed: no more images\n")
    errors = [event.text for event in read_one(folder).events if event.kind == "error"]
    assert errors == ["Failed: no more images"]
