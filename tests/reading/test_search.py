"""Finding runs below any path: each once, in order, whatever stands around them."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path

import pytest

from analyzer import readers
from analyzer.errors import NoRunFound, UsageError
from analyzer.formats.folders import LATEST
from analyzer.readers import READERS, console, find, read
from analyzer.reading import search
from analyzer.reading.search import find_runs, newest_run

ONLY_METRICS = '[{"epoch": 1, "train_loss": 1.5}]'


def make(*folders: Path) -> None:
    for folder in folders:
        (folder / "logs").mkdir(parents=True)
        (folder / "metrics.json").write_text(ONLY_METRICS)
        (folder / "args.txt").write_text(f"--output_dir {folder.name}\n")
        (folder / "logs/train.log").write_text("[2026-01-05 14:30:25] INFO Epoch [1/1], LR: 0.1\n")


def names(*paths: Path) -> list[str]:
    return [run.path.name for run in find_runs(paths, READERS).runs]


def test_all_runs_below_a_folder_by_name(tmp_path: Path) -> None:
    make(tmp_path / "b", tmp_path / "a/x", tmp_path / "a/x/inner", tmp_path / "c/d/e/f")
    assert names(tmp_path) == ["x", "inner", "b", "f"]


def test_latest_is_never_counted_twice(tmp_path: Path) -> None:
    make(tmp_path / "exp_1", tmp_path / "exp_2")
    (tmp_path / LATEST).symlink_to("exp_2")
    assert names(tmp_path) == ["exp_1", "exp_2"]
    assert names(tmp_path / LATEST) == ["exp_2"]
    assert names(tmp_path / LATEST, tmp_path, tmp_path / "exp_2") == ["exp_2", "exp_1"]


def test_latest_copied_into_a_folder_is_counted_once(tmp_path: Path) -> None:
    make(tmp_path / "w/exp_1", tmp_path / "w/exp_2")
    (tmp_path / "w" / LATEST).symlink_to("exp_2")
    shutil.copytree(tmp_path / "w", tmp_path / "copy")  # follows links, as cp -rL does
    assert not (tmp_path / "copy" / LATEST).is_symlink()
    found = find_runs([tmp_path / "copy"], READERS)
    assert [run.name for run in found.runs] == ["exp_1", "exp_2"]
    assert [note.text for note in found.skipped] == [
        f"{tmp_path / 'copy' / LATEST} is a copy of exp_2; counted once"
    ]
    assert names(tmp_path / "copy" / LATEST) == [LATEST]  # when it is asked for


def test_a_folder_named_latest_that_is_no_copy_counts(tmp_path: Path) -> None:
    make(tmp_path / "exp_1", tmp_path / LATEST)
    assert names(tmp_path) == ["exp_1", LATEST]


def test_a_missing_latest_is_the_newest_folder(tmp_path: Path) -> None:
    make(tmp_path / "exp_1", tmp_path / "exp_2", tmp_path / "other")
    os.utime(tmp_path / "exp_1", (2e9, 2e9))
    os.utime(tmp_path / "exp_2", (1e9, 1e9))
    assert names(tmp_path / LATEST) == ["exp_1"]
    os.utime(tmp_path / "exp_2", (2e9, 2e9))
    assert newest_run(tmp_path) == tmp_path / "exp_2"
    (tmp_path / LATEST).symlink_to("gone")
    assert names(tmp_path / LATEST) == ["exp_2"]
    (tmp_path / LATEST).unlink()
    (tmp_path / LATEST).symlink_to(LATEST)
    assert names(tmp_path / LATEST) == ["exp_2"]
    with pytest.raises(UsageError, match="does not exist; check the spelling"):
        names(tmp_path / "other" / LATEST)


def test_loops_of_links_and_links_out_of_the_tree_are_not_followed(tmp_path: Path) -> None:
    make(tmp_path / "in/run", tmp_path / "out/run")
    (tmp_path / "in/loop").symlink_to(tmp_path / "in")
    (tmp_path / "in/self").symlink_to("self")
    (tmp_path / "in/away").symlink_to(tmp_path / "out")
    assert names(tmp_path / "in") == ["run"]
    assert names(tmp_path / "in/away") == ["run"]  # when it is asked for


def test_roots_given_twice_or_inside_each_other_count_once(tmp_path: Path) -> None:
    make(tmp_path / "a/x", tmp_path / "a/y")
    assert names(tmp_path, tmp_path / "a/y", tmp_path / "a", tmp_path) == ["x", "y"]


def test_parts_of_a_run_are_no_runs_but_a_root_may_bear_their_names(tmp_path: Path) -> None:
    make(tmp_path / "logs/exp_1", tmp_path / "checkpoints/exp_2")
    (tmp_path / "logs/exp_1/checkpoints").mkdir()
    (tmp_path / "logs/exp_1/checkpoints/metrics.json").write_text("[]")
    assert names(tmp_path) == ["exp_2", "exp_1"]


def test_hidden_and_foreign_folders_are_not_searched(tmp_path: Path) -> None:
    make(tmp_path / ".cache/run", tmp_path / "node_modules/run", tmp_path / "run")
    assert len(names(tmp_path)) == 1


@pytest.mark.parametrize("name", ["metrics.json", "logs/train.log"])
def test_a_file_stands_for_the_run_it_shows(tmp_path: Path, name: str) -> None:
    make(tmp_path / "run")
    (located,) = find([tmp_path / "run" / name]).runs
    assert (located.name, located.path) == ("run", tmp_path / "run")
    assert names(tmp_path / "run" / name, tmp_path / "run") == ["run"]


def test_a_file_behind_a_link_stands_for_itself(tmp_path: Path) -> None:
    make(tmp_path / "run")
    (tmp_path / "m").mkdir()
    (tmp_path / "m/metrics.json").symlink_to(tmp_path / "run/metrics.json")
    (run,) = read(tmp_path / "m/metrics.json")
    assert run.series["train_loss"].y.tolist() == [1.5]


def test_a_file_that_no_reader_knows(tmp_path: Path) -> None:
    make(tmp_path / "run")
    (tmp_path / "a.bin").write_bytes(b"\0")
    with pytest.raises(NoRunFound, match=r"a\.bin is no file that a reader knows; name a run"):
        read(tmp_path / "a.bin")


def test_an_unknown_file_among_runs_is_told(tmp_path: Path) -> None:
    make(tmp_path / "run")
    (tmp_path / "a.bin").touch()
    found = find([tmp_path / "a.bin", tmp_path / "run"])
    assert (len(found.runs), len(found.skipped)) == (1, 1)


def test_a_missing_path_is_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist; check the spelling"):
        read(tmp_path / "gone")
    with pytest.raises(UsageError, match=r"gone does not exist either"):
        read(tmp_path / "gone/deeper")
    for odd in ("x" * 300, "x" * 300 + "/y", "a\0b"):
        with pytest.raises(UsageError, match="does not exist"):
            read(tmp_path / odd)


def test_an_empty_folder_is_no_run_found(tmp_path: Path) -> None:
    with pytest.raises(NoRunFound, match=r"no run found in .* a run is what a training") as caught:
        read(tmp_path)
    assert str(tmp_path) in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_pipe_is_no_run(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(UsageError, match="is no file and no folder; what comes from a pipe"):
        read(tmp_path / "pipe")
    with pytest.raises(NoRunFound):
        read(tmp_path)


def test_a_log_beside_a_run_that_is_not_its_own_stands_for_itself(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("epoch,step,train_loss\n0,1,2.5\n1,3,2.0\n")
    (tmp_path / "hparams.yaml").write_text("lr: 0.1\n")
    log = "".join(f"Epoch {e}/3 loss: {1 / e:.3f} val_acc: 0.{e}\n" for e in range(1, 4))
    (tmp_path / "other.log").write_text(log)
    (whole,) = read(tmp_path)
    (alone,) = read(tmp_path / "other.log")
    assert (whole.format, alone.format) == ("lightning", "console")
    assert (alone.name, alone.epochs_done) == ("other.log", 3)
    with pytest.raises(NoRunFound, match=r"hparams\.yaml is no file that a reader knows"):
        read(tmp_path / "hparams.yaml")


def test_links_that_are_not_followed_are_told_where_no_run_is(tmp_path: Path) -> None:
    make(tmp_path / "elsewhere/run", tmp_path / "runs/run")
    (tmp_path / "links").mkdir()
    (tmp_path / "links/one").symlink_to("../elsewhere/run")
    (tmp_path / "runs/latest").symlink_to("run")
    (tmp_path / "runs/run/data").symlink_to(tmp_path / "elsewhere")
    assert find([tmp_path / "runs"]).skipped == []
    with pytest.raises(NoRunFound, match=r"skipped: .*links holds links .* such as one; they are"):
        find([tmp_path / "links"])


def test_a_folder_that_cannot_be_listed_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(NoRunFound, match=r"skipped: .* cannot be read: Permission denied"):
        find([tmp_path])


@pytest.mark.parametrize(
    ("content", "error", "text"),
    [
        (b" \n", NoRunFound, "standard input is empty; pipe a log"),
        (b"epoch 1 loss 0.5\n" * 9, UsageError, "standard input is larger than 100 bytes; name"),
    ],
)
def test_standard_input_is_read_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, content: bytes, error: type[Exception], text: str
) -> None:
    monkeypatch.setattr(readers, "MAX_STDIN", 100)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    with pytest.raises(error, match=text):
        read("-")


def test_the_depth_is_bounded(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["d"] * search.MAX_DEPTH)
    make(deep, deep / "below")
    found = find_runs([tmp_path], READERS)
    assert [run.path for run in found.runs] == [deep]
    assert [note.file for note in found.skipped] == [str(deep)]
    assert "lies too deep; what is below it was not searched" in found.skipped[0].text


def test_the_number_of_folders_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MAX_FOLDERS", 3)
    make(*[tmp_path / str(number) for number in range(9)])
    found = find_runs([tmp_path], READERS)
    assert len(found.runs) == 2
    assert "stopped after 3 folders" in found.skipped[0].text


def test_an_unreadable_run_does_not_hide_the_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(tmp_path / "a", tmp_path / "b", tmp_path / "c")
    shutil.rmtree(tmp_path / "b/logs")
    (tmp_path / "b/metrics.json").write_bytes(b"\0\1\2")
    runs = read(tmp_path)
    assert [run.name for run in runs if run.unreadable is None] == ["a", "c"]

    def fail(*args: object) -> None:
        raise RuntimeError("a fault of the reader")

    monkeypatch.setattr("analyzer.readers.workdir.read_settings", fail)
    runs = read(tmp_path)
    assert len(runs) == 3
    assert runs[0].unreadable is not None
    assert "could not be read: RuntimeError: a fault of the reader" in runs[0].unreadable


def test_a_run_is_called_by_where_it_lies_below_the_path_given(tmp_path: Path) -> None:
    make(tmp_path / "a/run", tmp_path / "b/run")
    runs = read(tmp_path)
    assert [run.name for run in runs] == ["a/run", "b/run"]
    assert [run.name for run in read(tmp_path / "a", tmp_path / "b" / "run")] == ["run", "run"]


def test_a_run_named_by_a_dot_has_a_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    make(tmp_path / "exp_1")
    monkeypatch.chdir(tmp_path / "exp_1")
    assert [run.name for run in read(".")] == ["exp_1"]


def test_text_files_that_were_not_looked_at_are_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(console, "MOST_CANDIDATES", 3)
    for number in range(5):
        (tmp_path / f"slurm-{number}.out").write_text("Epoch 1 loss: 0.5\nEpoch 2 loss: 0.4\n")
    found = find([tmp_path])
    assert [run.claim.main for run in found.runs] == [f"slurm-{n}.out" for n in (2, 3, 4)]
    assert [note.text.partition(" in ")[0] for note in found.skipped] == ["2 more text files"]
