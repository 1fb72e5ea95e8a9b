from __future__ import annotations

import math
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import handmade
import numpy as np
import pytest

from analyzer.finding import Cause, CauseVerdict, Fix, Severity, Together
from analyzer.render.names import file_name, short_names
from analyzer.render.wording import likeliest, told_fixes
from analyzer.run import Config


def test_the_main_metric_stands_first_and_knows_its_direction() -> None:
    item = handmade.stale()
    assert item.metric is not None
    assert item.metric.name == "val_f1"
    assert item.metric.best == max(item.run.series["val_f1"].y)
    assert item.rows[0].summary.name == "val_f1"
    assert item.row == item.rows[0]


def test_a_run_without_its_main_metric_is_told_by_its_loss() -> None:
    curve = handmade.series("train_loss", [3.0, 1.0, 2.0])
    item = replace(handmade.healthy(), run=handmade.run("r", curve))
    assert item.metric is not None
    assert (item.metric.best, item.metric.best_at, item.metric.last) == (1.0, 2.0, 2.0)


def test_a_run_without_any_curve_has_no_metric_no_rows_and_no_charts() -> None:
    item = replace(handmade.healthy(), run=handmade.run("r", started=None, ended=None))
    assert (item.metric, item.row, item.rows, item.charts) == (None, None, (), ())
    assert item.progress == "0/20 epochs"
    assert item.seconds is None


def test_a_run_that_counts_steps_says_how_many() -> None:
    curve = replace(handmade.series("train_loss", [3.0, 1.0, 2.0]), axis="step")
    steps = replace(handmade.run("r", curve), planned_epochs=None, planned_steps=900)
    item = replace(handmade.healthy(), run=steps)
    assert (item.done, item.progress) == ("3/900 steps", "3/900 steps")


def test_findings_that_others_explain_do_not_count() -> None:
    item = handmade.exploded()
    assert [finding.rule for finding in item.findings] == ["loss-nonfinite"]
    assert [finding.rule for finding in item.explained] == ["metric-zero"]
    assert (item.worst, item.counts, item.flagged) == (Severity.ERROR, "1 error", True)


@pytest.mark.parametrize("zone", [None, UTC])
def test_time_comes_from_the_stamps_when_they_can_be_subtracted(zone: object) -> None:
    start = datetime(2026, 1, 1, 10)
    end = datetime(2026, 1, 1, 11, tzinfo=zone)  # type: ignore[arg-type]
    run = handmade.run("r", handmade.series("epoch_time", [10, 20]), started=start, ended=end)
    assert replace(handmade.healthy(), run=run).seconds == (3600 if zone is None else 30)


def test_config_is_sorted_and_in_the_users_words() -> None:
    config = Config({"b.y": None, "b.x": [1], "a": True}, own_key={"a": "Alpha"})
    item = replace(handmade.healthy(), run=handmade.run("r", config=config))
    assert item.config == (("Alpha", "true"), ("b.x", "[1]"), ("b.y", "null"))


def test_runs_with_one_name_are_told_apart_by_their_paths() -> None:
    paths = ("w/a/exp", "w/b/exp", "w/other")
    runs = [handmade.run(Path(path).name, path=Path(path)) for path in paths]
    assert short_names(runs) == ["a/exp", "b/exp", "other"]


def test_even_runs_read_twice_get_names() -> None:
    run = handmade.run("exp", path=Path("w/exp"))
    assert short_names([run, run]) == ["w/exp", "w/exp"]


def test_plots_are_made_for_all_of_few_and_for_the_first_flagged_of_many() -> None:
    assert all(entry.plotted for entry in handmade.report().entries)
    many = handmade.report(*[handmade.healthy()] * 5, *[handmade.stale()] * 25)
    assert [e.number for e in many.drawn] == list(range(6, 12)), "200 over 30 runs"
    assert [e.number for e in many.detailed] == list(range(6, 26))
    assert [e.number for e in many.listed] == list(range(26, 31))
    assert many.quiet == "5 runs with nothing above info: 5 ship it"
    few = handmade.report()
    assert few.detailed == few.entries
    assert few.listed == ()


def test_the_summary_counts_runs() -> None:
    usual = "3 runs: 1 with errors, 1 with warnings, 1 without."
    assert replace(handmade.report(), together=Together()).summary == usual
    assert handmade.report().summary == f"{usual} Of several runs together: 1 warning."
    pair = handmade.healthy("a"), handmade.healthy("b")
    said = handmade.report(*pair, together=handmade.together("a", "b")).summary
    assert said.startswith("2 runs, and nothing wrong was found in a single one. Of several")
    assert handmade.report(handmade.healthy()).summary == "1 run, and nothing wrong was found."
    assert replace(handmade.report(), runs=()).summary == "No run was found."
    item = handmade.healthy()
    known = replace(item.diagnosis, suppressed=(handmade.suppressed(),))
    said = handmade.report(replace(item, diagnosis=known)).summary
    assert said == "1 run, and nothing wrong was found. Suppressed: 1 finding."


@pytest.mark.parametrize(
    ("name", "safe"), [("a b/../c", "a_b_.._c"), ("识别", "run"), ("x" * 99, "x" * 60)]
)
def test_file_names(name: str, safe: str) -> None:
    assert file_name(name) == safe


def test_small_curves_of_a_page_stay_in_their_box() -> None:
    for values in ([1.0], [2.0, 2.0], [math.nan, 1.0, math.inf], list(range(500))):
        item = replace(handmade.healthy(), run=handmade.run("r", handmade.series("a", values)))
        pairs = [point.split(",") for point in item.rows[0].points.split()]
        assert len(pairs) >= 2
        assert np.all(np.array(pairs, float) >= 0)
        assert np.all(np.array(pairs, float) <= [200, 48])


def test_a_ruled_out_cause_is_never_the_likeliest() -> None:
    out = Cause("out", "o", CauseVerdict.RULED_OUT, "")
    possible = Cause("maybe", "m", CauseVerdict.POSSIBLE, "")
    finding = replace(handmade.stale().findings[0], causes=(out, possible))
    assert likeliest(finding) is possible
    assert likeliest(replace(finding, causes=(out,))) is None


def test_fixes_that_the_patch_of_the_verdict_holds_are_told_once() -> None:
    patch = {"a": (1, 2), "b": (1, 3)}
    held, also, other, advice = (
        Fix({"a": (1, 2)}),
        Fix({"b": (1, 3)}),
        Fix({"a": (1, 5)}),
        Fix(do="x"),
    )
    finding = replace(handmade.stale().findings[0], fixes=(held, other, also, advice))
    assert told_fixes(finding, patch) == [(held, True), (other, False), (advice, False)]
    assert [above for _, above in told_fixes(finding, {})] == [False] * 4
