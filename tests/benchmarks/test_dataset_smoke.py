from __future__ import annotations

from benchmarks.dataset import main


def test_the_benchmark_runs_and_prints_its_table(capsys) -> None:
    assert main(["--images", "20", "--repeat", "1"]) == 0
    out = capsys.readouterr().out
    assert "20 images" in out
    assert "goal MiB" in out
