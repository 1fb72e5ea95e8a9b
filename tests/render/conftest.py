"""The browser that pages are tried in."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.browser import Browser, NoBrowser, browser


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """A tab of it; tests are skipped where there is none."""
    try:
        with browser(tmp_path_factory.mktemp("profile")) as made:
            yield made
    except NoBrowser as error:
        pytest.skip(f"no browser: {error}")


@pytest.fixture
def no_complaints(tab: Browser) -> Iterator[None]:
    """The page writes no error to the console and asks the network for nothing."""
    tab.problems.clear()
    yield
    assert tab.problems == [], "no error in the console, no request to the network"
