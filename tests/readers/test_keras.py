"""Keras: what CSVLogger and a saved history look like, and what only resembles them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from analyzer.errors import NoRunFound
from analyzer.readers import read
from analyzer.run import Run

REAL = Path(__file__).parents[1] / "runs/keras"


def one(folder: Path, name: str = "", text: str = "") -> Run:
    if name:
        (folder / name).write_text(text)
    (run,) = read(folder)
    assert run.format == "keras"
    return run


def test_a_real_log_to_which_another_training_was_appended() -> None:
    run = one(REAL / "append")
    assert run.epochs_done == 2  # the second training
    assert [event.kind for event in run.events] == ["restarted"]
    assert run.main_metric == "val_accuracy"
    assert {"train_loss", "val_loss", "train_accuracy"} <= set(run.series)
    assert any(series.name == "val_loss" and len(series) == 3 for series in run.superseded)


def test_a_real_history() -> None:
    run = one(REAL / "history")
    history = json.loads((REAL / "history/history.json").read_text())
    assert run.series["val_loss"].y.tolist() == history["val_loss"]
    assert run.series["train_accuracy"].x.tolist() == [1, 2, 3]


def test_missing_values_lists_and_semicolons(tmp_path: Path) -> None:
    text = 'epoch;loss;per_class;val_loss\n0;0.5;"[0.1, 0.2]";NA\n1;nan;"[0.1, 0.2]";0.6\n'
    run = one(tmp_path, "a.csv", text)
    assert run.series["val_loss"].x.tolist() == [2]
    assert np.isnan(run.series["train_loss"].y[1])
    assert set(run.series) == {"train_loss", "val_loss"}


def test_a_header_repeated_in_the_middle(tmp_path: Path) -> None:
    text = "epoch,acc,loss\n0,0.1,2\n1,0.2,1\nepoch,acc,loss\n0,0.3,0.9\n1,0.4,0.8\n"
    run = one(tmp_path, "a.log", text)
    assert run.series["train_loss"].y.tolist() == [0.9, 0.8]


def test_values_of_the_training_bear_no_prefix(tmp_path: Path) -> None:
    text = "epoch,dice_coef,loss,lr,out_loss,val_dice_coef,val_loss\n0,0.1,2,0.01,1,0.2,3\n"
    assert set(one(tmp_path, "a.txt", text).series) == {
        *("train_dice_coef", "val_dice_coef", "train_loss", "val_loss"),
        *("learning_rate", "train_loss.out"),
    }


@pytest.mark.parametrize(
    "text", [",loss,val_loss\n0,2,3\n1,1,2\n", "loss,acc,val_loss\n2,0.5,3\n1,0.6,2\n"]
)
def test_a_history_that_pandas_wrote(tmp_path: Path, text: str) -> None:
    run = one(tmp_path, "a.csv", text)
    assert run.series["val_loss"].x.tolist() == [1, 2]
    assert run.series["val_loss"].y.tolist() == [3, 2]


@pytest.mark.parametrize(
    "history",
    [
        {"train_loss": [2, 1.5], "val_loss": [3, 2.5], "times": [1], "model": "x"},
        {"history": {"loss": [2, 1.5], "val_loss": [3, 2.5]}},
        {"loss": {"0": 2, "1": 1.5}, "val_loss": {"0": 3, "1": 2.5}},
        {"loss": [2, "1.5"], "val_loss": [3, 2.5], "confusion": [[1, 2], [3, 4]]},
    ],
)
def test_histories_of_many_hands(tmp_path: Path, history: object) -> None:
    run = one(tmp_path, "a.json", json.dumps(history))
    assert run.series["train_loss"].y.tolist() == [2, 1.5]
    assert run.series["val_loss"].y.tolist() == [3, 2.5]


def test_a_history_of_nan(tmp_path: Path) -> None:
    run = one(tmp_path, "a.json", '{"loss": [1.0, NaN, null], "val_loss": [1, 1, 1]}')
    assert run.series["train_loss"].x.tolist() == [1, 2]
    assert np.isnan(run.series["train_loss"].y[1])


def test_several_files_are_several_runs(tmp_path: Path) -> None:
    for name in ("a.csv", "b.log"):
        (tmp_path / name).write_text("epoch,loss\n0,1\n")
    assert [run.name for run in read(tmp_path)] == ["a.csv", "b.log"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("package.json", '{"name": "x", "files": ["a"], "loss": "mse"}'),
        ("config.json", '{"losses": ["l1", "ssim"], "lr": 1}'),
        ("labels.json", '{"annotations": [1, 2]}'),
        ("data.csv", "loss,gain\n1,2\n"),
        ("notes.txt", "epoch loss\n"),
    ],
)
def test_what_is_no_training(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / name).write_text(text)
    try:
        runs = read(tmp_path)
    except NoRunFound:
        return
    assert all(not run.series for run in runs)
