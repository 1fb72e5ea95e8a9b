"""Cost of the page for its reader: ``python -m benchmarks.page [--runs N] [--epochs N]``.

Makes runs of five curves, writes their report, opens it in Chromium without a network and does
what a reader does. Seconds are CPU seconds of the page's main thread, so that other programs on
the machine do not count.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from benchmarks.browser import Browser, browser
from benchmarks.made_runs import write_runs

GOAL_MB, GOAL_OPEN, GOAL_CLICK = 6.0, 2.0, 0.2
CLICKED = 5
"""Runs that are opened, spread over all."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=300)
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(
        prefix="trainlint-benchmark-", ignore_cleanup_errors=True
    ) as name:
        folder = Path(name)
        write_runs(folder / "runs", options.runs, options.epochs, without=("val_loss",))
        page = _report(folder)
        size = page.stat().st_size / 1e6
        print(f"{options.runs} runs, {options.epochs} epochs, five curves each")
        print(f"{'size of the page':<28} {size:8.2f} MB  goal {GOAL_MB}")
        with browser(folder / "profile") as tab:
            for what, goal, seconds in _measured(tab, page, options.runs):
                print(f"{what:<28} {seconds:8.2f} s   goal {goal}")
            for problem in tab.problems:
                print(f"the browser complained: {problem}")
            return 1 if tab.problems else 0


def _report(folder: Path) -> Path:
    command = [sys.executable, "-m", "analyzer", "report", str(folder / "runs")]
    out = ["--out", str(folder / "report"), "--format", "html"]
    subprocess.run([*command, *out], check=True, capture_output=True)
    return folder / "report" / "report.html"


def _measured(tab: Browser, page: Path, runs: int) -> Iterator[tuple[str, float, float]]:
    """(what was done, goal, seconds of the main thread)."""
    tab.open(page)
    tab.until("document.querySelector('[data-charts]').dataset.drawn === 'done'")
    yield "open until interactive", GOAL_OPEN, tab.cost()
    yield (
        "sort by F1",
        GOAL_CLICK,
        _cost(tab, lambda: tab.click("table.runs th:nth-child(3) button")),
    )
    yield "sort by name", GOAL_CLICK, _cost(tab, lambda: tab.click("table.runs th button"))
    yield "search", GOAL_CLICK, _cost(tab, lambda: tab.type("#search", "exp"))
    tab.ask("window.later = [], window.requestIdleCallback = (task) => later.push(task)")
    opened = [_opened(tab, place) for place in _spread(runs)]
    first, others = (statistics.median(costs) for costs in zip(*opened, strict=True))
    yield f"open a run, median of {len(opened)}", GOAL_CLICK, first
    yield "its other charts, when idle", GOAL_CLICK, others


def _spread(runs: int) -> list[int]:
    """Places of the runs to open, from 1 on."""
    return sorted({1 + i * (runs - 1) // (CLICKED - 1) for i in range(CLICKED)})


def _opened(tab: Browser, place: int) -> tuple[float, float]:
    """Seconds from the click until the run and its first chart are there, and for the others.

    What the page leaves for idle time is held back until the click has been measured.
    """
    target = f"#run-{place}"

    def click() -> None:
        tab.ask(f"document.querySelector('table.runs a[href=\"{target}\"]').click()")
        tab.until(f"document.querySelector('{target} .chart')?.view !== undefined")

    def rest() -> None:
        tab.ask("window.timer = setInterval(() => later.splice(0).forEach((task) => task()), 20)")
        tab.until(f"document.querySelector('{target} [data-charts]').dataset.drawn === 'done'")
        tab.ask("clearInterval(timer)")

    return _cost(tab, click), _cost(tab, rest)


def _cost(tab: Browser, act: Callable[[], None]) -> float:
    """Seconds that the main thread works until what the act changed has been painted."""
    before = tab.cost()
    act()
    tab.ask("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 0)))")
    return tab.cost() - before


if __name__ == "__main__":
    raise SystemExit(main())
