"""Settings that nobody prescribed, under canonical keys."""

from __future__ import annotations

from pathlib import Path

from analyzer.reading.folder import DiskTree, Folder
from analyzer.reading.settings import yaml_settings


def test_free_keys_are_found_in_any_section(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(
        "training: {batch-size: 8, num_epochs: 30, lr: 0.2}\nlr: 1e-3\nmodel: {depth: 5}\n"
    )
    config = yaml_settings(Folder(DiskTree(tmp_path)), "config.yaml", None, [])
    assert config.values == {
        "optimizer.lr": 0.001,
        "data.batch_size": 8,
        "train.epochs": 30,
        "training.lr": 0.2,
        "model.depth": 5,
    }
    assert config.spelled("train.epochs") == "training.num_epochs"
    assert config.lines["optimizer.lr"] == 2
