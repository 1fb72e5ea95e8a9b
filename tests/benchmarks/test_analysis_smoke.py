from __future__ import annotations

from benchmarks.analysis import main


def test_the_benchmark_runs_and_prints_its_table(capsys) -> None:
    assert main(["--runs", "5", "--epochs", "10", "--log-mb", "0.1", "--repeat", "1"]) == 0
    out = capsys.readouterr().out
    for what in ("check --format json, cold", "report, cached", "step lines", "goal MiB"):
        assert what in out
