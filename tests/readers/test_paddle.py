"""The Paddle family: dialects, starts and dumps in one log, tqdm in between."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ondisk import claims, folder_of, read_one

from analyzer.readers import paddle
from analyzer.run import Run, Status

OCR = Path(__file__).parents[1] / "runs/paddle/ocr"


def of(folder: Path, text: str, name: str = "train.log") -> Run:
    (folder / name).write_text(text, encoding="utf-8")
    run = read_one(folder)
    assert run.format == "paddle"
    return run


def test_three_starts_in_one_log_the_last_resumed_with_another_plan() -> None:
    run = read_one(OCR)
    assert run.series["train_loss"].y.tolist()[:3] == [8.5, 6.5, 4.3]
    assert np.isnan(run.series["train_loss"].y[3])
    assert run.series["train_loss@step"].x.tolist() == [2, 4, 6, 8, 10, 12, 14, 16]
    assert run.series["train_loss@step"].segment.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
    assert run.series["val_f1"].axis == "epoch"
    assert run.series["val_f1"].y.tolist() == [0, 0.44, 0.56, 0.5]
    assert run.series["data_time"].y[0] == pytest.approx(0.00402)
    assert run.series["gpu_memory_mb"].y[0] == 10612
    assert (run.main_metric, run.planned_epochs, run.planned_steps) == ("val_f1", 5, None)
    assert [e.line for e in run.events if e.kind == "started"] == [1, 28, 73]
    assert sum(event.kind == "resumed" for event in run.events) == 1
    assert run.best_checkpoint is not None
    assert (run.best_checkpoint.epoch, run.best_checkpoint.source) == (3, "log")


def test_settings_are_those_of_the_log_where_the_file_beside_it_is_older() -> None:
    config = read_one(OCR).config
    assert config.get("train.epochs") == 5
    assert config.get("optimizer.weight_decay") == 5e-5
    assert config.get("train.amp") is True
    assert config.spelled("optimizer.lr") == "Optimizer.lr.learning_rate"
    assert config.spelled("data.batch_size") == "Train.loader.batch_size_per_card"
    assert (config.file, config.lines["train.epochs"]) == ("config.yml", 2)


def test_the_first_releases_count_epochs_from_0(tmp_path: Path) -> None:
    row = (
        "[2020/05/05 10:00:00] root INFO: epoch: [{}/2], iter: {}, lr: 0.1, acc: 0.5, loss: 1.0\n"
    )
    run = of(
        tmp_path, row.format(0, 0) + row.format(0, 10) + row.format(1, 20) + row.format(1, 30)
    )
    assert run.series["train_loss"].x.tolist() == [1, 2]
    assert run.series["train_accuracy"].y.tolist() == [0.5, 0.5]
    assert run.status is Status.FINISHED


def test_several_validations_in_one_epoch_count_steps(tmp_path: Path) -> None:
    row = "[2024/05/05 10:00:00] ppocr INFO: epoch: [{}/9], global_step: {}, lr: 0.1, loss: 1.0\n"
    metric = "[2024/05/05 10:00:00] ppocr INFO: cur metric, acc: 0, norm_edit_dis: 0.5, fps: 1\n"
    text = "".join(row.format(e, 2 * e + s) + metric for e in (1, 2, 3) for s in (0, 1))
    run = of(tmp_path, text)
    assert run.series["val_accuracy"].axis == "step"
    assert run.series["val_norm_ed"].x.tolist() == [2, 3, 4, 5, 6, 7]


def test_openocr_is_the_same_behind_another_logger(tmp_path: Path) -> None:
    text = (
        "[2024/11/05 03:46:08] openrec INFO: Global : \n"
        "[2024/11/05 03:46:08] openrec INFO:     epoch_num : 20\n"
        "[2024/11/05 03:46:08] openrec INFO: Optimizer : \n"
        "[2024/11/05 03:46:08] openrec INFO:     lr : 0.00065\n"
        "[2024/11/05 03:46:08] openrec INFO: epoch: [1/20], global_step: 50, lr: 0.000011, "
        "acc: 0.000000, loss: 3.1, avg_reader_cost: 0.1 s, eta: 60 days, 7:29:51\n"
    )
    run = of(tmp_path, text)
    assert run.config.get("optimizer.lr") == 0.00065
    assert run.planned_epochs == 20
    assert "eta" not in run.series


def test_paddlegan_counts_iterations_and_logs_one_part(tmp_path: Path) -> None:
    head = "[11/23 19:27:00] ppgan INFO: Configs: {'total_iters': 300, 'lr_scheduler': "
    text = head + "{'learning_rate': 0.0002}}\n"
    for n in (100, 200):
        text += (
            f"[11/23 19:27:19] ppgan.engine.trainer INFO: Iter: {n}/300 lr: 2.000e-04 loss_pixel: "
            "2201269967.000 batch_cost: 1.02053 sec reader_cost: 0.15708 sec ips: 15.67820 "
            "images/s eta: 11 days, 19:28:35\n"
            "[11/23 20:54:22] ppgan.engine.trainer INFO: Metric psnr: inf\n"
            "[11/23 20:54:22] ppgan.engine.trainer INFO: Metric ssim: 0.9463\n"
        )
    run = of(tmp_path, text, "log.txt")
    assert run.series["train_loss"].x.tolist() == [100, 200]
    assert run.series["val_psnr"].y.tolist() == [np.inf, np.inf]
    assert run.series["val_ssim"].axis == "step"
    assert (run.planned_steps, run.planned_epochs) == (300, None)
    assert run.config.spelled("optimizer.lr") == "lr_scheduler.learning_rate"
    assert run.series["step_time"].y.tolist() == [1.02053, 1.02053]


def test_paddleseg(tmp_path: Path) -> None:
    text = (
        "2026-01-05 14:55:00 [INFO]\t\n------------Environment Information-------------\n"
        "python: 3.8\n---------------Config Information---------------\nbatch_size: 4\n"
        "iters: 40\noptimizer:\n  type: sgd\n  momentum: 0.9\nlr_scheduler:\n"
        "  learning_rate: 0.01\n------------------------------------------------\n"
    )
    for n in (20, 40):
        text += (
            f"2026-01-05 14:55:57 [INFO]\t[TRAIN] epoch: 1, iter: {n}/40, loss: 2.0859, "
            "lr: 0.009657, batch_cost: 0.5000, reader_cost: 0.1000, ips: 8.5 samples/sec | "
            "ETA 00:04:16\n2026-01-05 14:56:00 [INFO]\t[EVAL] #Images: 76 mIoU: 0.7785 "
            "Acc: 0.9527 Kappa: 0.7 Dice: 0.87\n"
        )
    run = of(tmp_path, text)
    assert run.series["train_loss"].y.tolist() == [2.0859, 2.0859]
    assert run.series["val_miou"].x.tolist() == [20, 40]
    assert run.samples == {"val": 76}
    assert (run.planned_steps, run.status) == (40, Status.FINISHED)
    assert run.config.get("optimizer.type") == "sgd"
    assert run.config.get("optimizer.lr") == 0.01


def test_paddleclas(tmp_path: Path) -> None:
    text = ""
    for epoch in (1, 2, 3):
        text += "".join(
            f"[2021/12/05 08:12:33] ppcls INFO: [Train][Epoch {epoch}/3][Iter: {n}/20]"
            "lr(PiecewiseDecay): 0.10000, top1: 0.5, top5: 0.9, CELoss: 7.1, loss: 7.1, "
            "batch_cost: 2.1s, reader_cost: 1.5, ips: 60.1 images/s, eta: 0:05:00\n"
            for n in (0, 10)
        )
        text += (
            f"[2021/12/05 08:12:33] ppcls INFO: [Train][Epoch {epoch}/3][Avg]top1: 0.6, "
            "CELoss: 6.5, loss: 6.5\n"
            f"[2021/12/05 08:12:33] ppcls INFO: [Eval][Epoch {epoch}][Avg]CELoss: 4.8, "
            f"loss: 4.8, top1: 0.1{epoch}, top5: 0.33\n"
        )
    run = of(tmp_path, text)
    assert run.series["train_loss"].y.tolist() == [6.5, 6.5, 6.5]
    assert run.series["val_accuracy"].y.tolist() == [0.11, 0.12, 0.13]
    assert run.series["train_loss@step"].x.tolist() == [0, 10, 20, 30, 40, 50]
    assert run.series["learning_rate@step"].y[0] == 0.1
    assert run.series["step_time@step"].y[0] == 2.1
    assert (run.planned_epochs, run.epochs_done) == (3, 3)


def test_paddledetection_with_a_coco_table(tmp_path: Path) -> None:
    text = ""
    for epoch in (0, 1, 2):
        text += "".join(
            f"[05/12 10:14:58] ppdet.engine INFO: Epoch: [{epoch}] [{n:3d}/100] learning_rate: "
            "0.000500 loss_xy: 9.07 loss: 76.5 eta: 1 day, 2:03:02 batch_cost: 1.1 data_cost: "
            "0.9 ips: 7.1 images/s\n"
            for n in (0, 20)
        )
        text += (
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 0.312\n"
            " Average Precision  (AP) @[ IoU=0.50      | area=   all | maxDets=100 ] = 0.512\n"
            " Average Precision  (AP) @[ IoU=0.50:0.95 | area= small | maxDets=100 ] = -1.000\n"
        )
    run = of(tmp_path, text)
    assert run.series["val_map50_95"].x.tolist() == [1, 2, 3]
    assert run.series["val_map50"].y.tolist() == [0.512] * 3
    assert run.main_metric == "val_map50_95"
    assert run.series["data_time@step"].y[0] == 0.9
    assert run.steps_done == 220


@pytest.mark.parametrize(
    "text",
    [
        "[2022/12/09 16:38:40] ppocr DEBUG: dt_boxes num : 9, elapse : 0.1\n",
        "[2022/12/09 16:38:40] root INFO: step 1, loss: 0.5\n",
        "epoch: [1/2] loss 0.5\n",
    ],
)
def test_what_is_no_training_of_the_family(tmp_path: Path, text: str) -> None:
    (tmp_path / "train.log").write_text(text, encoding="utf-8")
    assert not claims(paddle, tmp_path)


def test_two_logs_in_a_folder_are_two_runs_and_gbk_is_read(tmp_path: Path) -> None:
    row = "[2024/05/05 10:00:00] ppocr INFO: epoch: [1/9], global_step: 1, lr: 0.1, loss: 1.0\n"
    (tmp_path / "a.log").write_bytes("训练日志\n".encode("gbk") + row.encode())
    (tmp_path / "b.log").write_bytes(row.replace("\n", "\r\n").encode("utf-16"))
    folder = folder_of(tmp_path)
    found = [paddle.read(folder, claim) for claim in paddle.claims(folder)]
    assert [run.path.name for run in found] == ["a.log", "b.log"]
    assert all(run.series["train_loss"].y.tolist() == [1.0] for run in found)
