"""clovaai's text recognition benchmark: appended blocks, percent, starts, runs that died."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ondisk import claims, read_one

from analyzer.readers import clovaai
from analyzer.run import Status

RESUMED = Path(__file__).parents[1] / "runs/clovaai/resumed"


def block(step: int, planned: int, best: float = 1.0, accuracy: float = 1.0) -> str:
    return (
        f"[{step}/{planned}] Train loss: 1.00000, Valid loss: 1.00000, Elapsed_time: 1.00000\n"
        f"Current_accuracy : {accuracy:.3f}, Current_norm_ED  : 0.10\n"
        f"Best_accuracy    : {best:.3f}, Best_norm_ED     : 0.10\n" + "-" * 80 + "\n"
    )


def test_a_run_that_was_resumed_with_a_longer_plan() -> None:
    run = read_one(RESUMED)
    assert run.format == "clovaai"
    assert run.series["train_loss"].x.tolist() == [1, 100, 200, 300, 400]
    assert run.series["train_loss"].segment.tolist() == [0, 0, 0, 1, 1]
    assert run.series["val_accuracy"].y.tolist() == pytest.approx([0, 0.012, 0.488, 0.472, 0])
    assert run.series["val_accuracy"].resolution == pytest.approx(1e-5)
    assert run.series["val_norm_ed"].y.tolist() == [0.02, 0.31, 0.71, 0.7, 0]
    assert np.isnan(run.series["train_loss"].y[-1])
    assert np.isposinf(run.series["val_loss"].y[-1])
    assert (run.main_metric, run.higher_is_better) == ("val_accuracy", True)
    assert (run.planned_steps, run.planned_epochs, run.status) == (600, None, Status.UNKNOWN)
    assert run.samples == {"val": 500, "train": 4000}
    assert [(event.kind, event.line) for event in run.events] == [("resumed", 25)]


def test_the_options_are_those_of_the_start_whose_plan_is_judged() -> None:
    config = read_one(RESUMED).config
    assert config.get("train.steps") == 600
    assert config.get("optimizer.type") == "adadelta"
    assert config.get("character") == " 0123:abc"
    assert config.get("select_data") == ["/"]
    assert config.spelled("optimizer.lr") == "lr"
    assert config.spelled("train.grad_clip") == "grad_clip"
    assert (config.file, config.lines["train.steps"]) == ("opt.txt", 27)


@pytest.mark.parametrize(
    ("line", "optimizer"),
    [("adam: True", "adam"), ("adam: False", "adadelta"), ("optim: adam", "adam")],
)
def test_the_optimiser_is_spelled_in_two_ways(tmp_path: Path, line: str, optimizer: str) -> None:
    (tmp_path / "log_train.txt").write_text(block(1, 9), "utf-8")
    options = "------------ Options -------------\n" + line + "\nlr: 0.1\n" + "-" * 39 + "\n"
    (tmp_path / "opt.txt").write_text(options, "utf-8")
    assert read_one(tmp_path).config.get("optimizer.type") == optimizer


@pytest.mark.parametrize(
    ("steps", "judged", "resumed"),
    [
        ([(1, 9), (5, 9), (1, 9), (5, 9)], [1, 5], 0),
        ([(100, 300), (200, 300), (300, 300), (200, 800), (400, 800)], [200, 400], 0),
        ([(1, 9), (2, 9), (3, 9), (2, 9), (3, 9)], [1, 2, 3], 1),
        ([(1, 9), (1, 9), (1, 9)], [1], 0),
    ],
)
def test_starts_are_told_by_the_iteration_the_plan_and_the_interval(
    tmp_path: Path, steps: list[tuple[int, int]], judged: list[int], resumed: int
) -> None:
    (tmp_path / "log_train.txt").write_text("".join(block(*step) for step in steps), "utf-8")
    run = read_one(tmp_path)
    assert run.series["train_loss"].x.tolist() == judged
    assert sum(event.kind == "resumed" for event in run.events) == resumed


def test_a_fall_of_the_best_value_is_a_start(tmp_path: Path) -> None:
    text = block(1, 9, 0) + block(3, 9, 5) + block(6, 9, 2) + block(9, 9, 3)
    (tmp_path / "log_train.txt").write_text(text, "utf-8")
    assert read_one(tmp_path).series["train_loss"].segment.tolist() == [0, 0, 1, 1]


def test_a_run_that_died_while_its_data_was_opened(tmp_path: Path) -> None:
    shutil.copy(RESUMED / "log_dataset.txt", tmp_path)
    run = read_one(tmp_path)
    assert run.unreadable is None
    assert not run.series
    assert [event.kind for event in run.events] == ["started"]


def test_the_shape_of_2019_logs_a_distance(tmp_path: Path) -> None:
    text = (
        "[2000/300000] Loss: 0.51234 elapsed_time: 600.00000\n"
        "helo                , gt: hello               ,   False\n"
        "[2000/300000] valid loss: 0.71234 accuracy: 73.100, norm_ED: 412.34\n"
        "best_accuracy: 73.100, best_norm_ED: 412.34\n"
    )
    (tmp_path / "log_train.txt").write_text(text, "utf-8")
    run = read_one(tmp_path)
    assert {name: s.y.tolist() for name, s in run.series.items()} == {
        "train_loss": [0.51234],
        "elapsed_time": [600.0],
        "val_loss": [0.71234],
        "val_accuracy": [pytest.approx(0.731)],
        "val_edit_distance": [412.34],
    }


def test_weights_go_by_name_and_a_copied_log_stands_alone(tmp_path: Path) -> None:
    (tmp_path / "log_train.txt").write_text(block(1, 9), "utf-8")
    for name in ("best_accuracy.pth", "iter_1000.pth"):
        (tmp_path / name).write_bytes(b"never opened")
    files = [(saved.file, saved.epoch) for saved in read_one(tmp_path).checkpoints]
    assert files == [("best_accuracy.pth", None), ("iter_1000.pth", None)]
    (tmp_path / "log_train.txt").rename(tmp_path / "my_log.txt")
    assert read_one(tmp_path).path.name == "my_log.txt"


def test_an_options_file_of_another_program_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "opt.txt").write_text(
        "----------------- Options ---------------\nlr: 1\n", "utf-8"
    )
    (tmp_path / "log_train.txt").write_text("**** EPOCH 000 ****\n", "utf-8")
    assert not claims(clovaai, tmp_path)
