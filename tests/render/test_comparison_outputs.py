from __future__ import annotations

import io
import json
import math
import re
from dataclasses import replace
from html import unescape
from pathlib import Path

import handmade
import numpy as np
import pytest
from pagetext import page_text
from pydantic import TypeAdapter
from rich.console import Console

from analyzer.compare import Difference, Side, compare
from analyzer.render.comparison import MOST_SIDES, ComparisonReport, print_comparison
from analyzer.render.comparison_cells import difference_row, result_cell, value_text
from analyzer.render.comparison_files import write_comparison_html, write_comparison_markdown
from analyzer.render.comparison_json import comparison_to_json
from analyzer.render.comparisonschema import ComparisonReportJson
from analyzer.run import Config
from analyzer.summary import summarise


def run(name: str, lr: float, seed: int, noise: int, **more):
    config = Config({"optimizer.lr": lr, "train.seed": seed, **more})
    return handmade.run(name, *handmade.curves(seed=noise), config=config)


@pytest.fixture
def usual() -> ComparisonReport:
    runs = [run("a1", 0.01, 1, 1), run("a2", 0.01, 2, 2), run("b", 0.02, 1, 3, pretrained=None)]
    return ComparisonReport(compare([*runs, handmade.exploded().run]), handmade.CREATED, "0.1.0")


@pytest.fixture
def hostile() -> ComparisonReport:
    first = handmade.hostile().runs[0].run
    other = replace(first, config=Config({handmade.HOSTILE + "2": 1}))
    return ComparisonReport(compare([first, other]), handmade.CREATED, "0.1.0", handmade.HOSTILE)


def printed(report: ComparisonReport, width: int = 100) -> str:
    out = io.StringIO()
    print_comparison(report, Console(file=out, width=width))
    return out.getvalue()


@pytest.mark.parametrize("width", [100, 60])
def test_the_terminal_says_the_verdict_first(usual: ComparisonReport, width: int, gold) -> None:
    text = printed(usual, width)
    assert text.startswith("F1: B against A: ")
    assert max(map(len, text.splitlines())) <= width
    gold(f"comparison_{width}.txt", text)


def test_the_json_is_as_published(usual: ComparisonReport, gold) -> None:
    made = comparison_to_json(usual)
    text = json.dumps(made, allow_nan=False, indent=1)
    TypeAdapter(ComparisonReportJson).validate_python(json.loads(text), strict=True)
    made["comparison"]["curves"] = made["comparison"]["curves"][:1]
    gold("comparison.json", json.dumps(made, allow_nan=False, indent=1))
    (pretrained,) = [d for d in made["comparison"]["config"] if d["key"] == "pretrained"]
    assert pretrained["values"] == {"B": None}, "missing is absent, None is null"


def test_the_markdown_with_its_plot(usual: ComparisonReport, tmp_path: Path, gold) -> None:
    pytest.importorskip("matplotlib")
    path = write_comparison_markdown(usual, tmp_path)
    gold("comparison.md", path.read_text(encoding="utf-8"))
    assert (tmp_path / "plots" / "comparison.png").stat().st_size > 10_000


def test_the_page_holds_the_verdict_and_the_curves(usual, tmp_path: Path, gold) -> None:
    pytest.importorskip("bokeh")
    text = write_comparison_html(usual, tmp_path / "c.html").read_text(encoding="utf-8")
    gold("comparison.page.txt", page_text(text))
    assert 'data-charts="comparison"' in text
    assert 'id="chart-data"' in text
    assert "default-src 'none'" in unescape(text)


def test_of_very_many_sides_a_text_shows_the_clearest_and_counts_the_rest(tmp_path) -> None:
    runs = [run(f"r{i}", 0.01 * (i + 1), i, i) for i in range(39)]
    runs.append(replace(handmade.exploded().run, name="last"))
    report = ComparisonReport(compare(runs), handmade.CREATED, "0.1.0")
    text = printed(report)
    assert "F1: S40 against A: worse" in text
    rest = 40 - MOST_SIDES
    assert re.search(rf"^{rest} more sides: .*; --out and --format json have all$", text, re.M)
    assert text.count("against A: ") == 2 * (MOST_SIDES - 1), "a verdict and an explanation each"
    markdown = write_comparison_markdown(report, tmp_path).read_text("utf-8")
    assert max(line.count("|") for line in markdown.splitlines()) == MOST_SIDES + 3
    assert f"{rest} more sides: " in markdown
    assert len(comparison_to_json(report)["comparison"]["judgements"]) % 39 == 0


def test_of_very_many_repetitions_the_first_are_named() -> None:
    same = [run(f"r{i}", 0.01, i, i) for i in range(40)]
    report = ComparisonReport(compare([*same, run("b", 0.02, 1, 1)]), handmade.CREATED, "0.1.0")
    text = printed(report)
    assert "A24 " in text
    assert "A25" not in text
    assert "and 17 more runs" in text


def test_seeds_against_seeds_by_time(gold) -> None:
    def repeated(letter: str, lr: float, shift: float):
        for i in range(5):
            curves = {curve.name: curve for curve in handmade.curves(seed=i + ord(letter))}
            f1 = curves["val_f1"]
            curves["val_f1"] = replace(f1, y=np.round(f1.y + shift, 4))
            surroundings = {"git": {"commit": letter * 40}}
            made = run(f"{letter}{i}", lr, i, 0)
            yield replace(made, series=curves, environment=surroundings)

    runs = [*repeated("a", 0.01, 0.0), *repeated("b", 0.02, -0.02)]
    text = printed(ComparisonReport(compare(runs, by="time"), handmade.CREATED, "0.1.0"), 120)
    assert text.startswith("F1: B against A: worse")
    gold("comparison_seeds_120.txt", text)


def test_repetitions_are_a_mean_in_a_band(usual: ComparisonReport) -> None:
    chart = usual.charts[0]
    assert [(curve.label, curve.faint) for curve in chart.curves] == [
        ("A1", True),
        ("A2", True),
        ("A: mean of 2, lowest to highest", False),
        ("B", False),
        ("C", False),
    ]
    (band,) = chart.bands
    a1, a2, mean = (curve.y for curve in chart.curves[:3])
    assert np.array_equal(band.low, np.minimum(a1, a2))
    assert np.array_equal(band.high, np.maximum(a1, a2))
    assert np.allclose(mean, (a1 + a2) / 2)


def test_points_of_other_runs_are_no_gaps() -> None:
    dense = handmade.run("a", handmade.series("val_f1", [1, 2, 3, 4]))
    sparse = handmade.run("b", handmade.series("val_f1", [1, math.nan, 4], x=[1, 2, 4]))
    chart = ComparisonReport(compare([dense, sparse]), handmade.CREATED, "0.1.0").charts[0]
    curve = chart.curves[1]
    assert curve.x.tolist() == [1, 2, 4]
    assert curve.crosses == ((2.0, 1.0),)


@pytest.mark.parametrize(
    ("seconds", "label", "last"),
    [(1, "time (seconds)", 20), (30, "time (minutes)", 10), (3600, "time (hours)", 20)],
)
def test_times_are_shown_in_a_unit_that_fits(seconds: float, label: str, last: float) -> None:
    times = handmade.series("epoch_time", [seconds] * 20)
    runs = [handmade.run(n, *handmade.curves(seed=i), times) for i, n in enumerate("ab")]
    report = ComparisonReport(compare(runs, by="time"), handmade.CREATED, "0.1.0")
    assert report.charts[0].x_label == label
    assert report.charts[0].curves[0].x[-1] == pytest.approx(last)


def test_strangers_text_is_text(hostile: ComparisonReport, tmp_path: Path) -> None:
    pytest.importorskip("bokeh")
    text = write_comparison_html(hostile, tmp_path / "c.html").read_text(encoding="utf-8")
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)" in text
    markdown = write_comparison_markdown(hostile, tmp_path).read_text(encoding="utf-8")
    assert "`` <script>alert(1)</script>[red]x\\|y`z`" in markdown
    terminal = printed(hostile)
    assert "[red]" in terminal
    assert not set(terminal) & set("\x1b\u202e\ud800")
    json.dumps(comparison_to_json(hostile), allow_nan=False, ensure_ascii=False).encode()


def test_runs_that_share_nothing_are_still_shown(tmp_path: Path) -> None:
    pytest.importorskip("bokeh")
    empty = handmade.run("empty", config=Config({"a": 1}), main_metric=None)
    report = ComparisonReport(compare([empty, empty]), handmade.CREATED, "0.1.0")
    words = "share no metric"
    assert words in printed(report)
    assert words in write_comparison_markdown(report, tmp_path).read_text("utf-8")
    assert words in write_comparison_html(report, tmp_path / "c.html").read_text("utf-8")


def test_repetitions_share_a_column() -> None:
    side = Side("A", tuple(range(5)), tuple(range(5)))
    row = difference_row(Difference("train.seed", (0, 1, 2, 3, 4)), [side])
    assert row == ("train.seed", "0, 1, 2 and 2 more")
    assert difference_row(Difference("lr", (1, 1, 1, 1, 1)), [side])[1] == "1"
    curves = [handmade.series("val_f1", [value, 0.1]) for value in (0.5, 0.6, 0.7, 0.8, 0.9)]
    summaries = [summarise(curve, higher=True) for curve in curves]
    assert result_cell(side, summaries, [0.3] * 5) == "0.7 ± 0.16, 0.1, 0.3"
    assert result_cell(side, [*summaries[:1], *[None] * 4], [None] * 5) == "0.5, 0.1"
    assert result_cell(side, [None] * 5, [None] * 5) == "-"
    by_step = summarise(handmade.series("val_f1", [0.5, 0.4], axis="step"), higher=True)
    assert result_cell(Side("B", (0,), (None,)), [by_step], [None]) == "0.5 @ step 1, 0.4"


def test_of_a_digest_the_first_digits_are_shown() -> None:
    assert value_text("da0405dff7373831fba60d88106c11a709b34f07") == "da0405dff737"
    assert value_text("deadbeef") == "deadbeef"
