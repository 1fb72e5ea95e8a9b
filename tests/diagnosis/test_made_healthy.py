"""Ordinary trainings with ordinary noise get nothing above info, whatever their length."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from analyzer.diagnosis import diagnose
from analyzer.finding import Severity
from analyzer.run import Config, FloatArray, Run, Series, Status

TRIALS = 40
MOST_ALARMED = 0.05
"""Share of runs; heavy tails and wandering curves look like trouble now and then."""


def noise(rng: np.random.Generator, count: int, kind: str) -> FloatArray:
    """Of size 1: independent, with the heavy tails of Student's t3, or wandering (AR 0.7)."""
    if kind == "heavy":
        return rng.standard_t(3, count)
    shocks = rng.standard_normal(count)
    if kind == "wandering":
        for i in range(1, count):
            shocks[i] += 0.7 * shocks[i - 1]
        shocks *= (1 - 0.7**2) ** 0.5
    return shocks


def healthy(rng: np.random.Generator, epochs: int, kind: str) -> Run:
    """Losses fall to a floor, F1 rises to about 0.8 on 200 images, the rate falls as a cosine."""
    x = np.arange(epochs)
    fall = np.exp(-x / (epochs * rng.uniform(0.15, 0.3)))
    size = rng.uniform(0.01, 0.04)
    level = 0.8 * (1 - fall)
    error = np.sqrt(np.maximum(level * (1 - level), 0.01) / 200)
    curves = {
        "train_loss": (2 * fall + 0.4) * np.exp(size * noise(rng, epochs, kind)),
        "val_loss": (2 * fall + 0.5) * np.exp(1.5 * size * noise(rng, epochs, kind)),
        "val_f1": np.clip(level + error * noise(rng, epochs, kind), 0, 1),
        "learning_rate": 0.005 * (1 + np.cos(np.pi * x / epochs)),
        "grad_norm": (1 + 3 * fall) * np.exp(0.3 * noise(rng, epochs, kind)),
    }
    segment = np.zeros(epochs, np.int64)
    return Run(
        *("made", Path("made"), "workdir"),
        series={n: Series(n, "epoch", x + 1.0, y, segment) for n, y in curves.items()},
        config=Config({"optimizer.type": "SGD", "optimizer.lr": 0.01, "data.batch_size": 8}),
        main_metric="val_f1",
        planned_epochs=epochs,
        status=Status.FINISHED,
    )


@pytest.mark.parametrize("kind", ["independent", "heavy", "wandering"])
def test_healthy_runs_get_nothing_above_info(kind: str) -> None:
    rng = np.random.default_rng(11)
    alarms = []
    for epochs in (5, 10, 20, 50, 150):
        for _ in range(TRIALS):
            findings = diagnose(healthy(rng, epochs, kind)).findings
            alarms += [[f.rule for f in findings if f.severity is not Severity.INFO]]
    share = np.mean([bool(rules) for rules in alarms])
    limit = 0.0 if kind == "independent" else MOST_ALARMED
    assert share <= limit, sorted(rules for rules in alarms if rules)
