"""Shapes of lines that the console reader knows, one small log of each."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.errors import NoRunFound
from analyzer.readers import read
from analyzer.run import Run


def run_of(tmp_path: Path, text: str, name: str = "train.log") -> Run:
    (tmp_path / name).write_text(f"{text}\n", encoding="utf-8")
    (run,) = read(tmp_path)
    return run


def last(run: Run) -> dict[str, float]:
    return {name: round(float(series.y[-1]), 6) for name, series in run.series.items()}


def test_epoch_and_step_in_one_bracket(tmp_path: Path) -> None:
    lines = [f"[{e}, {s:5d}] loss: {3 - e + s / 1e5:.3f}" for e in (1, 2) for s in (900, 1800)]
    run = run_of(tmp_path, "\n".join([*lines, "[2, 10200] loss: 0.500", "Finished Training"]))
    assert run.series["train_loss@step"].x.tolist() == [900, 1800, 11100, 12000, 20400]
    assert (run.epochs_done, len(run.superseded)) == (2, 0)


def test_a_count_of_samples_behind_the_loss_and_a_headed_test(tmp_path: Path) -> None:
    epochs = [
        f"Epoch {e}\n-------\nloss: 0.9{e}  [   32/ 640]\nloss: 0.7{e}  [  352/ 640]\n"
        f"Test Error: \n Accuracy: 6{e}.5%, Avg loss: 0.8{e} \n"
        for e in (1, 2, 3)
    ]
    run = run_of(tmp_path, "\n".join(epochs))
    assert last(run)["val_accuracy"] == 0.635
    assert last(run)["val_loss"] == 0.83
    assert run.series["train_loss@step"].x.tolist()[-2:] == [1312, 1632]
    assert not run.superseded


@pytest.mark.parametrize("name", ["Loss", "Batch loss"])
def test_a_loss_printed_many_times_in_each_epoch(tmp_path: Path, name: str) -> None:
    lines = [f"Epoch: {e}, {name}:  {5 - e - k / 10}" for e in (0, 1) for k in range(4)]
    run = run_of(tmp_path, "\n".join(lines))
    assert run.series["train_loss@step"].x.tolist() == [1, 2, 3, 4, 5, 6, 7, 8]
    assert run.series["train_loss"].y.tolist() == pytest.approx([4.85, 3.85])
    assert not any(event.kind in ("resumed", "restarted") for event in run.events)


def test_the_example_for_mnist_keeps_its_test_set(tmp_path: Path) -> None:
    epochs = [
        f"Train Epoch: {e} [0/50 (0%)]\tLoss: 1.{e}\nTrain Epoch: {e} [30/50 (60%)]\tLoss: 0.{e}\n"
        f"\nTest set: Average loss: 0.3{e}, Accuracy: 4{e}/50 (8{e}%)\n"
        for e in (1, 2)
    ]
    run = run_of(tmp_path, "\n".join(epochs))
    assert (last(run)["val_loss"], last(run)["val_accuracy"]) == (0.32, 0.84)


def test_values_behind_the_word_dev_need_no_colon(tmp_path: Path) -> None:
    epochs = [
        f"epoch {e} - iter 5/10 - loss 0.9{e} - lr: 0.1\nEPOCH {e} done: loss 0.8{e} - lr 0.1\n"
        f"DEV : loss 0.7{e} - score 0.6{e}\n"
        for e in (1, 2)
    ]
    run = run_of(tmp_path, "".join(epochs))
    assert (last(run)["val_loss"], last(run)["val_score"]) == (0.72, 0.62)


def test_a_line_that_only_names_its_value(tmp_path: Path) -> None:
    text = "".join(f"--- [Epoch {e}/9, Batch 0/1] ---\nTotal loss {9.5 - e}\n" for e in range(3))
    assert last(run_of(tmp_path, text))["train_loss"] == 7.5


def test_a_heading_with_the_epoch_tells_the_data_too(tmp_path: Path) -> None:
    text = "".join(
        f"epoch {e} begin\naverage loss: 0.{9 - e}\nTesting epoch {e}:\naccuracy: 0.{4 + e}\n"
        for e in (1, 2)
    )
    assert last(run_of(tmp_path, text)) == {"train_loss": 0.7, "val_accuracy": 0.6}


def test_prefixes_of_glog_and_loguru_are_no_values(tmp_path: Path) -> None:
    glog = "".join(
        f"I0102 03:04:0{n}.100 77 solver.cpp:218] Iteration {n}00, loss = 1.{9 - n}\n"
        for n in (1, 2)
    )
    assert last(run_of(tmp_path, glog)) == {"train_loss": 1.7}
    head = "INFO     | 2031-02-03 04:05:06 | pack.mod:on_log:20"
    loguru = head + "{n} - {{'loss': 0.{n}, 'epoch': {n}}}\n"
    text = "INFO     | 2031-02-03 04:05:06 | pack.mod:go:9 - {'epochs': 7, 'lr': 0.01, 'a': 1}\n"
    run = run_of(tmp_path, text + "".join(loguru.format(n=n) for n in (1, 2)))
    assert (last(run), run.planned_epochs) == ({"train_loss": 0.2}, 7)


@pytest.mark.parametrize(
    "text",
    [
        "Training model for 40 epochs...\nEpoch 1 | loss: 0.5\nEpoch 2 | loss: 0.4\n",
        "Epoch 1 completed out of 40 loss: 0.5\nEpoch 2 completed out of 40 loss: 0.4\n",
    ],
)
def test_the_planned_length_in_words(tmp_path: Path, text: str) -> None:
    run = run_of(tmp_path, text)
    assert (run.planned_epochs, last(run)) == (40, {"train_loss": 0.4})


def test_vali_is_the_validation(tmp_path: Path) -> None:
    text = "".join(f"Epoch: {e} | Train Loss: 0.{e} Vali Loss: 0.{e + 2}\n" for e in (1, 2))
    assert last(run_of(tmp_path, text)) == {"train_loss": 0.2, "val_loss": 0.4}


def test_only_the_first_of_several_ranks_counts(tmp_path: Path) -> None:
    text = "".join(
        f"[RANK {rank}]: epoch {e} | train loss 0.{e}{rank} | val loss: 0.{e}\n"
        for e in (1, 2, 3)
        for rank in (1, 0)
    )
    run = run_of(tmp_path, text)
    assert run.series["train_loss"].y.tolist() == [0.1, 0.2, 0.3]


@pytest.mark.parametrize(
    "text",
    [
        "Block 7: epoch 5, slot 160, reward: 0.05\nBlock 8: epoch 5, slot 161, reward: 0.06\n",
        "step 1: checkout\nstep 2: deployment failed: error: 1\n",
    ],
)
def test_counters_of_other_programs_are_no_training(tmp_path: Path, text: str) -> None:
    with pytest.raises(NoRunFound):
        run_of(tmp_path, text, "server.log")


def test_losses_with_names_of_their_own(tmp_path: Path) -> None:
    text = "== Training Loss ==\n" + "".join(
        f"(epoch: {e}, iters: {i}, time: 0.04, data: 0.1) G_A: 2.{e} D_A: 0.{i} cycle: 3.5 \n"
        for e in (1, 2)
        for i in (10, 20)
    )
    run = run_of(tmp_path, text, "loss_log.txt")
    assert run.series["G_A@step"].x.tolist() == [10, 20, 30, 40]
    assert last(run)["D_A@step"] == 0.2


def test_steps_in_round_brackets(tmp_path: Path) -> None:
    text = "".join(f"==> Epoch[{e}]({i}/30): Loss: {3 - e}.5\n" for e in (1, 2) for i in (10, 20))
    run = run_of(tmp_path, text)
    assert run.series["train_loss@step"].x.tolist() == [10, 20, 40, 50]


def test_the_summary_of_wandb_repeats_nothing(tmp_path: Path) -> None:
    text = "epoch: 1 | dev_loss: 0.5\nepoch: 2 | dev_loss: 0.4\nwandb: Run summary:\n"
    text += "wandb:          epoch 2\nwandb: epoch/dev_loss 0.4\nwandb:       loss 0.3\n"
    run = run_of(tmp_path, text, "output.log")
    assert (last(run), len(run.superseded)) == ({"val_loss": 0.4}, 0)


def test_bars_of_equal_signs_are_no_scores(tmp_path: Path) -> None:
    text = "".join(
        f"Training:    100% |======| Accuracy: 0.8{e}, Loss: 0.5{e}\nValidating:  100% |======|\n"
        f"INFO Listener -- Epoch {e} finished.\nINFO Listener -- Train: Accuracy: 0.8{e}\n"
        f"INFO Listener -- Validate: Accuracy: 0.7{e}\n"
        for e in (1, 2)
    )
    assert last(run_of(tmp_path, text))["val_accuracy"] == 0.72
    assert not any("score" in name for name in run_of(tmp_path, text).series)
