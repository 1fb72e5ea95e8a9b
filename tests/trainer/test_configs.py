"""The ready configs: they load, hold the documented defaults, and the smallest one learns."""

import json
from pathlib import Path

import pytest

from trainer.configfile import load_config
from trainer.train import main

CONFIGS = Path(__file__).parents[2] / "trainer/configs"


@pytest.mark.parametrize("path", sorted(CONFIGS.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_ready_config_loads_and_says_how_to_run_it(path):
    load_config(path)
    assert f"--config trainer/configs/{path.name}" in path.read_text(encoding="utf-8")


def test_the_documented_defaults():
    config = load_config(CONFIGS / "det_resnet18.yaml").plain()
    documented = {
        "model": {"name": "resnet18_fpn_dbhead", "pretrained": True},
        "data": {"input_size": 800, "batch_size": 8},
        "optimizer": {"type": "SGD", "lr": 0.007, "momentum": 0.9, "weight_decay": 0.0001},
        "scheduler": {"type": "StepLR", "step_size": 3, "gamma": 0.1},
        "train": {"epochs": 5},
    }
    for section, values in documented.items():
        assert {key: config[section][key] for key in values} == values


@pytest.mark.slow
def test_the_micro_config_learns_to_find_text(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert main(["--config", str(CONFIGS / "det_micro.yaml")]) == 0
    records = json.loads(Path("workdirs/latest/metrics.json").read_text(encoding="utf-8"))
    assert len(records) >= 8
    assert records[-1]["val_f1"] > 0.4
    assert records[-1]["train_loss"] < 0.6 * records[0]["train_loss"]
