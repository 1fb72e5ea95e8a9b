"""The benchmark that kills trainings, with one kill: it must still run and find nothing wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="the benchmark forks its trainings")
def test_one_kill_costs_one_epoch_at_most() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.resume", "--kills", "1"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "directories with something unreadable: 0" in done.stdout
