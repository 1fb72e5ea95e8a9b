"""Whole trainings through the command line, on images of 64 pixels."""

import json
import math
import os
import re
import signal
import subprocess
import sys
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

from analyzer.formats import yaml12
from trainer import fit, interrupt, loop, resume, start, steps
from trainer.checkpoint import better_best
from trainer.detection import task
from trainer.synth import render_dataset
from trainer.train import main

ROOT = Path(__file__).parents[2]
CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: data, test_dir: data, input_size: 64, batch_size: 4}
optimizer: {lr: 0.01}
scheduler: {type: StepLR, step_size: 2, gamma: 0.5, warmup_steps: 2}
train: {epochs: 2, device: cpu, precision: fp32, threads: 1, log_every: 2}
"""
TIMES = (
    *("epoch_time", "val_time", "data_time", "step_time", "checkpoint_time"),
    *("forward_time", "backward_time", "optimizer_time"),
)


@pytest.fixture(scope="session")
def rendered(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rendered") / "data"
    render_dataset(folder, train=10, test=3, size=64)
    return folder


def furnish(folder, rendered):
    """Make a working folder with a config and the data."""
    (folder / "c.yaml").write_text(CONFIG)
    (folder / "data").symlink_to(rendered)
    return folder


@pytest.fixture
def place(tmp_path, rendered, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return furnish(tmp_path, rendered)


@pytest.fixture(scope="module")
def finished_place(tmp_path_factory, rendered):
    """A working folder in which one run of two epochs has finished; for tests that only look."""
    folder = furnish(tmp_path_factory.mktemp("finished"), rendered)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        assert train() == 0
    return folder


@pytest.fixture
def finished(finished_place, monkeypatch):
    monkeypatch.chdir(finished_place)


def train(*arguments, config="c.yaml"):
    given = ["--config", config] if config else []
    return main([*given, *arguments])


def sets(*pairs):
    return [word for pair in pairs for word in ("--set", pair)]


def newest():
    return Path("workdirs/latest").resolve()


def read(name):
    return json.loads((newest() / name).read_text())


def log():
    return (newest() / "logs/train.log").read_text()


def weights(name):
    return torch.load(newest() / "checkpoints" / name, weights_only=True)["model"]


def same(first, second):
    return all(torch.equal(first[name], second[name]) for name in first)


def numbers(records):
    return [{k: v for k, v in record.items() if k not in TIMES} for record in records]


def test_a_training_leaves_the_documented_run_directory(finished):
    run = newest()
    assert re.fullmatch(r"exp_\d{14}", run.name)
    files = {str(p.relative_to(run)) for p in run.rglob("*") if p.is_file()}
    assert files == {
        "checkpoints/epoch_1.pth",
        "checkpoints/epoch_2.pth",
        "checkpoints/best.pth",
        "checkpoints/index.json",
        "logs/train.log",
        "logs/steps.jsonl",
        "config.yaml",
        "args.txt",
        "metrics.json",
        "run.json",
    }
    flags, command = (run / "args.txt").read_text().splitlines()
    assert flags == (
        "--train_data_dir data --batch_size 4 --epochs 2 --lr 0.01 "
        f"--output_dir ./workdirs/{run.name}"
    )
    assert command == "python -m trainer.train --config c.yaml"


def test_the_log_has_the_documented_lines_in_their_order(finished):
    stamp = r"^\[\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\] INFO "
    lines = [
        r"Epoch \[1/2\], LR: 0\.005000$",
        r"Train Loss: \d+\.\d{3} \| Time: \d+\.\d\ds/iter$",
        r"Validate - Precision: \d\.\d\d, Recall: \d\.\d\d, F1: \d\.\d\d$",
        r"Saved checkpoint: \./workdirs/exp_\d+/checkpoints/epoch_1\.pth$",
        r"New best: epoch 1, val_f1 \d\.\d{4} -> \./workdirs/exp_\d+/checkpoints/best\.pth$",
        r"Epoch \[2/2\], LR: 0\.010000$",
    ]
    position = 0
    for line in lines:
        match = re.compile(stamp + line, re.MULTILINE).search(log(), position)
        assert match, line
        position = match.end()
    assert "Pretrained weights: none" in log()
    assert "Data: 10 train images" in log()


def test_metrics_hold_the_documented_keys_first_and_parts_that_add_up(finished):
    records = read("metrics.json")
    assert [record["epoch"] for record in records] == [1, 2]
    for record in records:
        documented = ["epoch", "train_loss", "val_precision", "val_recall", "val_f1"]
        assert list(record)[:6] == [*documented, "learning_rate"]
        assert set(TIMES) < set(record)
        for whole in ("train_loss", "val_loss"):
            parts = [record[f"{whole}.{part}"] for part in ("shrink", "binary", "threshold")]
            assert sum(parts) == pytest.approx(record[whole], rel=1e-4)
        assert 0 <= record["clipped_share"] <= 1
        assert record["val_time"] + record["checkpoint_time"] < record["epoch_time"]


def test_steps_are_logged_every_few_and_at_the_end_of_an_epoch(finished):
    text = (newest() / "logs/steps.jsonl").read_text()
    records = [json.loads(line) for line in text.splitlines()]
    assert [(r["epoch"], r["step"]) for r in records] == [(1, 2), (1, 3), (2, 5), (2, 6)]
    assert records[0]["learning_rate"] == 0.01  # after the warm-up of two steps
    assert {"train_loss", "train_loss.shrink", "grad_norm.first", "data_time"} < set(records[0])


def test_the_run_says_what_it_ran_on(finished):
    info = read("run.json")
    assert info["status"] == "finished"
    assert info["seed"] == 0
    assert info["precision"] == "fp32"
    assert info["data"]["train"]["images"] == 10
    assert info["data"]["train"]["digest"] != info["data"]["test"]["digest"]
    config = yaml12.parse((newest() / "config.yaml").read_text()).value
    assert config["train"]["precision"] == "fp32"
    assert config["checkpoint"]["monitor"] == "val_f1"  # defaults are written out


def test_steps_are_updates_however_many_batches_make_one(place):
    assert train(*sets("data.batch_size=2", "train.accumulate=2", "train.epochs=1")) == 0
    lines = (newest() / "logs/steps.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in lines] == [2, 3]
    state = torch.load(newest() / "checkpoints/epoch_1.pth", weights_only=True)
    assert state["scheduler"]["step"] == 3
    assert read("run.json")["global_batch"] == 4
    assert "Images per step: 4, 2 batches of 2" in log()


def test_an_f1_of_0_is_explained_once(place, capsys, monkeypatch):
    def nothing_found(*args, **kwargs):
        tested = loop.evaluate(*args, **kwargs)
        return replace(tested, means=tested.means | {"val_f1": 0.0, "val_best_f1": 0.0})

    monkeypatch.setattr(fit, "evaluate", nothing_found)
    assert train() == 0
    told = capsys.readouterr().err
    assert told.count("val_f1 0.000") == 2
    assert told.count("F1 0, and 0.00 at the best thresholds") == 1
    assert f"python -m trainer.evaluate workdirs/{newest().name} --split train" in told


def test_another_seed_gives_other_numbers_and_the_run_is_printed(place, capsys):
    found = []
    for seed in (1, 2):
        assert train(*sets(f"train.seed={seed}", "train.epochs=1")) == 0
        found.append(numbers(read("metrics.json")))
        assert capsys.readouterr().out.strip() == f"workdirs/{newest().name}"
    assert found[0] != found[1]


def test_two_epochs_and_two_more_equal_four(place):
    assert train("--epochs", "4") == 0
    whole, expected = numbers(read("metrics.json")), weights("epoch_4.pth")

    assert train("--epochs", "2") == 0
    first_part = newest()
    assert train("--resume", "workdirs/latest", "--epochs", "4", config=None) == 0
    assert newest() == first_part
    assert numbers(read("metrics.json")) == whole
    assert same(weights("epoch_4.pth"), expected)
    assert "train.epochs was 2, is 4" in log()
    assert yaml12.parse((newest() / "config.yaml").read_text()).value["train"]["epochs"] == 4
    assert (newest() / "args.txt").read_text().splitlines()[-1].endswith("--epochs 4")
    assert len(read("run.json")["resumed"]) == 1


def test_a_run_killed_between_weights_and_record_loses_nothing(place):
    assert train("--epochs", "2") == 0
    records = read("metrics.json")
    (newest() / "metrics.json").write_text(json.dumps(records[:1]))
    assert train("--resume", "workdirs/latest", "--epochs", "3", config=None) == 0
    assert [record["epoch"] for record in read("metrics.json")] == [1, 2, 3]
    assert numbers(read("metrics.json")[1:2]) == numbers(records[1:])


def test_a_resume_from_an_earlier_epoch_repeats_the_later_ones(place):
    assert train("--epochs", "3") == 0
    before, expected = numbers(read("metrics.json")), weights("epoch_3.pth")
    file = newest() / "checkpoints/epoch_1.pth"
    assert train("--resume", str(file), config=None) == 0
    after = numbers(read("metrics.json"))
    assert after == before, "each epoch once"
    assert same(weights("epoch_3.pth"), expected)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ([], "nothing is left to train; ask for more with --epochs 4"),
        (["--lr", "1"], "--lr 1: a resumed run keeps its settings, only train.epochs"),
        (["--set", "train.seed=1"], "a resumed run keeps its settings"),
        (["--epochs", "none"], "--epochs none: train.epochs is 'none'"),
        (["--config", "c.yaml"], "leave out --config"),
    ],
)
def test_what_a_resume_refuses(finished, capsys, arguments, sentence):
    assert train("--resume", "workdirs/latest", *arguments, config=None) == 2
    assert sentence in capsys.readouterr().err
    assert read("run.json")["status"] == "finished"


def test_a_resume_refuses_an_edited_config_and_a_living_run(place, capsys, monkeypatch):
    assert train("--epochs", "1") == 0
    path = newest() / "config.yaml"
    path.write_text(path.read_text().replace("lr: 0.01", "lr: 0.02"))
    assert train("--resume", "workdirs/latest", "--epochs", "2", config=None) == 2
    assert "is not what epoch_1.pth was trained with" in capsys.readouterr().err
    path.write_text(path.read_text().replace("lr: 0.02", "lr: 0.01"))

    info = read("run.json") | {"status": "running", "pid": os.getppid()}
    (newest() / "run.json").write_text(json.dumps(info))
    assert train("--resume", "workdirs/latest", "--epochs", "2", config=None) == 2
    assert f"still being trained by process {os.getppid()}" in capsys.readouterr().err


def test_a_loss_that_explodes_ends_the_run_in_plain_sight(place, capsys):
    assert train(*sets("optimizer.lr=1e20", "train.grad_clip=null", "train.epochs=3")) == 1
    error = capsys.readouterr().err
    assert re.search(r"Error: the training loss became (nan|inf) at step \d+ in epoch 1", error)
    info, records = read("run.json"), read("metrics.json")
    assert info["status"] == "failed"
    assert "lower optimizer.lr" in info["reason"]
    assert len(records) == 1
    assert records[0]["train_loss"] is None
    assert records[0]["nonfinite"]["train_loss"] in ("nan", "inf")
    assert re.search(r"ERROR Training loss is \w+ at step .*train_images/\d+\.jpg", log())
    assert "Train Loss: nan" in log() or "Train Loss: inf" in log()
    assert not list((newest() / "checkpoints").glob("*.pth"))


def test_a_nan_later_names_its_images_and_the_last_good_weights(place, capsys, monkeypatch):
    healthy, calls = task.db_loss, []

    def breaks(*arguments):
        calls.append(1)
        parts = healthy(*arguments)
        return {
            name: value * (math.nan if len(calls) == 6 else 1) for name, value in parts.items()
        }

    monkeypatch.setattr(task, "db_loss", breaks)  # 3 steps and a validation make an epoch
    assert train(*sets("train.log_every=1")) == 1
    sentence = capsys.readouterr().err.splitlines()[-1]
    good = newest().relative_to(Path.cwd()) / "checkpoints/epoch_1.pth"
    pattern = (
        r"the training loss became nan at step 5 in epoch 2, on "
        rf"(data/train_images/\d+\.jpg(, )?){{4}}; the step was not made, "
        rf"and the last good weights are {good}; lower optimizer\.lr, set "
        r"train\.grad_clip, or look at these images"
    )
    assert re.fullmatch("Error: " + pattern, sentence)
    assert re.fullmatch(pattern, read("run.json")["reason"])
    assert re.search("ERROR Failed: " + pattern, log())
    assert {path.name for path in good.parent.glob("*.pth")} == {"epoch_1.pth", "best.pth"}


def test_a_run_may_go_on_with_nan_but_never_calls_it_best(place):
    settings = ["optimizer.lr=1e20", "train.grad_clip=null", "train.on_nonfinite=continue"]
    assert train(*sets(*settings, "checkpoint.monitor=train_loss", "checkpoint.mode=min")) == 0
    assert read("run.json")["status"] == "finished"
    assert [r["nonfinite"]["train_loss"] for r in read("metrics.json")][-1] == "nan"
    assert (newest() / "checkpoints/epoch_2.pth").is_file()
    assert not (newest() / "checkpoints/best.pth").exists()


def test_every_and_keep_thin_out_the_files_but_not_the_last_nor_the_best(place):
    assert train(*sets("train.epochs=5", "checkpoint.every=2", "checkpoint.keep=2")) == 0
    names = {path.name for path in (newest() / "checkpoints").glob("*.pth")}
    assert names == {"epoch_4.pth", "epoch_5.pth", "best.pth"}
    best = torch.load(newest() / "checkpoints/best.pth", weights_only=True)
    entry = next(e for e in read("checkpoints/index.json") if e["file"].endswith("best.pth"))
    assert best["epoch"] == entry["epoch"]
    scores = [record["val_f1"] for record in read("metrics.json")]
    assert scores[best["epoch"] - 1] == max(scores) == entry["value"]


def test_a_signal_leaves_an_interrupted_run_that_resumes(place, capsys, monkeypatch):
    evaluate = fit.evaluate
    calls = []

    def interrupted(*args, **kwargs):
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return evaluate(*args, **kwargs)

    monkeypatch.setattr(fit, "evaluate", interrupted)
    assert train() == 130
    assert capsys.readouterr().err.splitlines()[-1] == "Interrupted"
    assert read("run.json")["status"] == "interrupted"
    assert "WARNING Interrupted" in log()
    assert train("--resume", "workdirs/latest", config=None) == 0
    assert [record["epoch"] for record in read("metrics.json")] == [1, 2]


@pytest.mark.parametrize(
    ("at", "settings"),
    [
        (2, ()),
        (3, ()),
        (5, ()),
        (5, ("data.batch_size=2", "train.accumulate=2")),
        (4, "scaled"),
    ],
)
def test_a_stop_at_any_step_goes_on_as_if_nothing_had_been(place, monkeypatch, at, settings):
    step, calls = loop.make_update, []

    def signalled(*arguments):
        calls.append(1)
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGINT)
        return step(*arguments)

    if settings == "scaled":  # a processor is too slow for fp16 itself
        settings = ()
        monkeypatch.setattr(start, "pick_precision", lambda *_: "fp16")
        for module in (loop, steps):
            monkeypatch.setattr(module, "autocast", lambda _: nullcontext())
    assert train(*sets(*settings)) == 0
    whole, expected = numbers(read("metrics.json")), weights("epoch_2.pth")
    monkeypatch.setattr(loop, "make_update", signalled)
    assert train(*sets(*settings)) == 130
    kept = Path(newest() / "checkpoints" / f"interrupted_{1 + at // 4}.pth")
    assert kept.exists()
    assert f"INFO Interrupted at step {at}, in epoch {1 + at // 4}" in log()
    assert train("--resume", "workdirs/latest", config=None) == 0
    assert not kept.exists()
    assert numbers(read("metrics.json")) == whole
    assert same(weights("epoch_2.pth"), expected)


def test_a_compiled_training_saves_the_usual_names(place, monkeypatch):
    names = weights_after("train.epochs=1")
    monkeypatch.setattr(start, "compile_model", partial(start.compile_model, backend="eager"))
    assert weights_after("train.epochs=1", "train.compile=true") == names
    assert "compiled" in log()


def weights_after(*settings):
    assert train(*sets(*settings)) == 0
    return list(weights("epoch_1.pth"))


def test_a_missing_compiler_is_said(place, capsys, monkeypatch):
    def missing(*arguments):
        raise RuntimeError("InvalidCxxCompiler: No working C++ compiler found")

    monkeypatch.setattr(start, "compile_model", lambda model: None)
    monkeypatch.setattr(loop, "make_update", missing)
    assert train(*sets("train.compile=true")) == 1
    assert "train.compile needs a C++ compiler such as g++" in capsys.readouterr().err


def test_where_memory_runs_out_smaller_batches_go_on_from_the_same_step(place, monkeypatch):
    healthy, sizes = task.DetectionTask.loss, []

    def hungry(self, batch, whole=None):
        sizes.append(len(batch["file"]))
        if sizes[-1] > 2 and self.model.training:
            raise RuntimeError("DefaultCPUAllocator: can't allocate memory")
        return healthy(self, batch, whole)

    two = sets("data.batch_size=2", "train.accumulate=2", "train.epochs=1")
    assert train(*two) == 0
    expected = weights("epoch_1.pth")
    monkeypatch.setattr(task.DetectionTask, "loss", hungry)
    assert train(*sets("train.epochs=1", "train.halve_on_oom=true")) == 0
    assert same(weights("epoch_1.pth"), expected)
    assert sizes == [4, 2, 2, 2, 2, 2, 3]  # 10 images in three steps, and the validation
    assert read("run.json")["halved"] == {"batch_size": 2, "accumulate": 2}
    assert "WARNING Out of memory: going on at the same step with batches of 2, 2 of them" in log()
    assert train(*sets("train.epochs=1")) == 1


def test_memory_that_runs_out_in_the_update_itself_is_no_reason_to_halve(
    place, capsys, monkeypatch
):
    def hungry(*arguments):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(steps, "_clip", hungry)
    assert train(*sets("train.epochs=1", "train.halve_on_oom=true")) == 1
    assert "CUDA out of memory" in capsys.readouterr().err
    assert "going on at the same step" not in log()


@pytest.mark.parametrize(
    ("halve", "advice"),
    [
        ("false", "lower data.batch_size from 4 to 1"),
        ("true", "train with train.device=cpu on a machine with more memory"),
    ],
)
def test_where_even_one_image_is_too_large_no_smaller_batch_is_advised(
    place, capsys, monkeypatch, halve, advice
):
    def hungry(*arguments):
        raise RuntimeError("could not create a primitive")  # oneDNN's words

    monkeypatch.setattr(task.DetectionTask, "loss", hungry)
    assert train(*sets(f"train.halve_on_oom={halve}")) == 1
    said = capsys.readouterr().err
    assert f"main memory ran out (RuntimeError: could not create a primitive); {advice}" in said
    assert log().count("going on at the same step with batches of") == 2 * (halve == "true")


def test_a_second_signal_ends_at_once():
    with interrupt.stop_request() as asked:
        os.kill(os.getpid(), signal.SIGINT)
        assert asked()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_the_unexpected_is_one_sentence_here_and_a_traceback_in_the_log(
    place, capsys, monkeypatch
):
    def broken(*args, **kwargs):
        raise RuntimeError("CUDA out of memory")

    monkeypatch.setattr(fit, "evaluate", broken)
    assert train() == 1
    error = capsys.readouterr().err
    assert "out of memory on the GPU (RuntimeError: CUDA out of memory)" in error
    assert "data.batch_size from 4 to 1 and raise train.accumulate from 1 to 4, which" in error
    assert "; the traceback is in" in error
    assert "Traceback" not in error
    assert "Traceback (most recent call last)" in log()
    lines = log().splitlines()
    at = next(number for number, line in enumerate(lines) if " ERROR " in line)
    assert " ERROR Failed: out of memory on the GPU" in lines[at]
    assert lines[at + 1] == "    Traceback (most recent call last):"
    assert read("run.json")["reason"].startswith("out of memory on the GPU")


def copy_data(place, rendered):
    import shutil

    shutil.copytree(rendered, place / "mine")
    return place / "mine"


@pytest.mark.parametrize("workers", [0, 1])
def test_an_image_that_breaks_midway_is_named_in_one_sentence(place, rendered, capsys, workers):
    folder = copy_data(place, rendered)
    image = folder / "train_images/3.jpg"
    image.write_bytes(image.read_bytes()[:200])  # its size is known, its pixels are gone
    arguments = [*sets("data.train_dir=mine", f"train.num_workers={workers}"), "--no-preflight"]
    assert train(*arguments) == 1
    error = capsys.readouterr().err.strip().splitlines()[-1]
    assert error.startswith("Error: ")
    assert "3.jpg" in error
    assert read("run.json")["status"] == "failed"


def test_an_empty_test_list_trains_without_validation(place, rendered):
    folder = copy_data(place, rendered)
    (folder / "test_list.txt").write_text("")
    assert train("--train_data_dir", "mine", "--epochs", "1") == 0
    assert "val_f1" not in read("metrics.json")[0]
    assert "Validate" not in log()
    assert "WARNING The test list is empty" in log()
    assert not (newest() / "checkpoints/best.pth").exists()


def test_nothing_stops_early_by_what_is_never_measured(place, rendered, capsys):
    folder = copy_data(place, rendered)
    (folder / "test_list.txt").write_text("")
    early = ("--train_data_dir", "mine", "--no-preflight", *sets("train.early_stopping={}"))
    assert train(*early) == 2
    assert "which is val_f1, but the test list is empty" in capsys.readouterr().err
    assert not Path("workdirs").exists()


def test_the_data_flag_moves_both_lists_where_the_config_has_one_folder(place, rendered):
    copy_data(place, rendered)
    for arguments in (["--train_data_dir", "mine"], ["--epochs", "1"]):
        other = ["--epochs", "1"] if "mine" in arguments else ["--train_data_dir", "mine"]
        assert train(*arguments, *other) == 0
        data = yaml12.parse((newest() / "config.yaml").read_text()).value["data"]
        assert (data["train_dir"], data["test_dir"]) == ("mine", "mine")
    assert train("--train_data_dir", "mine", *sets("data.test_dir=data", "train.epochs=1")) == 0
    data = yaml12.parse((newest() / "config.yaml").read_text()).value["data"]
    assert (data["train_dir"], data["test_dir"]) == ("mine", "data")


def test_synthetic_data_is_rendered_once_and_said(place):
    arguments = sets(
        "data.train_dir=made",
        "data.test_dir=made",
        "data.synth={train: 4, test: 2, size: 64}",
        "scheduler.warmup_steps=0",
    )
    assert train(*arguments, "--epochs", "1") == 0
    assert "Rendered a synthetic data set into made: 4 training and 2 test images" in log()
    assert train(*arguments, "--epochs", "1") == 0
    assert "Synthetic data set in made: 4 training" in log()


def test_ones_own_folder_is_taken_as_it_is(place, rendered):
    folder = copy_data(place, rendered)
    (folder / "synth.json").unlink()
    assert train("--train_data_dir", "mine", *sets("data.synth={train: 4}", "train.epochs=1")) == 0
    assert "mine exists, so data.synth is left aside" in log()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "none.yaml"], "cannot read the config none.yaml"),
        ([], "name a file with --config"),
        (["--config", "c.yaml", "--lr", "fast"], "--lr fast: optimizer.lr is 'fast'"),
        (["--config", "c.yaml", "--set", "train.epoch=3"], "did you mean 'epochs'?"),
        (["--config", "c.yaml", "--train_data_dir", "none"], "none"),
        (["--config", "c.yaml", "--set", "scheduler.warmup_steps=6"], "has only 6 steps"),
        (
            ["--config", "c.yaml", "--set", "data.synth={train: 4}"],
            "data holds another rendered set",
        ),
        (["--config", "c.yaml", "--bogus"], "No such option"),
        (["--resume", "none"], "there is no none; name a run folder"),
    ],
)
def test_what_cannot_start_is_one_sentence_and_leaves_no_run(place, capsys, arguments, sentence):
    assert main(arguments) == 2
    error = capsys.readouterr().err
    assert sentence in error
    assert "Traceback" not in error
    assert not Path("workdirs").exists()


def test_pretrained_weights_that_are_not_there_stop_the_start(place, capsys):
    assert train(*sets("model.pretrained=none.pth")) == 2
    assert "there is no file none.pth; write the path" in capsys.readouterr().err
    assert not Path("workdirs").exists()


def test_a_set_in_which_nothing_can_be_learnt_is_refused(place, rendered, capsys):
    folder = copy_data(place, rendered)
    for path in (folder / "train_gts").iterdir():
        lines = [line.rsplit(",", 1)[0] + ",###\n" for line in path.read_text().splitlines()]
        path.write_text("".join(lines))
    assert train("--train_data_dir", "mine") == 2
    assert "0 training boxes count, 100 % are ignored" in capsys.readouterr().err
    assert train("--train_data_dir", "mine", "--no-preflight") == 2
    assert "are marked ###), so nothing can be learnt" in capsys.readouterr().err
    (folder / "train_list.txt").write_text("")
    for check in ([], ["--no-preflight"]):
        assert train("--train_data_dir", "mine", *check) == 2
        assert "names no image" in capsys.readouterr().err


def run_python(code, *arguments, folder=ROOT):
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


def test_without_torch_the_help_works_and_a_training_names_the_extra():
    code = (
        "import sys; sys.modules['torch'] = None; sys.modules['cv2'] = None\n"
        "from trainer.train import main; sys.exit(main(sys.argv[1:]))"
    )
    done = run_python(code, "--help")
    assert done.returncode == 0
    assert "--train_data_dir" in done.stdout
    done = run_python(code, "--config", "trainer/configs/det_tiny.yaml")
    assert done.returncode == 2
    assert "Training needs the extra 'train'" in done.stderr
    assert "Traceback" not in done.stderr


def test_sigterm_is_an_interruption(place):
    code = (
        "import os, signal, sys, runpy\n"
        "from trainer import fit\n"
        "judge, stop = fit.evaluate, lambda: os.kill(os.getpid(), signal.SIGTERM)\n"
        "fit.evaluate = lambda *a, **k: stop() or judge(*a, **k)\n"
        "sys.argv = ['train', '--config', 'c.yaml']\n"
        "runpy.run_module('trainer.train', run_name='__main__')"
    )
    done = run_python(code, folder=place)
    assert done.returncode == 130, done.stderr
    assert done.stderr.splitlines()[-1] == "Interrupted"
    assert "Stopping after this step" in done.stderr
    assert read("run.json")["status"] == "interrupted"


def test_start_refuses_nothing_on_systems_without_signal_0(place, monkeypatch):
    monkeypatch.setattr(resume.os, "name", "nt")
    resume._refuse_running(place)


def test_a_misspelt_data_folder_is_no_reason_to_render_one(place, capsys):
    (place / "s.yaml").write_text(CONFIG.replace("data: {", "data: {synth: {train: 4, test: 2}, "))
    assert main(["--config", "s.yaml", "--train_data_dir", "nowhere"]) == 2
    assert "nowhere does not exist; give the folder" in capsys.readouterr().err
    assert not (place / "nowhere").exists()


def test_a_resume_takes_the_better_of_what_index_and_state_call_best():
    old, new = {"epoch": 2, "value": 0.5}, {"epoch": 3, "value": 0.6}
    assert better_best(old, new, "max") == new
    assert better_best(new, old, "max") == new
    assert better_best(old, new, "min") == old
    assert better_best(None, new, "max") == new
    assert better_best(old, None, "max") == old


def test_a_run_killed_between_epoch_file_and_best_file_gets_its_best_file(place):
    assert main(["--config", "c.yaml"]) == 0
    (run,) = (place / "workdirs").glob("exp_*")
    index = run / "checkpoints" / "index.json"
    entries = json.loads(index.read_text())
    last = max(entry["epoch"] for entry in entries)
    best = next(entry for entry in entries if entry["file"].endswith("best.pth"))
    state = torch.load(run / "checkpoints" / f"epoch_{last}.pth", weights_only=True)
    state["best"] = {"epoch": last, "value": 2.0}
    torch.save(state, run / "checkpoints" / f"epoch_{last}.pth")
    assert best["value"] < 2.0
    assert main(["--resume", str(run), "--epochs", str(last + 1)]) == 0
    entries = json.loads(index.read_text())
    best = next(entry for entry in entries if entry["file"].endswith("best.pth"))
    assert (best["epoch"], best["value"]) == (last, 2.0)


def test_an_epoch_with_a_validation_loss_that_is_nan_is_never_the_best(place, monkeypatch):
    real = fit.evaluate

    def broken(*arguments, **options):
        tested = real(*arguments, **options)
        tested.means["val_loss"] = float("nan")
        return tested

    monkeypatch.setattr(fit, "evaluate", broken)
    assert main(["--config", "c.yaml", "--set", "train.on_nonfinite=continue"]) == 0
    (run,) = (place / "workdirs").glob("exp_*")
    assert not (run / "checkpoints" / "best.pth").exists()
    assert main(["--config", "c.yaml"]) == 1
