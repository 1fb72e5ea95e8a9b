from __future__ import annotations

import pytest

from analyzer.reading.settings import USUAL, canonical


@pytest.mark.parametrize(
    ("own", "key"),
    [
        ("lr", "optimizer.lr"),
        ("learning_rate", "optimizer.lr"),
        ("opt", "optimizer.type"),
        ("per_device_train_batch_size", "data.batch_size"),
        ("trainer.max_epochs", "train.epochs"),
        ("max_iters", "train.steps"),
        ("early_stopping_patience", "train.patience"),
        ("gradient_clip_val", "train.grad_clip"),
    ],
)
def test_usual_names_are_known_both_ways(own: str, key: str) -> None:
    config = canonical({own: 3, "colour": "red"}, USUAL)
    assert config.values == {key: 3, "colour": "red"}
    assert config.spelled(key) == own


def test_of_two_names_for_the_same_the_first_counts() -> None:
    config = canonical({"base_lr": 0.5, "lr": 0.1}, USUAL)
    assert config.get("optimizer.lr") == 0.1
    assert config.spelled("optimizer.lr") == "lr"


def test_no_canonical_key_is_a_usual_name_of_another() -> None:
    keys = set(USUAL.values())
    assert not [own for own, key in USUAL.items() if own in keys and own != key]
