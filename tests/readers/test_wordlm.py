"""Word language models and fairseq: bars, bits, settings in the first line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ondisk import read_one

from analyzer.run import Status

RUNS = Path(__file__).parents[1] / "runs"


def test_a_training_that_was_interrupted_is_tested_too() -> None:
    run = read_one(RUNS / "wordlm/interrupted")
    assert run.format == "wordlm"
    assert run.series["train_loss@step"].x.tolist() == [1, 2, 3, 4, 5, 6]
    assert run.series["train_loss"].y.tolist() == pytest.approx([5.8, 4.8])
    assert run.series["val_loss"].y.tolist() == [5.5, 4.5]
    assert np.isnan(run.series["val_perplexity"].y).all()
    assert run.series["learning_rate"].y.tolist() == [20, 5]
    assert run.series["step_time@step"].y[0] == pytest.approx(0.01175)
    assert run.series["epoch_time"].y.tolist() == [23.09, 23.09]
    assert (run.status, run.planned_epochs, run.main_metric) == (Status.INTERRUPTED, 6, None)
    assert run.config.spelled("train.grad_clip") == "clip"
    assert run.config.get("optimizer.lr") == 20


def test_transformer_xl_counts_steps_and_evaluates_by_them(tmp_path: Path) -> None:
    row = "| epoch   1 step {:8d} | {:6d} batches | lr 0.00025 | ms/batch 512.5 | loss  7.{}\n"
    text = "".join(row.format(n, n, 9 - n // 200) for n in (200, 400))
    text += (
        "-" * 100
        + "\n| Eval   1 at step      400 | time: 1200.1s | valid loss  4.20 | valid ppl 66\n"
    )
    (tmp_path / "out.txt").write_text(text, "utf-8")
    run = read_one(tmp_path)
    assert run.series["train_loss"].x.tolist() == [200, 400]
    assert run.series["val_loss"].x.tolist() == [400]


def test_two_trainings_in_one_file_keep_their_own_settings(tmp_path: Path) -> None:
    def training(epochs: int, loss: float) -> str:
        text = f"Namespace(epochs={epochs}, lr={loss})\n"
        for epoch in range(1, epochs + 1):
            text += (
                f"| epoch {epoch:3d} |   10/   10 batches | lr 1.00 | ms/batch 1 | loss {loss}\n"
            )
            text += f"| end of epoch {epoch:3d} | time:  1.00s | valid loss  {loss} \n"
        return text + "| End of training | test loss 1 |\n"

    (tmp_path / "notes").write_text(training(3, 5.0) + training(2, 4.0), "utf-8")
    run = read_one(tmp_path)
    assert (run.planned_epochs, run.status) == (2, Status.FINISHED)
    assert run.series["val_loss"].y.tolist() == [4, 4]
    assert [event.kind for event in run.events].count("restarted") == 1


def test_fairseq_in_its_three_shapes() -> None:
    run = read_one(RUNS / "fairseq/mixed")
    assert run.format == "fairseq"
    assert run.series["train_loss"].y.tolist() == [12.5, 10.5]
    assert run.series["train_loss@step"].x.tolist() == [100, 200, 600]
    assert run.series["val_loss"].y.tolist() == [11.2, 10.1]
    assert run.series["grad_norm"].y.tolist() == [3, 20.7]
    assert run.series["clipped_share@step"].y.tolist() == [0, 0]
    assert (run.planned_epochs, run.planned_steps) == (3, None)
    assert run.config.get("optimizer.lr") == 0.0005
    assert run.config.spelled("train.accumulate") == "update_freq"
    assert any("bits" in note.text for note in run.notes)
    assert "val_best_loss" not in run.series


def test_fairseq_before_it_had_a_logger(tmp_path: Path) -> None:
    text = (
        "| epoch 001 | loss 12.5 | nll_loss 11.9 | ppl 3900.1 | num_updates 50 | lr 1e-4\n"
        "| epoch 001 | valid on 'valid' subset | loss 11.5 | ppl 1900.1 | num_updates 50\n"
    )
    (tmp_path / "fairseq.log").write_text(text, "utf-8")
    run = read_one(tmp_path)
    assert run.format == "fairseq"
    assert run.series["val_loss"].y.tolist() == [11.5]
    assert run.series["learning_rate"].y.tolist() == [1e-4]


def test_what_ends_an_epoch_is_of_the_validation(tmp_path: Path) -> None:
    text = "".join(
        f"| epoch   {e} |    10/   20 batches | lr 5.00 | ms/batch 7.5 | loss  2.{e} | ppl  9.9\n"
        f"| end of epoch   {e} | time: 8.76s | valid loss  1.{e} | f1   6{e}.0%\n"
        for e in (1, 2)
    )
    (tmp_path / "log").write_text(text)
    run = read_one(tmp_path)
    assert run.series["val_f1"].y.tolist() == pytest.approx([0.61, 0.62])
