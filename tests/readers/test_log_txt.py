"""The variant that keeps ``log.txt`` and its weights side by side, and its lines anywhere."""

from __future__ import annotations

import io
import math
import random
import sys
import zipfile
from pathlib import Path

import pytest
from ondisk import claims, folder_of, read_one

from analyzer.readers import read, workdir
from analyzer.reading.claim import Claim
from analyzer.run import Run, Status

BARE = """Starting training...
Epoch 0/5, loss: 3.2100
Epoch 1/5, loss: 2.9800
Epoch 2/5, loss: nan
Epoch 3/5, loss: nan
Epoch 4/5, loss: nan
best metric, precision: 0.81, recall: 0.77, hmean: 0.79, fps: 12.5, best_epoch: 1
Training finished!
"""
DETECTOR = """Starting training...
Iter 100: Total Loss=3.9000, Cls Loss=1.4000, Reg Loss=2.5000
Sample Predictions:
  image 1: 3 boxes, scores: 0.91, 0.83, 0.40
Iter 200: Total Loss=3.5000, Cls Loss=1.2000, Reg Loss=2.3000
Sample Predictions:
Epoch [1/3], Train Loss: 3.70, Val AP: 0.12
Iter 100: Total Loss=3.1000, Cls Loss=1.1000, Reg Loss=2.0000
Iter 200: Total Loss=2.9000, Cls Loss=1.0000, Reg Loss=1.9000
Epoch [2/3], Train Loss: 3.00, Val AP: 0.18
Iter 100: Total Loss=2.8000, Cls Loss=1.0000, Reg Loss=1.8000
"""


def write(folder: Path, text: str, name: str = "log.txt") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def stamped(text: str) -> str:
    return "".join(f"[2026-01-05 14:30:25] INFO {line}\n" for line in text.splitlines())


def points(run: Run, name: str) -> list[tuple[float, float]]:
    series = run.series[name]
    return list(zip(series.x.tolist(), series.y.tolist(), strict=True))


@pytest.mark.parametrize("text", [BARE, stamped(BARE)], ids=["bare", "stamped"])
@pytest.mark.parametrize("name", ["log.txt", "logs/train.log"])
def test_epochs_count_from_zero_and_nan_is_nan(tmp_path: Path, text: str, name: str) -> None:
    run = read_one(write(tmp_path, text, name))
    loss = run.series["train_loss"]
    assert loss.x.tolist() == [1, 2, 3, 4, 5]
    assert [math.isnan(y) for y in loss.y] == [False, False, True, True, True]
    assert loss.resolution == 0.0001
    assert (run.planned_epochs, run.epochs_done, run.status) == (5, 5, Status.FINISHED)
    assert points(run, "val_f1") == [(2, 0.79)]
    assert points(run, "val_recall") == [(2, 0.77)]
    assert run.main_metric == "val_f1"
    assert [(event.kind, event.line) for event in run.events] == [("started", 1), ("ended", 8)]


def test_a_training_that_says_it_is_finished_is_so_before_its_plan(tmp_path: Path) -> None:
    rows = [line for line in BARE.splitlines() if not line.startswith("Epoch 4")]
    run = read_one(write(tmp_path, "\n".join(rows) + "\n"))
    assert (run.epochs_done, run.status) == (4, Status.FINISHED)
    assert run.status_because == "log.txt:7 says Training finished!"
    run = read_one(write(tmp_path, "\n".join(rows[:3]) + "\n"))
    assert (run.epochs_done, run.planned_epochs, run.status) == (2, 5, Status.UNKNOWN)


@pytest.mark.parametrize(
    ("epochs", "expected"), [((1, 2, 3), [1, 2, 3]), ((3, 4), [4, 5]), ((3, 4, 5), [3, 4, 5])]
)
def test_a_bare_count_from_one_is_told_by_its_ends(
    tmp_path: Path, epochs: tuple[int, ...], expected: list[int]
) -> None:
    rows = "".join(f"Epoch {epoch}/5, loss: 1.5\n" for epoch in epochs)
    assert read_one(write(tmp_path, rows)).series["train_loss"].x.tolist() == expected


def test_weights_beside_the_log(tmp_path: Path) -> None:
    for name in ("epoch_2.pdparams", "latest.pdparams", "notes.txt"):
        (tmp_path / name).touch()
    run = read_one(write(tmp_path, BARE + "Saved checkpoint: ./out/epoch_2.pdparams\n"))
    assert [(c.file, c.epoch, c.exists) for c in run.checkpoints] == [
        ("latest.pdparams", None, True),
        ("epoch_2.pdparams", 2, True),
    ]


@pytest.mark.parametrize("text", [DETECTOR, stamped(DETECTOR)], ids=["bare", "stamped"])
def test_iterations_counted_anew_in_each_epoch_go_on(tmp_path: Path, text: str) -> None:
    run = read_one(write(tmp_path, text))
    assert points(run, "train_loss") == [(1, 3.7), (2, 3.0)]
    assert points(run, "val_ap") == [(1, 0.12), (2, 0.18)]
    steps = run.series["train_loss@step"]
    assert steps.x.tolist() == [100, 200, 300, 400, 500]
    assert steps.segment.tolist() == [0] * 5
    assert run.series["train_loss.cls@step"].y.tolist() == [1.4, 1.2, 1.1, 1.0, 1.0]
    assert points(run, "train_loss.reg") == [(1, 2.4), (2, 1.95)]  # means of the epochs
    assert (run.main_metric, run.planned_epochs, run.superseded) == ("val_ap", 3, ())


def test_iterations_counted_through_may_be_resumed(tmp_path: Path) -> None:
    rows = [f"Iter {step}: Total Loss={step}.0000" for step in (100, 200, 300, 200, 300, 400)]
    run = read_one(write(tmp_path, "\n".join(rows) + "\n"))
    loss = run.series["train_loss"]
    assert (loss.axis, loss.x.tolist()) == ("step", [100, 200, 300, 400])
    assert loss.segment.tolist() == [0, 1, 1, 1]
    assert [(event.kind, event.line) for event in run.events] == [("resumed", 4)]


def test_a_resume_among_iterations_counted_anew(tmp_path: Path) -> None:
    first = "Iter 100: Total Loss=2.0\nIter 200: Total Loss=1.0\nEpoch [{}/9], Train Loss: 1.5\n"
    run = read_one(write(tmp_path, "".join(first.format(e) for e in (1, 2, 3, 2, 3, 4))))
    assert run.series["train_loss"].segment.tolist() == [0, 1, 1, 1]
    assert run.series["train_loss@step"].x.tolist() == [100 * n for n in range(1, 9)]
    assert run.series["train_loss@step"].segment.tolist() == [0, 0, 1, 1, 1, 1, 1, 1]
    assert [event.kind for event in run.events] == ["resumed"]


def test_two_trainings_in_one_log(tmp_path: Path) -> None:
    again = BARE.replace("3.2100", "3.0000")
    run = read_one(write(tmp_path, BARE + again))
    assert run.series["train_loss"].y[0] == 3.0
    assert [piece.y[0] for piece in run.superseded] == [3.21]
    kinds = [event.kind for event in run.events]
    assert kinds == ["started", "ended", "started", "restarted", "ended"]


@pytest.mark.parametrize(
    "text",
    [
        '{"train_loss": 1.0, "epoch": 0}\n',
        "[11/28 09:05:51] ppgan.engine.trainer INFO: Epoch: [1/200] lr: 0.1\n",
        "Starting training...\nand nothing that is known\n",
        "Epoch 1/5\n10/10 [====] - loss: 0.5\n",
        "Epoch [1/5], Step [100/600], Loss: 2.1\n",
        "loss: 0.5\n",
        "",
    ],
)
def test_logs_of_others_are_left_to_them(tmp_path: Path, text: str) -> None:
    assert not claims(workdir, write(tmp_path, text))
    assert not claims(workdir, write(tmp_path / "b", text, "train.log"))
    assert not claims(workdir, write(tmp_path / "c", text, "mine.txt"))


def test_a_start_without_a_line_is_a_run_where_its_weights_are(tmp_path: Path) -> None:
    (tmp_path / "latest.pdparams").touch()
    run = read_one(write(tmp_path, "Starting training...\n"))
    assert (run.unreadable, run.status, run.epochs_done) == (None, Status.UNKNOWN, 0)


def test_a_log_of_any_name_is_a_run_of_its_own(tmp_path: Path) -> None:
    write(tmp_path, DETECTOR, "a.log")
    write(tmp_path, BARE, "b.txt")
    (tmp_path / "readme.txt").write_text("nothing")
    runs = read(tmp_path)
    assert [(run.name, run.format, run.epochs_done) for run in runs] == [
        ("a.log", "workdir", 2),
        ("b.txt", "workdir", 5),
    ]


def test_in_an_archive_and_on_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "runs.zip", "w") as archive:
        archive.writestr("exp_1/log.txt", BARE)
        archive.writestr("exp_2/metrics.json", '[{"epoch": 1, "val_f1": 0.5}]')
        archive.writestr("exp_2/checkpoints/best.pth", "weights")
    runs = read(tmp_path / "runs.zip")
    assert [(run.format, run.epochs_done) for run in runs] == [("workdir", 5), ("workdir", 1)]
    assert [c.file for c in runs[1].checkpoints] == ["checkpoints/best.pth"]
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stamped(DETECTOR).encode())))
    (run,) = read("-")
    assert (run.format, run.epochs_done) == ("workdir", 2)


def test_truncated_and_mutated_logs_are_read(tmp_path: Path) -> None:
    chance = random.Random(7)
    text = (BARE + stamped(DETECTOR)).encode()
    for trial in range(400):
        data = text[:trial] if trial < 200 else bytearray(text)
        for _ in range(trial // 100):
            if data:
                place = chance.randrange(len(data))
                data = data[:place] + chance.randbytes(2) + data[place + 3 :]
        (tmp_path / "log.txt").write_bytes(data)
        run = workdir.read(folder_of(tmp_path), Claim("log.txt"))
        for series in run.series.values():
            assert (series.x[1:] > series.x[:-1]).all()
