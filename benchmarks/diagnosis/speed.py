"""What the diagnosis of one run costs on top of reading it: ten curves of 300 points."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

import numpy as np

from analyzer.diagnosis import Rule, diagnose
from analyzer.run import Config, Run, Series, Status

POINTS = 300
GOAL_MS = 5.0
NAMES = (
    *("train_loss", "val_loss", "val_f1", "val_precision", "val_recall"),
    *("learning_rate", "grad_norm", "train_loss.box", "train_loss.cls", "step_time"),
)


def curve(name: str, seed: int) -> Series:
    """A fall with noise; a rise for a rate."""
    x = np.arange(1.0, POINTS + 1)
    fall = 2 * np.exp(-x / 40) + np.random.default_rng(seed).normal(0.3, 0.02, POINTS)
    y = 1 - 0.4 * fall if name.startswith("val_") and name != "val_loss" else fall
    return Series(name, "epoch", x, y, np.zeros(POINTS, np.int64))


def run(seed: int) -> Run:
    """Ten curves and the settings that rules ask for most."""
    return Run(
        *("r", Path("r"), "workdir"),
        series={name: curve(name, 10 * seed + i) for i, name in enumerate(NAMES)},
        config=Config({"optimizer.type": "SGD", "optimizer.lr": 0.01, "data.batch_size": 8}),
        main_metric="val_f1",
        planned_epochs=POINTS,
        status=Status.FINISHED,
    )


def milliseconds(rules: Sequence[Rule], repeat: int = 25) -> float:
    """CPU milliseconds for one run that was never seen before: the median of ``repeat``."""
    costs = []
    for seed in range(repeat):
        one = run(seed)
        begin = time.process_time()
        diagnose(one, rules)
        costs.append(1000 * (time.process_time() - begin))
    return median(costs)
