"""What ends trainings, made to happen: each is named by its rule, its line and its cause.

``faulty`` holds the trainings. Only what needs a GPU comes from public logs, a line each.
"""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from analyzer.diagnosis import diagnose
from analyzer.finding import CauseVerdict, Diagnosis, FileEvidence, Finding
from analyzer.readers import find, read_run
from analyzer.reading import clock
from analyzer.run import Run, Status

TESTS = Path(__file__).parents[1]

NAMED = {
    "missing_image": (
        "file-not-found",
        "list-wrong",
        "No such file or directory: 'data/train_images/3.jpg'",
    ),
    "label_word": ("label-not-a-number", "", "could not convert string to float: 'abc'"),
    "label_mark": ("label-not-a-number", "invisible-characters", "float: '\\ufeff0'"),
    "label_short": ("label-too-short", "", "IndexError: list index out of range"),
    "unknown_character": ("charset-too-small", "", "KeyError: 'é'"),
    "main_memory": ("out-of-memory", "main-memory", "DefaultCPUAllocator"),
    "killed": ("run-incomplete", "killed", "Killed"),
    "worker_killed": ("crashed", "worker-killed", "killed by signal: Killed"),
    "no_shared_memory": ("crashed", "shared-memory", ""),
    "no_gpu": ("crashed", "no-gpu", ""),
    "no_master": ("crashed", "ranks-lost-each-other", "client socket has timed out"),
    "lost_rank": ("crashed", "ranks-lost-each-other", ""),
    "ranks_fail": ("label-not-a-number", "", "could not convert string to float: 'abc'"),
    "cut_weights": ("crashed", "weights-damaged", "PytorchStreamReader failed"),
    "other_weights": ("pretrained-not-loaded", "other-model", "Error(s) in loading state_dict"),
    "missing_weights": ("file-not-found", "weights-missing", "resnet18.pth"),
    "chained": ("crashed", "", "KeyError: 'val'; then RuntimeError: the loader"),
    "stopped_by_hand": ("run-incomplete", "killed", ""),
    "unsaved": ("checkpoint-missing", "save-failed", ""),
    "detector_killed": ("run-incomplete", "killed", ""),
    "detector_diverges": ("loss-nonfinite", "lr-too-high", ""),
    "detector_worker_killed": ("crashed", "worker-killed", "a loader worker was ended"),
    "detector_out_of_memory": (
        "out-of-memory",
        "main-memory-no-workers",
        "main memory ran out (MemoryError)",
    ),
    "detector_broken_image": ("crashed", "broken-image", "the file is not a readable image"),
    "detector_disk_full": ("crashed", "disk-full", "the disk is full"),
}
"""Fault -> rule, cause that is supported (none where the log alone cannot tell), words."""


@pytest.fixture(scope="module")
def happened(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder in which each fault has happened."""
    folder = tmp_path_factory.mktemp("faults")
    program = [sys.executable, str(TESTS / "faulty.py"), str(folder)]
    paths = {"PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1"}
    subprocess.run(program, check=True, env={**os.environ, **paths}, timeout=300)
    return folder


def diagnosed(folder: Path) -> tuple[Run, Diagnosis]:
    """The only run below a folder, whatever else lies there."""
    runs = [read_run(located) for located in find([folder]).runs]
    assert len(runs) == 1, [run.path for run in runs]
    return runs[0], diagnose(runs[0])


def supported(finding: Finding) -> list[str]:
    return [c.id for c in finding.causes if c.verdict is CauseVerdict.SUPPORTED]


@pytest.mark.parametrize("fault", NAMED)
def test_a_fault_is_named(happened: Path, fault: str) -> None:
    rule, cause, words = NAMED[fault]
    run, found = diagnosed(happened / fault)
    own = [finding for finding in found.findings if finding.explained_by is None]
    first = own[0]
    assert (first.rule, cause) == (rule, cause if not cause or cause in supported(first) else "")
    shown = [item for item in first.evidence if isinstance(item, FileEvidence)]
    if words and rule != "run-incomplete":
        assert words in first.message
        assert run.status is Status.FAILED
        lines = (run.path if run.path.is_dir() else run.path.parent) / shown[0].file
        line = lines.read_text("utf-8").splitlines()[(shown[0].line or 0) - 1]
        assert words.split(";")[0] in line, "the line named is the line meant"


def test_every_fault_is_looked_at() -> None:
    source = (TESTS / "faulty.py").read_text("utf-8")
    assert all(f"def {fault}()" in source for fault in NAMED)


def test_less_memory_and_the_same_images_for_each_step(happened: Path) -> None:
    _, diagnosis = diagnosed(happened / "detector_out_of_memory")
    assert diagnosis.verdict.patch["data.batch_size"] == (4, 1)
    assert diagnosis.verdict.patch["train.accumulate"] == (1, 4)
    assert "workers" not in diagnosis.verdict.because, "it has none"
    assert "train.halve_on_oom" in diagnosis.verdict.because


def test_a_broken_image_asks_for_the_check_of_the_data(happened: Path) -> None:
    _, diagnosis = diagnosed(happened / "detector_broken_image")
    assert "run python -m analyzer dataset data, which names" in diagnosis.verdict.because
    assert "shm" not in diagnosis.verdict.because


def test_a_reason_that_nothing_speaks_for_is_no_advice(happened: Path) -> None:
    _, diagnosis = diagnosed(happened / "chained")
    assert "shm" not in diagnosis.verdict.because


@pytest.mark.parametrize(
    ("fault", "code"),
    [("detector_diverges", 1), ("detector_disk_full", 1), ("detector_out_of_memory", 1)],
)
def test_the_trainer_says_what_ended_it_and_ends_with_its_code(
    happened: Path, fault: str, code: int
) -> None:
    folder = happened / fault
    assert int((folder / "exit_code").read_text()) == code
    said = (folder / "train.out").read_text().splitlines()[-1]
    assert said.startswith("Error: ")
    run, _ = diagnosed(folder)
    assert run.status is Status.FAILED
    log = (run.path / "logs/train.log").read_text().splitlines()
    failed = [line for line in log if " ERROR Failed: " in line]
    assert len(failed) == 1


PUBLIC = {
    "torch.cuda.OutOfMemoryError: CUDA out of memory. Tried to allocate 1024.00 MiB (GPU 0; "
    "23.69 GiB total capacity; 21.53 GiB already allocated; 66.12 MiB free)": (
        *("out-of-memory", "batch-too-large"),
    ),
    "torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 512.00 MiB. GPU 0 has a total "
    "capacity of 79.15 GiB of which 42.25 MiB is free.": ("out-of-memory", "batch-too-large"),
    "RuntimeError: ResourceExhaustedError: \n\nOut of memory error on GPU 0. Cannot allocate "
    "98.000244MB memory on GPU 0": ("out-of-memory", "batch-too-large"),
    "RuntimeError: CUDA error: device-side assert triggered": ("crashed", "device-assert"),
    "[rank0]:[E1218 20:27:21.426415540 ProcessGroupNCCL.cpp:629] [Rank 0] Watchdog caught "
    "collective operation timeout: WorkNCCL(SeqNum=1, OpType=BROADCAST, NumelIn=131072000, "
    "NumelOut=131072000, Timeout(ms)=600000) ran for 600081 milliseconds before timing out.": (
        *("crashed", "ranks-lost-each-other"),
    ),
    "ERROR: Unexpected bus error encountered in worker. This might be caused by insufficient "
    "shared memory (shm).": ("crashed", "shared-memory"),
    "RuntimeError: No CUDA GPUs are available": ("crashed", "no-gpu"),
    "ValueError: Invalid CUDA 'device=0' requested. Use 'device=cpu' or pass valid CUDA "
    "device(s) if available": ("crashed", "no-gpu"),
    "Config use_gpu cannot be set as true while you are using paddlepaddle cpu version !": (
        *("crashed", "no-gpu"),
    ),
    "2020-07-30 15:48:02 - mmcls - WARNING - missing keys in source state_dict: conv1.weight, "
    "bn1.weight, bn1.bias": ("pretrained-not-loaded", "other-model"),
    "ValueError: some characters cannot be found in 'vocab'": ("charset-too-small", ""),
    "slurmstepd: error: Detected 1 oom-kill event(s) in StepId=27.0.": (
        *("out-of-memory", "main-memory"),
    ),
}
"""Lines of public logs -> rule and cause."""


@pytest.mark.parametrize("line", PUBLIC)
def test_a_line_of_a_public_log_is_named(tmp_path: Path, line: str) -> None:
    rule, cause = PUBLIC[line]
    trace = "Traceback (most recent call last):\n  File 'train.py', line 1, in <module>\n"
    raised = line.partition(":")[0].endswith("Error") and " " not in line.partition(":")[0]
    text = f"batch_size: 16\nEpoch 1/30, loss: 0.7\n{trace if raised else ''}{line}\n"
    (tmp_path / "train.out").write_text(text)
    _, found = diagnosed(tmp_path)
    finding = next(finding for finding in found.findings if finding.explained_by is None)
    assert finding.rule == rule
    assert not cause or cause in supported(finding)


STALLED = """
import sys, time
from pathlib import Path
from analyzer.formats.workdir import RunWriter
run = RunWriter.create(Path("workdirs"), config={"train": {"epochs": 5}}, command=["train"],
    flags={"train_data_dir": "data", "batch_size": 4, "epochs": 5, "lr": 0.1}, info={})
run.epoch_header(1, 5, 0.1)
for epoch in range(1, int(sys.argv[1]) + 1):
    run.epoch({"epoch": epoch, "train_loss": 1 / epoch, "epoch_time": 2.0})
print("ready", flush=True)
time.sleep(60)
"""


@pytest.fixture
def hanging(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Path]:
    """A training that hangs after so many epochs, while its process lives."""
    program = [sys.executable, "-c", STALLED, str(request.param)]
    environment = {**os.environ, "PYTHONPATH": str(TESTS.parent)}
    pipe = subprocess.PIPE
    with subprocess.Popen(program, cwd=tmp_path, env=environment, stdout=pipe) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield tmp_path
        process.send_signal(signal.SIGKILL)


def put_clock_forward(monkeypatch: pytest.MonkeyPatch, seconds: float) -> None:
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now + timedelta(seconds=seconds))


@pytest.mark.parametrize(
    ("hanging", "after", "rule"),
    [
        (0, 60, None),
        (0, 150, "start-stalled"),
        (3, 60, None),
        (3, 400, "run-stalled"),
        (3, 40_000, "run-stalled"),
    ],
    indirect=["hanging"],
)
def test_a_training_that_hangs_is_told_from_one_that_works(
    hanging: Path, after: float, rule: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_clock_forward(monkeypatch, after)
    run, found = diagnosed(hanging)
    assert run.status is Status.RUNNING
    stalls = [f for f in found.findings if f.rule in ("start-stalled", "run-stalled")]
    assert [finding.rule for finding in stalls] == ([rule] if rule else [])


@pytest.mark.parametrize("hanging", [3], indirect=True)
def test_once_its_process_is_gone_it_was_killed(hanging: Path) -> None:
    run, _ = diagnosed(hanging)
    os.kill(int(_pid(run)), signal.SIGKILL)
    for _ in range(100):
        run, found = diagnosed(hanging)
        if run.status is Status.KILLED:
            break
        time.sleep(0.02)
    assert [finding.rule for finding in found.findings if finding.rule.startswith("run-")] == [
        "run-incomplete"
    ]


def _pid(run: Run) -> str:
    return shlex.split((run.path / "run.json").read_text().partition('"pid": ')[2])[0].rstrip(",")
