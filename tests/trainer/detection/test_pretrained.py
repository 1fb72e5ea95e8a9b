"""Pretrained weights are loaded and counted, or the run does not start."""

import pytest
import torch
from torchvision.models import resnet18

from analyzer.errors import UsageError
from trainer.detection.model import DBNet
from trainer.detection.pretrained import load_pretrained


@pytest.fixture
def model():
    return DBNet(fpn_channels=16)


def test_false_says_that_it_starts_from_random(model):
    assert "starting from random" in load_pretrained(model, False)


def test_a_resnet_of_torchvision_fills_the_backbone(model, tmp_path):
    trunk = resnet18(weights=None)
    torch.save(trunk.state_dict(), tmp_path / "r18.pth")
    note = load_pretrained(model, str(tmp_path / "r18.pth"))
    assert f"loaded 120 of {len(model.state_dict())} tensors" in note
    assert torch.equal(model.backbone.conv1.weight, trunk.conv1.weight)


def test_a_whole_detector_fills_the_decoder_too_through_wrappers_names(model, tmp_path):
    other = DBNet(fpn_channels=16)
    state = {f"model.module.{name}": value for name, value in other.state_dict().items()}
    torch.save({"state_dict": state}, tmp_path / "d.pth")
    note = load_pretrained(model, str(tmp_path / "d.pth"))
    assert f"loaded {len(state)} of {len(state)} tensors" in note
    assert torch.equal(model.decoder.in2.weight, other.decoder.in2.weight)


def test_a_detector_of_another_width_still_gives_its_backbone(model, tmp_path):
    other = DBNet(fpn_channels=32)
    torch.save(other.state_dict(), tmp_path / "d.pth")
    load_pretrained(model, str(tmp_path / "d.pth"))
    assert torch.equal(model.backbone.conv1.weight, other.backbone.conv1.weight)


def test_weights_that_do_not_fit_are_refused(model, tmp_path):
    state = resnet18(weights=None).state_dict()
    del state["layer3.0.conv1.weight"]
    torch.save(state, tmp_path / "part.pth")
    with pytest.raises(UsageError, match=r"1 of the 120 tensors .*'layer3.0.conv1.weight'"):
        load_pretrained(model, str(tmp_path / "part.pth"))


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04 broken", b"\x80\x04."])
def test_a_file_of_something_else_is_a_sentence(model, tmp_path, content):
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(UsageError, match="is no PyTorch weight file"):
        load_pretrained(model, str(tmp_path / "w.pth"))


def test_a_tensor_is_no_state_dict(model, tmp_path):
    torch.save(torch.zeros(2), tmp_path / "w.pth")
    with pytest.raises(UsageError, match="holds no state dict"):
        load_pretrained(model, str(tmp_path / "w.pth"))


def test_a_missing_file_says_what_to_do(model, tmp_path):
    with pytest.raises(UsageError, match=r"no file .*none.pth; .*model.pretrained=false"):
        load_pretrained(model, str(tmp_path / "none.pth"))


def test_true_without_network_stops_with_one_sentence(model, monkeypatch):
    def refuse(*_, **__):
        raise OSError("name resolution failed")

    monkeypatch.setattr("torch.hub.load_state_dict_from_url", refuse)
    monkeypatch.setattr("torchvision.models._api.load_state_dict_from_url", refuse)
    with pytest.raises(UsageError, match=r"nor be downloaded \(name resolution failed\); write"):
        load_pretrained(model, True)


def test_of_a_training_that_kept_a_running_mean_that_is_taken(tmp_path):
    model, other = DBNet(16), DBNet(16)
    state = {"model": model.state_dict(), "ema": {"weights": other.state_dict(), "updates": 3}}
    torch.save(state, tmp_path / "e.pth")
    fresh = DBNet(16)
    load_pretrained(fresh, str(tmp_path / "e.pth"))
    assert torch.equal(fresh.first_weight, other.first_weight)
    torch.save({**state, "ema": None}, tmp_path / "e.pth")
    load_pretrained(fresh, str(tmp_path / "e.pth"))
    assert torch.equal(fresh.first_weight, model.first_weight)
