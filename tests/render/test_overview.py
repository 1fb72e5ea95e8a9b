"""The chart and the table of all runs, where these are of several kinds."""

from __future__ import annotations

from pathlib import Path

import handmade
import pytest

from analyzer.finding import Diagnosis, Verdict
from analyzer.render.markdown import write_markdown
from analyzer.render.overview import overview
from analyzer.render.report import Report, RunReport
from analyzer.render.wording import best_text

NOTHING = Diagnosis((), (), Verdict("ship it", "it is good"), ())


def judged_by(metric: str, axis: str, *, name: str, higher: bool = True) -> RunReport:
    curve = handmade.series(metric, [0.5, 0.25], axis=axis)
    more = {"main_metric": metric, "higher_is_better": higher}
    return RunReport(handmade.run(name, curve, **more), NOTHING)


@pytest.fixture
def mixed() -> Report:
    return handmade.report(
        judged_by("val_wer", "epoch", name="speech", higher=False),
        judged_by("val_f1", "step", name="by_step"),
        judged_by("val_f1", "epoch", name="one"),
        judged_by("val_f1", "epoch", name="two"),
    )


def test_runs_of_the_most_common_kind_share_the_chart(mixed: Report) -> None:
    drawn = mixed.overview
    assert [entry.name for entry in drawn.entries] == ["one", "two"]
    assert (drawn.title, drawn.axis) == ("F1 of 2 runs of 4", "epoch")
    assert overview(mixed.entries[1:2]).axis == "step"
    assert overview(mixed.entries[2:]).title == "F1 of all runs"
    assert overview(()).entries == ()


def test_the_table_names_metric_and_step_where_they_differ(mixed: Report, tmp_path: Path) -> None:
    assert mixed.mixed
    cells = [best_text(entry.item.metric, named=True) for entry in mixed.entries]
    assert cells[:3] == ["WER 0.25 @ 2", "F1 0.5 @ step 1", "F1 0.5 @ 1"]
    text = write_markdown(mixed, tmp_path).read_text()
    assert "| WER 0.25 @ 2 |" in text
    assert "![F1 of 2 runs of 4]" in text
    assert not handmade.report(*mixed.runs[1:]).mixed
