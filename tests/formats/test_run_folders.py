"""Folders of runs: one for each start, ``latest`` always whole, trouble as a sentence."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest

from analyzer.errors import UsageError
from analyzer.formats.folders import LATEST, create_run_folder, make_folder, point_latest

NOW = datetime(2026, 12, 31, 23, 59, 59)

MAKE = """
import sys
from datetime import datetime
from pathlib import Path
from analyzer.formats.folders import create_run_folder, point_latest
sys.stdin.readline()
for _ in range(20):
    folder = create_run_folder(Path(sys.argv[1]), datetime(2026, 1, 5, 14, 30, 22))
    point_latest(folder)
    assert (folder.parent / "latest").resolve().is_dir()
    print(folder.name)
"""


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_two_starts_in_one_second_get_the_next_free_second(tmp_path: Path) -> None:
    names = [create_run_folder(tmp_path / "w", NOW).name for _ in range(3)]
    assert names == ["exp_20261231235959", "exp_20270101000000", "exp_20270101000001"]


def test_processes_that_start_at_once_never_share_a_folder(tmp_path: Path) -> None:
    root = str(tmp_path / "w")
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", MAKE, root],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        )
        for _ in range(3)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("\n")
        start.stdin.flush()
    names = [name for start in starts for name in start.communicate(timeout=30)[0].split()]
    assert [start.returncode for start in starts] == [0, 0, 0]
    assert len(names) == len(set(names)) == 60
    assert names_in(Path(root)) == sorted([*names, LATEST])


@pytest.mark.parametrize("below", ["", "deeper/still"])
def test_a_root_that_cannot_be_made_is_a_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"cannot create the output folder .*file.*; name a"):
        create_run_folder(tmp_path / "file" / below, NOW)


def test_a_root_without_room_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot create"):
        create_run_folder(Path("/proc/1"), NOW)
    with pytest.raises(UsageError, match=r"cannot create .*name a folder"):
        make_folder(tmp_path / ("x" * 300))


def test_latest_leads_to_the_newest_start(tmp_path: Path) -> None:
    for name in ("exp_1", "exp_2"):
        (tmp_path / name).mkdir()
        point_latest(tmp_path / name)
        assert (tmp_path / LATEST).readlink() == Path(name)
    assert names_in(tmp_path) == ["exp_1", "exp_2", LATEST]


def test_latest_named_as_the_run_does_not_become_a_loop(tmp_path: Path) -> None:
    run = tmp_path / "exp_1"
    run.mkdir()
    point_latest(run)
    point_latest(tmp_path / LATEST)
    assert (tmp_path / LATEST).resolve() == run


def test_a_dangling_latest_is_replaced_and_a_real_folder_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "exp_1").mkdir()
    (tmp_path / LATEST).symlink_to("gone")
    point_latest(tmp_path / "exp_1")
    assert (tmp_path / LATEST).resolve() == tmp_path / "exp_1"
    (tmp_path / LATEST).unlink()
    (tmp_path / LATEST).mkdir()
    point_latest(tmp_path / "exp_1")
    assert not (tmp_path / LATEST).is_symlink()


def test_a_file_system_without_links_goes_without_latest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **more: object) -> None:
        raise OSError("no links here")

    (tmp_path / "exp_1").mkdir()
    monkeypatch.setattr(Path, "symlink_to", refuse)
    point_latest(tmp_path / "exp_1")
    assert names_in(tmp_path) == ["exp_1"]
