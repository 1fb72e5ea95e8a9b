"""Settings that programs print before they train."""

from __future__ import annotations

import pytest

from analyzer.reading.console.banner import Banner


def settings(text: str) -> dict[str, object]:
    banner = Banner("train.log")
    for number, line in enumerate(text.splitlines(), 1):
        banner.line(line.encode(), number)
    return dict(banner.config().values)


@pytest.mark.parametrize(
    ("line", "key", "value"),
    [
        ("Batch size: 4", "data.batch_size", 4),
        ("  - Learning rate: 5e-05", "optimizer.lr", 5e-05),
        ("Total steps: 87,500", "train.steps", 87500),
        ("num_epochs = 20", "train.epochs", 20),
        ("Namespace(lr=0.1, seed=3, name='a b')", "train.seed", 3),
        ("{'batch_size': 8, 'optimizer': 'AdamW'}", "optimizer.type", "AdamW"),
        ("python train.py --epochs=5 --lr=0.1", "train.epochs", 5),
        ("optim=OptimizerNames.ADAMW_TORCH,", "optimizer.type", "ADAMW_TORCH"),
        ("2026-01-05 10:00:00,000 - INFO -   weight_decay: 0.01", "optimizer.weight_decay", 0.01),
        ("| batch_size | 16 |", "data.batch_size", 16),
        ("学习率: 0.001", "optimizer.lr", 0.001),
        ("  Num Epochs = 5", "train.epochs", 5),
        ("amp: True", "train.amp", True),
    ],
)
def test_a_setting_is_found(line: str, key: str, value: object) -> None:
    assert settings(line).get(key) == value


@pytest.mark.parametrize(
    "line",
    [
        "Warning: learning rate: high",
        "epochs: many",
        "Epoch: 3",
        "the batch size was 4",
        "seed: None",
        "max_steps=-1,",
        "lr: 0.1 is far too high for this model I think",
    ],
)
def test_what_is_no_setting(line: str) -> None:
    assert settings(line) == {}
