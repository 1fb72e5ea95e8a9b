"""Chromium driven over its DevTools protocol: open a page, ask it, click and type in it."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

START_SECONDS, ANSWER_SECONDS = 60, 60
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--no-first-run",
    "--disable-background-networking",
    "--remote-debugging-port=0",
    "about:blank",
)


class NoBrowser(Exception):
    """There is no Chromium here, or no websocket-client to drive it with."""


class Browser:
    """One tab. ``problems`` holds what its console complained of and what it asked the network."""

    def __init__(self, address: str) -> None:
        import websocket

        self._socket = websocket.create_connection(
            address, timeout=ANSWER_SECONDS, suppress_origin=True
        )
        self._ids = itertools.count(1)
        self.problems: list[str] = []
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        self.call("Performance.enable", timeDomain="threadTicks")

    def close(self) -> None:
        self._socket.close()

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to a command of the protocol; events met on the way are looked at."""
        asked = next(self._ids)
        self._socket.send(json.dumps({"id": asked, "method": method, "params": params}))
        while True:
            told = json.loads(self._socket.recv())
            if told.get("id") == asked:
                assert "error" not in told, (method, told["error"])
                return told["result"]
            self._look_at(told.get("method"), told.get("params", {}))

    def _look_at(self, method: str | None, params: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.problems.append(json.dumps(params["exceptionDetails"])[:500])
        elif method == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning"):
            self.problems.append(json.dumps(params["args"])[:500])
        elif method == "Log.entryAdded" and params["entry"]["level"] in ("error", "warning"):
            self.problems.append(params["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = params["request"]["url"]
            if not url.startswith(("file:", "data:", "about:", "blob:")):
                self.problems.append(f"asked for {url}")

    def open(self, path: Path, *, width: int = 1400, dark: bool = False) -> None:
        """Load a file at a width in CSS pixels, with no network, and wait until it has settled."""
        offline = {"latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
        self.call("Network.emulateNetworkConditions", offline=True, **offline)
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **size)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.call("Page.navigate", url=path.resolve().as_uri())
        self.until("document.readyState === 'complete' && location.protocol === 'file:'")

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; a promise is waited for."""
        more = {"returnByValue": True, "awaitPromise": True, "userGesture": True}
        told = self.call("Runtime.evaluate", expression=expression, **more)
        assert "exceptionDetails" not in told, (expression, told["exceptionDetails"])
        return told["result"].get("value")

    def until(self, expression: str, seconds: float = 30) -> None:
        """Wait until the expression is true."""
        end = time.monotonic() + seconds
        while not self.ask(expression):
            assert time.monotonic() < end, f"still not: {expression}"
            time.sleep(0.02)

    def click(self, selector: str) -> None:
        """Click with the mouse in the middle of the first element, scrolled into view."""
        chosen = f"document.querySelector({json.dumps(selector)})"
        self.ask(f"{chosen}.scrollIntoView({{block: 'center', behavior: 'instant'}})")
        left, top, width, height = self.ask(
            f"(r => [r.left, r.top, r.width, r.height])({chosen}.getBoundingClientRect())"
        )
        assert width > 0, f"{selector} cannot be seen"
        assert height > 0, f"{selector} cannot be seen"
        self.press(left + width / 2, top + height / 2)

    def press(self, x: float, y: float) -> None:
        """Click with the mouse at a place of the window, in CSS pixels."""
        place = {"x": x, "y": y, "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, **place)

    def type(self, selector: str, text: str) -> None:
        """Click into a field and type."""
        self.click(selector)
        self.call("Input.insertText", text=text)

    def cost(self) -> float:
        """CPU seconds that the main thread has worked so far."""
        told = self.call("Performance.getMetrics")["metrics"]
        return {one["name"]: one["value"] for one in told}["TaskDuration"]


@contextmanager
def browser(profile: Path) -> Iterator[Browser]:
    """A Chromium with a profile of its own. Raises NoBrowser where there is none."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise NoBrowser(f"none of {', '.join(NAMES)} is installed")
    if find_spec("websocket") is None:
        raise NoBrowser("websocket-client is not installed")
    command = [program, f"--user-data-dir={profile}", *FLAGS]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as process:
        try:
            tab = Browser(_address(profile / "DevToolsActivePort", lambda: process.poll() is None))
            try:
                yield tab
            finally:
                tab.close()
        finally:
            process.terminate()


def _address(file: Path, lives: Callable[[], bool]) -> str:
    """The web socket of the first tab, once Chromium has written its port."""
    from urllib.request import urlopen

    end = time.monotonic() + START_SECONDS
    while not (file.exists() and file.read_text().count("\n")):
        assert lives(), "Chromium ended at once"
        assert time.monotonic() < end, "Chromium does not answer"
        time.sleep(0.05)
    port = int(file.read_text().split()[0])
    with urlopen(f"http://127.0.0.1:{port}/json", timeout=ANSWER_SECONDS) as answer:
        tabs = json.load(answer)
    return next(tab["webSocketDebuggerUrl"] for tab in tabs if tab["type"] == "page")
