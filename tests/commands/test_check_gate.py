"""``check`` and ``dataset`` as a CI uses them: what decides, what is written, what is known."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from sarif_schema import faults

from analyzer.__main__ import run as run_cli
from analyzer.dataset.sample import write_sample

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "workdirs"
NAN, HEALTHY, FLAT = (EXAMPLES / name for name in ("nan", "healthy", "flat"))


@pytest.fixture
def cli(monkeypatch, capsys, tmp_path):
    """``cli(*args)`` runs a command in a folder of its own: (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)

    def call(*args: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["analyzer", *map(str, args)])
        code = run_cli()
        return code, *capsys.readouterr()

    return call


@pytest.mark.parametrize(
    ("require", "code"),
    [(["val_f1>=0.6"], 0), (["val_f1>=0.7"], 1), (["val_f1>=0.6", "psnr>=1"], 1)],
)
def test_a_requirement_decides_even_where_no_finding_may(cli, require, code) -> None:
    options = [word for one in require for word in ("--require", one)]
    got, out, _ = cli("check", HEALTHY, "--fail-on", "never", *options)
    assert got == code
    assert ("requirement-unmet" in out) == bool(code)


def test_every_run_has_to_meet_it(cli) -> None:
    assert cli("check", HEALTHY, FLAT, "--fail-on", "never", "--require", "val_f1>=0.6")[0] == 1


@pytest.mark.parametrize(
    "options",
    [
        ("--require", "val_f1"),
        ("--select", "loss-falt"),
        ("--baseline", "none.json"),
        ("--per-run",),
        ("--select", "data"),
        ("--ignore", "*"),
        ("--output", "sarif"),
        ("--output", "pdf=a.pdf"),
        ("--output", "json=a", "--output", "sarif=a"),
    ],
)
def test_what_cannot_be_asked_for_ends_with_2_before_anything_is_read(cli, options) -> None:
    code, out, err = cli("check", "nowhere", *options)
    assert (code, out) == (2, "")
    assert "nowhere" not in err
    assert "Traceback" not in err


def test_select_and_ignore_decide_what_counts(cli) -> None:
    assert cli("check", NAN)[0] == 1
    assert cli("check", NAN, "--select", "lr-*")[0] == 0
    assert (
        cli("check", NAN, "--ignore", "loss", "--ignore", "metric", "--ignore", "runtime")[0] == 0
    )
    code, out, _ = cli("check", NAN, "--ignore", "loss-nonfinite", "--fail-on", "warning")
    assert code == 1, "what followed from it stands for itself now"
    assert "loss-nonfinite" not in out


def test_a_baseline_lets_pass_what_is_known_and_nothing_else(cli, tmp_path) -> None:
    code, _, err = cli("check", NAN, "--write-baseline", "known.json", "--fail-on", "info")
    assert code == 0
    assert "wrote known.json, known findings: " in err
    code, out, err = cli("check", NAN, "--baseline", "known.json", "--fail-on", "info")
    assert code == 0
    assert "suppressed: loss-nonfinite (known, in known.json)" in out
    assert "stale" not in err
    assert cli("check", FLAT, "--baseline", "known.json")[0] == 1


def test_a_baseline_outlives_the_names_of_runs_unless_it_is_per_run(cli, tmp_path) -> None:
    for per_run, code in ((), 0), (("--per-run",), 1):
        cli("check", NAN, "--write-baseline", "known.json", *per_run)
        other = tmp_path / f"later{len(per_run)}"
        shutil.copytree(next(NAN.glob("exp_*")), other)
        assert cli("check", other, "--baseline", "known.json")[0] == code, per_run


def test_what_is_in_a_baseline_for_nothing_is_said(cli) -> None:
    cli("check", NAN, "--write-baseline", "known.json")
    code, _, err = cli("check", HEALTHY, "--baseline", "known.json")
    assert code == 0
    assert "note: known.json: stale: loss-nonfinite (train_loss) was not found" in err
    assert "stale" not in cli("check", HEALTHY, "--baseline", "known.json", "--select", "lr-*")[2]
    told = json.loads(cli("check", HEALTHY, "--baseline", "known.json", "--format", "json")[1])
    assert told["baseline"]["file"] == "known.json"
    assert "loss-nonfinite" in [one["rule"] for one in told["baseline"]["stale"]]
    text = cli("check", HEALTHY, "--baseline", "known.json", "--format", "markdown")[1]
    assert "- `loss-nonfinite` train_loss" in text
    assert json.loads(cli("check", HEALTHY, "--format", "json")[1])["baseline"] is None


def test_what_is_required_is_in_no_baseline(cli) -> None:
    written = ("--write-baseline", "known.json")
    assert cli("check", HEALTHY, "--require", "val_f1>=0.9", *written)[0] == 1
    assert "requirement" not in Path("known.json").read_text()


def test_a_damaged_baseline_lets_nothing_pass(cli) -> None:
    Path("known.json").write_text("{")
    code, _, err = cli("check", HEALTHY, "--baseline", "known.json")
    assert code == 2
    assert err.startswith("error: known.json: not JSON")


ALL = ("terminal", "json", "markdown", "sarif", "junit", "github", "gitlab")


@pytest.mark.parametrize("command", ["check", "dataset"])
def test_every_format_is_written_at_once_and_is_what_stdout_gets(cli, command, tmp_path) -> None:
    subject = NAN
    if command == "dataset":
        subject = tmp_path / "set"
        write_sample(subject, train=6, test=50)
        (subject / "train_gts/3.txt").write_text("10,10,60,30,open\n")
    options = [word for name in ALL for word in ("--output", f"{name}=out/{name}")]
    code, _, err = cli(command, subject, *options)
    assert code == 1
    assert err.count("wrote out/") == len(ALL)
    for name in ("sarif", "junit", "github", "gitlab"):
        assert cli(command, subject, "--format", name)[1] == Path("out", name).read_text("utf-8")
    for name in ("json", "sarif", "gitlab"):
        json.loads(Path("out", name).read_text("utf-8"))
    assert faults(Path("out/sarif").read_text("utf-8")) == []
    assert "\x1b" not in Path("out/terminal").read_text("utf-8")


def test_a_data_set_has_a_baseline_too(cli, tmp_path) -> None:
    write_sample(tmp_path / "set", train=6, test=50)
    (tmp_path / "set/train_gts/3.txt").write_text("10,10,60,30,open\n")
    assert cli("dataset", "set", "--write-baseline", "known.json")[0] == 0
    code, out, _ = cli("dataset", "set", "--baseline", "known.json")
    assert code == 0
    assert "data-label-line (known, in known.json)" in out
    told = json.loads(cli("dataset", "set", "--baseline", "known.json", "--format", "json")[1])
    assert told["baseline"]["entries"] == len(told["datasets"][0]["suppressed"]) > 0
    (tmp_path / "set/train_list.txt").write_bytes(b"nothing\n")
    assert cli("dataset", "set", "--baseline", "known.json")[0] == 1


def test_a_file_that_cannot_be_written_is_a_sentence(cli, tmp_path) -> None:
    (tmp_path / "file").write_text("")
    code, _, err = cli("check", HEALTHY, "--output", "sarif=file/a.sarif")
    assert code == 2
    assert "error: cannot create the output folder file" in err


def test_a_runner_of_github_obeys_no_line_of_a_log(cli, monkeypatch) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    first, *_, last = cli("check", NAN)[1].splitlines()
    assert first.startswith("::stop-commands::")
    assert last == f"::{first.removeprefix('::stop-commands::')}::"
    assert len(last) > 20
    _, out, err = cli("check", NAN, "--format", "json")
    json.loads(out)
    assert err.startswith("::stop-commands::")
    for args in (("compare", NAN, HEALTHY), ("report", NAN, "--format", "json")):
        first, *_, last = cli(*args)[1].splitlines()
        assert last == f"::{first.removeprefix('::stop-commands::')}::"
    assert cli("export", NAN)[2].startswith("::stop-commands::")
    out = cli("check", NAN, "--format", "github")[1]
    assert out.startswith("::error file=")
    assert "stop-commands" not in out
