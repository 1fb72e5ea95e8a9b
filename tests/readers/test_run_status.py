"""How a run stands: finished, killed, running, unknown; and what shows it."""

from __future__ import annotations

import json
import os
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from ondisk import read_one

from analyzer.facts.weights import save_logged
from analyzer.formats.workdir import host_id
from analyzer.readers.workdir.status import parse_time, said_status
from analyzer.run import Run, Status


def ago(seconds: float, zone: timezone = UTC) -> str:
    return (datetime.now(zone) - timedelta(seconds=seconds)).isoformat()


def judge(info: dict[str, Any], longest_epoch: float = 0.0) -> tuple[Status, str]:
    return said_status(info, longest_epoch) or (Status.UNKNOWN, "")


def gone_pid() -> int:
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize("word", ["finished", "stopped early", "failed", "interrupted"])
def test_what_the_trainer_says_last_counts(word: str) -> None:
    status, because = judge({"status": word, "reason": "out of memory"})
    assert (status, because) == (Status(word), f"run.json says {word}: out of memory")
    assert judge({"status": word, "reason": 3})[1] == f"run.json says {word}"


def test_a_fresh_sign_of_life_means_running() -> None:
    info = {"status": "running", "heartbeat": ago(5)}
    assert judge(info)[0] is Status.RUNNING
    assert judge({**info, "pid": os.getpid(), "host": host_id()})[0] is Status.RUNNING


@pytest.mark.parametrize("hours", [-11, 0, 5.75, 14])
def test_the_zone_of_the_heartbeat_does_not_matter(hours: float) -> None:
    zone = timezone(timedelta(hours=hours))
    assert judge({"status": "running", "heartbeat": ago(5, zone)})[0] is Status.RUNNING
    assert judge({"status": "running", "heartbeat": ago(900, zone)})[0] is Status.KILLED


def test_a_gone_process_of_this_machine_was_killed() -> None:
    info = {"status": "running", "heartbeat": ago(1), "pid": gone_pid(), "host": host_id()}
    status, because = judge(info)
    assert status is Status.KILLED
    assert f"process {info['pid']} is gone" in because
    assert judge({**info, "host": "00000000"})[0] is Status.RUNNING  # another machine's number


@pytest.mark.parametrize("pid", ["../self", True, None, -1, 1.5, [1]])
def test_an_odd_process_number_says_little(pid: Any) -> None:
    info = {"status": "running", "heartbeat": ago(1), "pid": pid, "host": host_id()}
    assert judge(info)[0] in (Status.RUNNING, Status.KILLED)


def test_an_old_heartbeat_was_killed_unless_epochs_are_long() -> None:
    info = {"status": "running", "heartbeat": ago(1000)}
    assert judge(info)[0] is Status.KILLED
    assert judge(info, longest_epoch=900.0)[0] is Status.RUNNING


@pytest.mark.parametrize("beat", [None, "soon", 3, [], "2026-13-45T00:00:00"])
def test_running_without_a_time_is_unknown(beat: Any) -> None:
    status, because = judge({"status": "running", "heartbeat": beat})
    assert (status, because) == (Status.UNKNOWN, "run.json says running and bears no time")


@pytest.mark.parametrize("word", ["unknown", "done", None, 3, [], {}])
def test_an_odd_status_says_nothing(word: Any) -> None:
    assert judge({"status": word})[0] is Status.UNKNOWN


def test_without_run_json_the_epochs_and_the_log_decide(tmp_path: Path) -> None:
    def status(age: timedelta, epochs: int = 5) -> Status:
        head = f"[{datetime.now() - age:%Y-%m-%d %H:%M:%S}] INFO "
        lines = [
            f"{head}Epoch [{e}/5], LR: 0.1\n{head}Train Loss: 1.5\n" for e in range(1, epochs)
        ]
        (tmp_path / "train.log").write_text("".join(lines))
        return read_one(tmp_path).status

    assert status(timedelta(hours=1), epochs=6) is Status.FINISHED
    assert status(timedelta(seconds=30)) is Status.RUNNING
    assert status(timedelta(hours=1)) is Status.UNKNOWN
    assert status(timedelta(hours=-9)) is Status.UNKNOWN  # another zone's log


def test_times_always_have_a_zone() -> None:
    for text in ("2026-01-05T14:30:25", "2026-01-05T14:30:25+09:00", "20260105"):
        time = parse_time(text)
        assert time is not None
        assert time.tzinfo is not None
    for odd in ("0001-01-01T00:00:00", "9999-12-31T23:59:59", "", "x", None, 5, {}):
        found = parse_time(odd)
        assert found is None or found.tzinfo is not None


def run_with(tmp_path: Path, **info: Any) -> Run:
    folder = tmp_path / "r"
    folder.mkdir()
    (folder / "run.json").write_text(json.dumps({"format_version": 1, **info}))
    return read_one(folder)


def test_start_and_end_come_from_one_clock(tmp_path: Path) -> None:
    run = run_with(tmp_path, started="2026-01-05T14:00:00", ended="2026-01-05T15:00:00+00:00")
    assert run.started is not None
    assert run.ended is not None
    assert isinstance(run.ended - run.started, timedelta)


def test_a_run_with_nothing_but_a_start_is_a_run(tmp_path: Path) -> None:
    run = run_with(tmp_path, status="running", heartbeat=ago(9999), started=ago(9999))
    assert (run.unreadable, run.status, run.epochs_done) == (None, Status.KILLED, 0)


@pytest.mark.parametrize("text", ["", "[", "[]", "3", '{"format_version"', "[" * 100_000])
def test_a_damaged_run_json_is_a_note(tmp_path: Path, text: str) -> None:
    (tmp_path / "metrics.json").write_text('[{"epoch": 1, "train_loss": 1}]')
    (tmp_path / "run.json").write_text(text)
    run = read_one(tmp_path)
    assert (len(run.notes), run.notes[0].file, run.status) == (1, "run.json", Status.UNKNOWN)


def test_a_finished_log_that_tells_of_no_save_says_that_there_was_none(tmp_path) -> None:
    lines = ["Epoch [1/2], LR: 0.1", "Train Loss: 1.5 | Time: 0.1s/iter"]
    lines += ["Epoch [2/2], LR: 0.1", "Train Loss: 1.2 | Time: 0.1s/iter"]
    folder = tmp_path / "exp_20260105143025"
    (folder / "logs").mkdir(parents=True)
    log = folder / "logs" / "train.log"

    def saved(*more: str) -> bool | None:
        stamped = (f"[2026-01-05 14:30:25] INFO {line}\n" for line in [*lines, *more])
        log.write_text("".join(stamped), encoding="utf-8")
        return save_logged(read_one(folder))

    assert saved() is None  # the log may have been cut
    assert saved("Finished: workdirs/exp_20260105143025") is False
    assert saved("Saved checkpoint: a/epoch_2.pth", "Finished: workdirs/exp") is True
