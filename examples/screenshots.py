"""Makes the pictures of the README again: ``python -m examples.screenshots``.

The page of the runs beside this file, in Chromium: its beginning, and the charts of one run.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from base64 import b64decode
from pathlib import Path

from PIL import Image

from benchmarks.browser import Browser, browser

HERE = Path(__file__).parent
WIDTH, MARGIN, COLOURS = 1100, 16, 128
BEGINNING = ("header", "table.runs")
CHARTS = ("#run-6 [data-charts] figure", "#run-6 [data-charts] figure:nth-child(2)")


def main() -> None:
    """Write ``report.png`` and ``evidence.png``."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        command = [sys.executable, "-m", "analyzer", "report", "examples/workdirs"]
        more = ["--out", name, "--format", "html"]
        subprocess.run([*command, *more], check=True, capture_output=True, cwd=HERE.parent)
        with browser(folder / "profile") as tab:
            tab.open(folder / "report.html", width=WIDTH)
            _draw(tab, "overview")
            _save(tab, BEGINNING, HERE / "report.png")
            _draw(tab, "run-6")
            _save(tab, CHARTS, HERE / "evidence.png")


def _draw(tab: Browser, charts: str) -> None:
    place = f"document.querySelector('[data-charts={charts}]')"
    tab.ask(f"{place}.scrollIntoView()")
    tab.until(f"{place}.dataset.drawn === 'done'")


def _save(tab: Browser, ends: tuple[str, str], path: Path) -> None:
    """The page from the top of the first element to the bottom of the second, as a PNG file."""
    box = "document.querySelector({!r}).getBoundingClientRect()"
    top = tab.ask(f"{box.format(ends[0])}.top + scrollY") - MARGIN
    bottom = tab.ask(f"{box.format(ends[1])}.bottom + scrollY") + MARGIN
    clip = {"x": 0, "y": max(0, top), "width": WIDTH, "height": bottom - max(0, top), "scale": 1}
    shot = tab.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
    picture = Image.open(io.BytesIO(b64decode(shot["data"]))).convert("RGB")
    picture.quantize(COLOURS, dither=Image.Dither.NONE).save(path, optimize=True)


if __name__ == "__main__":
    main()
