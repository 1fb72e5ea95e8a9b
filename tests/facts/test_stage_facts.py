"""What is known of the stages of a run by its settings."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.diagnosis.notation import curve
from analyzer.facts.stages import backbone_frozen, stage_share
from analyzer.run import Config, Run
from analyzer.stages import highest_rate, stage_of, stages_of, under_way

TWO = [{"epochs": 10, "freeze_backbone": True, "lr": 0.01}, {"epochs": None, "lr": None}]


def run_of(epochs: int, stages: Any = None, planned: int | None = 30, **config: Any) -> Run:
    values = {"stages": TWO if stages is None else stages, "optimizer.lr": 0.002, **config}
    loss = {"train_loss": curve("train_loss", f"1.0*{epochs}", "loss")} if epochs else {}
    return Run("r", Path(), "workdir", config=Config(values), series=loss, planned_epochs=planned)


@pytest.mark.parametrize(("epoch", "place"), [(0, 0), (1, 0), (10, 0), (11, 1), (99, 1)])
def test_an_epoch_lies_in_a_stage(epoch: int, place: int) -> None:
    assert stage_of(run_of(1).config, epoch) == place


@pytest.mark.parametrize("given", [None, 3, [], ["x"], {"a": 1}, [None]])
def test_what_is_no_list_of_stages_says_nothing(given: Any) -> None:
    config = Config({"stages": given, "optimizer.lr": 0.1})
    assert stages_of(config) == []
    assert stage_of(config, 5) == 0
    assert under_way(config, 5) == config
    assert highest_rate(config) == 0.1


def test_damaged_stages_are_taken_as_far_as_they_go() -> None:
    config = Config({"stages": [{"epochs": "ten", "lr": "high"}, 7], "optimizer.lr": 0.1})
    assert under_way(config, 5) == config
    assert highest_rate(config) == 0.1


def test_the_rate_of_a_run_is_that_of_the_stage_under_way() -> None:
    config = Config(run_of(1).config.values, {}, "config.yaml", {"optimizer.lr": 7})
    first = under_way(config, 3)
    assert first.get("optimizer.lr") == 0.01
    assert first.spelled("optimizer.lr") == "stages.0.lr"
    assert first.lines == {}
    assert under_way(config, 12) == config
    assert highest_rate(first) == highest_rate(config) == 0.01


def test_a_rate_that_no_stage_uses_is_not_the_highest() -> None:
    config = Config({"stages": [{"epochs": 2, "lr": 0.1}, {"lr": 0.01}], "optimizer.lr": 5.0})
    assert highest_rate(under_way(config, 1)) == 0.1


@pytest.mark.parametrize(
    ("epochs", "config", "frozen"),
    [
        (10, {}, True),
        (11, {"train.freeze_backbone": False}, False),
        (11, {}, None),  # nothing says what the second stage does
        (11, {"train.freeze_backbone": True}, True),
        (5, {"stages": []}, None),
        (5, {"stages": [], "train.freeze_backbone": True}, True),
        (5, {"stages": [], "train.freeze_backbone": 3}, None),
    ],
)
def test_whether_only_the_head_was_trained(
    epochs: int, config: dict[str, Any], frozen: bool | None
) -> None:
    assert backbone_frozen(run_of(epochs, **config)) is frozen


def test_how_much_of_a_stage_is_done() -> None:
    assert stage_share(run_of(5)) == 0.5
    assert stage_share(run_of(15)) == 0.25
    assert stage_share(run_of(15, planned=None)) is None
    assert stage_share(run_of(5, stages=[])) is None
