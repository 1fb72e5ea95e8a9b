"""Which epoch best.pth holds: one kind of evidence after the other, the best one first."""

from __future__ import annotations

import json
import os
import struct
import time
import tracemalloc
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ondisk import read_one

from analyzer.formats.workdir import BEST, INDEX
from analyzer.readers.workdir.best import tensor_crcs
from analyzer.run import BestCheckpoint

START = datetime(2026, 1, 5, 14, 0, 0)
UTC_START = 1_767_621_600.0  # the same moment, had the log been written in UTC


def weights(path: Path, *tensors: str, name: str = "archive") -> None:
    """A file like PyTorch's: a zip with one record per tensor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(f"{name}/data.pkl", f"pickle of {path.name}")
        for number, tensor in enumerate(tensors):
            archive.writestr(f"{name}/data/{number}", tensor)


def run_of(
    tmp_path: Path, *, epochs: int = 3, logged: tuple[int, ...] = (), index: int | None = None
) -> Path:
    """A run of epochs a minute long. ``logged``: epochs that log best.pth; ``index``: its word.

    Every epoch file holds its own weight, optimiser state, and a tensor that all share.
    """
    run = tmp_path / "exp_1"
    lines = []
    for epoch in range(1, epochs + 1):
        weights(run / f"checkpoints/epoch_{epoch}.pth", "shared", f"w{epoch}", f"adam{epoch}")
        begin = START + timedelta(minutes=epoch - 1)
        end = begin + timedelta(seconds=50)
        lines.append(f"[{begin}] INFO Epoch [{epoch}/{epochs}], LR: 0.1")
        lines.append(f"[{end}] INFO Train Loss: {1 / epoch:.3f} | Time: 0.10s/iter")
        if epoch in logged:
            lines.append(f"[{end}] INFO Saved checkpoint: ./x/{BEST}")
    (run / "logs").mkdir()
    (run / "logs/train.log").write_text("\n".join(lines) + "\n")
    if index is not None:
        (run / INDEX).write_text(json.dumps([{"file": BEST, "epoch": index}]))
    return run


def best_of(run: Path) -> BestCheckpoint | None:
    return read_one(run).best_checkpoint


def known(run: Path) -> tuple[int, str] | None:
    best = best_of(run)
    return None if best is None else (best.epoch, best.source)


def set_times(run: Path, best_after: int, *, zone: float = 0.0, span: float = 1.0) -> None:
    """Give the files the times of the training, in a zone ``zone`` hours off UTC."""
    base = UTC_START - zone * 3600
    ends = {e: base + ((e - 1) * 60 + 50) * span for e in range(1, 4)}
    for epoch, end in ends.items():
        os.utime(run / f"checkpoints/epoch_{epoch}.pth", (end + 0.5, end + 0.5))
    os.utime(run / BEST, (ends[best_after] + 0.7, ends[best_after] + 0.7))
    os.utime(run / "logs/train.log", (ends[3] + 0.9, ends[3] + 0.9))


def test_nothing_says_it(tmp_path: Path) -> None:
    assert best_of(run_of(tmp_path)) is None


def test_a_symbolic_link_says_it(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,), index=1)
    (run / BEST).symlink_to("epoch_2.pth")
    best = best_of(run)
    assert best is not None
    assert (best.epoch, best.source, best.confidence) == (2, "link", 1.0)


def test_a_dangling_link_says_it_too(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,))
    (run / BEST).symlink_to("/home/someone/exp_1/checkpoints/epoch_7.pth")
    assert known(run) == (7, "link")


def test_a_link_into_another_run_says_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,))
    weights(tmp_path / "other/checkpoints/epoch_3.pth", "w2")
    (run / BEST).symlink_to(tmp_path / "other/checkpoints/epoch_3.pth")
    assert known(run) == (1, "log")


def test_a_loop_of_links_says_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,))
    (run / BEST).symlink_to("best.pth")
    assert known(run) == (1, "log")


def test_a_hard_link_says_it_before_the_index(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,), index=1)
    os.link(run / "checkpoints/epoch_3.pth", run / BEST)
    assert known(run) == (3, "link")


def test_one_file_under_two_epochs_says_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    (run / "checkpoints/epoch_3.pth").unlink()
    os.link(run / "checkpoints/epoch_2.pth", run / "checkpoints/epoch_3.pth")
    os.link(run / "checkpoints/epoch_2.pth", run / BEST)
    assert best_of(run) is None


def test_the_index_says_it_before_the_log(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,), index=2)
    assert known(run) == (2, "index")  # the weights may have been left out
    (run / BEST).write_text("weights")
    assert known(run) == (2, "index")


def test_an_index_of_another_file_is_not_believed(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1,))
    (run / INDEX).write_text(json.dumps([{"file": BEST, "epoch": 2, "bytes": 5}]))
    (run / BEST).write_text("weights")
    assert known(run) == (1, "log")


@pytest.mark.parametrize("epoch", [None, "x", True, [], 1e300])
def test_an_odd_index_is_not_believed(tmp_path: Path, epoch: object) -> None:
    run = run_of(tmp_path, logged=(1,))
    (run / INDEX).write_text(json.dumps([{"file": BEST, "epoch": epoch}, {"file": 3}, 4]))
    assert known(run) == (1, "log")


def test_the_last_line_of_the_log_says_it_before_the_bytes(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(1, 2))
    weights(run / BEST, "w3")
    best = best_of(run)
    assert best is not None
    assert (best.epoch, best.source) == (2, "log")
    assert "logs/train.log:6" in best.because


def test_our_own_line_names_the_epoch(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    with (run / "logs/train.log").open("a") as log:
        log.write(f"[{START}] INFO New best: epoch 1, val_f1 0.5000 -> ./x/{BEST}\n")
    assert known(run) == (1, "log")


def test_the_bytes_say_it_before_the_times(tmp_path: Path) -> None:
    """Weights only, under another name inside, against files with the optimiser."""
    run = run_of(tmp_path)
    weights(run / BEST, "w2", "shared", name="best")
    set_times(run, best_after=3)
    assert known(run) == (2, "bytes")


def test_two_equal_epoch_files_say_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    weights(run / "checkpoints/epoch_3.pth", "shared", "w2")
    weights(run / BEST, "w2")
    assert best_of(run) is None


def test_a_tensor_that_all_share_says_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    weights(run / BEST, "shared")
    assert best_of(run) is None


def test_a_tensor_held_twice_counts_twice(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    weights(run / BEST, "w2", "w2")
    assert best_of(run) is None


@pytest.mark.parametrize("zone", [0.0, 1.0, -7.0, 5.75])
def test_the_times_say_it_in_any_zone(tmp_path: Path, zone: float) -> None:
    run = run_of(tmp_path)
    (run / BEST).write_text("no zip")
    set_times(run, best_after=2, zone=zone)
    best = best_of(run)
    assert best is not None
    assert (best.epoch, best.source, best.confidence) == (2, "time", 0.6)


def test_whole_seconds_of_a_coarse_file_system_are_allowed_for(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    (run / BEST).write_text("no zip")
    set_times(run, best_after=2)
    os.utime(run / BEST, (UTC_START + 109, UTC_START + 109))  # epoch 2 ended at 110
    assert known(run) == (2, "time")


@pytest.mark.parametrize("moment", [UTC_START + 170, UTC_START + 7_000_000.4, time.time()])
def test_one_copying_time_says_nothing(tmp_path: Path, moment: float) -> None:
    run = run_of(tmp_path)
    (run / BEST).write_text("no zip")
    for path in run.rglob("*"):
        os.utime(path, (moment, moment))
    assert best_of(run) is None


def test_copying_times_a_little_apart_say_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    (run / BEST).write_text("no zip")
    set_times(run, best_after=1, span=0.1)
    assert best_of(run) is None


def test_a_best_file_from_before_the_run_says_nothing(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    (run / BEST).write_text("no zip")
    set_times(run, best_after=1)
    os.utime(run / BEST, (UTC_START - 99.5, UTC_START - 99.5))
    assert best_of(run) is None


def test_odd_zip_files_hold_no_tensors(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    assert not tensor_crcs(path)
    for data in (b"", b"PK\5\6", b"\0" * 100, b"PK\5\6" + b"\xff" * 18):
        path.write_bytes(data)
        assert not tensor_crcs(path)
    weights(path, "one")
    whole = path.read_bytes()
    assert len(tensor_crcs(path)) == 1
    for cut in range(0, len(whole), 3):
        path.write_bytes(whole[:cut])
        assert not tensor_crcs(path)
    for place in range(0, len(whole), 2):
        path.write_bytes(whole[:place] + b"\xff" + whole[place + 1 :])
        tensor_crcs(path)


def test_a_zip_with_a_huge_directory_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.pth"
    size = 1 << 30
    with path.open("wb") as file:
        file.truncate(size)  # a sparse file: no disk is used
        file.seek(size)
        file.write(struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, size, 0, 0))
    tracemalloc.start()
    assert not tensor_crcs(path)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 << 20


def test_weights_behind_a_link_out_of_the_run_are_not_opened(tmp_path: Path) -> None:
    run = run_of(tmp_path)
    weights(tmp_path / "elsewhere.pth", "w2")
    (run / BEST).symlink_to(tmp_path / "elsewhere.pth")
    assert best_of(run) is None


def test_checkpoints_of_log_index_and_folder(tmp_path: Path) -> None:
    run = run_of(tmp_path, logged=(3,))
    (run / "checkpoints/epoch_1.pth").unlink()
    (run / "checkpoints/notes.txt").touch()
    (run / "checkpoints/epoch_9.pth").mkdir()
    entries = [{"file": "checkpoints/epoch_1.pth", "epoch": 1, "removed": True, "value": 0.5}]
    entries += [{"file": "checkpoints/epoch_2.pth", "epoch": 2, "removed": True, "bytes": 1}]
    (run / INDEX).write_text(json.dumps(entries))
    found = read_one(run).checkpoints
    assert [(c.file.split("/")[1], c.epoch, c.exists, c.removed) for c in found] == [
        ("epoch_1.pth", 1, False, True),
        ("epoch_2.pth", 2, True, False),
        ("epoch_3.pth", 3, True, False),
        ("best.pth", 3, False, False),
    ]
    assert found[0].value == 0.5
    assert found[1].size == (run / "checkpoints/epoch_2.pth").stat().st_size
