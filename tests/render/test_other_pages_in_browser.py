"""The pages of ``compare`` and ``dataset`` in a real browser, without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import handmade
import numpy as np
import pytest

pytest.importorskip("bokeh")

from analyzer.compare import compare
from analyzer.dataset.examine import examine
from analyzer.dataset.records import Options
from analyzer.dataset.sample import write_sample
from analyzer.diagnosis import diagnose
from analyzer.render.comparison import MOST_SIDES, ComparisonReport
from analyzer.render.comparison_files import write_comparison_html
from analyzer.render.dataset import DatasetReport
from analyzer.render.dataset_files import write_dataset_html
from analyzer.render.report import RunReport
from analyzer.run import Config, Run
from benchmarks.browser import Browser

pytestmark = pytest.mark.usefixtures("no_complaints")

DRAWN = "[...document.querySelectorAll('[data-charts]')].every(e => e.dataset.drawn === 'done')"
TABLES = "[...document.querySelectorAll('main table')]"


@pytest.fixture(scope="module")
def comparison(tmp_path_factory) -> Path:
    """Two repeated sides, and ten more, with long keys, values and names."""
    runs = []
    for i in range(14):
        side = max(i - 2, 0)  # the first three differ in the seed alone
        values = {"optimizer.learning_rate_of_the_backbone": 0.001 * side, "train.seed": i}
        config = Config({**values, "data.train_dir": f"/somewhere/quite/far/away/in/set_{side}"})
        name = f"experiment_with_a_long_name_{i}"
        run = handmade.run(name, *handmade.curves(seed=i), config=config)
        if i == 13:
            f1 = handmade.series("val_f1", [*run.series["val_f1"].y[:-1], np.nan])
            run = replace(run, series={**run.series, "val_f1": f1})
        runs.append(run)
    report = ComparisonReport(compare(runs), handmade.CREATED, "0.1.0")
    return write_comparison_html(report, tmp_path_factory.mktemp("page") / "comparison.html")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_sample(folder / "set", train=6, test=3)
    with (folder / "set/train_gts/2.txt").open("a", encoding="utf-8") as file:
        file.write("10,10,60,10，60,30,10,30,open\n")
    examined = examine(folder / "set", Options(input_size=320, processes=1))
    run = Run("set", Path("my/set"), "dataset", data=examined.data)
    item = RunReport(run, diagnose(run))
    report = DatasetReport(item, examined.numbers, handmade.CREATED, "0.1.0")
    return write_dataset_html(report, folder / "dataset.html")


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("page", ["comparison", "dataset"])
def test_nothing_sticks_out(tab: Browser, page: str, width: int, dark: bool, request) -> None:
    tab.open(request.getfixturevalue(page), width=width, dark=dark)
    assert tab.ask("document.documentElement.scrollWidth") <= width
    ground = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") is dark
    outside = f"{TABLES}.filter(t => t.getBoundingClientRect().width > {width}"
    assert tab.ask(f"{outside} && !t.closest('.scroll')).length") == 0


@pytest.mark.parametrize("width", [400, 1400])
def test_no_word_of_a_table_is_broken(tab: Browser, comparison: Path, width: int) -> None:
    tab.open(comparison, width=width)
    # A word that is as high as two lines has been broken.
    broken = """(() => {
        const found = [];
        for (const cell of document.querySelectorAll('table.wide td, table.wide th')) {
            const walk = document.createTreeWalker(cell, NodeFilter.SHOW_TEXT);
            while (walk.nextNode()) {
                for (const word of walk.currentNode.data.matchAll(/[^\\s/-]+/g)) {
                    const range = document.createRange();
                    range.setStart(walk.currentNode, word.index);
                    range.setEnd(walk.currentNode, word.index + word[0].length);
                    const lines = new Set([...range.getClientRects()].map(r => Math.round(r.top)));
                    if (lines.size > 1) found.push(word[0]);
                }
            }
        }
        return found;
    })()"""
    assert tab.ask(broken) == []
    place = "document.querySelector('table.wide').closest('.scroll')"
    tab.ask(f"{place}.scrollLeft = 300")
    left = f"{place}.querySelector('tbody th').getBoundingClientRect().left"
    assert tab.ask(f"{left} - {place}.getBoundingClientRect().left") == 0, "the keys stay"


def test_the_curves_of_a_comparison_are_drawn_and_hidden(tab: Browser, comparison: Path) -> None:
    tab.open(comparison)
    tab.ask("document.querySelector('[data-charts]').scrollIntoView()")
    tab.until(DRAWN)
    assert tab.ask("document.querySelectorAll('main figure').length") >= 3
    bands = "Bokeh.documents.flatMap(d => [...d.all_models]).filter(m => m.type === 'VArea')"
    assert tab.ask(f"{bands}.length") >= 1, "repetitions stand in a band"
    entry = "[data-charts] ul.legend li:nth-child(1) button"
    assert "mean of 3" in tab.ask(f"document.querySelector('{entry}').textContent")
    tab.click(entry)
    assert tab.ask(f"document.querySelector('{entry}').getAttribute('aria-pressed')") == "false"


def test_of_many_sides_the_clearest_are_told_and_all_are_there(
    tab: Browser, comparison: Path
) -> None:
    tab.open(comparison)
    cards = "[...document.querySelectorAll('.verdict')].filter(e => e.checkVisibility())"
    assert tab.ask(f"{cards}.length") == MOST_SIDES - 1
    assert "L against A: worse" in tab.ask(f"{cards}.map(e => e.textContent).join(' ')")
    summary = tab.ask("document.querySelector('main > details > summary').textContent")
    assert summary.startswith("4 more sides: ")
    tab.click("main > details > summary")
    assert tab.ask(f"{cards}.length") == 11
    assert tab.ask("document.querySelector('table.wide thead tr').cells.length") == 1 + 12
