"""What a diagnosis costs: ten curves of 300 points under all rules, in CPU time."""

from __future__ import annotations

import time

from analyzer.diagnosis import diagnose, installed_rules
from analyzer.signals import SIGNALS, measure
from benchmarks.diagnosis.speed import GOAL_MS, curve, run

MOST_MS_OF_A_SIGNAL = 1.0
RULES = 60


def test_sixty_rules_on_ten_curves_take_milliseconds() -> None:
    own = installed_rules()
    copies = range(-(-RULES // len(own)))
    many = [r.model_copy(update={"id": f"{r.id}-{i}"}) for i in copies for r in own]
    rules = many[: max(RULES, len(own))]
    costs = []
    for seed in range(12):
        one = run(seed)
        begin = time.process_time()
        diagnose(one, rules)
        costs.append(1000 * (time.process_time() - begin))
    assert min(costs) < GOAL_MS


def test_no_signal_takes_more_than_a_millisecond() -> None:
    for name, signal in SIGNALS.items():
        costs = []
        for seed in range(5):
            one, other = curve("train_loss", seed), curve("val_loss", seed + 9)
            begin = time.process_time()
            measure(name, one, other if signal.pair else None)
            costs.append(1000 * (time.process_time() - begin))
        assert min(costs) < MOST_MS_OF_A_SIGNAL, name
