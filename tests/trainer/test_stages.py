"""Stages: which epochs they have, what they freeze, and at which rate they train."""

import json
from pathlib import Path

import pytest
import torch

from analyzer.errors import FormatError, UsageError
from analyzer.formats import yaml12
from trainer.config import OptimizerConfig
from trainer.detection.model import DBNet
from trainer.optim import begin
from trainer.stages import Rate, stage_at, stages_of
from trainer.synth import render_dataset
from trainer.train import main

TWO = """
optimizer: {lr: 0.5}
scheduler: {type: StepLR, step_size: 1, gamma: 0.5}
stages:
  - {name: head, epochs: 2, freeze_backbone: true, lr: 0.01}
  - {epochs: 3, lr: 0.001, scheduler: {type: Poly, warmup_steps: 2}}
"""


def test_one_stage_where_the_config_names_none(load):
    (stage,) = stages_of(load("train: {epochs: 7, freeze_backbone: true}"))
    assert (stage.number, stage.first, stage.last) == (1, 1, 7)
    assert stage.freeze_backbone
    assert stage.lr == 0.007


def test_stages_follow_each_other_and_what_they_leave_out_is_the_configs(load):
    config = load(TWO)
    assert config.train.epochs == 5
    head, rest = stages_of(config)
    assert (head.first, head.last, head.lr, head.freeze_backbone) == (1, 2, 0.01, True)
    assert (rest.first, rest.last, rest.lr, rest.freeze_backbone) == (3, 5, 0.001, False)
    assert (head.scheduler.type, rest.scheduler.type) == ("StepLR", "Poly")
    assert [stage_at(config, epoch).number for epoch in range(1, 8)] == [1, 1, 2, 2, 2, 2, 2]
    assert str(head) == "Stage 1 (head): epochs 1 to 2, backbone frozen, StepLR from 0.01"
    assert str(rest) == "Stage 2: epochs 3 to 5, whole net, Poly from 0.001"


def test_a_schedule_begins_anew_with_its_stage_and_so_does_its_warm_up(load):
    config = load(TWO)
    rate = Rate(stage_at(config, 1), steps_per_epoch=4)
    assert [rate(1, 1), rate(5, 2)] == [0.01, 0.005]
    rate = Rate(stage_at(config, 3), steps_per_epoch=4)
    assert rate(9, 3) == pytest.approx(0.0005)  # the first of two steps of its warm-up
    assert rate(10, 3) == pytest.approx(0.001 * (11 / 12) ** 0.9)
    assert rate(20, 5) == pytest.approx(0.001 * (1 / 12) ** 0.9)


def test_the_last_stage_lasts_as_long_as_the_epochs(load):
    config = load(TWO.replace("epochs: 3, ", ""), "train.epochs=9")
    assert stages_of(config)[-1].last == 9
    resolved = yaml12.dump(load(TWO).plain())
    assert load(resolved) == load(TWO)
    assert stages_of(load(resolved, "train.epochs=9"))[-1].last == 9


def test_a_setting_of_one_stage_can_be_changed(load):
    config = load(TWO, "stages.0.lr=0.3", "stages.1.scheduler.type=Cosine")
    assert [stage.lr for stage in stages_of(config)] == [0.3, 0.001]
    assert stages_of(config)[1].scheduler.type == "Cosine"
    assert stages_of(config)[1].scheduler.warmup_steps == 2
    with pytest.raises(UsageError, match=r"stages\.2\.lr=1: stages\.2\.lr lies below a value"):
        load(TWO, "stages.2.lr=1")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("stages: 3", "c.yaml:1: stages is 3; allowed: a list of mappings"),
        ("stages: [3]", "stages.0 is 3; allowed: a mapping of keys"),
        (
            "stages:\n- {epoch: 3}",
            "c.yaml:2: unknown key 'stages.0.epoch'; did you mean 'epochs'?",
        ),
        ("stages:\n- lr: 0.1\n  epochs: -3", "c.yaml:3: stages.0.epochs is -3"),
        (
            "train: {epochs: 4}\nstages: [{epochs: 2}, {epochs: 3}]",
            "c.yaml:2: stages have 2 + 3 = 5 epochs, but train.epochs is 4; leave",
        ),
        ("train: {epochs: 4}\nstages: [{}, {epochs: 3}]", "stage 1 does not say its epochs"),
        (
            "train: {epochs: 4}\nstages: [{epochs: 4}, {}]",
            "4 epochs before the last one, but train.epochs is 4; allowed: more than 4",
        ),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(load, text, sentence):
    with pytest.raises(FormatError) as caught:
        load(text)
    assert sentence in str(caught.value)


def test_a_frozen_backbone_keeps_everything_and_gets_nothing(load):
    model = DBNet(16)
    head, rest = stages_of(load(TWO))
    optimizer = begin(model, head, OptimizerConfig(lr=0.1))
    model.train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    images = torch.randint(0, 255, (2, 64, 64, 3), dtype=torch.uint8)
    maps = model(images)
    assert not any(
        feature.requires_grad for feature in model.backbone(images.permute(0, 3, 1, 2) / 255)
    )
    (maps.text.sum() + maps.threshold.sum()).backward()
    assert all(parameter.grad is None for parameter in model.backbone.parameters())
    assert model.first_weight.grad is not None
    optimizer.step()
    trained = {id(p) for group in optimizer.param_groups for p in group["params"]}
    assert trained == {id(parameter) for parameter in model.decoder.parameters()}
    after = model.state_dict()
    changed = {name for name in before if not torch.equal(before[name], after[name])}
    assert changed
    assert not any(name.startswith("backbone.") for name in changed)

    optimizer = begin(model, rest, OptimizerConfig())
    assert model.backbone.training
    assert all(parameter.requires_grad for parameter in model.parameters())
    assert len(optimizer.state) == 0


def test_a_frozen_backbone_stays_in_eval_mode_whatever_the_loop_asks_for(load):
    model = DBNet(16)
    begin(model, stages_of(load(TWO))[0], OptimizerConfig())
    for mode in (True, False, True):
        model.train(mode)
        assert not model.backbone.bn1.training
        assert model.decoder.training is mode


def test_a_run_says_its_stages_in_log_and_metrics(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    render_dataset(Path("data"), train=4, test=2, size=64)
    Path("c.yaml").write_text("""
model: {pretrained: false, fpn_channels: 16}
data: {train_dir: data, test_dir: data, input_size: 64, batch_size: 4}
train: {device: cpu, precision: fp32, threads: 1}
stages:
  - {name: head, epochs: 1, freeze_backbone: true, lr: 0.01}
  - {epochs: 1, lr: 0.001}
""")
    assert main(["--config", "c.yaml", "--no-preflight"]) == 0
    said = capsys.readouterr().err
    assert said.index("Stage 1 (head)") < said.index("Epoch 1/2") < said.index("Stage 2: epoch 2")
    run = Path("workdirs/latest")
    records = json.loads((run / "metrics.json").read_text())
    assert [(one["stage"], one["learning_rate"]) for one in records] == [(1, 0.01), (2, 0.001)]
    log = (run / "logs/train.log").read_text()
    assert "INFO Stage 1 (head): epoch 1, backbone frozen, StepLR from 0.01\n" in log
    assert "INFO Stage 2: epoch 2, whole net, StepLR from 0.001\n" in log
    assert "WARNING The backbone is frozen with random weights" in log
    states = [
        torch.load(run / f"checkpoints/epoch_{epoch}.pth", weights_only=True) for epoch in (1, 2)
    ]
    assert [len(state["optimizer"]["state"]) for state in states] == [
        sum(1 for _ in DBNet(16).decoder.parameters()),
        sum(1 for _ in DBNet(16).parameters()),
    ]

    assert main(["--config", "c.yaml", "--no-preflight", "--epochs", "3"]) == 2


def test_the_flag_freezes(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    Path("c.yaml").write_text("data: {train_dir: none}")
    assert main(["--config", "c.yaml", "--freeze_backbone=Sometimes"]) == 2
    assert (
        "--freeze_backbone Sometimes: train.freeze_backbone is 'Sometimes'"
        in capsys.readouterr().err
    )
    assert main(["--config", "c.yaml", "--freeze_backbone=True"]) == 2
    assert "train.freeze_backbone" not in capsys.readouterr().err
