"""``assert_healthy``, by itself and through the pytest plugin."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import analyzer
from analyzer.errors import NoRunFound, UsageError
from analyzer.testing import assert_healthy

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples" / "workdirs"


def test_a_healthy_run_passes() -> None:
    (run,) = analyzer.read(EXAMPLES / "healthy")
    assert_healthy(run, fail_on="warning", require=["val_f1>=0.6"])
    assert_healthy(EXAMPLES / "healthy")
    assert_healthy(str(EXAMPLES / "nan"), select=["lr-*"])


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("nan", {}, r"exp_\d+ is not healthy:\n  error: loss-nonfinite: the training loss is NaN"),
        ("healthy", {"require": ["val_f1>=0.9"]}, "error: requirement-unmet: val_f1>=0.9 is"),
        ("healthy", {"require": ["psnr>=1"]}, "the run logs no psnr"),
        (".", {"ignore": ["loss"]}, "is not healthy"),
    ],
)
def test_what_is_wrong_is_in_the_assertion(name, options, says) -> None:
    with pytest.raises(AssertionError, match=says):
        assert_healthy(EXAMPLES / name, **options)


def test_a_test_of_nothing_does_not_pass(tmp_path) -> None:
    with pytest.raises(NoRunFound):
        assert_healthy(tmp_path)
    with pytest.raises(UsageError):
        assert_healthy(EXAMPLES / "healthy", require=["val_f1"])


def test_the_plugin_gives_the_fixture_and_a_short_message(tmp_path) -> None:
    (tmp_path / "test_it.py").write_text(
        f"def test_good(assert_healthy):\n    assert_healthy({str(EXAMPLES / 'healthy')!r})\n"
        f"def test_bad(assert_healthy):\n    assert_healthy({str(EXAMPLES / 'nan')!r})\n"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "analyzer.pytest_plugin", "-q", "test_it.py"]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, cwd=tmp_path, env=env
    )
    assert "1 failed, 1 passed" in done.stdout
    assert "error: loss-nonfinite" in done.stdout
    assert "testing.py" not in done.stdout, "the assertion is shown in the test, not in ours"
