"""What a person at a terminal takes for granted of any command line."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from handmade import run as made_run

import analyzer
from analyzer.__main__ import cli
from analyzer.commands.progress import with_progress
from analyzer.dataset.sample import write_sample
from analyzer.names import meant
from analyzer.render.names import short_names
from analyzer.render.palette import run_colours

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples" / "workdirs"
NAN = EXAMPLES / "nan"
COLOUR = re.compile(r"\x1b\[[\d;]*3\d[;m]")
ENTRY = "import sys; from analyzer.__main__ import main; sys.argv[0] = {name!r}; main()"


def command(*args: object, name: str = "analyzer") -> list[str]:
    return [sys.executable, "-c", ENTRY.format(name=name), *map(str, args)]


def env(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS", "FORCE_COLOR")}
    return kept | {"PYTHONPATH": str(ROOT), "TERM": "xterm"} | more


def said(*args: object, **options: object) -> subprocess.CompletedProcess[str]:
    options = {"env": env(), "cwd": ROOT} | options
    return subprocess.run(command(*args), capture_output=True, text=True, check=False, **options)


def on_a_terminal(*args: object, **more: str) -> str:
    """What the command prints on a pseudo-terminal of 80 columns."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        command(*args), stdin=its, stdout=its, stderr=its, env=env(**more), cwd=ROOT
    )
    os.close(its)
    got = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # Linux says so when the other end is closed
            break
        if not piece:
            break
        got += piece
    os.close(ours)
    process.wait()
    return got.decode()


def test_a_terminal_gets_colours_and_no_color_takes_them_away() -> None:
    assert COLOUR.search(on_a_terminal("check", NAN))
    assert not COLOUR.search(on_a_terminal("check", NAN, NO_COLOR="1"))
    assert "\x1b" not in on_a_terminal("check", NAN, TERM="dumb")


def test_a_pipe_gets_no_colours() -> None:
    done = said("check", NAN)
    assert "\x1b" not in done.stdout + done.stderr


@pytest.mark.parametrize("width", [40, 60, 120])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    lines = said("check", EXAMPLES, env=env(COLUMNS=str(width))).stdout.splitlines()
    assert max(map(len, lines)) <= width
    assert any(len(line) > 0.7 * width for line in lines)


@pytest.mark.parametrize(
    "args",
    [("export", EXAMPLES), ("check", EXAMPLES), ("check", EXAMPLES, "--format", "json")],
)
def test_when_nobody_reads_on_it_ends_quietly_and_not_as_if_it_had_judged(args) -> None:
    process = subprocess.Popen(
        command(*args), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env(), cwd=ROOT
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    trouble = process.stderr.read()
    process.stderr.close()
    assert process.wait() == 141
    assert trouble == b""


@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="there is no /dev/full")
@pytest.mark.parametrize("args", [("check", NAN), ("check", NAN, "--format", "json")])
def test_a_full_disk_is_a_sentence_and_no_finding(args) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            command(*args), stdout=full, stderr=subprocess.PIPE, text=True, env=env(), check=False
        )
    assert done.returncode == 2
    assert done.stderr.startswith("error: the output cannot be written: ")
    assert "Traceback" not in done.stderr


def test_stdout_by_name_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with out.open("w") as file:
        subprocess.run(
            command("check", NAN, "-q", "--output", "github=/dev/stdout"),
            stdout=file, stderr=subprocess.PIPE, env=env(), check=False,
        )  # fmt: skip
    assert Path("/dev/stdout").is_symlink(), "it was not replaced"
    said_by_both = out.read_text()
    assert "::error file=" in said_by_both
    assert "1 run: 1 with errors" in said_by_both, "what was printed before is still there"


def test_quiet_says_what_it_comes_to_and_nothing_else(tmp_path: Path) -> None:
    done = said("report", EXAMPLES, "-q", "--format", "json", "--out", tmp_path / "out")
    assert done.stderr == ""
    assert re.fullmatch(r"7 runs: .*\n", done.stdout)
    assert (tmp_path / "out/report.json").exists()
    loud, quiet = said("check", NAN), said("check", NAN, "--quiet")
    assert loud.stdout.splitlines()[-1:] == quiet.stdout.splitlines() == ["1 run: 1 with errors."]
    assert loud.returncode == quiet.returncode == 1


def test_quiet_holds_for_what_was_written(tmp_path: Path) -> None:
    files = "--output", f"json={tmp_path / 'a.json'}", "--write-baseline", str(tmp_path / "b.json")
    loud, quiet = said("check", NAN, *files), said("check", NAN, *files, "--quiet")
    assert loud.stderr.count("wrote ") == 2
    assert quiet.stderr == ""
    assert (tmp_path / "a.json").is_file()
    assert (tmp_path / "b.json").is_file()


def test_quiet_leaves_data_as_they_are_and_still_says_trouble(tmp_path: Path) -> None:
    json = ("check", NAN, "--format", "json")
    cut = re.compile(r'"created": "[^"]*"')
    assert cut.sub("", said(*json, "-q").stdout) == cut.sub("", said(*json).stdout)
    done = said("check", tmp_path, "-q")
    assert done.returncode == 3
    assert "no run found" in done.stderr


def test_quiet_compare_gives_the_verdict() -> None:
    done = said("compare", NAN, EXAMPLES / "healthy", "-q")
    assert re.fullmatch(r"F1: B against A: .*\n", done.stdout)


def test_quiet_dataset_gives_the_counts(tmp_path: Path) -> None:
    write_sample(tmp_path / "set", train=2, test=2)
    done = said("dataset", tmp_path / "set", "-q", "--out", tmp_path / "out")
    assert re.fullmatch(r"set: .* found\.\n", done.stdout)
    assert done.stderr == ""


def completions(words: str) -> list[str]:
    more = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    return said(env=env(_TRAINLINT_COMPLETE="bash_complete", **more)).stdout.splitlines()


def test_the_shell_completes_commands_options_values_rules_and_files() -> None:
    assert {f"plain,{name}" for name in cli.commands} <= set(completions("trainlint "))
    assert completions("trainlint check --fail") == ["plain,--fail-on"]
    assert "plain,warning" in completions("trainlint check --fail-on ")
    assert completions("trainlint rules explain overf") == ["plain,overfitting"]
    assert completions("trainlint report work")[0].startswith("file,")


@pytest.mark.parametrize(
    ("shell", "line", "script", "shown"),
    [
        (
            "bash",
            'eval "$(_TRAINLINT_COMPLETE=bash_source trainlint)"',
            "COMP_WORDS=(trainlint exp) COMP_CWORD=1; _trainlint_completion trainlint; "
            'echo "${COMPREPLY[@]}"; complete -p trainlint',
            "export\ncomplete ",
        ),
        (
            "zsh",
            "autoload -Uz compinit && compinit",
            '-u -D; eval "$(_TRAINLINT_COMPLETE=zsh_source trainlint)"; '
            "print ${_comps[trainlint]}",
            "_trainlint_completion\n",
        ),
        (
            "fish",
            "_TRAINLINT_COMPLETE=fish_source trainlint | source",
            '; complete -C "trainlint exp"',
            "export\t",
        ),
    ],
    ids=["bash", "zsh", "fish"],
)
def test_the_lines_of_the_readme_teach_shells(tmp_path: Path, shell, line, script, shown) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    program = tmp_path / "trainlint"
    program.write_text(f"#!{sys.executable}\n{ENTRY.format(name='trainlint')}\n")
    program.chmod(0o755)
    assert line in (ROOT / "README.md").read_text(encoding="utf-8")
    paths = env(PATH=f"{tmp_path}:{os.environ['PATH']}", HOME=str(tmp_path))
    joint = "; " if shell == "bash" else " "
    done = subprocess.run(
        [shell, "-c", line + joint + script], capture_output=True, text=True, check=True, env=paths
    )
    assert done.stdout.startswith(shown)


def test_usage_speaks_of_the_command_that_was_typed() -> None:
    for name, shown in (("/usr/bin/trainlint", "trainlint"), ("analyzer", "python -m analyzer")):
        done = subprocess.run(
            command("check", "--help", name=name), capture_output=True, text=True, check=True,
            env=env(), cwd=ROOT,
        )  # fmt: skip
        assert done.stdout.startswith(f"Usage: {shown} check ")


def names(*paths: object, cwd: Path | None = None) -> list[str]:
    here = Path.cwd()
    os.chdir(cwd or here)
    try:
        return [run.name for run in analyzer.read(*map(str, paths))]
    finally:
        os.chdir(here)


def test_patterns_that_no_shell_expanded() -> None:
    assert len(names(EXAMPLES / "nan" / "exp_*")) == 1
    assert len(names("examples/*/[hn]a*", cwd=ROOT)) == 1
    assert names(EXAMPLES / "**" / "metrics.json") == names(EXAMPLES / "*" / "exp_*")
    done = said("check", "examples/workdirs/*ax*")
    assert done.returncode == 2
    assert done.stderr.startswith("error: examples/workdirs/*ax* matches nothing; ")


def test_a_misspelt_path_is_told_its_neighbour() -> None:
    done = said("check", "examples/workdirs/helthy")
    assert done.returncode == 2
    assert "does not exist; did you mean examples/workdirs/healthy, or" in done.stderr
    assert "check the spelling" in said("check", "examples/workdirs/zzz").stderr


def test_a_folder_whose_name_looks_like_a_pattern(tmp_path: Path) -> None:
    shutil.copytree(EXAMPLES / "nan", tmp_path / "lr[0.1]", symlinks=True)
    assert len(names(tmp_path / "lr[0.1]")) == 1


def test_names_steer_no_terminal_from_stderr(tmp_path: Path) -> None:
    bad = tmp_path / "a\x1b[31m\u202eb"
    bad.mkdir()
    assert f"no run found in {tmp_path}/a[31mb" in said("check", bad).stderr
    (bad / "metrics.json").write_text("not json")
    done = said("export", tmp_path, "--out", bad / "x.csv")
    assert "left out" in done.stderr
    assert "wrote" in done.stderr
    assert not set(done.stderr) & set("\x1b\u202e")


def test_the_home_folder(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    shutil.copytree(EXAMPLES / "nan", tmp_path / "runs", symlinks=True)
    assert len(names("~/runs")) == 1
    assert len(names("~/r*")) == 1


def test_latest_of_any_layout(tmp_path: Path) -> None:
    for name, written in (("train", 1e9), ("train2", 2e9), ("train3", 1.5e9)):
        (tmp_path / name).mkdir()
        table = tmp_path / name / "results.csv"
        table.write_text("epoch,train_loss,val_f1\n1,1.0,0.4\n2,0.8,0.5\n")
        os.utime(table, (written, written))
    (newest,) = analyzer.read(tmp_path / "latest")
    assert newest.path.parent.name == "train2"


def test_latest_is_found_at_any_depth(tmp_path: Path) -> None:
    for name, written in (("a/x", 1e9), ("b/deep/y", 2e9), ("c/z", 1.5e9)):
        (tmp_path / name).mkdir(parents=True)
        table = tmp_path / name / "results.csv"
        table.write_text("epoch,train_loss,val_f1\n1,1.0,0.4\n2,0.8,0.5\n")
        os.utime(table, (written, written))
    (newest,) = analyzer.read(tmp_path / "latest")
    assert newest.path.parent.name == "y"


@pytest.mark.parametrize(
    ("said_name", "known"),
    [("F1", "val_f1"), ("f1", "val_f1"), ("val_f", "val_f1"), ("box", "train_loss.box")],
)
def test_a_series_is_found_by_what_people_call_it(said_name: str, known: str) -> None:
    logged = ["val_f1@step", "val_f1", "val_loss", "train_loss.box", "val_loss.box"]
    assert meant(said_name, logged) == known
    assert meant("zzz", logged) is None


def test_a_requirement_and_a_tolerance_are_told_the_name_that_was_meant() -> None:
    done = said("check", EXAMPLES / "healthy", "--require", "F1>=0.5", "--format", "json")
    assert "the run logs no F1; did you mean 'val_f1'?" in done.stdout
    done = said("compare", EXAMPLES / "healthy", NAN, "--tolerance", "f1=0.01")
    assert "did you mean 'val_f1'?" in done.stderr


def test_one_run_named_twice_is_no_comparison() -> None:
    done = said("compare", EXAMPLES / "healthy", EXAMPLES / "healthy/latest")
    assert done.returncode == 2
    assert "all paths lead to one run, " in done.stderr


def test_runs_stand_in_the_order_of_the_paths_and_then_of_their_names() -> None:
    every = names(EXAMPLES)
    assert every == sorted(every)
    assert names(EXAMPLES / "nan", EXAMPLES / "flat") == [
        *names(EXAMPLES / "nan"),
        *names(EXAMPLES / "flat"),
    ]


def test_names_are_short_and_tell_runs_apart() -> None:
    paths = [Path("a/old/exp_1"), Path("a/new/exp_1"), Path("a/new/exp_2")]
    runs = [made_run(path.name, path=path) for path in paths]
    assert short_names(runs) == [str(Path("old/exp_1")), str(Path("new/exp_1")), "exp_2"]


def test_a_run_keeps_its_colour_when_others_come_and_go() -> None:
    few, more = ["exp_a", "exp_b"], ["exp_a", "exp_b", "exp_c", "exp_d"]
    assert run_colours(more)[:2] == run_colours(few)
    assert run_colours(["exp_b"]) == run_colours(few)[1:]
    assert len(set(run_colours([f"exp_{i}" for i in range(6)]))) == 6
    assert len(run_colours([f"exp_{i}" for i in range(50)])) == 50


def test_times_have_their_zone(tmp_path: Path) -> None:
    report = ("report", NAN, "--format", "html", "--out", tmp_path)
    assert said(*report, env=env(TZ="Asia/Kathmandu")).returncode == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert re.search(r"20\d\d-\d\d-\d\d \d\d:\d\d\+05:45", page)


def test_work_under_a_second_shows_no_bar_and_more_shows_the_time_left(monkeypatch) -> None:
    assert "\x1b[2K" not in on_a_terminal("check", NAN)
    slow = (
        "import time; from analyzer.commands.progress import with_progress, busy\n"
        "for _ in with_progress((time.sleep(0.4) for _ in range(5)), 5, 'Reading runs'): pass\n"
        "with busy('Looking for runs'): time.sleep(1.3)"
    )
    monkeypatch.setattr(sys.modules[__name__], "ENTRY", slow.replace("{", "{{"))
    shown = on_a_terminal()
    assert "Reading runs" in shown
    assert re.search(r"\d/5.*0:00:0\d.*left", shown)
    assert "Looking for runs" in shown
    assert len(shown) < 20_000


def test_no_bar_where_stderr_is_no_terminal(capsys) -> None:
    assert list(with_progress(slowly(3), 3, "Reading")) == [0, 1, 2]
    assert capsys.readouterr().err == ""


def slowly(count: int):
    for i in range(count):
        time.sleep(0.4)
        yield i


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([], "no file in them"),
        (
            ["a.jpg", "b.jpg", "c/notes.txt", "Makefile"],
            "found instead: 2 .jpg, 1 without a suffix, 1 .txt",
        ),
        (["best.pth", "w/last.pt"], "weights say nothing about their training"),
        (["set one/train_list.txt"], "python -m analyzer dataset '{}/set one'"),
        ([f"x.k{i}" for i in range(9)], "4 others"),
    ],
)
def test_where_no_run_is_it_says_what_there_is_instead(tmp_path: Path, files, says) -> None:
    for name in files:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    done = said("check", tmp_path)
    assert done.returncode == 3
    (sentence,) = done.stderr.splitlines()
    assert f"no run found in {tmp_path}" in sentence
    assert "metrics.json, results.csv" in sentence
    assert says.format(tmp_path) in sentence
