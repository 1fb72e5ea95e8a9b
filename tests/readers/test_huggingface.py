"""Runs of the Hugging Face Trainer; the fixtures were written by transformers 5.23."""

from __future__ import annotations

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from eventfile import NAME, event, simple, text, write
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import huggingface
from analyzer.reading.folder import DiskTree, Folder, LooseFile
from analyzer.reading.search import find_runs
from analyzer.run import Run, Status

RUNS = Path(__file__).parent.parent / "runs" / "huggingface"


def runs(path: Path) -> list[Run]:
    located = find_runs([path], [huggingface]).runs
    return [huggingface.read(run.folder(), run.claim) for run in located]


def only(path: Path) -> Run:
    (run,) = runs(path)
    assert run.unreadable is None
    return run


def state(path: Path, history: list[dict[str, Any]], **keys: Any) -> Path:
    path.mkdir(parents=True, exist_ok=True)
    last = history[-1] if history else {}
    content = {
        "best_metric": None,
        "best_model_checkpoint": None,
        "epoch": last.get("epoch"),
        "global_step": last.get("step"),
        "log_history": history,
        **keys,
    }
    (path / "trainer_state.json").write_text(json.dumps(content, indent=2))
    return path


def by_epochs(epochs: int, **more: float) -> list[dict[str, Any]]:
    """Two training records and an evaluation for each epoch of 10 steps."""
    history: list[dict[str, Any]] = []
    for epoch in range(1, epochs + 1):
        for half in (0.5, 1.0):
            at = epoch - 1 + half
            history.append({"epoch": at, "loss": 2.0 / at, "step": round(10 * at)})
        history.append({"epoch": float(epoch), "eval_loss": 1.0, "step": 10 * epoch, **more})
    return history


def test_a_run_that_stopped_early() -> None:
    run = only(RUNS / "early-stopped")
    assert (run.epochs_done, run.planned_epochs) == (4, 20)
    assert (run.steps_done, run.planned_steps) == (20, 100)
    assert run.status is Status.STOPPED_EARLY
    assert "2 evaluations without a better one" in run.status_because
    assert (run.main_metric, run.higher_is_better) == ("val_accuracy", True)
    assert run.series["train_loss"].axis == "epoch"
    assert len(run.series["train_loss@step"]) == 20
    assert run.config.get("train.patience") == 2
    assert run.config.spelled("train.patience") == "early_stopping_patience"
    assert run.best_checkpoint is not None
    assert (run.best_checkpoint.file, run.best_checkpoint.epoch) == ("checkpoint-10", 2)
    assert run.samples == {"val": 24}


def test_a_run_planned_by_steps_is_counted_in_steps() -> None:
    run = only(RUNS / "by-steps")
    assert (run.steps_done, run.planned_steps) == (23, 23)
    assert run.planned_epochs is None
    assert run.series["val_accuracy"].axis == "step"
    assert run.series["val_accuracy"].x.tolist() == [7, 14, 21, 23]
    assert run.status is Status.FINISHED


def test_checkpoints_are_one_run_and_the_highest_step_counts(tmp_path: Path) -> None:
    state(tmp_path / "checkpoint-90", by_epochs(9))
    state(tmp_path / "checkpoint-100", by_epochs(10))
    (tmp_path / "checkpoint-100" / "model.safetensors").write_bytes(b"x")
    (tmp_path / "runs" / "Jan05_14-30-22_host").mkdir(parents=True)
    run = only(tmp_path)
    assert run.epochs_done == 10
    assert [c.file for c in run.checkpoints] == ["checkpoint-100"]
    assert run.checkpoints[0].epoch == 10


def test_a_damaged_newest_state_leaves_the_one_before(tmp_path: Path) -> None:
    state(tmp_path / "checkpoint-90", by_epochs(9))
    newest = state(tmp_path / "checkpoint-100", by_epochs(10)) / "trainer_state.json"
    newest.write_text(newest.read_text()[:-200])
    run = only(tmp_path)
    assert run.epochs_done == 9
    assert "checkpoint-100/trainer_state.json is no JSON" in run.notes[0].text


def test_an_unfinished_last_epoch_does_not_count(tmp_path: Path) -> None:
    history = [*by_epochs(4), {"epoch": 4.5, "loss": 0.1, "step": 45}]
    run = only(state(tmp_path, history, max_steps=100, num_train_epochs=10))
    assert run.epochs_done == 4
    assert run.planned_epochs == 10
    assert run.steps_done == 45


def test_dropped_batches_leave_the_last_epoch_short(tmp_path: Path) -> None:
    history = [
        {"epoch": 0.9966 * n, "eval_loss": 1.0, "step": 10 * n, "loss": 1.0} for n in range(1, 11)
    ]
    run = only(state(tmp_path, history, max_steps=100, num_train_epochs=10))
    assert (run.epochs_done, run.planned_epochs) == (10, 10)


def test_the_closing_mean_is_no_point_of_the_curve(tmp_path: Path) -> None:
    closing = {"epoch": 5.0, "step": 50, "train_loss": 99.0, "train_runtime": 3.0}
    run = only(state(tmp_path, [*by_epochs(5), closing]))
    assert run.series["train_loss@step"].y.max() < 99


def test_a_best_error_rate_is_followed_downwards(tmp_path: Path) -> None:
    history = by_epochs(4)
    for record, wer in zip(history[2::3], (0.9, 0.7, 0.5, 0.6), strict=True):
        record |= {"eval_wer": wer, "eval_accuracy": 0.1}
    run = only(state(tmp_path, history, best_metric=0.5, best_model_checkpoint="o/checkpoint-30"))
    assert (run.main_metric, run.higher_is_better) == ("val_wer", False)
    assert run.best_checkpoint is not None
    assert run.best_checkpoint.epoch == 3


def test_hidden_nan_losses_are_noted(tmp_path: Path) -> None:
    history = [*by_epochs(3), {"epoch": 3.5, "loss": 0.0, "grad_norm": math.nan, "step": 35}]
    run = only(state(tmp_path, history))
    assert any("logging_nan_inf_filter" in note.text for note in run.notes)
    assert np.isnan(run.series["grad_norm"].y[-1])


def test_a_loss_of_zero_is_normal_beside_a_reward(tmp_path: Path) -> None:
    history = [{"loss": 0.0, "reward": 0.3, "step": 10}, {"loss": 0.0, "reward": 0.4, "step": 20}]
    run = only(state(tmp_path, history))
    assert run.notes == ()
    assert run.series["reward"].y.tolist() == [0.3, 0.4]


def test_steps_logged_again_after_a_resume_are_kept_aside(tmp_path: Path) -> None:
    steps = [10, 20, 30, 40, 30, 40, 50]
    history = [{"loss": float(n), "step": step} for n, step in enumerate(steps)]
    run = only(state(tmp_path, history))
    assert run.series["train_loss"].x.tolist() == [10, 20, 30, 40, 50]
    assert run.series["train_loss"].y.tolist() == [0, 1, 4, 5, 6]
    (event,) = [event for event in run.events if event.kind == "resumed"]
    lines = (tmp_path / "trainer_state.json").read_text().splitlines()
    assert '"step": 30' in lines[event.line - 1]


def test_saved_arguments_are_spelled_both_ways(tmp_path: Path) -> None:
    arguments = {
        "learning_rate": 5e-5,
        "optim": "adamw_torch_fused",
        "per_device_train_batch_size": 4,
        "gradient_accumulation_steps": 8,
        "max_grad_norm": 1.0,
        "max_steps": -1,
    }
    state(tmp_path, by_epochs(3), train_batch_size=16)
    (tmp_path / "training_args.json").write_text(json.dumps(arguments))
    (tmp_path / "config.json").write_text('{"architectures": ["Bert"], "_name_or_path": "b"}')
    config = only(tmp_path).config
    assert config.get("optimizer.lr") == 5e-5
    assert config.get("optimizer.type") == "adamw"
    assert config.get("data.batch_size") == 4
    assert config.get("model.pretrained") is True
    assert config.get("train.steps") is None
    assert config.spelled("train.accumulate") == "gradient_accumulation_steps"
    assert config.file == "training_args.json"


def test_the_model_card_tells_the_settings(tmp_path: Path) -> None:
    card = (
        "# model\n\n### Training hyperparameters\n\n- learning_rate: 0.0003\n"
        "- train_batch_size: 32\n- optimizer: Use adamw_torch with betas=(0.9,0.999)\n"
        "- lr_scheduler_type: cosine\n\n### Training results\n- loss: 3\n"
    )
    (state(tmp_path, by_epochs(3)) / "README.md").write_text(card)
    config = only(tmp_path).config
    assert config.get("optimizer.lr") == 0.0003
    assert config.get("optimizer.type") == "adamw"
    assert config.get("scheduler.type") == "cosine"
    assert "loss" not in config.values


def test_a_pickle_of_arguments_is_never_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (state(tmp_path, by_epochs(3)) / "training_args.bin").write_bytes(b"x")
    opened: list[str] = []
    whole = Folder.open
    monkeypatch.setattr(
        Folder, "open", lambda self, name: (opened.append(name), whole(self, name))[1]
    )
    only(tmp_path)
    assert "trainer_state.json" in opened
    assert "training_args.bin" not in opened


def test_renamed_states_and_dumped_histories_are_runs_of_their_own(tmp_path: Path) -> None:
    shutil.move(
        state(tmp_path, by_epochs(3)) / "trainer_state.json", tmp_path / "a_trainer_state.json"
    )
    (tmp_path / "log_history.json").write_text(json.dumps(by_epochs(4)))
    (tmp_path / "package.json").write_text('{"name": "x"}')
    assert [run.epochs_done for run in runs(tmp_path)] == [3, 4]


def test_what_was_logged_after_the_last_save_is_in_the_event_files(tmp_path: Path) -> None:
    state(tmp_path / "checkpoint-30", by_epochs(3), max_steps=100, num_train_epochs=10)
    arguments = '{"learning_rate": 0.01, "optim": "adamw_torch", "per_device_train_batch_size": 4}'
    rows = [event(text("args/text_summary", arguments))]
    for half in range(1, 13):
        values = [simple("train/loss", 9.0), simple("train/epoch", half / 2)]
        values += [simple("eval/loss", 8.0)] if half % 2 == 0 else []
        rows += [event(value, step=5 * half) for value in values]
    folder = tmp_path / "runs" / "Jan05_14-30-22_host"
    folder.mkdir(parents=True)
    write(folder / NAME, rows)
    run = only(tmp_path)
    assert (run.steps_done, run.epochs_done) == (60, 6)
    assert run.series["train_loss@step"].y.tolist()[5:] == [pytest.approx(2.0 / 3)] + [9.0] * 6
    assert run.series["val_loss"].y.tolist() == [1, 1, 1, 8, 8, 8]
    assert run.config.get("optimizer.lr") == 0.01
    assert run.config.get("optimizer.type") == "adamw"
    assert run.config.spelled("data.batch_size") == "per_device_train_batch_size"


def test_what_is_no_state_is_not_claimed(tmp_path: Path) -> None:
    (tmp_path / "trainer_state.json").write_text('{"a": 1}')
    (tmp_path / "config.json").write_text('{"architectures": ["x"]}')
    assert runs(tmp_path) == []


@settings(max_examples=60)
@given(st.integers(0, 6000), st.binary(max_size=6))
def test_damage_never_raises(cut: int, junk: bytes) -> None:
    data = (RUNS / "early-stopped" / "trainer_state.json").read_bytes()
    folder = Folder(
        LooseFile(Path("x"), "trainer_state.json", data[:cut] + junk + data[cut + 9 :])
    )
    for claim in huggingface.claims(folder):
        huggingface.read(folder, claim)


@pytest.mark.parametrize(
    "content",
    [
        {"log_history": {}},
        {"log_history": [1, None, []]},
        {"log_history": [{"step": "x"}, {"step": 1, "epoch": "b", "loss": []}], "global_step": []},
        {"log_history": [{"step": 1e300, "epoch": 1e300, "eval_loss": 1}], "epoch": math.inf},
        {"log_history": [], "max_steps": "a", "stateful_callbacks": [], "best_metric": {}},
        {"log_history": [], "stateful_callbacks": {"TrainerControl": [1]}, "num_train_epochs": -1},
    ],
)
def test_odd_states_never_raise(tmp_path: Path, content: dict[str, Any]) -> None:
    (tmp_path / "trainer_state.json").write_text(json.dumps(content))
    folder = Folder(DiskTree(tmp_path))
    for claim in huggingface.claims(folder):
        huggingface.read(folder, claim)
