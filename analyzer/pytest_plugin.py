"""The pytest plugin: ``assert_healthy`` as a fixture, found by pytest where this is installed."""

from __future__ import annotations

from collections.abc import Callable

import pytest


@pytest.fixture(scope="session")
def assert_healthy() -> Callable[..., None]:
    """``analyzer.testing.assert_healthy``."""
    from analyzer import testing

    return testing.assert_healthy
