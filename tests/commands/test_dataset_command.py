"""``dataset`` as a person uses it: exit codes, files written, the copy, and the original."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analyzer.__main__ import run as run_cli
from analyzer.dataset.sample import write_sample

ROOT = Path(__file__).parent.parent.parent
BROKEN = b"\xef\xbb\xbf10,10,60,10,60,30,10,30, open\r\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sample(tmp_path / "set", train=6, test=50)
    return tmp_path / "set"


def cli(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["analyzer", "dataset", *map(str, args)])
    return run_cli()


def digest(folder: Path) -> str:
    found = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        found.update(str(path.relative_to(folder)).encode())
        if path.is_file():
            found.update(path.read_bytes())
    return found.hexdigest()


def test_a_sound_set_is_clean(folder, monkeypatch, capsys) -> None:
    assert cli(monkeypatch, folder, "--fail-on", "info") == 0
    out = capsys.readouterr().out
    assert "train on it: 6 training images with 18 boxes" in out
    assert "train_images/1.jpg train_gts/1.txt" in out


def test_an_error_fails_and_names_its_place(folder, monkeypatch, capsys) -> None:
    (folder / "train_gts/3.txt").write_text("10,10,60,30,open\n")
    assert cli(monkeypatch, folder) == 1
    assert "train_gts/3.txt:1" in capsys.readouterr().out
    assert cli(monkeypatch, folder, "--fail-on", "never") == 0


def test_a_warning_fails_only_when_asked_for(folder, monkeypatch) -> None:
    (folder / "train_gts/3.txt").write_bytes(BROKEN)
    assert cli(monkeypatch, folder) == 0
    assert cli(monkeypatch, folder, "--fail-on", "warning") == 1


def test_json_has_findings_and_numbers(folder, monkeypatch, capsys) -> None:
    (folder / "train_gts/3.txt").write_bytes(BROKEN)
    cli(monkeypatch, folder, "--format", "json")
    found = json.loads(capsys.readouterr().out)
    (one,) = found["datasets"]
    assert found["version"] == 1
    assert {finding["rule"] for finding in one["findings"]} == {"data-encoding", "data-label-line"}
    assert one["findings"][0]["evidence"][0]["file"] == "train_gts/3.txt"
    assert one["numbers"]["splits"]["train"]["images"] == 6
    assert one["numbers"]["splits"]["train"]["per_image"]["median"] == 3.0
    assert one["verdict"]["action"] == "train on it"


def test_the_report_holds_pictures_the_worst_first(folder, tmp_path, monkeypatch) -> None:
    (folder / "train_gts/3.txt").write_text("10,10,190,10,190,30,10,30,出口\n")
    out = tmp_path / "report"
    assert cli(monkeypatch, folder, "--out", out, "--overlay", "2") == 0
    pictures = sorted(path.name for path in (out / "overlays").iterdir())
    assert len(pictures) == 2
    assert pictures[0] == "01-train_images_3.jpg.jpg"
    page = (out / "dataset.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == 2
    assert "x2 is 190; the image is 160 wide" in page
    assert "overlays/01-train" in (out / "dataset.md").read_text(encoding="utf-8")


def test_a_report_without_pictures_needs_no_folder_for_them(folder, tmp_path, monkeypatch) -> None:
    cli(monkeypatch, folder, "--out", tmp_path / "report")
    names = sorted(path.name for path in (tmp_path / "report").iterdir())
    assert names == ["dataset.html", "dataset.md"]


def test_the_copy_is_repaired_and_the_original_untouched(
    folder, tmp_path, monkeypatch, capsys
) -> None:
    (folder / "train_gts/3.txt").write_bytes(BROKEN)
    (folder / "notes").mkdir()
    (folder / "notes/read me.txt").write_text("kept")
    before = digest(folder)
    assert cli(monkeypatch, folder, "--fix", tmp_path / "new/copy", "--fail-on", "never") == 0
    said = " ".join(capsys.readouterr().out.split())
    assert "train_gts/3.txt: the BOM taken off, CR LF made LF, blanks around fields del" in said
    assert digest(folder) == before
    assert (tmp_path / "new/copy/train_gts/3.txt").read_bytes() == (
        b"10,10,60,10,60,30,10,30,open\n"
    )
    assert (tmp_path / "new/copy/notes/read me.txt").read_text() == "kept"
    assert cli(monkeypatch, tmp_path / "new/copy", "--fail-on", "info") == 0
    assert [path.name for path in (tmp_path / "new").iterdir()] == ["copy"]


@pytest.mark.parametrize("where", ["set", "set/copy", ".", "full"])
def test_the_copy_goes_nowhere_else(where, folder, tmp_path, monkeypatch, capsys) -> None:
    (tmp_path / "full").mkdir()
    (tmp_path / "full/a").write_text("")
    before = digest(tmp_path)
    assert cli(monkeypatch, folder, "--fix", tmp_path / where) == 2
    assert "a new folder" in (said := capsys.readouterr().err) or "inside each other" in said
    assert digest(tmp_path) == before


def test_a_copy_into_an_empty_folder(folder, tmp_path, monkeypatch) -> None:
    (tmp_path / "empty").mkdir()
    assert cli(monkeypatch, folder, "--fix", tmp_path / "empty") == 0
    assert digest(tmp_path / "empty") == digest(folder)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (["nowhere"], "does not exist; give the folder that holds train_list.txt"),
        (["set/train_list.txt"], "is a file"),
        (["set", "--overlay", "3"], "name its folder with --out"),
        (["set", "--input-size", "3"], "32"),
    ],
)
def test_wrong_usage_is_a_sentence(args, says, folder, monkeypatch, capsys) -> None:
    assert cli(monkeypatch, folder.parent / args[0], *args[1:]) == 2
    assert says in " ".join(capsys.readouterr().err.split())


def test_settings_change_limits_and_switch_rules_off(folder, tmp_path, monkeypatch) -> None:
    settings = tmp_path / "settings.yaml"
    settings.write_text("rules: {data-small-test-set: {limits: {least: 60}}}\n")
    assert cli(monkeypatch, folder, "--settings", settings, "--fail-on", "warning") == 1
    other = tmp_path / "other.yaml"
    other.write_text("rules: {data-small-test-set: off}\n")
    assert cli(monkeypatch, folder, "--settings", other, "--fail-on", "warning") == 0


def test_the_input_size_decides_which_words_are_small(folder, monkeypatch) -> None:
    assert cli(monkeypatch, folder, "--fail-on", "warning", "--input-size", "64") == 1


def test_an_interrupt_leaves_nothing_half_written(folder, tmp_path) -> None:
    script = (
        "import os, signal, sys\n"
        "from analyzer.dataset import repair\n"
        "once = repair.shutil.copyfile\n"
        "def copyfile(*args):\n"
        "    os.kill(os.getpid(), signal.SIGINT)\n"
        "    return once(*args)\n"
        "repair.shutil.copyfile = copyfile\n"
        "from analyzer.__main__ import run\n"
        "sys.exit(run())\n"
    )
    arguments = ["dataset", str(folder), "--fix", str(tmp_path / "copy")]
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        capture_output=True,
        cwd=ROOT,
        check=False,
        text=True,
    )
    assert done.returncode == 130
    assert done.stderr.strip() == "interrupted"
    assert [path.name for path in tmp_path.iterdir()] == ["set"]


def test_an_interrupt_while_decoding_ends_the_workers(folder, tmp_path) -> None:
    write_sample(tmp_path / "large", train=400, test=200)
    command = [sys.executable, "-m", "analyzer", "dataset", str(tmp_path / "large")]
    with subprocess.Popen(
        [*command, "--out", str(tmp_path / "report")],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
        text=True,
    ) as process:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        while process.poll() is None and not children.read_text():
            time.sleep(0.02)
        time.sleep(0.3)
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=60)
    assert process.returncode in (0, 130)  # it may have been done by then
    assert "Traceback" not in said
    if process.returncode == 130:
        assert not (tmp_path / "report/dataset.html").exists()
