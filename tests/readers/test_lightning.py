"""Lightning's CSVLogger: sparse rows, twins, foreign types in the settings, checkpoints."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analyzer.readers import read
from analyzer.run import Run

REAL = Path(__file__).parents[1] / "runs/lightning/version_0"


def one(folder: Path, text: str = "") -> Run:
    if text:
        folder.mkdir(exist_ok=True)
        (folder / "metrics.csv").write_text(text)
    (run,) = read(folder)
    assert run.format == "lightning"
    return run


def test_a_real_run() -> None:
    run = one(REAL)
    assert (run.epochs_done, run.steps_done) == (3, 27)
    assert run.series["train_loss"].x.tolist() == [1, 2, 3]
    assert run.series["train_loss@step"].x.tolist() == [3, 7, 11, 15, 19, 23, 27]
    assert run.series["train_loss.aux"].y[0] == pytest.approx((1.68982 + 0.390319) / 2, rel=1e-5)
    assert run.series["train_mae"].axis == "epoch"
    assert run.series["val_loss"].x.tolist() == [1, 2, 3]
    assert run.series["learning_rate"].y.tolist() == pytest.approx([0.1, 0.01, 0.001])
    assert run.main_metric == "val_accuracy"  # logged in the rows of val_loss
    assert run.series["test_loss"].x.tolist() == [3]  # tested after the last epoch, not in one
    assert run.config.get("optimizer.lr") == 0.1
    assert run.config.get("act") == "torch.nn.modules.activation.ReLU"
    assert run.config.get("shape") == [1, 2]


def test_checkpoints_say_epochs_from_zero(tmp_path: Path) -> None:
    shutil.copytree(REAL, tmp_path / "r")
    (tmp_path / "r/checkpoints").mkdir()
    for name in ("epoch=1-val_loss=1.25.ckpt", "epoch=2-val_loss=1.20.ckpt", "last.ckpt"):
        (tmp_path / "r/checkpoints" / name).write_bytes(b"x")
    run = one(tmp_path / "r")
    assert [checkpoint.epoch for checkpoint in run.checkpoints] == [2, 3, None]
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 3
    assert run.config.get("checkpoint.monitor") == "val_loss"


def test_the_default_name_of_a_checkpoint_holds_a_step(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    one(folder, "epoch,step,train_loss\n0,49,0.5\n")
    (folder / "checkpoints").mkdir()
    (folder / "checkpoints/epoch=3-step=400.ckpt").write_bytes(b"x")
    (checkpoint,) = one(folder).checkpoints
    assert checkpoint.epoch == 4


def test_steps_without_an_epoch_that_ended(tmp_path: Path) -> None:
    run = one(tmp_path / "r", "epoch,step,train_loss_step\n0,49,0.5\n")
    assert (run.epochs_done, run.steps_done) == (0, 49)
    assert run.series["train_loss"].y.tolist() == [0.5]


def test_the_plan_is_that_of_the_settings(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "hparams.yaml").write_text("trainer: {max_epochs: 40}\noptim:\n  lr: 1e-3\n")
    run = one(folder, "epoch,step,train_loss_epoch\n0,9,0.5\n1,19,0.4\n")
    assert (run.epochs_done, run.planned_epochs) == (2, 40)
    assert run.config.spelled("optimizer.lr") == "optim.lr"


def test_the_config_of_the_command_line(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "config.yaml").write_text(
        "trainer: {max_epochs: 5, max_steps: -1}\n"
        "optimizer:\n  class_path: torch.optim.AdamW\n  init_args: {lr: 0.01}\n"
    )
    run = one(folder, "epoch,step,train_loss_epoch\n0,9,0.5\n")
    assert (run.planned_epochs, run.planned_steps) == (5, None)
    assert run.config.get("optimizer.type") == "AdamW"
    assert run.config.spelled("optimizer.lr") == "optimizer.init_args.lr"


def test_rates_of_several_groups(tmp_path: Path) -> None:
    text = (
        "epoch,lr-SGD/pg1,lr-SGD/pg2,lr-SGD-momentum,step,train_loss\n"
        "0,0.1,0.01,0.9,9,0.5\n1,0.05,0.005,0.9,19,0.4\n"
    )
    series = one(tmp_path / "r", text).series
    assert series["learning_rate"].y.tolist() == [0.1, 0.05]
    assert series["learning_rate.pg2"].y.tolist() == [0.01, 0.005]


def test_versions_are_runs_of_their_own(tmp_path: Path) -> None:
    for name in ("version_0", "version_1"):
        shutil.copytree(REAL, tmp_path / "lightning_logs" / name)
    names = [run.name for run in read(tmp_path)]
    assert names == ["lightning_logs/version_0", "lightning_logs/version_1"]
