"""Runs of detectron2: metrics.json of JSON lines, text logs, evaluations in percent."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import detectron2
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.search import find_runs
from analyzer.run import Run, Status

CONFIG = """DATALOADER:
  NUM_WORKERS: 4
MODEL:
  META_ARCHITECTURE: GeneralizedRCNN
  WEIGHTS: detectron2://x.pkl
SOLVER:
  BASE_LR: 0.02
  CLIP_GRADIENTS:
    CLIP_VALUE: 1.0
    ENABLED: true
  IMS_PER_BATCH: 16
  MAX_ITER: 60
  WARMUP_ITERS: 10
TEST:
  EVAL_PERIOD: 30
"""


def runs(path: Path) -> list[Run]:
    located = find_runs([path], [detectron2]).runs
    return [detectron2.read(run.folder(), run.claim) for run in located]


def only(path: Path) -> Run:
    (run,) = runs(path)
    assert run.unreadable is None
    return run


def row(iteration: int, **more: Any) -> dict[str, Any]:
    own = {"data_time": 0.1, "eta_seconds": 9.0, "iteration": iteration, "loss_box_reg": 0.5}
    return own | {"lr": 0.02, "time": 0.3, "total_loss": 1.5} | more


def metrics(path: Path, rows: list[dict[str, Any]]) -> Path:
    (path / "metrics.json").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return path


def line(text: str, name: str = "d2.utils.events") -> str:
    return f"[09/01 10:51:24] {name} INFO: {text}\n"


def progress(iteration: int, loss: float = 1.5) -> str:
    values = f"total_loss: {loss}  loss_cls: 1  loss_box_reg: 0.5  time: 0.3  data_time: 0.1"
    return line(f" eta: 1:02:03  iter: {iteration}  {values}  lr: 0.02  max_mem: 1181M")


def copypaste(ap: str) -> str:
    rows = ("Task: bbox", "AP,AP50,AP75,APs,APm,APl", f"{ap},40.0,30.0,nan,20.0,25.0")
    return "".join(line(f"copypaste: {r}", "d2.evaluation.testing") for r in rows)


def begin(iteration: int, config: str = CONFIG) -> str:
    full = line("Running with full config:", "detectron2").rstrip() + "\n" + config
    start = line(f"Starting training from iteration {iteration}", "d2.engine.train_loop")
    return full + line("Full config saved to config.yaml", "detectron2") + start


def test_metrics_are_lines_by_iteration(tmp_path: Path) -> None:
    last = {"bbox/AP": 25.19, "bbox/AP50": 42.7, "bbox/APs": float("nan"), "bbox/AP-cat": 0.5}
    run = only(metrics(tmp_path, [row(19), row(39), row(59, eta_seconds=0.0, **last)]))
    assert run.series["train_loss"].x.tolist() == [19, 39, 59]
    assert run.series["train_loss.box_reg"].y.tolist() == [0.5] * 3
    assert run.series["val_map50_95"].y.tolist() == [pytest.approx(0.2519)]
    assert run.series["val_ap_cat"].y.tolist() == [pytest.approx(0.005)]
    assert "val_map_s" not in run.series
    assert run.main_metric == "val_map50_95"
    assert run.status is Status.FINISHED


def test_low_rates_are_in_percent_too(tmp_path: Path) -> None:
    run = only(metrics(tmp_path, [row(19), row(39, **{"bbox/AP": 0.8})]))
    assert run.series["val_map50_95"].y.tolist() == [pytest.approx(0.008)]


def test_tasks_beside_boxes_keep_their_names(tmp_path: Path) -> None:
    values = {"segm/AP": 20.0, "sem_seg/mIoU": 50.0, "keypoints/AP": 10.0, "validation_loss": 2.0}
    run = only(metrics(tmp_path, [row(19), row(39, **values)]))
    assert run.main_metric == "val_segm_map50_95"
    assert run.series["val_miou"].y.tolist() == [0.5]
    assert run.series["val_loss"].y.tolist() == [2.0]


def test_appended_starts_are_told_apart(tmp_path: Path) -> None:
    rows = [row(n) for n in (19, 39, 59, 39, 59, 19, 39, 59)]
    run = only(metrics(tmp_path, rows))
    assert [event.kind for event in run.events] == ["resumed", "restarted"]
    assert run.series["train_loss"].x.tolist() == [19, 39, 59]


def test_nan_tokens_and_a_half_written_line(tmp_path: Path) -> None:
    metrics(tmp_path, [row(19), row(39, total_loss=float("nan"))])
    path = tmp_path / "metrics.json"
    path.write_text(path.read_text() + '{"iteration": 59\n')
    run = only(tmp_path)
    assert str(run.series["train_loss"].y[-1]) == "nan"
    assert run.notes[0].line == 3


def test_an_array_is_not_ours(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text('[{"iteration": 1}]')
    assert runs(tmp_path) == []


def test_a_text_log(tmp_path: Path) -> None:
    images = line("Loaded 500 images in COCO format from v.json", "d2.data.datasets.coco")
    batches = line("Start inference on 250 batches", "d2.evaluation.evaluator")
    text = begin(0) + progress(19) + images + batches + copypaste("25.5") + progress(39)
    (tmp_path / "log.txt").write_text(text + copypaste("26.5") + progress(59))
    run = only(tmp_path)
    assert run.series["train_loss"].x.tolist() == [19, 39, 59]
    assert run.series["gpu_memory_mb"].y.tolist() == [1181] * 3
    assert run.series["val_map50_95"].x.tolist() == [29, 59]
    assert run.series["val_map50_95"].y.tolist() == [pytest.approx(0.255), pytest.approx(0.265)]
    assert "val_map_s" not in run.series
    assert (run.planned_steps, run.status) == (60, Status.FINISHED)
    assert run.samples == {"val": 500}


def test_the_printed_config_is_spelled_both_ways(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(begin(0) + progress(19))
    config = only(tmp_path).config
    assert config.get("optimizer.lr") == 0.02
    assert config.get("optimizer.type") == "SGD"
    assert config.get("train.grad_clip") == 1.0
    assert config.spelled("data.batch_size") == "SOLVER.IMS_PER_BATCH"
    assert config.file == "log.txt"
    assert config.lines["optimizer.lr"] == 8


def test_a_start_in_the_log_cuts_the_curve(tmp_path: Path) -> None:
    again = begin(40, CONFIG.replace("MAX_ITER: 60", "MAX_ITER: 90"))
    text = begin(0) + progress(19) + progress(39) + again + progress(59)
    (tmp_path / "log_x.txt").write_text(text)
    run = only(tmp_path)
    assert run.series["train_loss"].segment.tolist() == [0, 0, 1]
    assert run.planned_steps == 90
    assert {event.kind for event in run.events} >= {"started", "continued"}


def test_a_capture_of_the_console(tmp_path: Path) -> None:
    values = "total_loss: 2.1  loss_cls: 1.2  time: 0.3  lr: 0.001  max_mem: 2222M"
    text = "".join(
        f"\x1b[32m[09/01 10:51:24 d2.utils.events]: \x1b[0m eta: 0:01:00  iter: {n}  {values}\n"
        for n in (19, 39)
    )
    (tmp_path / "train.log").write_text(text)
    assert only(tmp_path).series["train_loss"].y.tolist() == [2.1, 2.1]


def test_a_work_dir_is_one_run(tmp_path: Path) -> None:
    metrics(tmp_path, [row(19), row(39)])
    (tmp_path / "log.txt").write_text(begin(0) + progress(19) + copypaste("25.5") + progress(39))
    (tmp_path / "log.txt.rank1").write_text(begin(0) + progress(19))
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "model_0000029.pth").write_bytes(b"x")
    run = only(tmp_path)
    assert run.path == tmp_path
    assert run.series["val_map50_95"].x.tolist() == [29]
    assert [(c.file, c.epoch) for c in run.checkpoints] == [("model_0000029.pth", None)]
    assert "started" in {event.kind for event in run.events}


def test_a_config_beside_the_metrics(tmp_path: Path) -> None:
    metrics(tmp_path, [row(19)])
    (tmp_path / "config.yaml").write_text("train: {max_iter: 70}\noptimizer: {lr: 0.1}\n")
    run = only(tmp_path)
    assert run.planned_steps == 70
    assert run.config.get("optimizer.lr") == 0.1


@settings(max_examples=60)
@given(st.integers(0, 2500), st.binary(max_size=6))
def test_damage_never_raises(cut: int, junk: bytes) -> None:
    text = begin(0) + progress(19) + copypaste("25.5") + progress(39)
    rows = "\n".join(json.dumps(row(n, **{"bbox/AP": 1.0})) for n in (19, 39))
    for name, content in (("log.txt", text), ("metrics.json", rows)):
        data = content.encode()[:cut] + junk + content.encode()[cut + 5 :]
        folder = Folder(LooseFile(Path("x"), name, data))
        for claim in detectron2.claims(folder):
            detectron2.read(folder, claim)
