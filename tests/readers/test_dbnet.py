"""DBNet.pytorch, MhLiao's DB and docTR: steps, epochs, validations and starts."""

from __future__ import annotations

from pathlib import Path

import pytest
from ondisk import claims, read_one

from analyzer.readers import dbnet, doctr, mhliao
from analyzer.run import Status

RUNS = Path(__file__).parents[1] / "runs"


def test_dbnet_resumed_from_an_earlier_epoch() -> None:
    run = read_one(RUNS / "dbnet/resumed")
    assert run.format == "dbnet"
    assert run.series["train_loss"].y.tolist() == [7, 3]
    assert run.series["train_loss@step"].y.tolist() == [8, 6, 4, 2, 1.5]
    assert run.series["val_f1"].y.tolist() == [0, 0.5]
    assert run.series["epoch_time"].y.tolist() == [532.1396] * 2
    assert run.series["train_loss@step"].segment.tolist() == [0, 0, 1, 1, 1]
    assert (run.main_metric, run.planned_epochs, run.epochs_done) == ("val_f1", 8, 2)
    assert run.samples == {"train": 200, "val": 50}
    assert [e.kind for e in run.events if e.kind in ("started", "resumed")] == [
        "started",
        "started",
        "resumed",
    ]
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 2


def test_the_infinite_loss_of_the_initial_best_is_no_training_loss() -> None:
    run = read_one(RUNS / "dbnet/resumed")
    assert "inf" in (RUNS / "dbnet/resumed/train.log").read_text("utf-8")
    assert all(series.finite.all() for series in run.series.values())


def test_dbnet_settings_are_spelled_both_ways() -> None:
    config = read_one(RUNS / "dbnet/resumed").config
    assert config.get("data.batch_size") == 4
    assert config.get("scheduler.warmup_epochs") == 3
    assert config.get("data.train_dir") == ["a}.txt"]
    assert config.spelled("optimizer.lr") == "optimizer.args.lr"
    assert (config.file, config.lines["train.epochs"]) == ("config.yaml", 7)


def test_a_start_that_died_leaves_its_settings(tmp_path: Path) -> None:
    text = "2026-01-05 14:31:02,101 DBNet INFO: {'arch': {'type': 'Model'},\n 'name': 'x'}\n"
    (tmp_path / "train.log").write_text(text, "utf-8")
    run = read_one(tmp_path)
    assert run.unreadable is None
    assert not run.series
    assert run.config.get("name") == "x"


def test_weights_lie_in_their_own_folder(tmp_path: Path) -> None:
    log = (RUNS / "dbnet/resumed/train.log").read_text("utf-8")
    (tmp_path / "train.log").write_text(log, "utf-8")
    (tmp_path / "checkpoint").mkdir()
    (tmp_path / "checkpoint/model_best.pth").write_bytes(b"never opened")
    assert [c.file for c in read_one(tmp_path).checkpoints] == ["checkpoint/model_best.pth"]


def test_mhliao_steps_parts_and_validations() -> None:
    run = read_one(RUNS / "mhliao/validated")
    assert run.format == "mhliao"
    assert run.series["train_loss@step"].x.tolist() == [0, 2, 4, 6, 8, 10]
    assert run.series["train_loss"].y.tolist() == [35.5, 31.5, 27.5]
    assert run.series["train_loss.thresh@step"].y.tolist() == [0.9] * 6
    assert run.series["val_f1"].y.tolist() == [0.6, 0.61, 0.62]
    assert run.series["val_f1"].x.tolist() == [1, 2, 3]
    assert (run.main_metric, run.samples) == ("val_f1", {"val": 500})


def test_modelscope_prints_the_same_behind_its_own_prefix(tmp_path: Path) -> None:
    text = (
        "2023-01-01 10:00:00,000 - modelscope - INFO - step:      0, epoch:   0, "
        "loss: 8.500000, lr: 0.007000\n"
        "2023-01-01 10:00:00,000 - modelscope - INFO - bce_loss: 1.500000\n"
        "2023-01-01 10:00:01,000 - modelscope - INFO - step:     10, epoch:   0, "
        "loss: nan, lr: 0.007000\n"
    )
    (tmp_path / "train_log.txt").write_text(text, "utf-8")
    run = read_one(tmp_path)
    assert run.series["train_loss"].x.tolist() == [0, 10]
    assert run.series["train_loss.bce"].y.tolist() == [1.5]


def test_doctr_logs_percent_and_tells_why_it_stopped() -> None:
    run = read_one(RUNS / "doctr/detection")
    assert run.format == "doctr"
    assert run.series["train_loss"].y.tolist() == [1.45304, 0.9]
    assert run.series["val_loss"].y.tolist() == [1.14701, 1.2]
    assert run.series["val_recall"].y.tolist() == pytest.approx([0.0455])
    assert run.series["val_precision"].y.tolist() == pytest.approx([0.0003])
    assert (run.planned_epochs, run.samples["val"]) == (6, 50)
    assert run.status is Status.STOPPED_EARLY
    assert run.config.get("train.patience") == 5
    assert run.config.spelled("model.name") == "arch"


def test_doctr_recognition(tmp_path: Path) -> None:
    text = (
        "Epoch 1/1 - Training loss: 2.5 | LR: 0.001\n"
        "Epoch 1/1 - Validation loss: 1.5 (Exact: 60.00% | Partial: 65.50%)\n"
    )
    (tmp_path / "nohup.out").write_text(text, "utf-8")
    run = read_one(tmp_path)
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0.6])
    assert (run.main_metric, run.status) == ("val_accuracy", Status.FINISHED)


def test_other_loops_with_similar_words_are_not_claimed(tmp_path: Path) -> None:
    text = "Epoch 1/10 - Training loss: 0.5\n[1/10] loss: 0.5\nstep: 1, loss: 0.5\n"
    (tmp_path / "train.log").write_text(text, "utf-8")
    assert not any(claims(reader, tmp_path) for reader in (dbnet, mhliao, doctr))
