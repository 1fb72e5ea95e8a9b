"""What a diagnosis costs: ten curves of 300 points under sixty rules, in CPU time."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np

from analyzer.diagnosis import diagnose, installed_rules
from analyzer.run import Config, Run, Series, Status
from analyzer.signals import SIGNALS, measure

MOST_MS = 5.0
MOST_MS_OF_A_SIGNAL = 1.0
RULES = 60
POINTS = 300
NAMES = (
    *("train_loss", "val_loss", "val_f1", "val_precision", "val_recall"),
    *("learning_rate", "grad_norm", "train_loss.box", "train_loss.cls", "step_time"),
)


def curve(name: str, seed: int) -> Series:
    x = np.arange(1.0, POINTS + 1)
    fall = 2 * np.exp(-x / 40) + np.random.default_rng(seed).normal(0.3, 0.02, POINTS)
    y = 1 - 0.4 * fall if name.startswith("val_") and name != "val_loss" else fall
    return Series(name, "epoch", x, y, np.zeros(POINTS, np.int64))


def run(seed: int) -> Run:
    return Run(
        *("r", Path("r"), "workdir"),
        series={name: curve(name, 10 * seed + i) for i, name in enumerate(NAMES)},
        config=Config({"optimizer.type": "SGD", "optimizer.lr": 0.01, "data.batch_size": 8}),
        main_metric="val_f1",
        planned_epochs=POINTS,
        status=Status.FINISHED,
    )


def test_sixty_rules_on_ten_curves_take_milliseconds() -> None:
    own = installed_rules()
    copies = range(-(-RULES // len(own)))
    rules = [r.model_copy(update={"id": f"{r.id}-{i}"}) for i in copies for r in own]
    costs = []
    for seed in range(12):
        one = run(seed)
        begin = time.process_time()
        diagnose(one, rules)
        costs.append(1000 * (time.process_time() - begin))
    assert min(costs) < MOST_MS


def test_no_signal_takes_more_than_a_millisecond() -> None:
    for name, signal in SIGNALS.items():
        costs = []
        for seed in range(5):
            one, other = curve("train_loss", seed), curve("val_loss", seed + 9)
            begin = time.process_time()
            measure(name, one, other if signal.pair else None)
            costs.append(1000 * (time.process_time() - begin))
        assert min(costs) < MOST_MS_OF_A_SIGNAL, name
