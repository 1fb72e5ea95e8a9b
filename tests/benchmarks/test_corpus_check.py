"""The check against real runs reports what differs, and says when it was skipped."""

from __future__ import annotations

import csv
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from analyzer.errors import NoRunFound
from analyzer.run import Axis, Run, Series
from benchmarks import corpus

FACTS = [
    corpus.Fact("a", "", ("keras",), "epoch", (3.0,), 5, ("val_loss",), 0.25, 0.005),
    corpus.Fact("a", "", ("keras",), "step", (30.0, 31.0), 50, ("val_f1", "val_x"), 0.5, 1e-6),
]
NONE = [corpus.Fact("b", "", ("none",), "", (), None, (), math.nan, 0.0)]


def series(name: str, axis: Axis, *points: tuple[float, float]) -> Series:
    x, y = np.array(points, dtype=np.float64).T
    return Series(name, axis, x, y, np.zeros(len(x), dtype=np.int64))


def right_run() -> Run:
    curves = [
        series("val_loss", "epoch", (1, 0.5), (3, 0.2532)),
        series("val_x", "step", (10, 0.1), (31, 0.5)),
    ]
    return Run(
        "a", Path("a"), "keras", {s.name: s for s in curves}, planned_epochs=5, planned_steps=50
    )


def with_series(run: Run, *curves: Series) -> Run:
    return replace(run, series={**run.series, **{s.name: s for s in curves}})


def test_a_right_run_has_no_deviation() -> None:
    assert list(corpus.deviations(FACTS, [right_run()])) == []


def test_the_other_axis_and_the_other_plan_may_be_left_out() -> None:
    run = replace(right_run(), planned_steps=None)
    only_epochs = with_series(run, series("val_x", "epoch", (3, 0.5)))
    assert list(corpus.deviations(FACTS, [only_epochs])) == []


@pytest.mark.parametrize(
    ("run", "problem"),
    [
        (replace(right_run(), format="table"), "read as table, expected keras"),
        (
            with_series(right_run(), series("val_loss", "epoch", (4, 0.25))),
            "last epoch 4, expected 3",
        ),
        (
            with_series(right_run(), series("val_x", "step", (29, 0.5))),
            "last step 29, expected 30 or 31",
        ),
        (replace(right_run(), planned_epochs=4), "planned epochs 4, expected 5"),
        (
            replace(right_run(), planned_epochs=None, planned_steps=None),
            "no planned length, expected 5 epochs or 50 steps",
        ),
        (
            with_series(right_run(), series("val_loss", "epoch", (3, 0.256))),
            "val_loss ends at 0.256, expected 0.25",
        ),
        (
            with_series(right_run(), series("val_loss", "epoch", (3, math.nan))),
            "val_loss ends at nan, expected 0.25",
        ),
        (replace(right_run(), unreadable="it broke"), "unreadable: it broke"),
    ],
)
def test_each_deviation_is_named(run: Run, problem: str) -> None:
    assert list(corpus.deviations(FACTS, [run])) == [problem]


def test_a_run_without_curves_ends_at_nothing() -> None:
    facts = [corpus.Fact("a", "", ("console",), "epoch", (0.0,), None, (), math.nan, 0.0)]
    empty = Run("a", Path("a"), "console")
    assert list(corpus.deviations(facts, [empty])) == []
    assert "last epoch 0, expected 3" in list(corpus.deviations(FACTS, [empty]))
    assert "no series val_f1 or val_x" in list(corpus.deviations(FACTS, [empty]))


def test_infinity_and_nan_are_values() -> None:
    for value in (math.nan, math.inf):
        fact = corpus.Fact("a", "", ("keras",), "epoch", (3.0,), None, ("val_loss",), value, 0.0)
        same = with_series(right_run(), series("val_loss", "epoch", (3, value)))
        assert list(corpus.deviations([fact], [same])) == []
        assert list(corpus.deviations([fact], [right_run()])) != []


def test_runs_that_are_missing_or_one_too_many_are_reported() -> None:
    other = Run("a/b", Path("a/b"), "console")
    assert list(corpus.deviations(FACTS, [])) == ["the run: not found"]
    assert list(corpus.deviations(FACTS, [other, right_run()])) == [
        "a/b: found as console, expected no further run"
    ]


def test_runs_are_matched_by_the_name_of_their_file() -> None:
    fact = corpus.Fact("a", "b.csv", ("table",), "epoch", (3.0,), None, (), math.nan, 0.0)
    file = replace(right_run(), name="x/b.csv", path=Path("x/b.csv"), format="table")
    assert list(corpus.deviations([fact], [file])) == []
    other = replace(file, name="c", path=Path("c"))
    assert "b.csv: not found" in list(corpus.deviations([fact], [other]))


def test_what_is_no_training_may_be_found_but_has_no_curve() -> None:
    assert list(corpus.deviations(NONE, [])) == []
    assert list(corpus.deviations(NONE, [Run("b", Path("b"), "console")])) == []
    assert list(corpus.deviations(NONE, [right_run()])) == [
        "a: read as keras, expected no training run"
    ]


def test_a_deviation_makes_the_check_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table = tmp_path / "table.csv"
    table.write_text(
        "id,reader,run,axis,last,planned,series,last_value,tolerance,why\n"
        "a,keras,,epoch,3,5,val_loss,0.25,0.005,\n"
        "b,none,,,,,,,,evaluation only\n"
        "gone,keras,,epoch,1,,,,,\n"
    )
    for name in ("a", "b"):
        (tmp_path / "runs" / name).mkdir(parents=True)
    monkeypatch.setattr(
        corpus, "runs_in", lambda folder: [right_run()] if folder.name == "a" else []
    )
    assert not corpus.check(tmp_path, table)
    printed = capsys.readouterr().out.splitlines()
    assert printed[0] == "gone: no such folder"
    assert [line.split()[:4] for line in printed[1:3]] == [
        ["keras", "1", "/", "2"],
        ["none", "1", "/", "1"],
    ]
    (tmp_path / "runs" / "gone").mkdir()
    monkeypatch.setattr(corpus, "runs_in", lambda _: [])
    assert not corpus.check(tmp_path, table)


def test_a_folder_without_runs_holds_none(tmp_path: Path) -> None:
    with pytest.raises(NoRunFound):
        corpus.read(tmp_path)
    assert corpus.runs_in(tmp_path) == []


def test_without_a_corpus_the_check_is_skipped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TRAINLINT_CORPUS", raising=False)
    result = CliRunner().invoke(corpus.main, [])
    assert result.exit_code == 0
    assert result.output.startswith("skipped: ")
    assert len(result.output.splitlines()) == 1


def test_the_corpus_may_be_named_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRAINLINT_CORPUS", str(tmp_path))
    result = CliRunner().invoke(corpus.main, [])
    assert result.exit_code == 1
    assert "no such folder" in result.output


def test_the_table_is_well_formed() -> None:
    facts = corpus.load()
    with corpus.EXPECTED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(facts) == 127
    assert len(rows) == sum(map(len, facts.values()))
    for fact in (fact for group in facts.values() for fact in group):
        assert fact.reader
        assert fact.axis in ("", "epoch", "step")
        assert fact.tolerance > 0 or not fact.series or not math.isfinite(fact.value)
        assert {f.reader for f in facts[fact.id]} == {fact.reader}
