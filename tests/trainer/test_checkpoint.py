"""Weight files: what is saved comes back, and only safe types are read."""

import json
import pickle
import random

import numpy as np
import pytest
import torch
from torch import nn

from analyzer.errors import UsageError
from trainer.checkpoint import (
    config_digest,
    find_checkpoint,
    load_state,
    make_state,
    recorded_best,
    restore,
    save_state,
)
from trainer.config import Config


def trained(seed=0):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(3, 3), nn.BatchNorm1d(3))
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.randn(4, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def state_of(model, optimizer, **changes):
    given = {
        "epoch": 2,
        "scheduler": {"step": 20},
        "metrics": {"epoch": 2, "val_f1": 0.5},
        "best": None,
    }
    return make_state(model.state_dict(), optimizer, Config().plain(), **given | changes)


def test_the_full_state_comes_back(tmp_path):
    model, optimizer = trained()
    save_state(state_of(model, optimizer, best={"epoch": 1, "value": 0.6}), tmp_path / "e.pth")
    expected = random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002

    other, other_optimizer = trained(seed=9)
    state = load_state(tmp_path / "e.pth")
    restore(state, other, other_optimizer)
    found = random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002
    assert found == expected
    for name, value in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], value)
    moments = [s["exp_avg"] for s in optimizer.state_dict()["state"].values()]
    restored = [s["exp_avg"] for s in other_optimizer.state_dict()["state"].values()]
    assert all(torch.equal(a, b) for a, b in zip(moments, restored, strict=True))
    assert state["epoch"] == 2
    assert state["best"] == {"epoch": 1, "value": 0.6}
    assert state["config"] == Config().plain()


def test_the_digest_forgives_epochs_only():
    config = Config().plain()
    more = {**config, "train": {**config["train"], "epochs": 99}}
    other = {**config, "train": {**config["train"], "seed": 99}}
    assert config_digest(more) == config_digest(config) != config_digest(other)


class Evil:
    def __reduce__(self):
        return (print, ("never",))


@pytest.mark.parametrize("content", [b"", b"junk", pickle.dumps(Evil()), b"PK\x03\x04"])
def test_a_broken_or_evil_file_is_a_sentence(tmp_path, content, capsys):
    (tmp_path / "e.pth").write_bytes(content)
    with pytest.raises(UsageError, match=r"no PyTorch weight file .*an earlier epoch_N"):
        load_state(tmp_path / "e.pth")
    assert "never" not in capsys.readouterr().out


def test_bare_weights_are_no_state(tmp_path):
    torch.save(trained()[0].state_dict(), tmp_path / "w.pth")
    with pytest.raises(UsageError, match=r"no full training state.*model.pretrained"):
        load_state(tmp_path / "w.pth")


def make_run(folder, *files):
    (folder / "checkpoints").mkdir(parents=True)
    (folder / "config.yaml").write_text("")
    for name in files:
        (folder / "checkpoints" / name).write_bytes(b"x")
    return folder


def test_a_run_resumes_from_its_last_epoch_by_number(tmp_path):
    run = make_run(tmp_path / "run", "epoch_9.pth", "epoch_10.pth", "best.pth", "epoch_x.pth")
    assert find_checkpoint(run) == (run, run / "checkpoints/epoch_10.pth")


def test_a_named_file_is_taken(tmp_path):
    run = make_run(tmp_path / "run", "epoch_1.pth", "epoch_2.pth")
    assert find_checkpoint(run / "checkpoints/epoch_1.pth") == (
        run,
        run / "checkpoints/epoch_1.pth",
    )


def test_what_cannot_be_resumed_says_why(tmp_path):
    with pytest.raises(UsageError, match=r"no run folder: it has no config.yaml"):
        find_checkpoint(tmp_path)
    with pytest.raises(UsageError, match=r"holds no epoch_N.pth to go on from"):
        find_checkpoint(make_run(tmp_path / "run", "best.pth"))
    (tmp_path / "loose.pth").write_bytes(b"x")
    with pytest.raises(UsageError, match=r"does not lie in the checkpoints folder"):
        find_checkpoint(tmp_path / "loose.pth")


def test_the_best_of_the_index_counts_while_its_file_is_there(tmp_path):
    run = make_run(tmp_path / "run", "epoch_4.pth", "best.pth")
    assert recorded_best(run) is None
    entries = [
        {"file": "checkpoints/epoch_4.pth", "epoch": 4, "value": 0.4},
        {"file": "checkpoints/best.pth", "epoch": 3, "value": 0.5},
    ]
    (run / "checkpoints/index.json").write_text(json.dumps(entries))
    assert recorded_best(run) == {"epoch": 3, "value": 0.5}
    (run / "checkpoints/best.pth").unlink()
    assert recorded_best(run) is None
