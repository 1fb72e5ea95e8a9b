"""Settings: what is read, what is refused, and how the refusal reads."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import FormatError, TrainlintError, UsageError
from analyzer.formats import yaml12
from trainer.config import Config
from trainer.configfile import load_config, parse_flag
from trainer.train import KEYS


def test_an_empty_file_gives_the_documented_defaults(load):
    config = load("")
    assert config.model.name == "resnet18_fpn_dbhead"
    assert config.model.pretrained is True
    assert (config.data.side, config.data.batch_size) == (800, 8)
    assert (config.optimizer.type, config.optimizer.lr) == ("SGD", 0.007)
    assert (config.optimizer.momentum, config.optimizer.weight_decay) == (0.9, 0.0001)
    scheduler = config.scheduler
    assert (scheduler.type, scheduler.step_size, scheduler.gamma) == ("StepLR", 3, 0.1)
    assert config.train.epochs == 5


def test_the_resolved_config_loads_back_the_same(load):
    config = load("data: {synth: {train: 7}}\naugment: {scale: [0.8, 1.2]}\noptimizer: {lr: 1e-3}")
    again = load(yaml12.dump(config.plain()))
    assert again == config
    assert config.plain()["train"]["grad_clip"] == 5.0


@given(
    lr=st.floats(1e-12, 1e12),
    clip=st.none() | st.floats(1e-6, 1e6),
    pretrained=st.booleans() | st.just("some/weights.pth"),
)
def test_any_valid_config_survives_the_way_through_yaml(tmp_path_factory, lr, clip, pretrained):
    path = tmp_path_factory.mktemp("c") / "c.yaml"
    mapping = {
        "optimizer": {"lr": lr},
        "train": {"grad_clip": clip},
        "model": {"pretrained": pretrained},
    }
    path.write_text(yaml12.dump(mapping))
    config = load_config(path)
    path.write_text(yaml12.dump(config.plain()))
    assert load_config(path) == config


def test_one_side_may_be_written_as_two(load):
    assert load("data: {input_size: [640, 640]}") == load("data: {input_size: 640}")


def test_set_wins_over_the_file_and_the_last_one_over_all(load):
    assert load("optimizer: {lr: 1}", "optimizer.lr=2", "optimizer.lr=3e-4").optimizer.lr == 3e-4


def test_set_makes_sections_and_values_of_any_type(load):
    config = load("", "data.synth.train=9", "train.grad_clip=null", "model.pretrained=false")
    assert config.data.synth is not None
    assert config.data.synth.train == 9
    assert config.train.grad_clip is None
    assert config.model.pretrained is False


def test_the_value_of_set_may_hold_an_equals_sign(load):
    assert load("", "output.root=a=b").output.root == "a=b"


def test_a_documented_flag_is_named_in_its_error(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("")
    with pytest.raises(UsageError, match=r"^--lr fast: optimizer.lr is 'fast'; allowed: a number"):
        load_config(path, [parse_flag("lr", "optimizer.lr", "fast")])


def test_a_folder_flag_stays_text(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("")
    flag = parse_flag("train_data_dir", "data.train_dir", "2024")
    assert load_config(path, [flag]).data.train_dir == "2024"


REFUSED = [
    ("optimizer:\n  typ: SGD", "c.yaml:2: unknown key 'optimizer.typ'; did you mean 'type'?"),
    ("optimzer: {}", "c.yaml:1: unknown key 'optimzer'; did you mean 'optimizer'?"),
    ("optimizer: {zzz: 1}", "'optimizer.zzz'; the keys in optimizer are: type, lr, momentum"),
    ("\noptimizer:\n  lr: -1", "c.yaml:3: optimizer.lr is -1; allowed: a number above 0"),
    ("optimizer: {lr: '1e-3'}", "optimizer.lr is '1e-3'; allowed: a number above 0"),
    ("optimizer: {lr: .inf}", "optimizer.lr is inf"),
    ("optimizer: {type: sgd}", "allowed: SGD, Adam, AdamW; did you mean SGD?"),
    ("optimizer: {momentum: 1}", "momentum is 1; allowed: a number at least 0, below 1"),
    ("optimizer: 3", "optimizer is 3; allowed: a mapping"),
    ("train: {epochs: true}", "train.epochs is true; allowed: a whole number at least 1"),
    ("train: {epochs: 1.5}", "train.epochs is 1.5"),
    ("train: {grad_clip: 0}", "allowed: a number above 0 or null"),
    ("train: {on_nonfinite: skip}", "allowed: stop, continue"),
    ("model: {pretrained: no}", "'no'; allowed: true, false or the path of a weight file"),
    ("model: {fpn_channels: 30}", "a multiple of 4"),
    ("data: {input_size: 100}", "a multiple of 32"),
    ("data: {input_size: [800, 640]}", "data.input_size is [800, 640]; the input is square"),
    ("data: {test_dir: x, synth: {}}", "name the same folder or set synth to null"),
    ("loss: {shrink: 0, binary: 0, threshold: 0}", "nothing would be learnt"),
    ("augment: {scale: [2, 1]}", "augment.scale is [2.0, 1.0]"),
    ("augment: {scale: 3}", "augment.scale is 3; allowed: [a number, a number]"),
    ("train: {epochs: 1}\ntrain: {epochs: 2}", "c.yaml:2: train is given twice"),
    ("- 1", "the file is [1]; allowed: a mapping"),
    ("a: [", "not valid YAML"),
    ("1: 2", "unknown key '1'"),
]


@pytest.mark.parametrize(("text", "sentence"), REFUSED, ids=[text for text, _ in REFUSED])
def test_refused_with_place_and_what_is_allowed(load, text, sentence):
    with pytest.raises(FormatError) as caught:
        load(text)
    assert sentence in str(caught.value)
    assert "c.yaml" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("train", "not of the form key=value"),
        ("=3", "not of the form key=value"),
        ("train.epochs=", "--set train.epochs=: train.epochs is null"),
        ("train=4", "--set train=4: train is 4; allowed: a mapping"),
        ("train.epochs.x=4", "--set train.epochs.x=4: train.epochs is"),
        ("trian.epochs=4", "--set trian.epochs=4: unknown key 'trian'; did you mean 'train'?"),
        ("optimizer.lr=[", "not valid YAML"),
    ],
)
def test_a_bad_set_is_refused_with_its_text(load, text, sentence):
    with pytest.raises(TrainlintError) as caught:
        load("", text)
    assert sentence in str(caught.value)


def test_set_below_a_scalar_of_the_file_is_refused(load):
    with pytest.raises(UsageError, match="lies below a value that is no mapping"):
        load("train: {epochs: 3}", "train.epochs.x=4")


def test_a_missing_and_a_binary_file_are_sentences(tmp_path):
    with pytest.raises(UsageError, match=r"cannot read the config .*det_tiny.yaml"):
        load_config(tmp_path / "none.yaml")
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match="it is not UTF-8 text"):
        load_config(tmp_path / "b.yaml")


def test_a_wrong_direction_is_the_users_choice(load):
    assert load("checkpoint: {mode: min}").checkpoint.mode == "min"


@pytest.mark.parametrize(("monitor", "mode"), [("val_loss", "min"), ("val_ap", "max")])
@pytest.mark.parametrize("section", ["checkpoint", "scheduler"])
def test_the_direction_follows_from_what_is_watched(load, section, monitor, mode):
    config = load(f"{section}: {{monitor: {monitor}}}")
    assert config.plain()[section]["mode"] == mode


@pytest.mark.parametrize(("text", "device"), [("False", "cpu"), ("true", "cuda")])
def test_use_gpu_says_where_to_train(tmp_path, text, device):
    path = tmp_path / "c.yaml"
    path.write_text("")
    assert load_config(path, [parse_flag("use_gpu", KEYS["use_gpu"], text)]).train.device == device
    with pytest.raises(UsageError, match="--use_gpu 0: allowed: True or False"):
        parse_flag("use_gpu", KEYS["use_gpu"], "0")


def test_every_field_of_every_section_is_in_the_resolved_config():
    plain = Config().plain()
    assert list(plain) == [
        "model",
        "data",
        "augment",
        "loss",
        "optimizer",
        "scheduler",
        "train",
        "validate",
        "checkpoint",
        "output",
        "stages",
    ]
    assert plain["data"]["input_size"] == 800
