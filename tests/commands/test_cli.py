"""The command line as a person uses it: exit codes, sentences, files written."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from analyzer.__main__ import run as run_cli
from analyzer.formats.workdir import RunWriter

ROOT = Path(__file__).parent.parent.parent
FLAGS = {"train_data_dir": "data", "batch_size": 8, "epochs": 10, "lr": 0.001}
CONFIG = {
    "data": {"train_dir": "data", "test_dir": "data", "batch_size": 8},
    "optimizer": {"type": "AdamW", "lr": 0.001},
    "train": {"epochs": 10, "seed": 0},
}


@pytest.fixture
def workdirs(tmp_path: Path) -> Path:
    """Two runs: one that learns, one whose loss turns to NaN."""
    write_run(tmp_path / "workdirs", [2.0, 1.2, 0.9, 0.75, 0.66, 0.6, 0.56, 0.53, 0.51, 0.5])
    write_run(tmp_path / "workdirs", [2.0, 1.8, 6.0, float("nan")])
    return tmp_path / "workdirs"


def write_run(root: Path, losses: list[float]) -> Path:
    info = {"data": {"train": {"images": 200}, "test": {"images": 200}}}
    writer = RunWriter.create(root, config=CONFIG, flags=FLAGS, command=["train"], info=info)
    for epoch, loss in enumerate(losses, 1):
        f1 = 0.9 - 0.8 * 0.6**epoch
        writer.epoch_header(epoch, 10, 0.001)
        writer.train_line(loss, 0.1)
        writer.validate_line(f1, f1, f1)
        record = {"epoch": epoch, "train_loss": loss, "val_loss": 1.1 * loss, "val_f1": f1}
        record |= {"val_precision": f1, "val_recall": f1, "learning_rate": 0.001}
        writer.epoch(record)
        writer.save(epoch, lambda path: path.write_bytes(b"weights"), metric="val_f1", value=f1)
        writer.save_best(epoch, lambda path: path.write_bytes(b""), metric="val_f1", value=f1)
    writer.finish("finished")
    return writer.path


def cli(monkeypatch: pytest.MonkeyPatch, *args: object) -> int:
    monkeypatch.setattr(sys, "argv", ["analyzer", *map(str, args)])
    return run_cli()


def test_check_fails_on_an_error_and_names_it(workdirs, monkeypatch, capsys) -> None:
    assert cli(monkeypatch, "check", workdirs) == 1
    assert "loss-nonfinite" in capsys.readouterr().out


def test_check_is_clean_on_the_healthy_run(workdirs, monkeypatch, capsys) -> None:
    healthy = min(workdirs.glob("exp_*"))
    assert cli(monkeypatch, "check", healthy, "--fail-on", "warning") == 0


@pytest.mark.parametrize(("fail_on", "code"), [("never", 0), ("error", 1), ("info", 1)])
def test_fail_on(workdirs, monkeypatch, fail_on, code) -> None:
    assert cli(monkeypatch, "check", workdirs, "--fail-on", fail_on) == code


def test_check_prints_json_that_is_only_json(workdirs, monkeypatch, capsys) -> None:
    cli(monkeypatch, "check", workdirs, "--format", "json")
    result = json.loads(capsys.readouterr().out)
    assert result["version"] == 1
    rules = {finding["rule"] for run in result["runs"] for finding in run["findings"]}
    assert "loss-nonfinite" in rules


def test_report_writes_one_page_and_markdown(workdirs, monkeypatch, capsys, tmp_path) -> None:
    out = tmp_path / "out"
    assert cli(monkeypatch, "report", workdirs, "--out", out) == 0
    captured = capsys.readouterr()
    assert "loss-nonfinite" in captured.out
    assert str(out / "report.html") in captured.err
    assert (out / "report.html").stat().st_size > 100_000
    assert "loss-nonfinite" in (out / "report.md").read_text(encoding="utf-8")
    assert list((out / "plots").glob("*.png"))


def test_a_redacted_report_names_no_folder(workdirs, monkeypatch, capsys, tmp_path) -> None:
    out = tmp_path / "out"
    command = ("report", workdirs, "--out", out, "--format", "markdown", "--format", "json")
    assert cli(monkeypatch, *command) == 0
    assert str(tmp_path) in (out / "report.json").read_text(encoding="utf-8")
    assert cli(monkeypatch, *command, "--redact") == 0
    for name in ("report.json", "report.md"):
        text = (out / name).read_text(encoding="utf-8")
        assert str(tmp_path) not in text
        assert "loss-nonfinite" in text


def test_latest_is_one_run(workdirs, monkeypatch, capsys) -> None:
    cli(monkeypatch, "check", workdirs / "latest", "--format", "json")
    (run,) = json.loads(capsys.readouterr().out)["runs"]
    assert run["name"] == max(path.name for path in workdirs.glob("exp_*"))


def test_report_of_a_single_log(workdirs, monkeypatch, capsys, tmp_path) -> None:
    log = max(workdirs.glob("exp_*")) / "logs" / "train.log"
    assert cli(monkeypatch, "report", log, "--out", tmp_path / "r", "--format", "json") == 0
    (run,) = json.loads((tmp_path / "r" / "report.json").read_text())["runs"]
    assert "loss-nonfinite" in {finding["rule"] for finding in run["findings"]}


@pytest.mark.parametrize(
    ("make", "code", "says"),
    [
        (lambda path: path.mkdir(), 3, "no run found"),
        (lambda path: path.write_bytes(b"\0\1\2"), 3, "no file that a reader knows"),
        (lambda path: None, 2, "does not exist"),
    ],
    ids=["an empty folder", "an unknown file", "nothing there"],
)
def test_bad_paths_give_one_sentence(tmp_path, monkeypatch, capsys, make, *, code, says):
    path = tmp_path / "it"
    make(path)
    for command, paths in (("report", [path]), ("check", [path]), ("compare", [path, path])):
        assert cli(monkeypatch, command, *paths) == code
        captured = capsys.readouterr()
        (sentence,) = captured.err.splitlines()
        assert says in sentence
        assert str(path) in sentence
        assert captured.out == ""


@pytest.mark.parametrize(
    ("file", "content"),
    [("metrics.json", b"not json at all"), ("logs/train.log", b"\0\xff\0\xfe" * 999)],
)
def test_one_broken_run_hides_no_other(workdirs, monkeypatch, capsys, file, content) -> None:
    broken = workdirs / "exp_broken" / file
    broken.parent.mkdir(parents=True)
    broken.write_bytes(content)
    assert cli(monkeypatch, "check", workdirs, "--format", "json") == 1
    runs = {run["name"]: run for run in json.loads(capsys.readouterr().out)["runs"]}
    assert len(runs) == 3
    (finding,) = runs["exp_broken"]["findings"]
    assert finding["rule"] == "run-unreadable"
    assert file in finding["message"]


def test_compare_shows_only_what_differs(tmp_path, monkeypatch, capsys) -> None:
    losses = [2.0, 1.0, 0.7, 0.6, 0.5]
    one, two = write_run(tmp_path / "w", losses), write_run(tmp_path / "w", losses)
    config = two / "config.yaml"
    config.write_text(config.read_text().replace("lr: 0.001", "lr: 0.01"))
    assert cli(monkeypatch, "compare", one, two) == 0
    out = capsys.readouterr().out
    assert "optimizer.lr" in out
    assert "optimizer.type" not in out


def test_compare_needs_two_runs(workdirs, monkeypatch, capsys) -> None:
    assert cli(monkeypatch, "compare", workdirs / "latest") == 2
    assert "two runs" in capsys.readouterr().err


def test_compare_names_the_path_that_holds_no_run(workdirs, monkeypatch, capsys) -> None:
    (workdirs / "empty").mkdir()
    assert cli(monkeypatch, "compare", workdirs, workdirs / "empty") == 3
    assert f"no run found in {workdirs / 'empty'}" in capsys.readouterr().err


def test_check_says_which_path_holds_no_run(workdirs, monkeypatch, capsys, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    cli(monkeypatch, "check", workdirs, tmp_path / "empty")
    assert "no run found in" in " ".join(capsys.readouterr().out.split())


def test_compare_takes_standard_input(tmp_path, monkeypatch, capsys) -> None:
    run = write_run(tmp_path, [1.0, 0.9])
    table = "epoch,train_loss,val_f1\n1,1.0,0.4\n2,0.8,0.5\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table.encode())))
    assert cli(monkeypatch, "compare", "-", run) == 0
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"no run")))
    assert cli(monkeypatch, "compare", "-", run, run) == 3
    assert "standard input holds no run" in capsys.readouterr().err


def test_compare_fails_on_a_run_that_is_worse_than_tolerated(tmp_path, monkeypatch) -> None:
    one = write_run(tmp_path / "w", [2.0, 1.0, 0.7, 0.6, 0.5, 0.45, 0.4])
    two = write_run(tmp_path / "w", [2.0, 1.0])
    args = ["compare", one, two, "--fail-on", "worse", "--tolerance", "val_f1=0.01"]
    assert cli(monkeypatch, *args) == 1
    assert cli(monkeypatch, *args[:-1], "val_f1=99.9%", "--by", "time") in (0, 1)
    assert cli(monkeypatch, *args[:-1], "val_f1=1%") == 1
    assert cli(monkeypatch, "compare", one, one, "--fail-on", "worse") != 1


@pytest.mark.parametrize(
    "tolerance", ["val_f1", "val_f1=x", "=0.1", "val_f1=-1", "val_f1=inf", "val_f1=%"]
)
def test_a_wrong_tolerance_is_refused(workdirs, monkeypatch, capsys, tolerance) -> None:
    runs = sorted(workdirs.glob("exp_*"))
    assert cli(monkeypatch, "compare", *runs, "--tolerance", tolerance) == 2
    assert "METRIC=VALUE" in capsys.readouterr().err


def test_every_command_has_help_with_examples(monkeypatch, capsys) -> None:
    for command in ("report", "compare", "check"):
        assert cli(monkeypatch, command, "--help") == 0
        assert "Examples" in capsys.readouterr().out


def test_output_into_a_closed_pipe_is_no_error(workdirs) -> None:
    script = f"{sys.executable} -m analyzer check {workdirs} --format json | head -c 1"
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {script}"], capture_output=True, cwd=ROOT, check=False
    )
    assert b"Traceback" not in done.stderr
