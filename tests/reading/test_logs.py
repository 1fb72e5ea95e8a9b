"""Which files of a folder may be logs, and what they begin with."""

import re
from pathlib import Path

from analyzer.reading.folder import DiskTree, Folder
from analyzer.reading.logs import FEW, MOST, logs_with, text_logs, worth_a_look

EPOCH = re.compile(rb"^epoch \d", re.MULTILINE)


def folder_with(path: Path, **files: str) -> Folder:
    for name, text in files.items():
        (path / name).write_text(text, encoding="utf-8")
    return Folder(DiskTree(path))


def test_what_may_be_a_log_goes_by_its_name(tmp_path: Path) -> None:
    names = ["train.log", "notes.md", "slurm-1.out", "job.o123", "workerlog.0", "nohup", "a.csv"]
    folder = folder_with(tmp_path, **dict.fromkeys([*names, "x.py", ".hidden"], ""))
    assert list(text_logs(folder)) == sorted(names[:-1])


def test_of_many_text_files_only_those_called_a_log_count(tmp_path: Path) -> None:
    labels = {f"img_{n}.txt": "0 0.5 0.5 0.1 0.1" for n in range(80)}
    folder = folder_with(tmp_path, **labels, **{"train_log.txt": "epoch 1"})
    assert logs_with(folder, EPOCH) == ["train_log.txt"]


def test_a_log_may_print_a_lot_first_and_hold_colours(tmp_path: Path) -> None:
    late = "x" * 79 + "\n"
    folder = folder_with(
        tmp_path,
        **{
            "a.log": "bar 1\rbar 2\repoch 1",
            "b.log": late * 100 + "\x1b[32mepoch 1",
            "c.log": late * 2000 + "epoch 1",
        },
    )
    assert logs_with(folder, EPOCH) == ["a.log", "b.log"]


def test_utf_16_and_binary(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_bytes("epoch 1\n".encode("utf-16"))
    (tmp_path / "b.log").write_bytes(b"\0\0epoch 1\nepoch 1\n")
    assert logs_with(Folder(DiskTree(tmp_path)), EPOCH) == ["a.log"]


def test_a_folder_of_100_000_labels_is_not_opened() -> None:
    names = [f"img_{n:06}.txt" for n in range(100_000)]
    assert worth_a_look(names) == []
    assert worth_a_look([*names, "results.txt"]) == ["results.txt"]
    assert worth_a_look(names[:FEW]) == names[:FEW]
    assert worth_a_look([f"train_{n}.log" for n in range(MOST + 5)])[0] == "train_5.log"
