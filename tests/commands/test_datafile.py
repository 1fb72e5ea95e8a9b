"""Looking up the data line that broke a training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from analyzer.__main__ import cli
from analyzer.commands.datafile import MOST_LABELS, data_folders

TRACE = 'Traceback (most recent call last):\n  File "train.py", line 1, in <module>\n'
GOOD = "0,0,9,0,9,9,0,9,word\n"


def furnish(folder: Path, error: str, **labels: str) -> Path:
    """A log with an error, and a data set with these label files; returns the log's folder."""
    for name in ("train_images", "train_gts"):
        (folder / "data" / name).mkdir(parents=True)
    for name, text in labels.items():
        (folder / f"data/train_gts/{name}.txt").write_text(text, encoding="utf-8")
        (folder / f"data/train_images/{name}.JPG").write_bytes(b"\xff\xd8")
    lines = (f"train_images/{name}.JPG train_gts/{name}.txt\n" for name in labels)
    (folder / "data/train_list.txt").write_text("".join(lines))
    (folder / "run").mkdir()
    (folder / "run/train.out").write_text(f"Epoch 1/3, loss: 0.7\n{TRACE}{error}\n")
    return folder / "run"


def checked(*arguments: Path | str) -> dict[str, Any]:
    """The first finding of the only run."""
    words = ["check", *map(str, arguments), "--format", "json"]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    (run,) = json.loads(done.stdout)["runs"]
    finding: dict[str, Any] = run["findings"][0]
    return finding


def places(finding: dict[str, Any]) -> list[tuple[str, int | None]]:
    return [(item["file"], item["line"]) for item in finding["evidence"][1:]]


def test_a_line_that_the_log_names_is_opened(tmp_path: Path) -> None:
    error = "ValueError: could not convert string to float: 'x' in /home/me/data/train_gts/b.txt:2"
    run = furnish(tmp_path, error, a=GOOD, b=f"{GOOD}0,0,x,0,9,9,0,9,w\n0,y,9,0,9,9,0,9,w\n")
    finding = checked(run, "--data", tmp_path / "data")
    label = tmp_path / "data/train_gts/b.txt"
    assert places(finding) == [(str(label), 2)]
    assert finding["message"].endswith(f"{label}:2: coordinate 3 is 'x', not a plain ASCII number")


def test_a_word_in_no_named_file_is_looked_for(tmp_path: Path) -> None:
    error = "ValueError: could not convert string to float: 'abc'"
    run = furnish(tmp_path, error, a="0,0,zz,0,9,9,0,9,w\n", b=f"{GOOD}0,0,abc,0,9,9,0,9,w\n")
    assert places(checked(run, "--data", tmp_path / "data")) == [
        (str(tmp_path / "data/train_gts/b.txt"), 2)
    ]


def test_a_short_line_is_looked_for_below_the_paths_too(tmp_path: Path) -> None:
    furnish(tmp_path, "IndexError: list index out of range", a=GOOD, b="0,0,9\n")
    finding = checked(tmp_path)
    assert places(finding) == [(str(tmp_path / "data/train_gts/b.txt"), 1)]


def test_a_missing_image_is_held_against_what_is_there(tmp_path: Path) -> None:
    error = "FileNotFoundError: [Errno 2] No such file or directory: './data/train_images/a.jpg'"
    run = furnish(tmp_path, error, a=GOOD)
    finding = checked(run, "--data", tmp_path / "data")
    assert "a.JPG is there: make the two names equal" in finding["message"]


def test_without_the_data_the_log_speaks_alone(tmp_path: Path) -> None:
    run = furnish(tmp_path, "IndexError: list index out of range", a="0,0,9\n")
    assert len(checked(run)["evidence"]) == 1


@pytest.mark.parametrize(
    "named", ["../secret.txt", "/etc/passwd.txt", "link/secret.txt", "train_gts/link.txt"]
)
def test_nothing_outside_the_data_is_opened(tmp_path: Path, named: str) -> None:
    error = f"ValueError: could not convert string to float: '' in {named}:1"
    run = furnish(tmp_path, error, a=GOOD)
    secret = tmp_path / "secret.txt"
    secret.write_text("0,0,hunter2,0,9,9,0,9,w\n")
    (tmp_path / "data/link").symlink_to(tmp_path)
    (tmp_path / "data/train_gts/link.txt").symlink_to(secret)
    assert "hunter2" not in json.dumps(checked(run, "--data", tmp_path / "data"))


def test_a_healthy_data_set_adds_nothing(tmp_path: Path) -> None:
    run = furnish(tmp_path, "IndexError: list index out of range", a=GOOD)
    assert len(checked(run, "--data", tmp_path / "data")["evidence"]) == 1


def test_data_sets_are_found_by_their_lists(tmp_path: Path) -> None:
    furnish(tmp_path, "x", a=GOOD)
    assert data_folders([tmp_path], None) == [tmp_path / "data"]
    assert data_folders([tmp_path], tmp_path / "other") == [tmp_path / "other"]
    assert data_folders([tmp_path / "run/train.out"], None) == []
    assert MOST_LABELS > 1000
