"""Runs of mmcv: JSON lines behind a line of metadata, text, epochs and iterations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import mmcv
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.search import find_runs
from analyzer.run import Run, Status

CONFIG = (
    "optimizer = dict(type='SGD', lr=0.01, momentum=0.9)\ndata = dict(samples_per_gpu=2)\n"
    "evaluation = dict(interval=1, save_best='bbox_mAP')\n"
    "runner = dict(type='EpochBasedRunner', max_epochs=2)\n"
)
META = {"env_info": "sys.platform: linux", "config": CONFIG, "seed": 1, "exp_name": "a.py"}
LOG = "2026-01-05 14:31:02,123 - mmdet - INFO - "


def runs(path: Path) -> list[Run]:
    located = find_runs([path], [mmcv]).runs
    return [mmcv.read(run.folder(), run.claim) for run in located]


def only(path: Path) -> Run:
    (run,) = runs(path)
    assert run.unreadable is None
    return run


def train(epoch: int, iteration: int, loss: float = 1.0) -> dict[str, Any]:
    return {"mode": "train", "epoch": epoch, "iter": iteration, "lr": 0.01, "memory": 3907} | {
        "data_time": 0.05,
        "loss_cls": loss / 2,
        "acc": 98.7,
        "loss": loss,
        "time": 0.4,
    }


def val(epoch: int, **metrics: object) -> dict[str, Any]:
    return {"mode": "val", "epoch": epoch, "iter": 13, "lr": 0.001, **metrics}


def boxes(epoch: int, value: float) -> dict[str, Any]:
    copied = {"bbox_mAP_copypaste": "0.210 0.380 0.220 0.1 0.2 0.3"}
    return val(epoch, bbox_mAP=value, bbox_mAP_50=-1.0, **copied)


EPOCHS = [train(1, 50), train(1, 100), boxes(1, 0.2), train(2, 50), train(2, 100), boxes(2, 0.3)]


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def text(path: Path, rows: list[str]) -> Path:
    head = f"{LOG}Environment info:\n---\n{LOG}Config:\n{CONFIG}\n{LOG}Set random seed to 1\n"
    path.write_text(head + "".join(f"{LOG}{row}\n" for row in rows))
    return path


TEXT = [
    "workflow: [('train', 1)], max: 2 epochs",
    "Epoch [1][50/125]\tlr: 1.000e-02, eta: 1 day, 1:02:03, time: 0.4, loss_cls: 0.5, loss: 1.0",
    "Epoch [1][100/125]\tlr: 1.000e-02, eta: 0:02:03, time: 0.4, loss_cls: 0.5, loss: 0.9",
    "Saving checkpoint at 1 epochs",
    "Epoch(val) [1][13]\tbbox_mAP: 0.2100, bbox_mAP_50: -1.0000, bbox_mAP_copypaste: 0.21 0.38",
    "Now best checkpoint is saved as best_bbox_mAP_epoch_1.pth.",
    "Best bbox_mAP is 0.2100 at 1 epoch.",
    "Epoch [2][50/125]\tlr: 1.000e-02, eta: 0:02:03, time: 0.4, loss_cls: 0.5, loss: 0.8",
    "Epoch [2][100/125]\tlr: 1.000e-02, eta: 0:02:03, time: 0.4, loss_cls: 0.5, loss: 0.7",
]


def test_iterations_begin_anew_in_each_epoch(tmp_path: Path) -> None:
    run = only(lines(tmp_path / "20260105_143022.log.json", [META, *EPOCHS]))
    assert run.series["train_loss@step"].x.tolist() == [50, 100, 150, 200]
    assert run.series["val_map50_95"].x.tolist() == [1, 2]
    assert "val_map50" not in run.series
    assert not any("copypaste" in name for name in run.series)
    assert run.series["train_accuracy"].y.tolist() == [pytest.approx(0.987)] * 2
    assert (run.epochs_done, run.planned_epochs, run.status) == (2, 2, Status.FINISHED)
    assert run.main_metric == "val_map50_95"


def test_the_first_line_tells_the_config(tmp_path: Path) -> None:
    config = only(lines(tmp_path / "a.log.json", [META, *EPOCHS])).config
    assert config.get("optimizer.lr") == 0.01
    assert config.get("data.batch_size") == 2
    assert config.spelled("data.batch_size") == "data.samples_per_gpu"
    assert config.get("checkpoint.monitor") == "val_map50_95"


def test_a_log_without_metadata_or_name(tmp_path: Path) -> None:
    run = only(lines(tmp_path / "None.log.json", [train(1, 20), train(1, 40), boxes(1, 0.1)]))
    assert run.epochs_done == 1
    assert run.planned_epochs is None


def test_a_training_by_iterations(tmp_path: Path) -> None:
    rows = [train(1, 50), train(2, 100), val(2, mIoU=0.4), train(3, 150), train(3, 200)]
    run = only(lines(tmp_path / "a.log.json", [*rows, val(3, mIoU=0.5)]))
    assert run.series["train_loss"].axis == "step"
    assert run.series["val_miou"].x.tolist() == [100, 200]
    assert run.epochs_done == 0


def test_two_validations_in_one_epoch_go_by_iterations(tmp_path: Path) -> None:
    rows = [train(1, 50), val(1, mIoU=0.4), train(1, 100), val(1, mIoU=0.5)]
    assert only(lines(tmp_path / "a.log.json", rows)).steps_done == 100


def test_json_and_text_of_one_start_are_one_run(tmp_path: Path) -> None:
    lines(tmp_path / "20260105_143022.log.json", [META, *EPOCHS])
    text(tmp_path / "20260105_143022.log", TEXT)
    run = only(tmp_path)
    assert run.series["train_loss@step"].x.tolist() == [50, 100, 175, 225]
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 1
    assert {event.kind for event in run.events} == {"started", "saved", "best"}


def test_text_alone(tmp_path: Path) -> None:
    run = only(text(tmp_path / "train.log", TEXT))
    assert run.series["train_loss@step"].y.tolist() == [1.0, 0.9, 0.8, 0.7]
    assert run.series["val_map50_95"].y.tolist() == [0.21]
    assert (run.epochs_done, run.planned_epochs) == (2, 2)
    assert run.config.file == "train.log"


def test_text_by_iterations(tmp_path: Path) -> None:
    rows = [
        "Iter [50/200]\tlr: 1e-02, time: 0.4, decode.loss_seg: 0.5, loss: 1.0",
        "Iter(val) [13]\tmIoU: 0.4000, mAcc: 0.5000",
    ]
    run = only(text(tmp_path / "train.log", rows))
    assert (run.steps_done, run.planned_steps) == (50, 200)
    assert run.series["val_miou"].y.tolist() == [0.4]


def test_several_starts_of_one_work_dir_are_one_run(tmp_path: Path) -> None:
    lines(tmp_path / "20260105_143022.log.json", [META, *EPOCHS[:3]])
    lines(tmp_path / "20260106_080000.log.json", [META, *EPOCHS[3:]])
    (tmp_path / "epoch_2.pth").write_bytes(b"x")
    run = only(tmp_path)
    assert run.path == tmp_path
    assert run.epochs_done == 2
    assert set(run.series["train_loss@step"].segment.tolist()) == {0, 1}
    assert [c.epoch for c in run.checkpoints] == [2]


def test_other_logs_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "app.log").write_text("2026-01-05 14:31:02,123 - server - INFO - started\n")
    (tmp_path / "20260105_143022.json").write_text('{"mode": "x"}\n')
    assert runs(tmp_path) == []


@settings(max_examples=60)
@given(st.integers(0, 1500), st.binary(max_size=6))
def test_damage_never_raises(cut: int, junk: bytes) -> None:
    whole = "".join(f"{LOG}{row}\n" for row in ["Environment info:", *TEXT])
    rows = "\n".join(json.dumps(row) for row in [META, *EPOCHS])
    for name, content in (("a.log", whole), ("a.log.json", rows)):
        data = content.encode()[:cut] + junk + content.encode()[cut + 5 :]
        folder = Folder(LooseFile(Path("x"), name, data))
        for claim in mmcv.claims(folder):
            mmcv.read(folder, claim)
