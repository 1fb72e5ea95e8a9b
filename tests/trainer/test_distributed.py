"""Two processes that train together: the numbers of one, one writer, one end."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from analyzer.errors import UsageError
from benchmarks import parallel
from trainer.detection import task
from trainer.distributed import interleave
from trainer.synth import render_dataset
from trainer.train import main

ROOT = Path(__file__).parents[2]
CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: data, test_dir: data, input_size: 64, batch_size: 2}
optimizer: {lr: 0.01}
scheduler: {type: Constant}
train: {epochs: 2, device: cpu, precision: fp32, threads: 1, log_every: 2}
"""
PROGRAM = """
import os, signal, sys
from trainer import loop
from trainer.train import main

step, calls = loop.make_update, []

def disturbed(*arguments):
    calls.append(1)
    if os.environ["RANK"] == "1" and len(calls) == 2:
        DISTURB
    return step(*arguments)

loop.make_update = disturbed
sys.exit(main(sys.argv[1:]))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text(CONFIG)
    render_dataset(Path("data"), train=11, test=5, size=64)
    return tmp_path


def pair(*command):
    """Run a command in two processes; returns their codes and all that they printed."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    place = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port, "WORLD_SIZE": "2"}
    place |= {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    started = [
        subprocess.Popen(
            [sys.executable, *command],
            env={**os.environ, **place, "RANK": str(rank), "LOCAL_RANK": str(rank)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for rank in (0, 1)
    ]
    said = [one.communicate(timeout=200)[0] for one in started]
    return [one.returncode for one in started], said


def disturb(how):
    """Let the second process meet this in its second step."""
    Path("program.py").write_text(PROGRAM.replace("DISTURB", how))


def torchrun(*arguments):
    launcher = ["-m", "torch.distributed.run", "--nproc_per_node=2", "-m", "trainer.train"]
    done = subprocess.run(
        [sys.executable, *launcher, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert len(done.stdout.splitlines()) == 1, "the first process alone says where the run is"


def newest():
    return Path("workdirs/latest").resolve()


def weights(name):
    state = torch.load(newest() / "checkpoints" / name, weights_only=True)["model"]
    counted = ("running_mean", "running_var", "num_batches_tracked")
    return {name: value for name, value in state.items() if not name.endswith(counted)}


def records():
    times = ("_time", "val_")  # statistics of batch norms are averaged, not seen one by one
    found = json.loads((newest() / "metrics.json").read_text())
    return [
        {k: v for k, v in record.items() if not k.endswith(times[0]) and times[1] not in k}
        for record in found
    ]


def test_two_processes_have_the_gradients_and_scores_of_one(tmp_path):
    found = parallel.measure(tmp_path, size=64)
    assert found["batches"] < 1e-5
    assert found["pixels"] < 1e-5
    assert found["scores"] == 0
    assert found["norms fixed"] < 0.5


def test_two_processes_stop_and_go_on_as_one_that_accumulates(place):
    disturb("os.kill(os.getpid(), signal.SIGINT)")
    codes, said = pair("program.py", "--config", "c.yaml")
    assert codes == [130, 130]
    assert said[0].splitlines()[-1] == "Interrupted"
    assert "Interrupted" not in said[1]
    assert len(list(Path("workdirs").glob("exp_*"))) == 1
    assert (newest() / "checkpoints/interrupted_1.pth").is_file()
    log = (newest() / "logs/train.log").read_text()
    assert "Images per step: 4, 1 batches of 2 in each of 2 processes; optimizer.lr is" in log
    info = json.loads((newest() / "run.json").read_text())
    assert (info["world_size"], info["global_batch"], info["status"]) == (2, 4, "interrupted")

    torchrun("--resume", "workdirs/latest")
    two, steps = records(), (newest() / "logs/steps.jsonl").read_text().splitlines()
    assert [json.loads(line)["step"] for line in steps][-1] == 6
    shared = weights("epoch_2.pth")

    assert main(["--config", "c.yaml", "--set", "train.accumulate=2"]) == 0
    alone = weights("epoch_2.pth")
    for name, value in alone.items():
        assert torch.allclose(shared[name], value, rtol=1e-4, atol=1e-6), name
    for ours, theirs in zip(two, records(), strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


def test_the_failure_of_one_process_ends_all_with_its_sentence(place):
    disturb("raise MemoryError('Unable to allocate 9 GiB')")
    codes, said = pair("program.py", "--config", "c.yaml", "--no-preflight")
    assert codes == [1, 1]
    errors = [line for text in said for line in text.splitlines() if line.startswith("Error: ")]
    assert len(errors) == 1
    assert "main memory ran out (MemoryError: Unable to allocate 9 GiB)" in errors[0]
    info = json.loads((newest() / "run.json").read_text())
    assert info["status"] == "failed"
    assert "Unable to allocate 9 GiB" in info["reason"]


def test_more_processes_than_images_are_refused():
    with pytest.raises(UsageError, match="3 processes are more than the 2 training images"):
        task._refuse_fewer(2, 3)


def test_what_was_dealt_out_comes_back_in_order():
    assert interleave([[0, 1, 4, 5, 8], [2, 3, 6, 7]], 2) == list(range(9))
    assert interleave([[1, 2, 3]], 2) == [1, 2, 3]
    assert interleave([[], []], 1) == []
