"""Runs logged as JSON lines, whoever wrote them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import jsonlines
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.search import find_runs
from analyzer.run import Run


def runs(path: Path) -> list[Run]:
    located = find_runs([path], [jsonlines]).runs
    return [jsonlines.read(run.folder(), run.claim) for run in located]


def only(path: Path) -> Run:
    (run,) = runs(path)
    assert run.unreadable is None
    return run


def log(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def deit(epoch: int, **more: Any) -> dict[str, Any]:
    row = {"train_lr": 1e-3, "train_loss": 3.0 - 0.1 * epoch, "test_loss": 2.5, "test_acc1": 40.0}
    return {**row, "test_acc5": 70.0, **more, "epoch": epoch, "n_parameters": 5536768}


def test_deit_counts_epochs_from_0_and_writes_percent(tmp_path: Path) -> None:
    run = only(log(tmp_path / "log.txt", [deit(n) for n in range(3)]))
    assert run.series["train_loss"].x.tolist() == [1, 2, 3]
    assert run.series["val_accuracy"].y.tolist() == [0.4] * 3
    assert run.series["val_accuracy_top5"].y.tolist() == [pytest.approx(0.7)] * 3
    assert run.series["learning_rate"].y.tolist() == [1e-3] * 3
    assert run.main_metric == "val_accuracy"
    assert not any("parameters" in name for name in run.series)


def test_detr_writes_the_numbers_of_coco_as_a_list(tmp_path: Path) -> None:
    numbers = [0.42, 0.62, 0.44, 0.2, 0.46, 0.61, 0.33, 0.53, 0.57, 0.31, 0.62, 0.8]
    rows = [
        deit(n, test_coco_eval_bbox=numbers, test_coco_eval_masks=numbers, train_loss_ce=0.5)
        | {"train_loss_ce_unscaled": 0.25}
        for n in range(2)
    ]
    run = only(log(tmp_path / "log.txt", rows))
    assert run.main_metric == "val_map50_95"
    assert run.series["val_map50"].y.tolist() == [0.62, 0.62]
    assert run.series["val_segm_map75"].y.tolist() == [0.44, 0.44]
    assert run.series["train_loss.ce"].y.tolist() == [0.5, 0.5]
    assert not any("unscaled" in name for name in run.series)


def test_long_lines_are_known_by_a_longer_beginning(tmp_path: Path) -> None:
    rows = [deit(n, **{f"train_loss_bbox_{i}": 0.1 for i in range(300)}) for n in range(2)]
    assert only(log(tmp_path / "log.txt", rows)).epochs_done == 2


def test_a_first_start_of_two_epochs_is_another_training(tmp_path: Path) -> None:
    run = only(log(tmp_path / "log.txt", [deit(n) for n in (0, 1, 0, 1, 2, 3, 4, 5, 6, 7, 8)]))
    assert run.epochs_done == 9
    assert [event.kind for event in run.events] == ["restarted"]


def test_steps_and_nested_parts(tmp_path: Path) -> None:
    rows = [
        {"step": n, "train": {"loss": 2.0 / n, "lr": [0.1, 0.2]}, "val": {"loss": 3.0}}
        for n in (10, 20, 30)
    ]
    run = only(log(tmp_path / "metrics.jsonl", rows))
    assert run.series["train_loss"].x.tolist() == [10, 20, 30]
    assert run.series["val_loss"].y.tolist() == [3.0] * 3
    assert run.series["learning_rate"].y.tolist() == [0.1] * 3


def test_a_text_tells_the_rows_of_training_and_validation(tmp_path: Path) -> None:
    rows = [{"split": s, "step": n, "loss": 1.0} for n in (1, 2) for s in ("train", "val")]
    run = only(log(tmp_path / "a.jsonl", rows))
    assert run.series["train_loss"].x.tolist() == [1, 2]
    assert run.series["val_loss"].x.tolist() == [1, 2]


def test_llama_factory_tells_its_plan(tmp_path: Path) -> None:
    rows = [
        {"current_steps": n, "total_steps": 100, "loss": 1.0, "lr": 5e-5, "epoch": n / 50}
        | {"percentage": float(n), "elapsed_time": "0:00:10", "remaining_time": "0:10:00"}
        for n in (10, 20, 30)
    ]
    run = only(log(tmp_path / "trainer_log.jsonl", rows))
    assert (run.steps_done, run.planned_steps) == (30, 100)
    assert sorted(run.series) == ["learning_rate", "train_loss"]


def test_swift_writes_its_step_as_a_share(tmp_path: Path) -> None:
    rows = [
        {"loss": 1.0, "grad_norm": 0.5, "epoch": n / 7, "global_step/max_steps": f"{n}/70"}
        for n in range(1, 71)
    ]
    run = only(log(tmp_path / "logging.jsonl", rows))
    assert (run.steps_done, run.planned_steps) == (70, 70)
    assert run.epochs_done == 10


def test_ray_counts_iterations_and_its_table_is_the_same_again(tmp_path: Path) -> None:
    rows = [
        {"loss": 1.0 / n, "training_iteration": n, "time_total_s": 3.0, "done": False}
        | {"trial_id": "a1", "config": {"lr": 0.1}, "pid": 7}
        for n in (1, 2, 3)
    ]
    log(tmp_path / "result.json", rows)
    (tmp_path / "params.json").write_text('{"lr": 0.1, "max_epochs": 9}')
    (tmp_path / "progress.csv").write_text("training_iteration,loss\n1,1.0\n")
    run = only(tmp_path)
    assert run.steps_done == 3
    assert run.config.get("optimizer.lr") == 0.1
    assert sorted(run.series) == ["train_loss"]


def test_numbers_as_text_and_nan_tokens(tmp_path: Path) -> None:
    rows = [{"epoch": "1", "loss": "2.5"}, {"epoch": "2", "loss": float("nan")}]
    run = only(log(tmp_path / "log.json", rows))
    assert run.series["train_loss"].y[0] == 2.5
    assert str(run.series["train_loss"].y[1]) == "nan"


def test_weights_beside_make_the_folder_the_run(tmp_path: Path) -> None:
    log(tmp_path / "log.txt", [deit(n) for n in range(2)])
    (tmp_path / "checkpoint0001.pth").write_bytes(b"x")
    run = only(tmp_path)
    assert run.path == tmp_path
    assert [c.file for c in run.checkpoints] == ["checkpoint0001.pth"]


@pytest.mark.parametrize(
    ("name", "rows"),
    [
        ("a.jsonl", [{"text": "a step", "label": 1}, {"text": "b", "label": 0}]),
        ("a.jsonl", [{"step": 1, "score": 1.0, "text": "x" * 400}] * 2),
        ("a.jsonl", [{"id": "a", "prompt": "b", "answer": "c", "step": 1, "score": 2}] * 2),
        ("a.jsonl", [{"step": 9, "score": 1.0}, {"step": 12}, {"step": 10}]),
        ("results.json", [{"epoch": 3, "loss": 0.5}]),
        ("a.jsonl", [{"epoch": 1, "name": "x"}] * 2),
        ("a.jsonl", [{"step": 1.7e18, "loss": 0.5}] * 2),
    ],
)
def test_data_and_results_are_no_runs(
    tmp_path: Path, name: str, rows: list[dict[str, Any]]
) -> None:
    log(tmp_path / name, rows)
    assert runs(tmp_path) == []


def test_a_document_is_no_log(tmp_path: Path) -> None:
    (tmp_path / "package.json").write_text('{\n  "name": "x",\n  "epoch": 1, "loss": 2\n}\n')
    (tmp_path / "log.txt").write_text('{"epoch": 1, "loss":\n')
    assert runs(tmp_path) == []


@settings(max_examples=60)
@given(st.integers(0, 900), st.binary(max_size=6))
def test_damage_never_raises(cut: int, junk: bytes) -> None:
    data = "\n".join(json.dumps(deit(n, split="train")) for n in range(5)).encode()
    data = data[:cut] + junk + data[cut + 5 :]
    folder = Folder(LooseFile(Path("x"), "log.txt", data))
    for claim in jsonlines.claims(folder):
        jsonlines.read(folder, claim)
