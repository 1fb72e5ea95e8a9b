from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import handmade
import numpy as np
import pytest

from analyzer.errors import MissingExtra
from analyzer.render.fonts import BASE, cover
from analyzer.render.overviewplot import _draw_few, plot_overview
from analyzer.render.plots import plot_run

pytest.importorskip("matplotlib")


def pixels(path: Path) -> np.ndarray:
    from matplotlib.image import imread

    return imread(path)


def entry(item, number=0):
    return handmade.report(item).entries[number]


def test_a_plot_is_800_pixels_wide_and_the_same_each_time(tmp_path: Path) -> None:
    plot_run(entry(handmade.exploded()), tmp_path / "a.png")
    plot_run(entry(handmade.exploded()), tmp_path / "b.png")
    assert pixels(tmp_path / "a.png").shape[1] == 800
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png"}


def test_evidence_changes_the_picture(tmp_path: Path) -> None:
    sick = handmade.stale()
    told = replace(sick.diagnosis, findings=())
    plot_run(entry(sick), tmp_path / "with.png")
    plot_run(entry(replace(sick, diagnosis=told)), tmp_path / "without.png")
    differing = np.any(pixels(tmp_path / "with.png") != pixels(tmp_path / "without.png"), axis=2)
    assert differing.sum() > 5000, "a shaded span and its limit"


def test_a_single_point_can_be_seen(tmp_path: Path) -> None:
    def dark(values):
        item = replace(
            handmade.healthy(), run=handmade.run("r", handmade.series("val_f1", values))
        )
        plot_run(entry(item), tmp_path / "x.png")
        colour = np.array([0x3A, 0x7F, 0xC4]) / 255
        return (np.abs(pixels(tmp_path / "x.png")[..., :3] - colour).max(axis=2) < 0.02).sum()

    assert dark([0.5]) > 5
    assert dark([float("nan")]) == 0


@pytest.mark.parametrize("name", ["识别 结果", "🙂 \U0010fffd", "_x", "$a_b$ \\frac", "x" * 300])
def test_any_name_is_drawn_without_a_warning(name: str, tmp_path: Path) -> None:
    item = handmade.healthy()
    curves = {**item.run.series, name: handmade.series(name, [1, 2])}
    run = replace(item.run, name=name, series=curves, main_metric=name)
    report = handmade.report(replace(item, run=run), handmade.stale())
    plot_run(report.entries[0], tmp_path / "run.png")
    plot_overview(report, tmp_path / "all.png")
    assert (tmp_path / "all.png").stat().st_size > 1000


def test_fonts_cover_what_they_can_and_the_rest_is_replaced() -> None:
    assert cover(["plain", "Ünïcode"]) == ([BASE], {})
    families, missing = cover(["\U0010fffd"])
    assert families == [BASE]
    assert missing == {0x10FFFD: "\ufffd"}


def test_without_any_run_or_curve_there_still_is_a_picture(tmp_path: Path) -> None:
    empty = replace(handmade.healthy(), run=handmade.run("r"))
    plot_run(entry(empty), tmp_path / "run.png")
    plot_overview(handmade.report(empty, empty), tmp_path / "all.png")
    assert pixels(tmp_path / "run.png").shape[1] == 800


def test_the_legend_of_all_runs_tells_runs_of_one_colour_apart() -> None:
    from matplotlib.figure import Figure

    axes = Figure().add_subplot()
    runs = [handmade.stale(f"exp_{i}") for i in range(3)]
    _draw_few(axes, handmade.report(*runs, handmade.healthy()).entries, str)
    looks = [(str(line.get_color()), line._unscaled_dash_pattern) for line in axes.lines]
    assert len(set(map(str, looks))) == 4


def test_a_missing_extra_is_named(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"drawing plots needs the extra 'report'"):
        plot_run(entry(handmade.healthy()), tmp_path / "x.png")
    assert not list(tmp_path.iterdir())
