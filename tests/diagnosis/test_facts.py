"""Facts: what is known of a run besides its curves, and None for what is not."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from analyzer.diagnosis.notation import curve
from analyzer.facts import FACTS
from analyzer.run import BestCheckpoint, Checkpoint, Config, LogEvent, Run, Status


def fact(name: str, config: dict[str, Any] | None = None, **changes: Any) -> Any:
    curves = changes.pop("curves", {})
    series = {key: curve(key, text, key) for key, text in curves.items()}
    metric = "val_f1" if "val_f1" in series else None
    given = {"series": series, "config": Config(config or {}), "main_metric": metric}
    given |= {"name": "r", "path": Path(), "format": "workdir"}
    return FACTS[name].function(Run(**(given | changes)))


ALWAYS_KNOWN = {
    *("epochs", "status", "test_size_known", "validated", "logs_metric", "logs_val_loss"),
    *("steps", "parts", "resumes", "format", "ending"),
}


@pytest.mark.parametrize("name", sorted(set(FACTS) - ALWAYS_KNOWN))
def test_an_empty_run_tells_nothing(name: str) -> None:
    assert fact(name) is None


@pytest.mark.parametrize("value", ["x", [1], {"a": 1}, None, True, float("nan"), float("inf")])
@pytest.mark.parametrize(
    "key", ["optimizer.lr", "data.batch_size", "optimizer.weight_decay", "train.patience"]
)
def test_what_is_no_number_is_not_known(key: str, value: object) -> None:
    names = ["lr", "lr_over_usual", "batch_size", "effective_batch", "weight_decay"]
    assert all(fact(name, {key: value, "optimizer.type": "SGD"}) is None for name in names)
    assert fact("patience_over", {key: value}, curves={"val_f1": "0.5*5"}) is None


@pytest.mark.parametrize(
    ("optimizer", "lr", "ratio"),
    [
        ("SGD", 0.007, 0.7),
        ("sgd", 0.1, 10),
        ("Adam", 1e-3, 1),
        ("AdamW", 1e-2, 10),
        ("torch.optim.AdamW", 1e-3, 1),
        ("Adadelta", 1.0, 1),
        ("Frobnicate", 0.1, None),
    ],
)
def test_lr_over_usual(optimizer: str, lr: float, ratio: float | None) -> None:
    found = fact("lr_over_usual", {"optimizer.type": optimizer, "optimizer.lr": lr})
    assert found == (pytest.approx(ratio) if ratio is not None else None)


def test_the_logged_rate_stands_in_for_the_config() -> None:
    curves = {"learning_rate": "0.001+0.001*4 0.005*5 0.0005"}
    assert fact("lr", curves=curves) == pytest.approx(0.005)
    assert fact("lr_end_share", curves=curves) == pytest.approx(0.1)
    assert fact("warmup_share", curves=curves) == pytest.approx(0.4)
    assert fact("lr_end_share", curves={"learning_rate": "0*5"}) is None


@pytest.mark.parametrize(
    ("rates", "share"),
    [
        ("0.01 0.1*9", 0.1),
        ("0.1*5 0.01*5", 0),
        ("0.01 0.1*3 0.01*2 5*4", 0.1),  # a later stage at a higher rate
        ("0.01*5 0.1*5", 0.5),
        ("0.1 0.05 0.01 0.1 0.05 0.01 0.1 0.05 0.01 0.01", 0),
    ],
)
def test_a_warm_up_ends_where_the_rate_first_falls(rates: str, share: float) -> None:
    assert fact("warmup_share", curves={"learning_rate": rates}) == pytest.approx(share)


@pytest.mark.parametrize(
    ("weights", "excess"),
    [
        ({"loss.box": 100, "loss.cls": 1, "loss.dfl": 2}, 100 / 1.5),
        ({"loss.box": 2, "loss.cls": 2}, 1),
        ({"loss.box": 2}, None),
        ({"loss.box": 2, "loss.cls": 0}, None),
        ({"loss.box": 2, "loss.other": 1}, None),
    ],
)
def test_the_largest_loss_weight_over_the_others(weights: dict, excess: float | None) -> None:
    curves = {f"train_loss.{part}": "1*5" for part in ("box", "cls", "dfl")}
    assert fact("weight_excess", weights, curves=curves) == (excess and pytest.approx(excess))


@pytest.mark.parametrize(
    ("config", "on"),
    [
        ({"augment.rotate": 10.0}, True),
        ({"augment.rotate": 0, "augment.scale": [0.9, 1.1]}, True),
        ({"augment.rotate": 0, "augment.scale": [1, 1], "augment.cutout_area": 0.15}, False),
        ({"augment.enabled": False, "augment.rotate": 10}, False),
    ],
)
def test_augmentation(config: dict[str, Any], on: bool) -> None:
    assert fact("augmentation", config) is on


def test_settings_that_switch_something() -> None:
    assert fact("clipping", {"train.grad_clip": None}) is False
    assert fact("clipping", {"train.grad_clip": 5.0}) is True
    assert fact("pretrained", {"model.pretrained": "weights.pth"}) is True
    assert fact("pretrained", {"model.pretrained": "none"}) is False
    assert fact("effective_batch", {"data.batch_size": 2, "train.accumulate": 4}) == 8


@pytest.mark.parametrize(
    ("monitor", "mode", "wrong", "right"),
    [
        ("val_f1", "max", False, "max"),
        ("val_f1", "min", True, "max"),
        ("val_loss", "max", True, "min"),
        ("val_loss", "min", False, "min"),
        ("val_f1", "auto", None, "max"),
    ],
)
def test_the_direction_of_the_monitor(monitor: str, mode: str, wrong: bool, right: str) -> None:
    config = {"checkpoint.monitor": monitor, "checkpoint.mode": mode}
    assert fact("monitor_reversed", config) is wrong
    assert fact("right_mode", config) == right
    assert fact("monitors_other", config, curves={"val_f1": "0.5*3"}) is (monitor != "val_f1")


@pytest.mark.parametrize(
    ("monitor", "right"),
    [("cer", "min"), ("val_MAE", "min"), ("bbox_mAP50", "max"), ("score", None), ("maps", None)],
)
def test_the_direction_of_foreign_names(monitor: str, right: str | None) -> None:
    config = {"checkpoint.monitor": monitor, "checkpoint.mode": "min"}
    assert fact("right_mode", config) == right
    assert fact("monitor_reversed", config) is (None if right is None else right != "min")


def test_the_monitor_is_found_in_whatever_case_the_run_logs_it() -> None:
    config, curves = {"checkpoint.monitor": "val_PCK"}, {"val_PCK": "0.5*6"}
    assert fact("monitor", config, curves=curves) == "val_PCK"
    assert fact("monitor_logged", config, curves=curves) is True


def test_epoch_seconds_from_the_best_source_there_is() -> None:
    def at(minute: int) -> datetime:
        return datetime(2026, 1, 5, 14, minute)

    headers = tuple(LogEvent("header", "l", i, "", i, at(2 * i)) for i in range(4))
    ends = {"started": at(0), "ended": at(30), "curves": {"train_loss": "1*10"}}
    assert fact("epoch_seconds", **ends) == 180
    assert fact("epoch_seconds", events=headers, **ends) == 120
    ends["curves"] = {"epoch_time": "60 61 300 59 60"}
    assert fact("epoch_seconds", events=headers, **ends) == 60


def test_progress() -> None:
    curves = {"train_loss": "1*9", "val_f1": "0.1+0.1*4 0.3*5"}
    assert fact("missing", curves=curves, planned_epochs=20) == 11
    assert fact("missing", curves=curves, planned_epochs=5) == 0
    assert fact("missing", curves=curves, planned_epochs=9, planned_steps=900) == 0
    assert fact("missing", planned_steps=900) == 900
    assert fact("progress", curves=curves, planned_epochs=20) == "epoch 9 of 20"
    assert fact("progress", planned_steps=900) == "step 0 of 900"
    assert fact("best_epoch", curves=curves) == 4
    assert fact("patience_over", {"train.patience": 5}, curves=curves) is True
    assert fact("patience_over", {"train.patience": 6}, curves=curves) is False
    assert fact("ended", status=Status.RUNNING) is False
    assert fact("ended", status=Status.KILLED) is True


def test_weights() -> None:
    started, saved = (LogEvent(kind, "l", 1, "x") for kind in ("started", "saved"))
    assert fact("save_logged", events=(started,)) is False
    assert fact("save_logged", events=(started, saved)) is True
    assert fact("save_logged", events=(started,), format="other") is None
    gone = Checkpoint("checkpoints/epoch_1.pth", 1)
    assert fact("weights_present", checkpoints=(gone,)) is False
    assert "none of the 1" in fact("saves", checkpoints=(gone,))
    pruned = Checkpoint("checkpoints/epoch_1.pth", 1, removed=True)
    assert fact("weights_present", checkpoints=(pruned,)) is None
    there = Checkpoint("checkpoints/best.pth", 1, exists=True)
    assert fact("weights_present", checkpoints=(pruned, there)) is True
    assert fact("saves", checkpoints=(pruned, there)) is None
    best = BestCheckpoint("checkpoints/best.pth", 3, "time", 0.6, "by its time")
    assert fact("best_checkpoint_confidence", best_checkpoint=best) == 0.6


@pytest.mark.parametrize(
    ("rate", "lower", "higher"), [(1e5, 0.01, 1e6), (0.007, 0.0007, 0.07), (1e-6, 1e-7, 0.01)]
)
def test_a_rate_to_try_is_ten_times_off_or_the_usual_one(rate, lower, higher) -> None:
    config = {"optimizer.lr": rate, "optimizer.type": "SGD"}
    assert fact("lower_lr", config) == pytest.approx(lower)
    assert fact("higher_lr", config) == pytest.approx(higher)
    assert fact("lower_lr", {"optimizer.lr": 0.5}) == pytest.approx(0.05)
    assert fact("lower_lr", {"optimizer.lr": 0}) is None
    assert fact("higher_lr", {"optimizer.lr": 0, "optimizer.type": "SGD"}) == 0.01


def test_our_own_run_with_weights_can_be_resumed_by_a_command() -> None:
    there = Checkpoint("checkpoints/epoch_1.pth", 1, exists=True)
    ours = {"environment": {"format_version": 1}, "path": Path("workdirs/my run")}
    command = fact("resume_command", checkpoints=(there,), **ours)
    assert command == "python -m trainer.train --resume 'workdirs/my run'"
    assert fact("resume_command", checkpoints=(there,)) is None
    ours["curves"] = {"train_loss": "5 4 3 2 1"}
    over = fact("resume_command", checkpoints=(there,), status=Status.FINISHED, **ours)
    assert over.endswith(" --epochs 6")
    planned = {"status": Status.STOPPED_EARLY, "planned_epochs": 9, **ours}
    assert fact("resume_command", checkpoints=(there,), **planned).endswith(" --epochs 14")
    assert fact("resume_command", **ours) is None


MMCV = {"scheduler.type": "step"}
BY_STEP = {**MMCV, "lr_config.by_epoch": False}
POLY = {"scheduler.type": "poly"}
POLY_PART = {"type": "PolyLR", "begin": 0, "end": 40000, "by_epoch": False}
WARMUP = {"type": "LinearLR", "start_factor": 0.001, "begin": 0, "end": 500, "by_epoch": False}
MILESTONES = [WARMUP, {"type": "MultiStepLR", "begin": 0, "end": 24, "milestones": [16, 22]}]
AFTER = [WARMUP, {"type": "StepLR", "begin": 50, "step_size": 20, "by_epoch": False}]
COSINE = [WARMUP, {"type": "CosineAnnealingLR", "T_max": 95, "begin": 5}]
TWO_BATCHES = {"data.batch_size": 8, "train.accumulate": 2}
TEN = {"planned_epochs": 10}
STEPPED = {"scheduler.type": "StepLR", "scheduler.step_size": 30}


@pytest.mark.parametrize(
    ("name", "value", "config", "changes"),
    [
        ("steps_per_epoch", 50, {}, {"planned_steps": 1000, "planned_epochs": 20}),
        ("steps_per_epoch", 13, {"data.batch_size": 8}, {"samples": {"train": 100}}),
        ("steps_per_epoch", 7, TWO_BATCHES, {"samples": {"train": 100}}),
        ("steps_per_epoch", 13, TWO_BATCHES, {"samples": {"train": 100}, "format": "mmcv"}),
        ("decay_share", 3.0, STEPPED, {"planned_epochs": 10}),
        ("decay_share", 0.5, {"SOLVER.STEPS": "(500, 800)"}, {"planned_steps": 1000}),
        ("decay_share", 0.2, {"scheduler.milestones": [2, 8]}, {"planned_epochs": 10}),
        ("decay_share", None, {"scheduler.type": "Poly", "scheduler.step_size": 3}, {}),
        ("decay_share", 1.6, {"lr_config.step": [16, 22]}, {"planned_epochs": 10}),
        ("decay_share", 3.0, {"lr_config.step": 30, **MMCV}, {"planned_epochs": 10}),
        ("decay_share", 0.9, {"lr_config.step": [90], **BY_STEP}, {"planned_steps": 100}),
        ("decay_share", None, {"lr_config.step": [90], **POLY}, {"planned_epochs": 10}),
        ("decay_share", 7.0, {"Optimizer.lr.decay_epochs": [700, 800]}, {"planned_epochs": 100}),
        ("decay_share", 1.6, {"param_scheduler": MILESTONES}, {"planned_epochs": 10}),
        ("decay_share", 0.7, {"param_scheduler": AFTER}, {"planned_steps": 100}),
        ("decay_share", None, {"param_scheduler": COSINE, "lr_config.step": [100]}, TEN),
        ("period_share", 10, {"scheduler.t_max": 100}, {"planned_epochs": 10}),
        ("period_share", 10, {"param_scheduler": COSINE}, {"planned_epochs": 10}),
        ("period_share", 40, {"param_scheduler": [POLY_PART]}, {"planned_steps": 1000}),
        ("period_share", None, {"param_scheduler": [{}, 3, {"type": "Poly"}]}, TEN),
        ("period_share", 0.5, {"lr_scheduler.periods": [100, 150]}, {"planned_steps": 500}),
        ("warmup_share", 0.3, {"scheduler.warmup_epochs": 3}, {"planned_epochs": 10}),
        ("warmup_share", 0.1, {"scheduler.warmup_steps": 100}, {"planned_steps": 1000}),
        ("warmup_share", None, {"scheduler.warmup_steps": 100}, {"planned_epochs": 10}),
        ("lr_constant", True, {}, {"curves": {"learning_rate": "0.001+0.001*3 0.004*9"}}),
        ("lr_constant", False, {}, {"curves": {"learning_rate": "0.01*5 0.001*5"}}),
        ("lr_dead_share", 0.6, {}, {"curves": {"learning_rate": "0.1*4 0*6"}}),
        ("amp", True, {"train.precision": "bf16"}, {}),
        ("amp", False, {"train.amp": False, "train.precision": "fp16"}, {}),
        ("amp", None, {"train.precision": "auto"}, {}),
        ("workers", 0, {"train.num_workers": 0}, {}),
        ("classes", 37, {"num_class": 37}, {}),
        ("model_family", "ctc", {"model.name": "None-VGG-BiLSTM-CTC"}, {}),
        ("label_length", 25, {"batch_max_length": 25}, {}),
        ("time_steps", None, {"imgW": 100, "FeatureExtraction": "VGG"}, {}),
        (
            *("time_steps", 24, {"imgW": 100, "FeatureExtraction": "VGG"}),
            {"format": "clovaai"},
        ),
        ("monitor_logged", False, {"checkpoint.monitor": "val_f1"}, {}),
        ("monitor_logged", None, {"checkpoint.monitor": "hmean"}, {}),
        (
            *("monitor_constant", True, {"checkpoint.monitor": "val_f1"}),
            {"curves": {"val_f1": "0.5*6"}},
        ),
        (
            *("data_share", 0.5, {}),
            {"curves": {"data_time": "0.1*9", "step_time": "0.2*9"}},
        ),
        (
            *("overhead_share", 0.25, {}),
            {"curves": {"epoch_time": "60*5", "val_time": "15*5"}},
        ),
        (
            *("overhead_share", 0.2, {}),
            {"curves": {"epoch_time": "60*5", "val_time": "15*5"}, "format": "mmcv"},
        ),
    ],
)
def test_settings_schedules_and_times(
    name: str, value: object, config: dict[str, Any], changes: dict[str, Any]
) -> None:
    found = fact(name, config, **changes)
    assert found == (pytest.approx(value) if isinstance(value, float) else value)


def test_parts_add_up_or_do_not() -> None:
    parts = {"train_loss": "3.0-0.1*9", "train_loss.a": "2.0-0.1*9", "train_loss.b": "1.0*9"}
    assert fact("parts", curves=parts) == 2
    assert fact("parts_add_up", curves=parts) is True
    assert fact("parts_add_up", curves=parts | {"train_loss.b": "5.0*9"}) is False
    assert fact("parts_add_up", curves={"train_loss": "1.0*9", "train_loss.a": "1.0*9"}) is None


def test_the_loss_of_a_blind_guess_needs_classes_that_are_scored() -> None:
    config = {"num_classes": 10}
    accuracy = curve("val_accuracy", "0.1+0.1*5", "a")
    scored = {"series": {"val_accuracy": accuracy}, "main_metric": "val_accuracy"}
    assert fact("chance_loss", config, **scored) == pytest.approx(2.302585, rel=1e-5)
    assert fact("chance_loss", config) is None
