"""The look at the data before the first step: what stops, what is told, what rules know of it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from dataset_faults import FAULTS, Fault, write_sound

import analyzer
from analyzer.__main__ import run as run_cli
from analyzer.errors import TrainlintError
from analyzer.facts import FACTS
from analyzer.finding import FileEvidence
from analyzer.preflight import Checked, check
from trainer import start
from trainer.detection.dataset import DetectionDataset
from trainer.train import main

ROOT = Path(__file__).parents[2]
CONFIG = """
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: data, test_dir: data, input_size: 160, batch_size: 8}
train: {epochs: 1, device: cpu, precision: fp32, threads: 1}
"""
BAD = "10,10,sixty,10,60,30,10,30,open\n"
OUTSIDE = "150,10,190,10,190,30,150,30,open\n"


@pytest.fixture(scope="session")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("sound") / "set"
    write_sound(root)
    return root


@pytest.fixture
def place(tmp_path: Path, sound: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(sound, tmp_path / "data")
    (tmp_path / "c.yaml").write_text(CONFIG)
    return tmp_path


def train(*arguments: str) -> int:
    threads = torch.get_num_threads()
    try:
        return main(["--config", "c.yaml", *arguments])
    finally:
        torch.set_num_threads(threads)


def add(line: str, name: str = "data/train_gts/2.txt") -> None:
    path = Path(name)
    path.write_text(path.read_text("utf-8") + line, "utf-8")


def info() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Path("workdirs/latest/run.json").read_text())
    return found


def log() -> str:
    return Path("workdirs/latest/logs/train.log").read_text()


def checked(root: Path, test: Path | None = None) -> Checked:
    return check(root, test or root, input_size=160, sample=50)


def test_an_error_stops_before_anything_is_written(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(BAD)
    assert train() == 2
    told = capsys.readouterr().err
    assert "train_gts/2.txt:4" in told
    assert "column 7" in told
    last = told.strip().splitlines()[-1]
    assert last.startswith("Error: data-label-line: coordinates that are no number: 1;")
    assert "--no-preflight" in last
    assert "python -m analyzer dataset data --fix OUT" in last
    assert "Run: " not in told
    assert not Path("workdirs").exists()


def test_the_sentences_are_those_of_the_doctor(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(BAD)
    add(OUTSIDE)
    assert train() == 2
    told = " ".join(capsys.readouterr().err.split())
    arguments = ["analyzer", "dataset", "data", "--format", "json", "--input-size", "160"]
    monkeypatch.setattr(sys, "argv", arguments)
    monkeypatch.setattr("analyzer.dataset.pixels.MANY", 1000)  # no other process beside torch
    assert run_cli() == 1
    (found,) = json.loads(capsys.readouterr().out)["datasets"]
    messages = [finding["message"] for finding in found["findings"]]
    assert len(messages) >= 2
    assert all(" ".join(message.split()) in told for message in messages)


def test_a_warning_does_not_stop_and_is_in_log_and_run_json(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(OUTSIDE)
    assert train() == 0
    told = capsys.readouterr().err
    assert "warning  data-label-box" in told
    assert told.count("label errors") == 1
    assert " INFO Pre-flight passed: warning data-label-box\n" in log()
    assert " WARNING Pre-flight: data-label-box: boxes that reach beyond" in log()
    assert info()["preflight"] == {"status": "passed", "findings": {"data-label-box": "warning"}}
    data = info()["data"]
    assert {name: data["train"][name] for name in ("images", "label_errors", "tiny")} == {
        "images": 24,
        "label_errors": 0,
        "tiny": 0,
    }
    assert data["test"]["leaked"] == 0
    assert len(data["train"]["digest"]) == 64


def test_without_the_check_the_log_says_so(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    add(BAD)
    assert train("--no-preflight") == 0
    assert "label errors" not in capsys.readouterr().err
    assert "Pre-flight skipped by --no-preflight: the data set was not checked" in log()
    assert "Label left out: data/train_gts/2.txt:4:" in log()
    assert info()["preflight"] == {"status": "skipped"}
    assert info()["data"]["train"]["left_out"] == 1
    (run,) = analyzer.read("workdirs/latest/")
    assert FACTS["label_errors"].function(run) == 1
    assert FACTS["leaked_images"].function(run) is None


def test_settings_that_take_an_error_back_let_it_pass(place: Path) -> None:
    add(BAD)
    Path("analyzer.yaml").write_text("rules: {data-label-line: warning}\n")
    assert train() == 0
    (run,) = analyzer.read("workdirs/latest/")
    assert FACTS["label_errors"].function(run) == 1
    assert FACTS["label_error_percent"].function(run) == pytest.approx(100 / 72, rel=0.01)


def test_the_numbers_are_the_same_with_and_without(place: Path) -> None:
    found = []
    for arguments in ([], ["--no-preflight"]):
        assert train(*arguments) == 0
        path = Path("workdirs/latest").resolve()
        (record,) = json.loads((path / "metrics.json").read_text())
        state = torch.load(path / "checkpoints/epoch_1.pth", weights_only=True)
        found.append((record["train_loss"], record["val_loss"], state["model"]))
    first, second = found
    assert first[:2] == second[:2]
    assert all(torch.equal(first[2][name], second[2][name]) for name in first[2])


def test_a_resume_checks_again_only_where_the_data_changed(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train() == 0
    before = info()
    capsys.readouterr()
    assert main(["--resume", "workdirs/latest", "--epochs", "2"]) == 0
    assert "label errors" not in capsys.readouterr().err
    assert log().count("Pre-flight") == 1
    assert (info()["data"], info()["preflight"]) == (before["data"], before["preflight"])
    add(OUTSIDE)
    assert main(["--resume", "workdirs/latest", "--epochs", "3"]) == 0
    assert "label errors" in capsys.readouterr().err
    assert "WARNING The data are not those that the run began with" in log()
    assert info()["preflight"]["findings"] == {"data-label-box": "warning"}
    add(BAD)
    kept = info()
    assert main(["--resume", "workdirs/latest", "--epochs", "4"]) == 2
    assert info() == kept
    assert main(["--resume", "workdirs/latest", "--epochs", "4", "--no-preflight"]) == 0
    assert info()["preflight"] == {"status": "skipped"}
    assert "label_errors" not in info()["data"]["train"]


def test_two_folders_are_one_set(place: Path, sound: Path) -> None:
    ours, theirs = place / "ours", place / "theirs"
    for root, split in ((ours, "train"), (theirs, "test")):
        root.mkdir()
        for name in ("images", "gts", "list.txt"):
            (place / "data" / f"{split}_{name}").rename(root / f"{split}_{name}")
    assert checked(ours, theirs).findings == {}
    shutil.copyfile(ours / "train_images/1.jpg", theirs / "test_images/7.jpg")
    found = checked(ours, theirs)
    assert found.findings == {"data-leak": "warning"}
    assert found.counts("test")["leaked"] == 1
    assert list(checked(theirs, ours).findings) == ["data-layout"]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_loader_and_check_do_not_contradict_each_other(
    fault: Fault, sound: Path, tmp_path: Path
) -> None:
    root = tmp_path / "set"
    shutil.copytree(sound, root)
    fault.make(root)
    found = checked(root)
    refused = None
    try:
        for split in ("train", "test"):
            assert DetectionDataset(root, split, 160, augment=None).summary
    except TrainlintError as error:
        refused = error
    if refused is None:
        return
    assert found.errors, f"the loader says: {refused}"
    line = getattr(refused, "line", None)
    if line is not None:
        places = [
            (str(root / piece.file), piece.line)
            for finding in found.item.findings
            for piece in finding.evidence
            if isinstance(piece, FileEvidence)
        ]
        assert (getattr(refused, "file", None), line) in places


HOSTILE = {
    "a list of zeros": ("train_list.txt", b"\0" * 5000),
    "a list of steering characters": ("train_list.txt", b"\x1b[2J[red]x[/red] \xff\xfe\n" * 50),
    "labels of zeros": ("train_gts/1.txt", b"1,1,9,1,9,9,1,9\0" * 5000),
    "numbers without end": ("train_gts/1.txt", b"9" * 100_000 + b",1,1,1,1,1,1,1,a\n"),
    "markup as a text": ("train_gts/1.txt", b"1,1,nan,1,inf,9,1,9,[bold]\x1b[31m\n"),
    "a JPEG that ends at once": ("train_images/1.jpg", b"\xff\xd8\xff\xe0\0\x10"),
    "a huge PNG": (
        "train_images/1.jpg",
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0",
    ),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_data_is_told_and_steers_nothing(
    name: str, place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, content = HOSTILE[name]
    (place / "data" / file).write_bytes(content)
    assert train() == 2
    told = capsys.readouterr().err
    assert "Traceback" not in told
    assert "\x1b" not in told
    assert not Path("workdirs").exists()


def test_folders_that_cannot_be_read_are_one_sentence(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (place / "file").write_text("")
    for folder, what in (("none", "none does not exist"), ("file", "file is a file")):
        assert train("--set", f"data.test_dir={folder}") == 2
        assert (
            f"Error: {what}; give the folder that holds test_list.txt" in capsys.readouterr().err
        )


def test_half_surrogates_in_names_do_not_end_it(place: Path) -> None:
    odd = os.fsdecode(b"train_images/caf\xe9.jpg")
    shutil.copyfile(place / "data/train_images/1.jpg", place / "data" / odd)
    assert train() == 2


def test_without_the_check_the_doctor_is_not_even_imported() -> None:
    code = (
        "import sys, trainer.start\n"
        "print(*[m for m in sys.modules if m.startswith('analyzer.')], 'pydantic' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    *names, pydantic = done.stdout.split()
    assert pydantic == "False"
    assert not {name.split(".")[1] for name in names} - {"errors", "formats"}
    assert start.SKIPPED.info == {"status": "skipped"}


def test_the_facts_come_from_run_json(place: Path) -> None:
    assert train() == 0
    path = Path("workdirs/latest/run.json")
    found = info()
    found["data"]["train"] |= {"boxes": 80, "ignored": 20, "small": 40, "label_errors": 5}
    found["data"]["train"]["tiny"] = 2
    found["data"]["test"]["leaked"] = 3
    path.write_text(json.dumps(found))
    (run,) = analyzer.read("workdirs/latest/")
    names = ("label_errors", "label_error_percent", "small_percent", "tiny_boxes")
    names += ("leaked_images", "test_images")
    assert [FACTS[name].function(run) for name in names] == [5, 5, 50, 2, 3, 50]


@pytest.mark.parametrize("value", [-1, "x", None, [1], {"a": 1}, 1e300, 2.5, True])
def test_what_is_no_count_is_not_known(value: object, place: Path) -> None:
    run_folder = place / "run"
    run_folder.mkdir()
    counts = dict.fromkeys(("images", "boxes", "small", "label_errors", "tiny", "left_out"), value)
    told = {"format_version": 1, "data": {"train": counts, "test": value}}
    (run_folder / "run.json").write_text(json.dumps(told))
    (run_folder / "metrics.json").write_text('[{"epoch": 1, "train_loss": 1.0}]')
    (run,) = analyzer.read(run_folder)
    assert run.counts == {}
