"""The writer of run directories: what stands on disk after each call, and after a resume."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from analyzer.errors import UsageError
from analyzer.formats import workdir, yaml12
from analyzer.formats.files import open_log, replace_file, replace_text
from analyzer.formats.workdir import RunWriter

CONFIG = {"optimizer": {"type": "sgd", "lr": 1e-3}, "data": {"train_dir": "no"}}
FLAGS = {"train_data_dir": "data/my set", "batch_size": 8, "epochs": 5, "lr": 0.007}
COMMAND = ["python", "-m", "trainer.train", "--config", "a b.yaml"]


OPEN: list[RunWriter] = []


@pytest.fixture(autouse=True)
def _close(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    yield
    while OPEN:
        OPEN.pop().finish("finished")


def create(root: Path, **more: Any) -> RunWriter:
    fields = {"config": CONFIG, "flags": FLAGS, "command": COMMAND, "info": {"seed": 1}, **more}
    OPEN.append(RunWriter.create(root, **fields))
    return OPEN[-1]


def reopen(run: Path, **more: Any) -> RunWriter:
    OPEN.append(RunWriter.reopen(run, command=["python", "again"], info={}, **more))
    return OPEN[-1]


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def weights(text: str) -> Callable[[Path], object]:
    return lambda path: path.write_text(text)


def load(run: RunWriter | Path, name: str) -> Any:
    path = run.path if isinstance(run, RunWriter) else run
    return json.loads((path / name).read_text())


def leftovers(run: Path) -> list[Path]:
    return list(run.rglob("*.tmp"))


def test_a_new_run_holds_the_documented_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run = create(Path("workdirs"))
    found = {str(path.relative_to(run.path)) for path in run.path.rglob("*") if path.is_file()}
    assert found == {
        "args.txt",
        "config.yaml",
        "metrics.json",
        "run.json",
        "logs/train.log",
        "logs/steps.jsonl",
    }
    assert (run.path / "checkpoints").is_dir()
    assert (run.path / "args.txt").read_text().splitlines() == [
        "--train_data_dir 'data/my set' --batch_size 8 --epochs 5 --lr 0.007 "
        f"--output_dir ./workdirs/{run.path.name}",
        "python -m trainer.train --config 'a b.yaml'",
    ]
    assert yaml12.parse((run.path / "config.yaml").read_text()).value == CONFIG
    assert load(run, "metrics.json") == []
    info = load(run, "run.json")
    assert info["format_version"] == 1
    assert (info["status"], info["seed"], info["pid"]) == ("running", 1, os.getpid())
    assert (tmp_path / "workdirs/latest").resolve() == run.path.resolve()


def test_the_whole_log_of_an_epoch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    run = create(Path("workdirs"))
    run.epoch_header(1, 5, 0.007)
    run.train_line(1.874, 0.43)
    run.validate_line(0.72, 0.65, 0.68)
    run.save(1, weights("1"), metric="val_f1", value=0.68)
    run.save_best(1, weights("never used"), metric="val_f1", value=0.68)
    lines = (run.path / "logs/train.log").read_text().splitlines()
    place = f"./workdirs/{run.path.name}/checkpoints"
    assert [line[len("[2026-01-05 14:30:25] ") :] for line in lines] == [
        "INFO Epoch [1/5], LR: 0.007000",
        "INFO Train Loss: 1.874 | Time: 0.43s/iter",
        "INFO Validate - Precision: 0.72, Recall: 0.65, F1: 0.68",
        f"INFO Saved checkpoint: {place}/epoch_1.pth",
        f"INFO New best: epoch 1, val_f1 0.6800 -> {place}/best.pth",
    ]


def test_epoch_records_are_one_array_with_nan_named(tmp_path: Path) -> None:
    run = create(tmp_path)
    run.epoch({"epoch": 1, "train_loss": 1.874})
    run.epoch({"epoch": 2, "train_loss": float("nan")})
    assert load(run, "metrics.json") == [
        {"epoch": 1, "train_loss": 1.874},
        {"epoch": 2, "train_loss": None, "nonfinite": {"train_loss": "nan"}},
    ]
    assert not leftovers(run.path)


def test_step_records_are_on_disk_at_once(tmp_path: Path) -> None:
    run = create(tmp_path)
    run.step({"step": 1, "train_loss": float("inf")})
    assert (run.path / "logs/steps.jsonl").read_text() == (
        '{"step": 1, "train_loss": null, "nonfinite": {"train_loss": "inf"}}\n'
    )


def test_best_is_a_hard_link_to_the_epoch_just_saved(tmp_path: Path) -> None:
    run = create(tmp_path)
    run.save(1, weights("one"), metric="val_f1", value=0.5)
    run.save_best(1, weights("never used"), metric="val_f1", value=0.5)
    best, first = run.path / "checkpoints/best.pth", run.path / "checkpoints/epoch_1.pth"
    assert best.samefile(first)
    run.save(1, weights("one again"), metric="val_f1", value=0.5)
    assert best.read_text() == "one"  # the file that was saved as best does not change under it
    run.save_best(2, weights("two"), metric="val_f1", value=0.6)
    assert best.read_text() == "two"
    assert first.read_text() == "one again"
    entries = {entry["file"]: entry for entry in load(run, "checkpoints/index.json")}
    assert entries["checkpoints/best.pth"]["epoch"] == 2
    assert entries["checkpoints/best.pth"]["bytes"] == 3
    assert not leftovers(run.path)


def test_best_is_a_copy_where_there_are_no_hard_links(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object) -> None:
        raise OSError("no links here")

    monkeypatch.setattr(os, "link", refuse)
    run = create(tmp_path)
    run.save(1, weights("one"), metric="val_f1", value=0.5)
    run.save_best(1, weights("never used"), metric="val_f1", value=0.5)
    assert (run.path / "checkpoints/best.pth").read_text() == "one"


def test_prune_keeps_the_last_saved_and_never_the_best(tmp_path: Path) -> None:
    run = create(tmp_path)
    for epoch in (1, 2, 3):
        run.save(epoch, weights(str(epoch)), metric="val_f1", value=0.1 * epoch)
        if epoch == 1:
            run.save_best(1, weights("1"), metric="val_f1", value=0.1)
        run.prune(2)
    assert names_in(run.path / "checkpoints") == [
        "best.pth",
        "epoch_2.pth",
        "epoch_3.pth",
        "index.json",
    ]
    entries = {entry["file"]: entry for entry in load(run, "checkpoints/index.json")}
    assert entries["checkpoints/epoch_1.pth"]["removed"] is True


def test_prune_after_going_back_keeps_what_was_saved_last(tmp_path: Path) -> None:
    run = create(tmp_path)
    for epoch in (4, 5, 2, 3):
        run.save(epoch, weights(str(epoch)), metric="val_f1", value=None)
    run.prune(1)
    assert names_in(run.path / "checkpoints") == ["epoch_3.pth", "index.json"]


def test_prune_deletes_nothing_that_the_writer_did_not_name(tmp_path: Path) -> None:
    victim = tmp_path / "victim.pth"
    victim.touch()
    run = create(tmp_path / "w")
    for epoch in (1, 2, 3):
        run.save(epoch, weights("x"), metric="val_f1", value=None)
    index = load(run, "checkpoints/index.json")
    hostile = [{"file": "../../victim.pth", "epoch": 0}, {"file": str(victim), "epoch": 1}, {}]
    (run.path / "checkpoints/index.json").write_text(json.dumps([*hostile, *index]))
    again = reopen(run.path)
    again.prune(1)
    assert victim.exists()
    assert not (run.path / "checkpoints/epoch_1.pth").exists()


def test_a_failed_save_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    def fail(path: Path) -> None:
        path.write_text("half")
        raise OSError("disk full")

    run = create(tmp_path)
    run.save(1, weights("one"), metric="val_f1", value=0.5)
    with pytest.raises(OSError, match="disk full"):
        run.save(1, fail, metric="val_f1", value=0.5)
    assert (run.path / "checkpoints/epoch_1.pth").read_text() == "one"
    assert not leftovers(run.path)


def test_finish_says_how_it_ended(tmp_path: Path) -> None:
    run = create(tmp_path)
    run.finish("failed", "out of memory")
    info = load(run, "run.json")
    assert (info["status"], info["reason"]) == ("failed", "out of memory")
    assert "ended" in info
    with pytest.raises(ValueError, match="'done' is none of running, finished"):
        create(tmp_path).finish("done")


def test_a_resume_goes_on_where_the_run_stopped(tmp_path: Path) -> None:
    run = create(tmp_path)
    run.epoch({"epoch": 1, "train_loss": float("nan")})
    run.save(1, weights("one"), metric="val_f1", value=0.5)
    run.save_best(1, weights("one"), metric="val_f1", value=0.5)
    run.log("before")
    run.finish("interrupted", "^C")
    again = reopen(run.path, config={**CONFIG, "train": {"epochs": 9}})
    info = load(run, "run.json")
    assert (info["status"], info["seed"], len(info["resumed"])) == ("running", 1, 1)
    assert not {"ended", "reason"} & info.keys()
    again.epoch({"epoch": 2, "train_loss": 1.0})
    again.step({"step": 1})
    again.log("after")
    assert load(run, "metrics.json")[0]["nonfinite"] == {"train_loss": "nan"}
    assert [record["epoch"] for record in load(run, "metrics.json")] == [1, 2]
    log = (run.path / "logs/train.log").read_text().splitlines()
    assert [line[22:] for line in log[-2:]] == ["INFO before", "INFO after"]
    assert (run.path / "args.txt").read_text().splitlines()[1:] == [
        "python -m trainer.train --config 'a b.yaml'",
        "python again",
    ]
    assert yaml12.parse((run.path / "config.yaml").read_text()).value["train"] == {"epochs": 9}
    again.save_best(1, weights("from the resume"), metric="val_f1", value=0.6)
    assert (run.path / "checkpoints/best.pth").read_text() == "from the resume"
    assert (run.path / "checkpoints/epoch_1.pth").read_text() == "one"


def test_a_resume_named_by_latest_keeps_latest(tmp_path: Path) -> None:
    run = create(tmp_path)
    reopen(tmp_path / "latest")
    assert (tmp_path / "latest").resolve() == run.path


def test_a_resume_takes_off_half_lines_and_leftovers(tmp_path: Path) -> None:
    run = create(tmp_path)
    run.log("whole")
    whole = (run.path / "logs/train.log").read_bytes()
    with (run.path / "logs/train.log").open("ab") as log:
        log.write(b"[2026-01-05 14:30:25] INFO Train Loss: 1.8")
    (run.path / "logs/steps.jsonl").write_bytes(b'{"step": 1, "tr')
    (run.path / "checkpoints/.epoch_1.pth.77.tmp").touch()
    (run.path / ".run.json.77.tmp").touch()
    again = reopen(run.path)
    again.step({"step": 1})
    assert (run.path / "logs/train.log").read_bytes() == whole
    assert (run.path / "logs/steps.jsonl").read_text() == '{"step": 1}\n'
    assert not leftovers(run.path)


def test_a_resume_corrects_an_index_that_a_kill_left_behind(tmp_path: Path) -> None:
    """Killed after best.pth was replaced and before the index said so."""
    run = create(tmp_path)
    run.save(1, weights("aaa"), metric="val_f1", value=0.5)
    run.save_best(1, weights(""), metric="val_f1", value=0.5)
    run.save(2, weights("bbb"), metric="val_f1", value=0.6)
    (run.path / "checkpoints/epoch_2.pth").replace(run.path / "checkpoints/best.pth")
    again = reopen(run.path)
    again.save(3, weights("ccc"), metric="val_f1", value=0.1)
    entries = {entry["file"]: entry for entry in load(run, "checkpoints/index.json")}
    assert entries["checkpoints/best.pth"]["epoch"] == 2
    assert entries["checkpoints/best.pth"]["value"] == 0.6
    (run.path / "checkpoints/best.pth").write_text("zzz")
    reopen(run.path).save(4, weights("ddd"), metric="val_f1", value=0.1)
    files = [entry["file"] for entry in load(run, "checkpoints/index.json")]
    assert "checkpoints/best.pth" not in files


@pytest.mark.parametrize("name", ["metrics.json", "run.json", "checkpoints/index.json"])
def test_a_resume_of_a_damaged_run_is_a_sentence_and_changes_nothing(
    tmp_path: Path, name: str
) -> None:
    run = create(tmp_path)
    run.finish("interrupted")
    (run.path / name).write_text('[{"epoch": 1')
    before = {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()}
    with pytest.raises(UsageError, match=f"{name} is not valid JSON"):
        reopen(run.path)
    assert {path: path.read_bytes() for path in run.path.rglob("*") if path.is_file()} == before


def test_a_run_of_the_six_documented_files_can_be_gone_on_with(tmp_path: Path) -> None:
    run = tmp_path / "exp_1"
    run.mkdir()
    (run / "args.txt").write_text("--lr 0.007")  # no end of line
    (run / "metrics.json").write_text('[{"epoch": 1, "train_loss": NaN}]')
    writer = reopen(run)
    writer.epoch({"epoch": 2})
    assert (run / "args.txt").read_text() == "--lr 0.007\npython again\n"
    assert load(run, "metrics.json")[0]["nonfinite"] == {"train_loss": "nan"}
    assert load(run, "run.json")["format_version"] == workdir.FORMAT_VERSION


def test_names_that_are_not_utf8_do_not_stop_a_training(tmp_path: Path) -> None:
    odd = b"data/\xe9t\xe9".decode("utf-8", "surrogateescape")
    run = create(tmp_path, flags={**FLAGS, "train_data_dir": odd}, command=["python", odd])
    assert b"data/\xe9t\xe9" in (run.path / "args.txt").read_bytes()
    run.log(f"reading {odd}")
    reopen(run.path)
    assert b"data/\xe9t\xe9" in (run.path / "args.txt").read_bytes()


@pytest.mark.parametrize("size", [0, 1, 5, (1 << 20) - 1, 1 << 20, (1 << 21) + 3])
def test_the_half_line_is_found_whatever_its_length(tmp_path: Path, size: int) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(b"whole\n" + b"x" * size)
    open_log(path).close()
    assert path.read_bytes() == b"whole\n"
    path.write_bytes(b"x" * size)
    open_log(path).close()
    assert path.read_bytes() == b""


def test_a_reader_never_meets_half_a_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text("old")
    replace_file(path, lambda new: (new.write_text("new"), path.read_text() == "old" or 1 / 0))
    assert path.read_text() == "new"


def test_a_pipe_is_written_to_and_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        replace_text(pipe, "told")
        assert os.read(reader, 99) == b"told"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
