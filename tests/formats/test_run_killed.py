"""A run killed at any moment reads back whole up to its last record, and goes on from there."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from ondisk import read_one

from analyzer.formats.trainlog import STAMP
from analyzer.run import Run, Status

KILLS = 20

TRAIN = """
import sys
from pathlib import Path
from analyzer.formats import trainlog
from analyzer.formats.workdir import RunWriter
root = Path(sys.argv[1])
if (root / "latest").exists():
    run = RunWriter.reopen(root / "latest", command=["again"], info={})
    epoch = int(sys.argv[2])
    run.log(trainlog.resumed("epoch_%d.pth" % epoch, epoch))
else:
    run = RunWriter.create(root, config={"train": {"epochs": 10**6}}, command=["first"], info={},
        flags={"train_data_dir": "d", "batch_size": 8, "epochs": 10**6, "lr": 0.1})
    epoch = 0
print("begun", flush=True)
while True:
    epoch += 1
    run.epoch_header(epoch, 10**6, 0.1)
    for step in range(epoch * 5 - 4, epoch * 5 + 1):
        run.step({"step": step, "epoch": epoch, "train_loss": 1.0 + step})
        print("step", step, flush=True)
    run.epoch({"epoch": epoch, "train_loss": 2.0 + epoch, "val_f1": float("nan")})
    print("epoch", epoch, flush=True)
    run.train_line(2.0 + epoch, 0.1)
    fill = lambda path: path.write_bytes(b"w" * 20_000 + str(epoch).encode())
    run.save(epoch, fill, metric="val_f1", value=0.5)
    if epoch % 3 == 0:
        run.save_best(epoch, fill, metric="val_f1", value=0.5)
    run.prune(3)
"""


def train_and_kill(root: Path, epoch: int, seconds: float) -> tuple[int, int]:
    """Go on after ``epoch``, kill, and return the last step and epoch that were written."""
    path = str(Path(__file__).parents[2])
    process = subprocess.Popen(
        [sys.executable, "-c", TRAIN, str(root), str(epoch)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "begun\n"
    time.sleep(seconds)
    process.kill()
    said = [line.split() for line in process.stdout.read().splitlines()]
    process.stdout.close()
    assert process.wait() == -9
    counts = {"step": 0, "epoch": epoch}
    for line in said:
        if len(line) == 2:
            counts[line[0]] = int(line[1])
    return counts["step"], counts["epoch"]


def check(run: Run, step: int, epoch: int) -> None:
    """Nothing that was written is missing, nothing is half."""
    assert run.unreadable is None
    assert run.notes == ()
    assert run.status is Status.KILLED
    f1, loss = run.series["val_f1"], run.series["train_loss"]
    assert f1.x.tolist() == list(range(1, len(f1) + 1))
    assert len(f1) in (epoch, epoch + 1)
    assert not f1.finite.any()
    assert loss.y.tolist() == [2.0 + x for x in loss.x]
    steps = run.series["train_loss@step"]
    assert steps.y.tolist() == [1.0 + x for x in steps.x]
    assert steps.x[-1] >= step
    for line in (run.path / "logs/train.log").read_bytes().splitlines():
        assert STAMP.match(line) is not None


def check_weights(run: Run) -> None:
    for checkpoint in run.checkpoints:
        if checkpoint.exists:
            text = (run.path / checkpoint.file).read_bytes()
            assert text.startswith(b"w" * 20_000)
            if checkpoint.file.endswith("best.pth"):
                assert run.best_checkpoint is not None
                assert run.best_checkpoint.epoch == int(text[20_000:])


@pytest.mark.skipif(os.name != "posix", reason="needs SIGKILL")
def test_twenty_kills(tmp_path: Path) -> None:
    chance = random.Random(7)
    epoch = 0
    for _ in range(KILLS):
        step, epoch = train_and_kill(tmp_path, epoch, chance.uniform(0.0, 0.06))
        if epoch == 0:
            continue
        run = read_one((tmp_path / "latest").resolve())
        check(run, step, epoch)
        check_weights(run)
        epoch = len(run.series["val_f1"])
    assert epoch > KILLS
    records = json.loads((tmp_path / "latest/metrics.json").read_bytes())
    assert [record["epoch"] for record in records] == list(range(1, epoch + 1))
    for name in ("train_loss", "train_loss@step"):
        assert run.series[name].segment[-1] > KILLS / 2
        assert all(np.diff(run.series[name].segment) >= 0)
    assert len(os.listdir(tmp_path)) == 2  # noqa: PTH208
