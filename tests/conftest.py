"""Gold files (expected outputs that a person can read, see gold/README.md) and Hypothesis.

Property tests try the same examples on every machine, so that a change is never blamed for what
chance found. ``pytest --hypothesis-profile explore`` searches on.
"""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# A shell that starts the tests in the background has them ignore ^C, and so would every program
# that a test interrupts.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A busy machine is no fault of what is tested: nothing here fails for taking long.
UNTIMED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("same", UNTIMED, derandomize=True)
settings.register_profile("explore", UNTIMED, max_examples=2000)
settings.load_profile("same")

# No test may depend on what an earlier one left in the cache of whoever runs it.
os.environ["TRAINLINT_CACHE"] = "off"

GOLD = Path(__file__).parent / "gold"
SCRUB = (
    (re.compile(r"\b\d+\.\d+\.\d+(?:\.\w+)?\b"), "VERSION"),
    (re.compile(r"\b20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?"), "DATE"),
)
"""What changes from release to release and from day to day."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-gold", action="store_true", help="let the gold files be what the code gives now"
    )


@pytest.fixture
def gold(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """``gold(name, text)``: the scrubbed text must be that of ``tests/gold/<name>``."""
    accept = request.config.getoption("--update-gold")

    def compare(name: str, text: str) -> None:
        lines = (line.rstrip() for line in text.splitlines())
        actual = "\n".join(lines) + "\n"
        for pattern, word in SCRUB:
            actual = pattern.sub(word, actual)
        path = GOLD / name
        if accept:
            path.write_text(actual, encoding="utf-8")
        expected = path.read_text(encoding="utf-8") if path.exists() else ""
        assert actual == expected, f"{path} differs; look, then accept with --update-gold"

    return compare
