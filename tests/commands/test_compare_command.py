from __future__ import annotations

from pathlib import Path

import handmade
import pytest

from analyzer.__main__ import run
from analyzer.commands.compare import is_worse
from analyzer.compare import compare

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_commands_of_the_readme_do_what_it_says(tmp_path, monkeypatch, capsys) -> None:
    pytest.importorskip("bokeh")
    pytest.importorskip("matplotlib")
    examples = ROOT / "examples" / "workdirs"
    for name, example in (
        ("exp_a", "healthy"),
        ("exp_b", "flat"),
        ("old", "healthy"),
        ("new", "flat"),
    ):
        (tmp_path / name).symlink_to(examples / example)
    monkeypatch.chdir(tmp_path)
    block = README.split("## Compare runs")[1].split("```sh\n")[1].split("```")[0]
    codes, said = [], []
    for line in block.splitlines():
        monkeypatch.setattr("sys.argv", line.partition("#")[0].split()[2:])
        codes.append(run())
        said.append(capsys.readouterr().out)
    assert codes == [0, 0, 1]
    assert "F1: B against A: cannot tell" in said[0]
    assert "F1: B against A: worse" in said[2]
    assert "optimizer.lr" in said[0]
    assert (tmp_path / "comparison" / "comparison.html").stat().st_size > 100_000
    assert "comparison.png" in (tmp_path / "comparison" / "comparison.md").read_text("utf-8")


def test_a_run_without_a_tolerated_metric_does_not_pass() -> None:
    with_it = handmade.run("a", *handmade.curves())
    without = handmade.run("b", *handmade.curves()[:2])
    limits = {"val_recall": 0.1}
    assert is_worse(compare([with_it, without], tolerance=limits))
    assert not is_worse(compare([without, with_it], tolerance=limits))
    assert not is_worse(compare([with_it, with_it], tolerance=limits))
