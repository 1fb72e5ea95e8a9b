"""Runs of Ultralytics v8 and later: every task, every odd row."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.readers import read
from analyzer.run import Run, Status

REAL = Path(__file__).parents[1] / "runs/ultralytics/detect"
DETECT = (
    "epoch,time,train/box_loss,train/cls_loss,metrics/precision(B),metrics/recall(B),"
    "metrics/mAP50(B),metrics/mAP50-95(B),val/box_loss,val/cls_loss,lr/pg0,lr/pg1,lr/pg2\n"
)


def row(epoch: int, map50_95: float = 0.2, seconds: float | None = None) -> str:
    time = 10 * epoch if seconds is None else seconds
    return f"{epoch},{time},1.5,0.5,0.4,0.3,{2 * map50_95:g},{map50_95:g},2,1,0.1,0.01,0.01\n"


def write(folder: Path, table: str, args: str = "", weights: tuple[str, ...] = ()) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "results.csv").write_text(table)
    if args:
        (folder / "args.yaml").write_text(args)
    for name in weights:
        (folder / "weights").mkdir(exist_ok=True)
        (folder / "weights" / name).write_bytes(b"x")
    return folder


def one(folder: Path) -> Run:
    (run,) = read(folder)
    assert run.format == "ultralytics"
    return run


def test_a_real_run(tmp_path: Path) -> None:
    run = one(REAL)
    assert (run.epochs_done, run.planned_epochs, run.status) == (3, 3, Status.FINISHED)
    assert run.main_metric == "val_map50_95"
    assert run.series["train_loss"].y[0] == pytest.approx(6.48103 + 3.67543 + 4.24494)
    assert run.series["learning_rate"].y.tolist() == [0, 0.00335, 0.0034]
    assert run.series["learning_rate.pg2"].y.tolist() == [0.1, 0.05335, 0.0034]
    assert run.series["epoch_time"].y.tolist() == pytest.approx([0.376401, 0.51579, 0.380199])
    assert run.config.get("optimizer.type") == "SGD"
    assert run.config.spelled("optimizer.lr") == "lr0"
    assert run.config.get("model.pretrained") is False


@pytest.mark.parametrize(
    ("columns", "main", "others"),
    [
        ("train/loss,metrics/accuracy_top1,metrics/accuracy_top5,val/loss", "val_accuracy", {}),
        (
            "train/box_loss,train/seg_loss,metrics/mAP50(B),metrics/mAP50-95(B),"
            "metrics/mAP50(M),metrics/mAP50-95(M),val/box_loss,val/seg_loss",
            "val_map50_95",
            {"val_map50_95_mask", "train_loss.seg", "val_loss", "train_loss"},
        ),
        (
            "train/pose_loss,train/kobj_loss,metrics/mAP50-95(B),metrics/mAP50-95(P)",
            "val_map50_95",
            {"val_map50_95_pose", "train_loss.kobj"},
        ),
        ("train/ce_loss,metrics/mIoU,metrics/pixel_acc", "val_miou", {"val_pixel_accuracy"}),
        (
            "train/dlog_loss,metrics/delta1,metrics/abs_rel,metrics/silog",
            "val_delta1",
            {"val_abs_rel", "val_silog"},
        ),
        ("train/giou_loss,train/l1_loss,metrics/mAP50-95(B)", "val_map50_95", {"train_loss.giou"}),
        ("train/box_loss,train/angle_loss,metrics/mAP50-95(B)", "val_map50_95", set()),
    ],
)
def test_every_task_has_its_columns(
    tmp_path: Path, columns: str, main: str, others: set[str]
) -> None:
    values = ",".join("0.5" for _ in columns.split(","))
    table = f"epoch,time,{columns},lr/pg0\n1,9,{values},0.01\n2,18,{values},0.01\n"
    run = one(write(tmp_path / "r", table, "epochs: 2\n"))
    assert (run.main_metric, run.epochs_done) == (main, 2)
    assert {"learning_rate", "train_loss", *others} <= set(run.series)


def test_eight_rates_of_one_optimiser(tmp_path: Path) -> None:
    rates = ",".join(f"lr/pg{n}" for n in range(8))
    table = f"epoch,time,train/box_loss,metrics/mAP50-95(B),{rates}\n"
    table += "1,9,1,0.1,0.006,0.002,0.006,0.002,0.1,0.1,0.006,0.002\n"
    assert one(write(tmp_path / "r", table)).series["learning_rate"].y.tolist() == [0.002]


def test_padded_columns_without_time_and_epochs_from_zero(tmp_path: Path) -> None:
    names = ["epoch", "train/box_loss", "metrics/mAP50-95(B)", "lr/pg0"]
    lines = [names, ["0", "1.5", "0.1", "0.01"], ["1", "1.25", "0.2", "0.01"]]
    table = "".join(",".join(f"{cell:>23}" for cell in line) + "\n" for line in lines)
    run = one(write(tmp_path / "r", table))
    assert run.series["train_loss.box"].x.tolist() == [1, 2]
    assert run.series["train_loss.box"].y.tolist() == [1.5, 1.25]


def test_a_row_without_validation_misses_the_middle(tmp_path: Path) -> None:
    table = DETECT + row(1) + "2,20,1.25,0.5,0.1,0.02,0.02\n" + row(3)
    run = one(write(tmp_path / "r", table))
    assert run.series["train_loss.box"].x.tolist() == [1, 2, 3]
    assert run.series["val_map50_95"].x.tolist() == [1, 3]
    assert run.series["learning_rate"].y.tolist() == [0.01, 0.02, 0.01]


def test_a_header_of_an_epoch_without_validation(tmp_path: Path) -> None:
    table = "epoch,time,train/box_loss,lr/pg0\n1,9,1.5,0.02\n2,18,1.25,0.4,0.3,0.2,0.1,2,0.01\n"
    run = one(write(tmp_path / "r", table, "epochs: 2\n"))
    assert run.series["learning_rate"].y.tolist() == [0.02, 0.01]
    assert run.epochs_done == 2


def test_zeros_of_validations_that_were_switched_off_are_no_values(tmp_path: Path) -> None:
    off = "1,9,1.5,0.5,0,0,0,0,0,0,0.01,0.01,0.01\n"
    args = "epochs: 2\nval: false\n"
    run = one(write(tmp_path / "r", DETECT + off + row(2), args))
    assert run.series["val_map50_95"].x.tolist() == [2]
    without_args = one(write(tmp_path / "s", DETECT + off + row(2)))
    assert without_args.series["val_map50"].x.tolist() == [2]


def test_an_epoch_that_found_nothing_is_a_value(tmp_path: Path) -> None:
    none_found = "1,9,1.5,0.5,0,0,0,0,2.5,1.5,0.01,0.01,0.01\n"
    run = one(write(tmp_path / "r", DETECT + none_found + row(2)))
    assert run.series["val_map50"].y[0] == 0


def test_a_half_written_last_row_is_left_out(tmp_path: Path) -> None:
    run = one(write(tmp_path / "r", DETECT + row(1) + row(2)[:20]))
    assert run.epochs_done == 1


def test_two_trainings_in_one_file_are_told_apart(tmp_path: Path) -> None:
    table = DETECT + "".join(row(n, 0.5) for n in (1, 2, 3)) + row(1) + row(2)
    run = one(write(tmp_path / "r", table, "epochs: 2\n"))
    assert (run.epochs_done, run.series["val_map50_95"].y.tolist()) == (2, [0.2, 0.2])
    assert [event.kind for event in run.events] == ["restarted"]
    assert run.planned_epochs is None  # fewer than were logged: of another start
    assert len(run.superseded) > 0


def test_a_resume_sets_the_clock_back(tmp_path: Path) -> None:
    table = DETECT + row(1) + row(2) + row(2, seconds=11) + row(3, seconds=21)
    run = one(write(tmp_path / "r", table))
    assert run.series["epoch_time"].y.tolist() == [10, 11, 10]
    assert run.series["epoch_time"].segment.tolist() == [0, 1, 1]


def test_nan_and_inf_are_values(tmp_path: Path) -> None:
    table = DETECT + row(1) + "2,20,nan,0.5,0,0,0,0,inf,1,0.1,0.01,0.01\n"
    run = one(write(tmp_path / "r", table))
    assert np.isnan(run.series["train_loss"].y[1])
    assert run.series["val_loss"].y[1] == np.inf


def test_an_automatic_optimiser_ignores_its_settings(tmp_path: Path) -> None:
    args = "epochs: 9\noptimizer: auto\nlr0: 0.01\nmomentum: 0.9\nbatch: 8\nmodel: yolov8n.pt\n"
    config = one(write(tmp_path / "r", DETECT + row(1), args)).config
    assert config.get("optimizer.lr") is None
    assert config.get("optimizer.type") is None
    assert config.get("data.batch_size") == 8
    assert config.get("model.pretrained") is True


def test_a_time_limit_leaves_the_plan_open(tmp_path: Path) -> None:
    run = one(write(tmp_path / "r", DETECT + row(1), "epochs: 100\ntime: 2.0\n"))
    assert run.planned_epochs is None


def test_paths_of_windows_and_foreign_types(tmp_path: Path) -> None:
    args = (
        "model: C:\\Users\\x\\new\\yolov8n.yaml\nepochs: 9\n"
        "save_dir: !!python/object/apply:pathlib.WindowsPath\n- C:\\\n- Users\n"
    )
    config = one(write(tmp_path / "r", DETECT + row(1), args)).config
    assert config.get("model.name") == "C:\\Users\\x\\new\\yolov8n.yaml"
    assert config.get("train.epochs") == 9


def test_patience_ends_a_training(tmp_path: Path) -> None:
    table = DETECT + row(1, 0.3) + "".join(row(n, 0.2) for n in range(2, 5))
    run = one(write(tmp_path / "r", table, "epochs: 50\npatience: 3\n", ("best.pt",)))
    assert run.status is Status.STOPPED_EARLY
    assert "epoch 1 for 3 epochs; the patience is 3" in run.status_because
    assert run.best_checkpoint is not None
    assert (run.best_checkpoint.file, run.best_checkpoint.epoch) == ("weights/best.pt", 1)
    assert run.best_checkpoint.confidence < 0.9
    less = one(write(tmp_path / "s", table, "epochs: 50\npatience: 5\n"))
    assert less.status is Status.UNKNOWN
    assert less.best_checkpoint is None


def test_masks_count_in_the_fitness(tmp_path: Path) -> None:
    header = "epoch,train/seg_loss,metrics/mAP50-95(B),metrics/mAP50-95(M),lr/pg0\n"
    rows = "1,1,0.5,0.1,0.01\n2,1,0.4,0.3,0.01\n3,1,0.3,0.2,0.01\n"
    run = one(write(tmp_path / "r", header + rows, "epochs: 9\npatience: 1\n", ("best.pt",)))
    assert run.status is Status.STOPPED_EARLY
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 2


def test_the_last_drawing_shows_that_it_ended_by_itself(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", DETECT + row(1), "epochs: 9\n")
    (folder / "results.png").write_bytes(b"")
    assert one(folder).status is Status.STOPPED_EARLY


def test_weights_are_listed_by_the_epoch_they_were_saved_in(tmp_path: Path) -> None:
    names = ("best.pt", "last.pt", "epoch0.pt", "epoch9.pt")
    run = one(write(tmp_path / "r", DETECT + row(1), weights=names))
    epochs = {c.file: c.epoch for c in run.checkpoints}
    assert epochs["weights/epoch9.pt"] == 10
    assert epochs["weights/best.pt"] is None
    assert len(epochs) == 4


def test_copies_under_other_names_are_runs_of_their_own(tmp_path: Path) -> None:
    for name in ("yolov8n.csv", "yolov8s.csv"):
        (tmp_path / name).write_text(DETECT + row(1))
    assert [run.name for run in read(tmp_path)] == ["yolov8n.csv", "yolov8s.csv"]
