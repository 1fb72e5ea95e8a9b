"""Runs of mmengine: folders of starts, JSON lines and text, epochs and iterations."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import mmengine
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.search import find_runs
from analyzer.run import Run, Status

CONFIG = """2026/01/05 14:30:22 - mmengine - INFO - Config:
train_cfg = dict(by_epoch=True, max_epochs=4, val_interval=1)
optim_wrapper = dict(
    type='AmpOptimWrapper',
    optimizer=dict(type='SGD', lr=0.02, momentum=0.9))
default_hooks = dict(checkpoint=dict(type='CheckpointHook', save_best='coco/bbox_mAP'))
custom_hooks = [dict(type='EarlyStoppingHook', monitor='coco/bbox_mAP', patience=2)]
param_scheduler = [dict(type='LinearLR', end=10), dict(type='CosineAnnealingLR')]
train_dataloader = dict(batch_size=8, num_workers=2)
val_dataloader = dict(batch_size=1)
load_from = None
model = dict(type='RTMDet', backbone=dict(init_cfg=dict(type='Pretrained', checkpoint='x.pth')))
work_dir = './work_dirs/x'

2026/01/05 14:30:23 - mmengine - INFO - Checkpoints will be saved to /w.
"""


def runs(path: Path) -> list[Run]:
    located = find_runs([path], [mmengine]).runs
    return [mmengine.read(run.folder(), run.claim) for run in located]


def only(path: Path) -> Run:
    (run,) = runs(path)
    assert run.unreadable is None
    return run


def train_row(epoch: int, step: int, loss: float = 1.0) -> dict[str, Any]:
    return {"lr": 0.02, "data_time": 0.1, "loss": loss, "loss_cls": loss / 2, "time": 0.2} | {
        "epoch": epoch,
        "iter": step,
        "memory": 3907,
        "step": step,
    }


def val_row(epoch: int, best: float) -> dict[str, Any]:
    return {"coco/bbox_mAP": best, "coco/bbox_mAP_50": -1.0, "time": 0.1, "step": epoch}


def epochs(first: int, last: int, loss: float = 1.0) -> list[dict[str, Any]]:
    rows = []
    for epoch in range(first, last + 1):
        rows += [train_row(epoch, 100 * (epoch - 1) + half, loss) for half in (50, 100)]
        rows.append(val_row(epoch, 0.1 * epoch))
    return rows


def scalars(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def textlog(path: Path, lines: list[str], head: str = CONFIG) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    stamped = [
        f"2026/01/05 14:31:{n % 60:02} - mmengine - INFO - {x}" for n, x in enumerate(lines)
    ]
    path.write_text(head + "\n".join(stamped) + "\n")
    return path


TEXT = [
    "Epoch(train)   [1][ 50/100]  lr: 2.0000e-02  eta: 1 day, 4:35:12  time: 0.2310  loss: 0.7123",
    "Epoch(train)   [1][100/100]  lr: 2.0000e-02  eta: 4:35:12  time: 0.2310  loss: 0.6000",
    "Saving checkpoint at 1 epochs",
    "Epoch(val)   [1][20/40]    eta: 0:00:08  time: 1.7558  data_time: 1.6  memory: 292  ",
    "Epoch(val) [1][40/40]    coco/bbox_mAP: 0.3120  coco/bbox_mAP_50: -1.0000  time: 0.2",
    "The best checkpoint with 0.3120 coco/bbox_mAP at 1 epoch is saved to best_x_epoch_1.pth.",
    "Epoch(train)   [2][ 50/100]  lr: 2.0000e-02  eta: 4:35:12  time: 0.2310  loss: nan",
]


def test_the_step_of_a_validation_is_an_epoch(tmp_path: Path) -> None:
    scalars(tmp_path / "scalars.json", epochs(1, 3))
    run = only(tmp_path)
    assert run.series["val_map50_95"].axis == "epoch"
    assert run.series["val_map50_95"].x.tolist() == [1, 2, 3]
    assert run.series["train_loss@step"].x.tolist() == [50, 100, 150, 200, 250, 300]
    assert run.series["train_loss"].x.tolist() == [1, 2, 3]
    assert run.main_metric == "val_map50_95"
    assert "val_map50" not in run.series


def test_without_epochs_the_step_is_an_iteration(tmp_path: Path) -> None:
    rows = [{"lr": 0.1, "loss": 0.5, "decode.acc_seg": 90.0, "step": n} for n in (100, 200)]
    scalars(tmp_path / "scalars.json", [*rows, {"mIoU": 49.11, "aAcc": 98.0, "step": 200}])
    run = only(tmp_path)
    assert run.series["val_miou"].axis == "step"
    assert run.series["val_miou"].y.tolist() == [pytest.approx(0.4911)]
    assert run.main_metric == "val_miou"
    assert run.epochs_done == 0


def test_names_may_carry_their_split(tmp_path: Path) -> None:
    rows = [
        {"train/lr": 0.1, "train/base_lr": 0.2, "train/loss": 0.5, "epoch": 1, "step": 9},
        {"val/coco/AP": 0.4, "step": 1},
    ]
    run = only(scalars(tmp_path / "scalars.json", rows))
    assert run.series["train_loss"].y.tolist() == [0.5]
    assert run.series["val_map50_95"].y.tolist() == [0.4]


def test_the_rate_of_the_optimiser_counts_before_that_of_its_first_group(tmp_path: Path) -> None:
    rows = [{"lr": 0.1, "base_lr": 0.2, "loss": 0.5, "step": n} for n in (1, 2)]
    run = only(scalars(tmp_path / "scalars.json", rows))
    assert run.series["learning_rate"].y.tolist() == [0.2, 0.2]


def test_a_validation_of_times_alone_has_no_metric(tmp_path: Path) -> None:
    rows = [*epochs(1, 2), {"time": 0.1, "data_time": 0.1, "step": 3}]
    assert only(scalars(tmp_path / "scalars.json", rows)).epochs_done == 2


def test_nan_tokens_and_a_half_written_line(tmp_path: Path) -> None:
    path = scalars(tmp_path / "scalars.json", epochs(1, 2))
    path.write_text(
        path.read_text() + '{"lr": 0.1, "loss": NaN, "epoch": 3, "step": 250}\n{"lr"\n'
    )
    run = only(path)
    assert str(run.series["train_loss@step"].y[-1]) == "nan"
    assert run.notes[0].line == 8


def test_each_start_has_a_folder_and_the_later_one_counts(tmp_path: Path) -> None:
    for stamp, rows in (
        ("20260105_143022", epochs(1, 3)),
        ("20260106_080000", epochs(3, 4, loss=0.5)),
    ):
        scalars(tmp_path / stamp / "vis_data" / "scalars.json", rows)
        scalars(tmp_path / stamp / "vis_data" / f"{stamp}.json", rows)
        textlog(tmp_path / stamp / f"{stamp}.log", TEXT)
    (tmp_path / "best_coco_bbox_mAP_epoch_4.pth").write_bytes(b"x")
    (tmp_path / "iter_400.pth").write_bytes(b"x")
    run = only(tmp_path)
    assert run.path == tmp_path
    assert run.series["train_loss"].y.tolist() == [1, 1, 0.5, 0.5]
    assert run.series["train_loss@step"].segment.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert (run.epochs_done, run.planned_epochs, run.status) == (4, 4, Status.FINISHED)
    (event,) = [event for event in run.events if event.kind == "resumed"]
    assert (event.file, event.line) == ("20260106_080000/vis_data/scalars.json", 1)
    assert [(c.file, c.epoch) for c in run.checkpoints] == [
        ("best_coco_bbox_mAP_epoch_4.pth", 4),
        ("iter_400.pth", None),
    ]


def test_the_folder_of_one_start_or_its_vis_data_alone(tmp_path: Path) -> None:
    stamp = tmp_path / "20260105_143022"
    scalars(stamp / "vis_data" / "scalars.json", epochs(1, 2))
    (stamp / "vis_data" / "config.py").write_text("train_cfg = dict(max_epochs=7)\n")
    assert only(stamp).planned_epochs == 7
    assert only(stamp / "vis_data").epochs_done == 2


def test_text_and_json_side_by_side_are_one_run(tmp_path: Path) -> None:
    scalars(tmp_path / "scalars.json", epochs(1, 4))
    textlog(tmp_path / "20260105_143022.log", TEXT)
    run = only(tmp_path)
    assert (run.epochs_done, run.planned_epochs) == (4, 4)
    assert run.config.get("optimizer.lr") == 0.02
    assert run.config.spelled("optimizer.lr") == "optim_wrapper.optimizer.lr"
    assert run.config.spelled("train.patience") == "custom_hooks.0.patience"
    assert run.config.get("scheduler.type") == "CosineAnnealingLR"
    assert run.config.get("checkpoint.monitor") == "val_map50_95"
    assert run.config.get("model.pretrained") == "x.pth"
    assert run.config.get("train.amp") is True


def test_text_alone(tmp_path: Path) -> None:
    run = only(textlog(tmp_path / "train.log", TEXT))
    assert run.series["train_loss@step"].x.tolist() == [50, 100, 150]
    assert run.series["val_map50_95"].y.tolist() == [0.312]
    assert "val_map50" not in run.series
    assert run.epochs_done == 1
    assert run.best_checkpoint is not None
    assert (run.best_checkpoint.file, run.best_checkpoint.epoch) == ("best_x_epoch_1.pth", 1)
    assert {event.kind for event in run.events} == {"started", "saved", "best"}
    assert run.started is not None
    assert run.started.year == 2026


def test_two_starts_in_one_text(tmp_path: Path) -> None:
    again = CONFIG + "\n".join(f"2026/01/06 10:00:00 - mmengine - INFO - {x}" for x in TEXT)
    path = textlog(tmp_path / "train.log", TEXT)
    path.write_text(path.read_text() + again)
    run = only(path)
    assert [event.kind for event in run.events].count("restarted") == 1
    assert run.series["train_loss@step"].x.tolist() == [50, 100, 150]


def test_the_validations_of_iterations_stand_at_their_interval(tmp_path: Path) -> None:
    head = CONFIG.replace("by_epoch=True, max_epochs=4, val_interval=1", "val_interval=400")
    lines = [
        "Iter(train) [ 350/2000]  lr: 1e-2  time: 0.5  loss: 0.9  decode.loss_ce: 0.4",
        "Iter(val) [11/11]    aAcc: 67.1900  mIoU: 23.1700  mAcc: 31.4900  time: 5.2",
        "Iter(train) [ 750/2000]  lr: 1e-2  time: 0.5  loss: 0.8  decode.loss_ce: 0.4",
        "Iter(val) [11/11]    aAcc: 67.1900  mIoU: 33.1700  mAcc: 31.4900  time: 5.2",
    ]
    run = only(textlog(tmp_path / "a.log", lines, head))
    assert run.series["val_miou"].x.tolist() == [400, 800]
    assert (run.steps_done, run.planned_steps) == (800, 2000)
    assert run.series["train_loss.decode_ce"].y.tolist() == [0.4, 0.4]


def test_the_text_tells_the_plan_of_iterations_beside_the_json(tmp_path: Path) -> None:
    rows = [{"lr": 0.1, "loss": 0.5, "step": n} for n in (100, 200)]
    scalars(tmp_path / "scalars.json", rows)
    textlog(tmp_path / "a.log", ["Iter(train) [ 100/900]  lr: 1e-2  loss: 0.5"], "")
    assert only(tmp_path).planned_steps == 900


def test_early_stopping_is_told_by_the_log(tmp_path: Path) -> None:
    stop = "the monitored metric did not improve in the last 2 records. best score: 0.312."
    run = only(textlog(tmp_path / "a.log", [*TEXT, stop]))
    assert run.status is Status.STOPPED_EARLY


def test_an_evaluation_alone_is_no_training(tmp_path: Path) -> None:
    lines = [
        "Epoch(test) [ 3/13]    eta: 0:00:09  time: 0.9970  data_time: 0.8  memory: 891  ",
        "Epoch(test) [13/13]  coco/bbox_mAP: 0.7660  coco/bbox_mAP_50: 0.8820",
    ]
    run = only(textlog(tmp_path / "a.log", lines))
    assert run.series == {}
    assert run.planned_epochs is None
    scalars(tmp_path / "b" / "scalars.json", [{"coco/bbox_mAP": 0.7, "step": 0}])
    assert runs(tmp_path / "b") == []


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "20260105_143022.json").write_text('{"coco/bbox_mAP": 0.7}')
    (tmp_path / "other.log").write_text("2026-01-05 loss: 1\n")
    (tmp_path / "scalars.json").write_text('{"a": 1}\n')
    assert runs(tmp_path) == []


@settings(max_examples=60)
@given(st.integers(0, 2500), st.binary(max_size=6))
def test_damage_never_raises(cut: int, junk: bytes) -> None:
    lines = "\n".join(f"2026/01/05 14:31:00 - mmengine - INFO - {x}" for x in TEXT)
    json_lines = "\n".join(json.dumps(row) for row in epochs(1, 3))
    for name, text in (("a.log", CONFIG + lines), ("scalars.json", json_lines)):
        data = text.encode()[:cut] + junk + text.encode()[cut + 5 :]
        folder = Folder(LooseFile(Path("x"), name, data))
        for claim in mmengine.claims(folder):
            mmengine.read(folder, claim)
