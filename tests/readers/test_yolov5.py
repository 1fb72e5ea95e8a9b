"""Runs of YOLOv5 and its relatives: tables with and without a header, closing rows, patience."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import NoRunFound
from analyzer.readers import read
from analyzer.run import Run, Status

NAMES = [
    *("epoch", "train/box_loss", "train/obj_loss", "train/cls_loss"),
    *("metrics/precision", "metrics/recall", "metrics/mAP_0.5", "metrics/mAP_0.5:0.95"),
    *("val/box_loss", "val/obj_loss", "val/cls_loss", "x/lr0", "x/lr1", "x/lr2"),
]
SEG = [
    *("epoch", "train/box_loss", "train/seg_loss", "train/obj_loss", "train/cls_loss"),
    *("metrics/precision(B)", "metrics/mAP_0.5(B)", "metrics/mAP_0.5:0.95(B)"),
    *("metrics/precision(M)", "metrics/mAP_0.5(M)", "metrics/mAP_0.5:0.95(M)"),
    *("val/box_loss", "x/lr0"),
]
HYPER = "lr0: 0.01\nlrf: 0.1\nmomentum: 0.937\nweight_decay: 0.0005\nwarmup_epochs: 3.0\n"


def padded(*rows: list[str]) -> str:
    return "".join(",".join(f"{cell:>20}" for cell in row) + "\n" for row in rows)


def row(epoch: int, fit: float = 0.2, rates: tuple[float, ...] = (0.01, 0.01, 0.01)) -> list[str]:
    values = [0.05, 0.02, 0.01, 0.9, 0.8, fit, fit, 0.04, 0.02, 0.01, *rates]
    return [str(epoch), *(f"{value:g}" for value in values)]


def write(folder: Path, table: str, name: str = "results.csv", **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(table)
    for stem, text in files.items():
        (folder / f"{stem}.yaml").write_text(text)
    return folder


def one(folder: Path) -> Run:
    (run,) = read(folder)
    assert run.format == "yolov5"
    return run


def test_a_padded_table_counts_from_zero(tmp_path: Path) -> None:
    table = padded(NAMES, row(0), row(1))
    run = one(write(tmp_path / "r", table, opt="epochs: 2\nbatch_size: 16\n", hyp=HYPER))
    assert (run.epochs_done, run.planned_epochs, run.status) == (2, 2, Status.FINISHED)
    assert run.main_metric == "val_map50_95"
    assert run.series["val_map50"].x.tolist() == [1, 2]
    assert run.series["train_loss"].y[0] == pytest.approx(0.08)
    assert run.config.get("optimizer.lr") == 0.01
    assert run.config.get("data.batch_size") == 16
    assert run.config.spelled("scheduler.warmup_epochs") == "warmup_epochs"


def test_settings_inside_the_options(tmp_path: Path) -> None:
    options = "hyp:\n  lr0: 0.02\nepochs: 2\nadam: true\nweights: ''\nimg_size: [640, 320]\n"
    config = one(write(tmp_path / "r", padded(NAMES, row(0)), opt=options)).config
    assert config.get("optimizer.lr") == 0.02
    assert config.spelled("optimizer.lr") == "hyp.lr0"
    assert config.get("optimizer.type") == "Adam"
    assert config.get("model.pretrained") == ""
    assert config.get("data.input_size") == 640


@pytest.mark.parametrize("rates", [(0.07, 0.003, 0.003), (0.003, 0.003, 0.07)])
def test_the_rate_of_the_weights_is_taken(tmp_path: Path, rates: tuple[float, ...]) -> None:
    run = one(write(tmp_path / "r", padded(NAMES, row(0, rates=rates), row(1))))
    assert run.series["learning_rate"].y.tolist() == [0.003, 0.01]


def test_the_closing_row_of_masks_is_no_epoch(tmp_path: Path) -> None:
    values = [f"{0.1:g}"] * (len(SEG) - 1)
    closing = ["300", *["0.5"] * 8]
    table = padded(SEG, ["0", *values], ["1", *values], closing)
    run = one(write(tmp_path / "r", table, opt="epochs: 300\n"))
    assert run.epochs_done == 2
    assert run.main_metric == "val_map50_95"
    assert run.series["val_map50_mask"].y.tolist() == [0.1, 0.1]
    assert run.status is Status.STOPPED_EARLY
    assert "last row" in run.status_because
    whole = one(write(tmp_path / "s", table, opt="epochs: 2\n"))
    assert whole.status is Status.FINISHED


def test_classification(tmp_path: Path) -> None:
    names = [
        *("epoch", "train/loss", "test/loss", "metrics/accuracy_top1"),
        *("metrics/accuracy_top5", "lr/0"),
    ]
    table = padded(names, ["0", "1.5", "1.2", "0.4", "0.9", "0.001"])
    run = one(write(tmp_path / "r", table, opt="epochs: 10\nlr0: 0.001\noptimizer: Adam\n"))
    assert (run.main_metric, run.epochs_done) == ("val_accuracy", 1)
    assert run.series["val_loss"].y.tolist() == [1.2]
    assert run.series["learning_rate"].y.tolist() == [0.001]


def test_rotated_boxes(tmp_path: Path) -> None:
    names = [name.replace("mAP_0.5:0.95", "HBBmAP.5:.95") for name in NAMES]
    names = [name.replace("mAP_0.5", "HBBmAP.5") for name in names]
    names[4:4] = ["train/theta_loss"]
    values = row(0)
    values[4:4] = ["0.6"]
    run = one(write(tmp_path / "r", padded(names, values)))
    assert {"val_map50", "val_map50_95", "train_loss.theta"} <= set(run.series)


def test_yolov9_has_no_objectness(tmp_path: Path) -> None:
    names = [name.replace("obj", "dfl") for name in NAMES]
    run = one(write(tmp_path / "r", padded(names, row(0)), opt="epochs: 10\n"))
    assert "train_loss.dfl" in run.series


def test_patience_is_that_of_the_options_or_the_default(tmp_path: Path) -> None:
    table = padded(NAMES, row(0, 0.5), *(row(n) for n in range(1, 6)))
    stopped = one(write(tmp_path / "r", table, opt="epochs: 50\npatience: 5\n"))
    assert stopped.status is Status.STOPPED_EARLY
    assert one(write(tmp_path / "s", table, opt="epochs: 50\n")).status is Status.UNKNOWN
    long = padded(NAMES, row(0, 0.5), *(row(n) for n in range(1, 101)))
    assert one(write(tmp_path / "t", long, opt="epochs: 500\n")).status is Status.STOPPED_EARLY


def test_zeros_of_validations_that_were_switched_off_are_no_values(tmp_path: Path) -> None:
    zeros = [*row(0)[:4], *["0"] * 7, "0.01", "0.01", "0.01"]
    table = padded(NAMES, zeros, row(1))
    run = one(write(tmp_path / "r", table, opt="epochs: 2\nnoval: true\n"))
    assert run.series["val_map50"].x.tolist() == [2]


def test_a_resumed_run_in_a_new_folder_starts_late(tmp_path: Path) -> None:
    run = one(write(tmp_path / "r", padded(NAMES, row(7), row(8)), opt="epochs: 9\n"))
    assert run.series["train_loss"].x.tolist() == [8, 9]
    shifted = one(write(tmp_path / "s", padded(NAMES, row(1), row(2)), opt="epochs: 2\n"))
    assert shifted.series["train_loss"].x.tolist() == [1, 2]


OLD = (
    "     0/299     7.1G    0.1078     0.145   0.02528    0.2528       106       640"
    "    0.1200    0.2500    0.0300    0.0100    0.0900    0.1300    0.0200\n"
)


def test_a_text_without_a_header(tmp_path: Path) -> None:
    table = OLD + OLD.replace("0/299", "1/299").replace("0.2528 ", "0.2428 ")
    run = one(write(tmp_path / "r", table, "results.txt", hyp=HYPER))
    assert (run.epochs_done, run.planned_epochs) == (2, 300)
    assert run.series["train_loss"].y.tolist() == [0.2528, 0.2428]
    assert run.series["train_loss.cls"].y[0] == 0.02528
    assert run.series["val_loss"].y[0] == pytest.approx(0.24)
    assert [run.series[f"val_{name}"].y[0] for name in ("precision", "map50", "map50_95")] == [
        *(0.12, 0.03, 0.01)
    ]
    assert run.status is Status.UNKNOWN


def test_a_text_of_a_fork_with_more_losses_and_nan(tmp_path: Path) -> None:
    line = "0/9 7.1G 1 2 3 4 nan 106 640 0.1 0.2 0.3 0.4 5 6 7\n"
    run = one(write(tmp_path / "r", line, "results.txt"))
    assert run.series["train_loss.part4"].y.tolist() == [4]
    assert run.series["val_map50_95"].y.tolist() == [0.4]


def test_what_is_no_run(tmp_path: Path) -> None:
    names = "metrics/precision,metrics/mAP_0.5,val/box_loss,lr0,lrf\n"
    write(tmp_path / "r", names + "0.1,0.2,0.3,0.01,0.1\n", "evolve.csv")
    write(tmp_path / "r", "image1.jpg 0 0.5 0.5\n", "results.txt")
    with pytest.raises(NoRunFound):
        read(tmp_path)


def test_weights_count_from_zero_too(tmp_path: Path) -> None:
    folder = write(tmp_path / "r", padded(NAMES, row(0, 0.1), row(1, 0.3)))
    (folder / "weights").mkdir()
    for name in ("best.pt", "epoch_024.pt", "best_010.pt"):
        (folder / "weights" / name).write_bytes(b"x")
    run = one(folder)
    assert {c.file: c.epoch for c in run.checkpoints} == {
        "weights/best.pt": None,
        "weights/epoch_024.pt": 25,
        "weights/best_010.pt": 11,
    }
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 2
