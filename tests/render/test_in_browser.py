"""What a person does on the page, in a real browser without a network."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import handmade
import pytest

pytest.importorskip("bokeh")

from analyzer.finding import CurveEvidence
from analyzer.render.html import write_html
from analyzer.render.report import RunReport
from analyzer.run import Checkpoint, LogEvent
from benchmarks.browser import Browser

pytestmark = pytest.mark.usefixtures("no_complaints")

ROWS = "[...document.querySelectorAll('table.runs tbody tr:not([hidden])')]"
NAMES = f"{ROWS}.map(row => row.cells[0].textContent)"


@pytest.fixture(scope="module")
def usual(tmp_path_factory) -> Path:
    return write_html(handmade.report(), tmp_path_factory.mktemp("page") / "report.html")


@pytest.fixture(scope="module")
def many(tmp_path_factory) -> Path:
    runs = [*[handmade.healthy(f"exp_{i}") for i in range(30)], handmade.exploded("sick")]
    return write_html(handmade.report(*runs), tmp_path_factory.mktemp("many") / "report.html")


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("dark", [False, True])
def test_nothing_sticks_out(tab: Browser, usual: Path, width: int, dark: bool) -> None:
    tab.open(usual, width=width, dark=dark)
    tab.until("document.querySelector('[data-charts]').dataset.drawn === 'done'")
    assert tab.ask("document.documentElement.scrollWidth") <= width
    ground = tab.ask("getComputedStyle(document.body).backgroundColor")
    assert (ground == "rgb(20, 23, 27)") is dark


@pytest.mark.parametrize("name", ["hostile", "empty", "healthy"])
def test_odd_reports_open_without_a_complaint(tab: Browser, tmp_path: Path, name: str) -> None:
    empty = replace(handmade.report(), runs=())
    healthy = handmade.report(handmade.healthy("a"), handmade.healthy("b"))
    report = {"hostile": handmade.hostile(), "empty": empty, "healthy": healthy}[name]
    tab.open(write_html(report, tmp_path / "r.html"), width=400)
    assert tab.ask("document.documentElement.scrollWidth") <= 400
    for i in range(1, len(report.runs) + 1):
        place = f"document.querySelector('#run-{i} [data-charts]')"
        tab.ask(f"{place}?.scrollIntoView()")
        tab.until(f"({place}?.dataset.drawn ?? 'done') === 'done'")


def test_a_click_on_a_head_sorts_and_another_turns_round(tab: Browser, many: Path) -> None:
    tab.open(many)
    given = tab.ask(NAMES)
    assert given[:3] == ["exp_0", "exp_1", "exp_2"]
    tab.click("table.runs th:nth-child(8) button")
    assert tab.ask(NAMES)[0] == "sick", "the worst comes first"
    assert tab.ask("document.querySelector('[aria-sort]').cellIndex") == 7
    tab.click("table.runs th:nth-child(1) button")
    assert tab.ask(NAMES) == given, "exp_10 comes after exp_9"
    tab.click("table.runs th:nth-child(1) button")
    assert tab.ask(NAMES) == given[::-1]


def test_runs_are_searched_and_filtered(tab: Browser, many: Path) -> None:
    tab.open(many)
    tab.type("#search", "LOSS-nonfinite")
    assert tab.ask(NAMES) == ["sick"], "a rule that fired is found"
    assert tab.ask("document.getElementById('shown').textContent") == "1 of 31 runs"
    tab.ask("(s => {s.value = ''; s.dispatchEvent(new Event('input'))})(search)")
    choose = "(s => {s.value = '%s'; s.dispatchEvent(new Event('input'))})(%s)"
    tab.ask(choose % ("none", "severity"))
    assert "sick" not in tab.ask(NAMES)
    tab.ask(choose % ("restart with this patch", "verdict"))
    assert tab.ask(NAMES) == [], "both filters hold"


def test_on_a_narrow_screen_a_list_sorts(tab: Browser, many: Path) -> None:
    tab.open(many, width=400)
    assert tab.ask("order.getBoundingClientRect().width") > 50
    tab.ask("order.value = '7 down'; order.dispatchEvent(new Event('input'))")
    assert tab.ask(NAMES)[0] == "sick"


def test_of_very_many_runs_the_first_hundred_are_listed(tab: Browser, tmp_path: Path) -> None:
    runs = [handmade.healthy(f"exp_{i}") for i in range(120)]
    tab.open(write_html(handmade.report(*runs, handmade.exploded("sick")), tmp_path / "r.html"))
    assert tab.ask(f"{ROWS}.length") == 100
    assert "sick" not in tab.ask(NAMES)
    tab.click("table.runs th:nth-child(8) button")
    assert tab.ask(NAMES)[0] == "sick", "all are sorted, not those that are shown"
    tab.type("#search", "exp_11")
    assert len(tab.ask(NAMES)) == 11, "all are searched"
    tab.ask("(s => {s.value = ''; s.dispatchEvent(new Event('input'))})(search)")
    assert tab.ask("more.textContent") == "Show all 121 (100 are shown)"
    tab.click("#more")
    assert tab.ask(f"{ROWS}.length") == 121
    assert tab.ask("more.hidden")


def test_a_click_on_a_run_opens_it_and_draws_its_charts(tab: Browser, many: Path) -> None:
    tab.open(many)
    tab.until("document.querySelector('[data-charts]').dataset.drawn === 'done'")
    assert tab.ask("document.querySelectorAll('details.run[open]').length") == 0
    tab.click("table.runs tbody tr:nth-child(31) a")
    tab.until("document.querySelector('#run-31 [data-charts]').dataset.drawn === 'done'")
    assert tab.ask("document.getElementById('run-31').open")
    assert tab.ask("document.querySelectorAll('#run-31 figure').length") >= 3


def test_the_first_chart_is_there_before_the_others_are_made(tab: Browser, many: Path) -> None:
    tab.open(many)
    tab.until("document.querySelector('[data-charts]').dataset.drawn === 'done'")
    tab.ask("window.later = [], window.requestIdleCallback = (task) => later.push(task)")
    tab.click("table.runs tbody tr:nth-child(31) a")
    tab.until("later.length === 1")
    assert (
        tab.ask("[...document.querySelectorAll('#run-31 .chart')].filter(c => c.view).length") == 1
    )
    tab.ask("window.requestIdleCallback = (task) => setTimeout(task), later[0]()")
    tab.until("document.querySelector('#run-31 [data-charts]').dataset.drawn === 'done'")


def test_charts_of_a_run_zoom_together_and_a_button_takes_it_back(
    tab: Browser, many: Path
) -> None:
    tab.open(many)
    tab.click("table.runs tbody tr:nth-child(31) a")
    tab.until("document.querySelector('#run-31 [data-charts]').dataset.drawn === 'done'")
    views = "[...document.querySelectorAll('#run-31 .chart')].map(c => c.view)"
    ranges = f"{views}.map(v => [v.model.x_range.start, v.model.x_range.end])"
    before = tab.ask(ranges)
    assert len(before) >= 3
    assert len({tuple(one) for one in before}) == 1
    tab.ask(f"{views}[1].model.x_range.setv({{start: 2, end: 4}})")
    assert tab.ask(ranges) == [[2, 4]] * len(before)
    tab.click("#run-31 figcaption button")
    assert tab.ask(ranges) == before


def test_a_click_on_a_line_of_all_runs_opens_that_run(tab: Browser, many: Path) -> None:
    tab.open(many)
    tab.until("document.querySelector('[data-charts]').dataset.drawn === 'done'")
    left, top = tab.ask(
        "(async place => {"
        " place.scrollIntoView({block: 'center', behavior: 'instant'});"
        " const {frame, model} = place.view, run = model.renderers[0].data_source;"
        " const at = run.data.run.indexOf('sick'), box = place.getBoundingClientRect();"
        " return [box.left + frame.x_scale.compute(run.data.xs[at][1]),"
        "  box.top + frame.y_scale.compute(run.data.ys[at][1])];"
        "})(document.querySelector('[data-charts=overview]'))"
    )
    tab.press(left, top)
    tab.until("document.getElementById('run-31').open")
    assert tab.ask("location.hash") == "#run-31"


def test_a_chart_is_saved_as_a_picture(tab: Browser, usual: Path) -> None:
    tab.open(usual)
    tab.until("document.querySelector('[data-charts]').dataset.drawn === 'done'")
    tab.ask("HTMLAnchorElement.prototype.click = function () { window.saved = this; }")
    tab.click("figcaption .acts button:nth-child(2)")
    tab.until("window.saved !== undefined")
    assert tab.ask("saved.download") == "F1 of all runs.png"
    assert tab.ask("saved.href").startswith("blob:")


def test_on_paper_every_chart_is_a_picture(tab: Browser, usual: Path) -> None:
    tab.open(usual)
    places = "[...document.querySelectorAll('[data-charts]')]"
    tab.until(f"{places}.every((place) => place.dataset.drawn === 'done')")
    charts = tab.ask("document.querySelectorAll('.chart').length")
    assert charts >= 10, "also those that were never scrolled to"
    tab.ask("dispatchEvent(new Event('beforeprint'))")
    pictures = "[...document.querySelectorAll('.chart.printed > img')]"
    assert tab.ask(f"{pictures}.filter((one) => one.src.length > 2000).length") == charts
    tab.ask("dispatchEvent(new Event('afterprint'))")
    assert tab.ask(f"{pictures}.length") == 0


def test_what_else_is_known_of_a_run_comes_as_it_opens(tab: Browser, tmp_path: Path) -> None:
    bad = "<b onclick=alert(1)>it broke</b>"
    error = LogEvent("error", "logs/train.log", 400, bad)
    weights = (Checkpoint("checkpoints/best.pth", 3, 0.61, exists=True, size=44_000_000),)
    known = {"environment": {"gpu": {"name": "T4"}}, "events": (error,), "checkpoints": weights}
    runs = [handmade.healthy(f"exp_{i}") for i in range(20)]
    report = handmade.report(handmade.healthy("known", **known), *runs)
    tab.open(write_html(report, tmp_path / "r.html"))
    tab.click("table.runs tbody tr:nth-child(1) a")
    tab.until("document.querySelector('#run-1 [data-charts]').dataset.drawn === 'done'")
    heads = "[...document.querySelectorAll('#run-1 details summary')].map(s => s.textContent)"
    assert tab.ask(heads)[:3] == ["Environment", "1 checkpoint", "1 event in the logs"]
    rows = "[...document.querySelectorAll('#run-1 td')].map(cell => cell.textContent)"
    told = ["gpu.name", "T4", "checkpoints/best.pth", "3", "0.61", "44 MB"]
    assert tab.ask(rows) == [*told, "logs/train.log:400", "error", bad]


def test_the_page_is_walked_with_the_keyboard_alone(tab: Browser, many: Path) -> None:
    tab.open(many)
    reached = []
    for _ in range(20):
        for kind in ("rawKeyDown", "keyUp"):
            tab.call("Input.dispatchKeyEvent", type=kind, key="Tab", windowsVirtualKeyCode=9)
        reached.append(tab.ask("document.activeElement.id || document.activeElement.textContent"))
    assert reached[0] == "Skip to the runs"
    assert {"search", "verdict", "severity", "Run", "Findings", "exp_0"} <= set(reached)


def test_a_click_on_a_legend_entry_hides_its_curve(tab: Browser, usual: Path) -> None:
    tab.open(usual)
    places = "[...document.querySelectorAll('[data-charts]')]"
    tab.until(f"{places}.every((place) => place.dataset.drawn === 'done')")
    shown = (
        "Bokeh.documents.flatMap(d => [...d.all_models]).filter("
        "m => m.type === 'GlyphRenderer' && m.name === 'validation loss' && m.visible).length"
    )
    before = tab.ask(shown)
    assert before > 0
    entry = "#run-3 ul.legend li:nth-child(2) button"
    assert tab.ask(f"document.querySelector('{entry}').textContent") == "validation loss"
    tab.click(entry)
    assert tab.ask(shown) < before
    assert tab.ask(f"document.querySelector('{entry}').getAttribute('aria-pressed')") == "false"
    tab.click(entry)
    assert tab.ask(shown) == before


def test_a_patch_is_copied(tab: Browser, usual: Path) -> None:
    tab.open(usual)
    tab.ask("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    tab.click(".verdict .copy")
    tab.until("document.querySelector('.verdict .copy').textContent === 'Copied'")
    assert tab.ask("window.copied") == "- optimizer.lr: 0.5\n+ optimizer.lr: 0.05\n"


def test_the_legend_tells_where_the_evidence_lies(tab: Browser, tmp_path: Path) -> None:
    piece = CurveEvidence("val_f1", "epoch", 2, 9, 7.0, 4.0, "noise", "a setback of F1", at=2)
    at = CurveEvidence("train_loss", "epoch", 2, 5, 880.0, 2.0, "", "it climbed", at=5)
    sick = handmade.exploded()
    found = replace(sick.diagnosis.findings[0], evidence=(piece, at))
    curve = handmade.series("val_f1", [0.1, 0.4, 0.2] * 3)
    run = replace(sick.run, series={**sick.run.series, "val_f1": curve})
    item = RunReport(run, replace(sick.diagnosis, findings=(found,)))
    tab.open(write_html(handmade.report(item), tmp_path / "r.html"))
    tab.ask("document.querySelector('#run-1 [data-charts]').scrollIntoView()")
    tab.until("document.querySelector('#run-1 [data-charts]').dataset.drawn === 'done'")
    told = tab.ask("document.querySelector('#run-1 [data-charts]').textContent")
    dashed = "ringed: 880 at epoch 5; dashed: the limit, 2)"
    assert f"it climbed (epoch 2 to 5; {dashed}" in told
    ringed = "ringed: 0.4 at epoch 2; band: the noise of the curve, ± 0."
    assert f"a setback of F1 (epoch 2 to 9; {ringed}" in told
    shapes = "Bokeh.documents.flatMap(d => [...d.all_models]).filter(m => m.type === 'VArea')"
    assert tab.ask(f"{shapes}.length") == 1
