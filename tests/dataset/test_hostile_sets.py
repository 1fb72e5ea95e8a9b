"""Data sets that nobody would make on purpose: whatever lies there, there is an answer."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
from pathlib import Path

import pytest

from analyzer.dataset.examine import examine
from analyzer.dataset.records import Options
from analyzer.dataset.repair import repair
from analyzer.dataset.sample import write_sample
from analyzer.diagnosis import diagnose
from analyzer.errors import TrainlintError
from analyzer.run import Run

SEEDS = 60


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "set"
    write_sample(root, train=4, test=3)
    return root


def rules(root: Path) -> set[str]:
    data = examine(root, Options(processes=1)).data
    return {finding.rule for finding in diagnose(Run("set", root, "dataset", data=data)).findings}


def spoil(root: Path, chance: random.Random) -> None:
    """Do something bad to a file or folder chosen by lot."""
    paths = sorted(root.rglob("*"))
    path = chance.choice(paths)
    data = path.read_bytes() if path.is_file() else b""
    match chance.randrange(8):
        case 0:
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        case 1 if data:
            path.write_bytes(data[: chance.randrange(len(data))])
        case 2 if data:
            noise = bytearray(data)
            for _ in range(chance.randrange(1, 40)):
                noise[chance.randrange(len(noise))] = chance.randrange(256)
            path.write_bytes(noise)
        case 3 if path.is_file():
            path.unlink()
            path.mkdir()
        case 4 if path.is_file():
            path.unlink()
            path.symlink_to(chance.choice([".", "nowhere", root, path.name]))
        case 5 if path.is_file():
            path.unlink()
            os.mkfifo(path)
        case 6:
            path.rename(path.with_name(os.fsdecode(b"x\xff\x01\n.jpg")))
        case _ if path.is_file():
            words = [
                b"\0",
                b",",
                b"\xef\xbc\x8c",
                b"9" * 400,
                b"\r",
                b"/../",
                b" ",
                b"nan",
                b"\xff",
            ]
            place = chance.randrange(len(data) + 1)
            path.write_bytes(data[:place] + chance.choice(words) * 3 + data[place:])


@pytest.mark.parametrize("seed", range(SEEDS))
def test_there_is_an_answer_to_anything(seed: int, sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    chance = random.Random(seed)
    for _ in range(chance.randrange(1, 5)):
        spoil(root, chance)
    with contextlib.suppress(TrainlintError):
        rules(root)
        repair(root, tmp_path / "copy")
        rules(tmp_path / "copy")


def test_an_empty_folder(tmp_path: Path) -> None:
    assert "data-layout" in rules(tmp_path)


def test_a_folder_one_level_above_names_the_right_one(sound: Path) -> None:
    found = examine(sound.parent).data.problems["missing"].places[0]
    assert found.text.endswith("set/ has one: give that folder instead")


def test_a_folder_that_is_linked_is_read(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    shutil.move(root / "train_images", tmp_path / "elsewhere")
    (root / "train_images").symlink_to(tmp_path / "elsewhere")
    assert examine(root).data.problems == {}
    repair(root, tmp_path / "copy")
    assert (tmp_path / "copy/train_images/1.jpg").is_file()


def test_a_hundred_thousand_faults_are_counted_and_a_few_kept(sound: Path, tmp_path: Path) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    (root / "train_gts/1.txt").write_text("10,10,60,10,60,30,10,30,\n" * 100_000)
    found = examine(root).data.problems["empty-text"]
    assert found.count == 100_000
    assert len(found.places) <= 20
