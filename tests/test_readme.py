"""The README tells the truth: its commands, its rules and its picture of the house."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyzer.__main__ import cli, run
from analyzer.readers import READERS

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_rule_is_listed_with_its_family() -> None:
    rows = dict(re.findall(r"^\| (\w+) \| [^|]+ \| ([^|]+) \|$", README, re.MULTILINE))
    files = [*ROOT.glob("rules/*/*.yaml")]
    for folder in {path.parent for path in files}:
        ids = sorted(path.stem for path in files if path.parent == folder)
        assert re.findall(r"`([^`]+)`", rows[folder.name]) == ids
    assert f"{len(files)} rules; " in README


def test_the_sample_is_what_the_command_prints(monkeypatch, capsys) -> None:
    sample = README.split("```text\n$ python -m ")[1].split("```")[0].splitlines()
    command, *expected = sample
    monkeypatch.setattr("sys.argv", command.split())
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.chdir(ROOT)
    run()
    assert [line.rstrip() for line in capsys.readouterr().out.splitlines()] == expected


def test_the_excerpt_is_a_part_of_what_the_report_writes(monkeypatch, tmp_path) -> None:
    pytest.importorskip("matplotlib")
    command, excerpt = re.findall(
        r"<!-- python -m (.*) -->\n````markdown\n(.*?)````", README, re.S
    )[0]
    monkeypatch.setattr("sys.argv", [*command.split(), "--out", str(tmp_path)])
    monkeypatch.chdir(ROOT)
    assert run() == 0
    written = (tmp_path / "report.md").read_text(encoding="utf-8")
    assert excerpt in written
    assert len(excerpt.splitlines()) > 10


def test_the_pictures_are_there_and_small() -> None:
    names = re.findall(r"!\[[^\]]+\]\((?!http)([^)]+)\)", README)
    assert len(names) >= 2
    for name in names:
        picture = ROOT / name
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 250_000


def test_the_rule_of_ones_own_proves_itself_and_finds_something(
    monkeypatch, capsys, tmp_path
) -> None:
    rule = README.split("```yaml\n# my_rules/")[1].split("```")[0]
    path = tmp_path / "my_rules" / rule.partition(":")[0]
    path.parent.mkdir(parents=True)
    path.write_text("# my_rules/" + rule, encoding="utf-8")
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.chdir(tmp_path)
    block = README.split("```yaml\n# my_rules/")[1].split("```sh\n")[1].split("```")[0]
    said = []
    for line in block.splitlines():
        monkeypatch.setattr("sys.argv", line.partition("#")[0].split()[2:])
        assert run() == 0, line
        said.append(capsys.readouterr().out)
    assert said[0] == "1 rule with 4 examples: all proven\n"
    assert "recall-given-away  recall fell from" in said[1]


def test_every_command_is_listed_and_no_other() -> None:
    assert set(re.findall(r"\| `python -m analyzer (\w+)", README)) == set(cli.commands)


def test_every_format_that_is_read_is_listed_and_no_other() -> None:
    table = README.split("## What it reads")[1].split("\n## ")[0]
    cells = [row.split("|")[2] for row in table.splitlines() if row.startswith("| ")][2:]
    assert {name for cell in cells for name in re.findall(r"`(\w+)`", cell)} == {
        reader.FORMAT for reader in READERS
    }


def test_the_diff_of_a_new_reader_is_what_the_reader_is() -> None:
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    added: dict[str, list[str]] = {}
    for line in text.split("```diff")[1].split("```")[0].splitlines():
        if line.startswith("+++ b/"):
            added[line.removeprefix("+++ b/")] = []
        elif line.startswith("+"):
            added[list(added)[-1]].append(line[1:])
    for name, lines in added.items():
        code = (ROOT / name).read_text(encoding="utf-8").splitlines()
        assert [line for line in lines if line not in code] == [], name


def test_every_file_and_room_is_in_the_picture_of_the_house() -> None:
    house = README[README.index("## The house") :]
    for package in ("analyzer", "trainer"):
        for path in (ROOT / package).iterdir():
            if path.is_dir() and (path / "__init__.py").exists():
                assert f"{path.name}/" in house
            elif path.suffix == ".py" and path.name != "__init__.py":
                assert path.name in house


def test_every_file_the_readme_names_exists() -> None:
    for name in re.findall(r"`((?:analyzer|trainer|rules|tests|examples)/[\w./]+)`", README):
        assert (ROOT / name).exists(), name


def test_the_ci_runs_the_readme_test_command() -> None:
    block = README.split("<!-- test command -->")[1].split("<!-- end -->")[0]
    (command,) = [line for line in block.splitlines() if line and not line.startswith("```")]
    assert command.endswith(".venv/bin/python -m pytest")
    assert "<!-- test command -->" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
