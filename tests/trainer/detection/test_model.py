"""The network: shapes, names, priors, and what eval mode leaves out."""

import copy

import pytest
import torch

from trainer.detection.model import DBNet, Head


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return DBNet(fpn_channels=16)


def images(*, batch=2, height=64, width=96):
    return torch.randint(0, 256, (batch, height, width, 3), dtype=torch.uint8)


def test_logits_have_the_size_of_the_images(model):
    maps = model.train()(images())
    assert maps.text.shape == maps.threshold.shape == (2, 64, 96)


def test_eval_mode_leaves_the_threshold_out_unless_asked(model):
    model.eval()
    with torch.no_grad():
        assert model(images()).threshold is None
        assert model(images(), with_threshold=True).threshold is not None


def test_a_new_model_calls_little_of_an_image_text():
    torch.manual_seed(1)
    fresh = DBNet(fpn_channels=64).train()
    with torch.no_grad():
        maps = fresh(images(batch=4, height=128, width=128))
    share = torch.sigmoid(maps.text)
    assert share.median() < 0.2  # 0.5 without the prior
    assert torch.sigmoid(maps.threshold).median() == pytest.approx(0.3, abs=0.1)


def test_names_are_those_of_the_official_code():
    names = set(DBNet(fpn_channels=256).state_dict())
    for name in (
        "backbone.conv1.weight",
        "backbone.layer4.1.bn2.running_var",
        "decoder.in2.weight",
        "decoder.out2.weight",
        "decoder.out5.0.weight",
        "decoder.binarize.0.weight",
        "decoder.binarize.3.bias",
        "decoder.binarize.6.weight",
        "decoder.thresh.6.bias",
    ):
        assert name in names
    others = {name for name in names if not name.startswith(("backbone.", "decoder."))}
    assert others == {"mean", "std"}


def test_width_is_a_setting():
    wide = DBNet(fpn_channels=256)
    assert wide.decoder.in5.weight.shape == (256, 512, 1, 1)
    assert wide.decoder.out5[0].weight.shape == (64, 256, 3, 3)
    assert sum(p.numel() for p in wide.parameters()) == pytest.approx(12.3e6, rel=0.01)
    assert sum(p.numel() for p in DBNet(64).parameters()) == pytest.approx(11.3e6, rel=0.01)


def test_images_are_normalised_inside(model):
    """A grey of the ImageNet mean is zero after the normalisation."""
    mean = (model.mean / 255).flatten().tolist()
    assert mean == pytest.approx([0.485, 0.456, 0.406])
    pixels = images()
    wanted = (pixels.permute(0, 3, 1, 2).float() - model.mean) / model.std
    found = model.normalise(pixels)
    assert torch.equal(found, wanted)
    assert found.is_contiguous(memory_format=torch.channels_last)


def test_first_and_last_weight_receive_gradients(model):
    model.train().zero_grad()
    model(images()).text.mean().backward()
    assert model.first_weight.grad.abs().sum() > 0
    assert model.last_weight.grad.abs().sum() > 0


def test_pooling_before_the_rectifier_is_the_usual_stem(model):
    backbone = model.train().backbone
    usual = torch.nn.Sequential(backbone.conv1, backbone.bn1, torch.nn.ReLU(), backbone.maxpool)
    planes = torch.randn(2, 3, 64, 64)
    first = {"ours": backbone(planes)[0], "usual": backbone.layer1(usual(planes))}
    torch.testing.assert_close(first["ours"], first["usual"], rtol=0, atol=0)
    gradients = {}
    for name, features in first.items():
        weight = torch.linspace(-1, 1, features.numel()).view_as(features)
        (found,) = torch.autograd.grad((features * weight).sum(), backbone.conv1.weight)
        gradients[name] = found
    torch.testing.assert_close(gradients["ours"], gradients["usual"])


@pytest.mark.parametrize("training", [True, False])
def test_a_head_is_its_layers_one_after_the_other(training):
    torch.manual_seed(2)
    ours = Head(32, prior=-2.2).train(training)
    layers = torch.nn.Sequential(*copy.deepcopy(list(ours))).train(training)
    features = torch.randn(2, 32, 6, 10)
    found, wanted = ours(features), layers(features)
    torch.testing.assert_close(found, wanted)
    weight = torch.linspace(-1, 1, wanted.numel()).view_as(wanted)
    for logits in (found, wanted):
        (logits * weight).sum().backward()
    for (name, own), other in zip(ours.named_parameters(), layers.parameters(), strict=True):
        torch.testing.assert_close(own.grad, other.grad, rtol=1e-4, atol=1e-4, msg=name)
    torch.testing.assert_close(ours.state_dict(), layers.state_dict())
