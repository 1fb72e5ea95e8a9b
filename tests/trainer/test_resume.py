"""Going on where a training stopped: to the same numbers, with every state that a training has."""

import json
import os
import shutil
import signal
import subprocess
import sys
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import torch

import analyzer
from analyzer.formats.folders import point_latest
from trainer import loop
from trainer.synth import render_dataset
from trainer.train import main

CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: data, test_dir: data, input_size: 64, batch_size: 4}
optimizer: {type: AdamW, lr: 0.01}
scheduler: {type: ReduceLROnPlateau, patience: 0, monitor: val_f1, mode: max}
train:
  {epochs: 5, ema: 0.9, early_stopping: {patience: 9}, device: cpu, precision: fp32, threads: 1}
stages:
  - {name: head, epochs: 2, freeze_backbone: true, lr: 0.02}
  - {name: all}
"""
TIMES = ("_time", "images_per_second")


@pytest.fixture(scope="session")
def few(tmp_path_factory):
    folder = tmp_path_factory.mktemp("few") / "data"
    render_dataset(folder, train=6, test=2, size=64)
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory, few):
    """A working folder for all tests here; each run gets a folder of its own in it."""
    threads = torch.get_num_threads()
    folder = tmp_path_factory.mktemp("resume")
    (folder / "c.yaml").write_text(CONFIG)
    (folder / "data").symlink_to(few)
    yield folder
    torch.set_num_threads(threads)


@pytest.fixture
def place(home, monkeypatch):
    monkeypatch.chdir(home)


@pytest.fixture(scope="module")
def whole(home):
    """The numbers, the last state and the log of a training that nothing disturbed."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(home)
        assert train() == 0
        log = Path("workdirs/latest/logs/train.log").read_text()
        return records(), state("epoch_5.pth"), log


def train(*sets):
    return main(
        [
            "--config",
            "c.yaml",
            "--no-preflight",
            *(word for text in sets for word in ("--set", text)),
        ]
    )


def go_on(*arguments):
    return main(["--resume", "workdirs/latest", "--no-preflight", *arguments])


def records():
    kept = json.loads(Path("workdirs/latest/metrics.json").read_text())
    return [{k: v for k, v in one.items() if not k.endswith(TIMES)} for one in kept]


def state(name):
    return torch.load(f"workdirs/latest/checkpoints/{name}", weights_only=True)


def same(first, second):
    """Whether two states hold the same, to the last bit; where they are saved counts not."""
    if isinstance(first, torch.Tensor):
        return torch.equal(first, second)
    if isinstance(first, dict):
        return first.keys() == second.keys() and all(same(first[k], second[k]) for k in first)
    if isinstance(first, list | tuple):
        return len(first) == len(second) and all(map(same, first, second))
    return first == second


def assert_same_end(whole):
    numbers, expected, _ = whole
    found = state("epoch_5.pth")
    for key in (
        "model",
        "optimizer",
        "scheduler",
        "stage",
        "ema",
        "early_stopping",
        "best",
        "rng",
    ):
        assert same(found[key], expected[key]), key
    assert records() == numbers


def interrupt_at(monkeypatch, step):
    """Have the training interrupted as it begins its step number ``step``."""
    begun, real = [], loop.set_learning_rate

    def noted(*arguments):
        begun.append(1)
        if len(begun) == step:
            os.kill(os.getpid(), signal.SIGINT)
        return real(*arguments)

    monkeypatch.setattr(loop, "set_learning_rate", noted)


@pytest.mark.parametrize("at", [3, 6])  # in the first stage, at the end of the second
def test_an_interruption_at_any_step_changes_nothing(place, whole, monkeypatch, at):
    with monkeypatch.context() as patch:
        interrupt_at(patch, at)
        assert train() == 130
    assert go_on() == 0
    assert_same_end(whole)


def test_an_interruption_is_kept_until_a_later_state_is_saved(place, whole, monkeypatch):
    numbers, _, _ = whole
    with monkeypatch.context() as patch:
        interrupt_at(patch, 5)
        assert train("checkpoint.every=9") == 130
    kept = Path("workdirs/latest/checkpoints/interrupted_3.pth")
    with monkeypatch.context() as patch:
        interrupt_at(patch, 2)  # in epoch 4, after epoch 3 has ended and saved nothing
        assert go_on() == 130
    assert kept.exists()
    Path("workdirs/latest/checkpoints/interrupted_4.pth").unlink()  # as if it had been killed
    assert go_on() == 0
    assert records() == numbers
    assert not kept.exists()


def test_where_only_the_best_is_saved_a_resume_says_so(place, capsys):
    assert train("train.epochs=1", "stages=[]") == 0
    run = Path("workdirs/latest").resolve()
    (run / "checkpoints/epoch_1.pth").unlink()
    assert go_on() == 2
    assert "go on from" in capsys.readouterr().err
    shutil.rmtree(run / "checkpoints")
    assert go_on() == 2
    assert "to go on from; start anew" in capsys.readouterr().err


def test_a_resume_stays_in_its_run_where_another_one_begins(place, monkeypatch):
    assert train("train.epochs=1", "stages=[]") == 0
    run, other = Path("workdirs/latest").resolve(), Path("workdirs/exp_other")
    other.mkdir()
    real = loop.set_learning_rate

    def meanwhile(*arguments):
        point_latest(other)
        return real(*arguments)

    monkeypatch.setattr(loop, "set_learning_rate", meanwhile)
    assert go_on("--epochs", "2") == 0
    assert list(other.iterdir()) == []
    other.rmdir()
    assert len(json.loads((run / "metrics.json").read_text())) == 2


def test_more_or_fewer_processes_are_told_and_refused_within_an_epoch(place, monkeypatch, capsys):
    with monkeypatch.context() as patch:
        interrupt_at(patch, 3)
        assert train("train.epochs=3", "stages=[]") == 130
    run = Path("workdirs/latest").resolve()
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**info, "world_size": 2}))
    assert go_on() == 2
    assert "go on with as many (torchrun --nproc_per_node=2)" in capsys.readouterr().err
    (run / "checkpoints/interrupted_2.pth").unlink()
    assert go_on() == 0
    told = "WARNING Trained by 2 processes before, by 1 now: a step takes 1/2 as many images"
    assert told in (run / "logs/train.log").read_text()


def test_the_number_of_a_process_that_came_later_is_no_living_training(place, capsys):
    assert train("train.epochs=1", "stages=[]") == 0
    file = Path("workdirs/latest").resolve() / "run.json"
    info = json.loads(file.read_text())
    now = datetime.now().astimezone()
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as other:
        for started, code in ((now + timedelta(hours=1), 2), (now - timedelta(hours=1), 0)):
            running = {"status": "running", "pid": other.pid, "started": started.isoformat()}
            file.write_text(json.dumps({**info, **running}))
            assert go_on("--epochs", "2") == code
        assert other.stdin is not None
        other.stdin.close()
    assert f"still being trained by process {other.pid}" in capsys.readouterr().err


@pytest.mark.parametrize("file", ["metrics.json", "checkpoints/index.json"])
def test_a_damaged_record_is_a_sentence(place, capsys, file):
    assert train("train.epochs=1", "stages=[]") == 0
    (Path("workdirs/latest") / file).write_text("[1]")
    assert go_on("--epochs", "2") == 2
    assert "something else than an object as entry 1" in capsys.readouterr().err


def test_epochs_may_only_be_raised(place, capsys):
    assert train("train.epochs=3", "stages=[]") == 0
    assert go_on("--epochs", "2") == 2
    assert "of a resumed run it may only be raised" in capsys.readouterr().err


def test_fewer_epochs_and_the_rest_later_change_nothing(place, whole):
    assert train("train.epochs=4") == 0
    assert go_on("--epochs", "5") == 0
    assert_same_end(whole)


def test_going_on_at_the_border_of_two_stages_changes_nothing(place, whole):
    assert train("train.epochs=3") == 0
    assert (
        main(
            [
                "--resume",
                "workdirs/latest/checkpoints/epoch_2.pth",
                "--epochs",
                "5",
                "--no-preflight",
            ]
        )
        == 0
    )
    numbers, expected, _ = whole
    assert records()[2:] == numbers[2:]
    found = state("epoch_5.pth")
    for key in ("model", "optimizer", "ema", "early_stopping"):
        assert same(found[key], expected[key]), key


def test_a_plateau_cuts_the_rate_and_begins_anew_with_a_stage(place, whole):
    numbers, expected, log = whole
    assert expected["scheduler"]["plateau"]["cuts"] > 0
    assert [record["learning_rate"] for record in numbers] == [0.02, 0.02, 0.01, 0.01, 0.005]
    assert "val_f1 stands still: from now on LR: 0.005" in log


def test_what_is_validated_is_the_mean_of_the_weights(place, whole):
    _, expected, _ = whole
    assert expected["ema"]["updates"] == 10
    assert not same(expected["ema"]["weights"], expected["model"])
    assert expected["early_stopping"] == {"best": 0.0, "waited": 2}


def test_a_training_ends_early_and_says_why(place, monkeypatch):
    early = ["stages=[]", "train.epochs=9", "train.early_stopping={patience: 2}"]
    assert train(*early, "checkpoint.every=9") == 0
    why = "val_f1 has not been better than 0.0000 for 2 epochs"
    run = Path("workdirs/latest")
    info = json.loads((run / "run.json").read_text())
    assert (info["status"], info["reason"]) == ("stopped early", why)
    assert len(records()) == 3
    assert f"INFO Stopped early: {why}" in (run / "logs/train.log").read_text()
    assert (run / "checkpoints/epoch_3.pth").exists()  # the last epoch is always saved

    assert go_on() == 0  # as if it had been killed before it could say that
    assert json.loads((run / "run.json").read_text())["status"] == "stopped early"
    assert len(records()) == 3

    (judged,) = analyzer.read(run)
    assert judged.status == "stopped early"
    assert "run-incomplete" not in [item.rule for item in analyzer.diagnose(judged).findings]


def test_more_epochs_after_an_early_end_are_made(place):
    early = ["stages=[]", "train.epochs=9", "train.early_stopping={patience: 2}"]
    assert train(*early) == 0
    assert len(records()) == 3
    assert go_on("--epochs", "12") == 0
    assert len(records()) == 5  # its patience begins anew


def test_a_run_killed_as_it_ended_is_brought_to_its_end(place):
    assert train("train.epochs=1", "stages=[]") == 0
    run, numbers = Path("workdirs/latest"), records()
    info = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps({**info, "status": "running", "pid": 2**22 + 1}))
    (run / "metrics.json").write_text("[]")
    assert go_on() == 0
    assert records() == numbers
    assert json.loads((run / "run.json").read_text())["status"] == "finished"
    assert go_on() == 2


def test_a_file_from_before_a_setting_came_goes_on(place):
    assert train("train.epochs=1", "scheduler.type=Constant", "stages=[]") == 0
    path = Path("workdirs/latest/checkpoints/epoch_1.pth")
    old = state("epoch_1.pth")
    del old["config"]["stages"], old["scheduler"]["plateau"], old["stage"]
    torch.save(old, path)
    assert go_on("--epochs", "2") == 0


def test_a_plateau_and_an_early_end_need_what_they_watch(place, few, capsys):
    Path("mine").mkdir()
    for path in few.iterdir():
        if path.name != "test_list.txt":
            (Path("mine") / path.name).symlink_to(path)
    Path("mine/test_list.txt").write_text("")
    command = ["--config", "c.yaml", "--train_data_dir", "mine", "--no-preflight"]
    assert main(command) == 2
    assert "train.early_stopping goes by checkpoint.monitor" in capsys.readouterr().err
    assert main([*command, "--set", "train.early_stopping=null"]) == 2
    assert "scheduler.monitor is val_f1, but the test list is empty" in capsys.readouterr().err
