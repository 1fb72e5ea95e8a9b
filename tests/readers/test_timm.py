"""timm: percent, epochs from 0, epochs without an evaluation."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from analyzer.readers import read
from analyzer.run import Run, Status

REAL = Path(__file__).parents[1] / "runs/timm/gaps"


def one(folder: Path) -> Run:
    (run,) = read(folder)
    assert run.format == "timm"
    return run


def test_a_real_summary_with_an_epoch_that_was_not_evaluated() -> None:
    run = one(REAL)
    assert run.series["train_loss"].y.tolist() == [2, 1.75, 1.5]
    assert run.series["train_loss"].x.tolist() == [1, 2, 3]
    assert run.series["val_loss"].x.tolist() == [1, 3]
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0.1, 0.3])
    assert run.series["val_accuracy_top5"].y.tolist() == pytest.approx([0.5, 0.5])
    assert run.series["learning_rate"].y.tolist() == pytest.approx([0.3, 0.2, 0.1])
    assert run.main_metric == "val_accuracy"


def test_settings_plan_and_checkpoints(tmp_path: Path) -> None:
    folder = tmp_path / "r"
    shutil.copytree(REAL, folder)
    (folder / "args.yaml").write_text(
        "epochs: 2\ncooldown_epochs: 1\nsched: cosine\nlr: null\nlr_base: 0.1\nopt: sgd\n"
        "batch_size: 128\neval_metric: top1\n"
    )
    for name in ("checkpoint-2.pth.tar", "model_best.pth.tar", "last.pth.tar"):
        (folder / name).write_bytes(b"x")
    run = one(folder)
    assert (run.planned_epochs, run.status) == (3, Status.FINISHED)
    assert run.config.get("optimizer.lr") is None
    assert run.config.get("data.batch_size") == 128
    assert run.config.spelled("optimizer.type") == "opt"
    assert {c.file: c.epoch for c in run.checkpoints}["checkpoint-2.pth.tar"] == 3
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 3
    (folder / "args.yaml").write_text("epochs: 2\nsched: step\neval_metric: loss\n")
    again = one(folder)
    assert again.planned_epochs == 2
    assert again.best_checkpoint is not None
    assert again.best_checkpoint.epoch == 3


def test_accuracies_below_one_percent_are_percent_too(tmp_path: Path) -> None:
    (tmp_path / "summary.csv").write_text(
        "epoch,train_loss,eval_loss,eval_top1,lr\n0,9,9,0.5,0.1\n"
    )
    assert one(tmp_path).series["val_accuracy"].y.tolist() == pytest.approx([0.005])
