"""Released DB weights compute here what they computed where they were trained.

The network of that family is stated here a second time, from names and shapes to the order of its
steps, with plain functions and no part of the trainer. No released file can be had in a test;
random weights in its names stand for it.
"""

import pytest
import torch
import torch.nn.functional as F

from trainer.detection.model import DBNet
from trainer.detection.pretrained import load_pretrained

WIDTH, PART = 256, 64
BGR_MEAN = torch.tensor([122.67891434, 116.66876762, 104.00698793]).double()


def batch_norm(state, name, channels):
    state[f"{name}.weight"] = torch.rand(channels) + 0.5
    state[f"{name}.bias"] = torch.randn(channels) * 0.1
    state[f"{name}.running_mean"] = torch.randn(channels) * 0.1
    state[f"{name}.running_var"] = torch.rand(channels) + 0.5
    state[f"{name}.num_batches_tracked"] = torch.tensor(7)


def weight(*shape):
    fan_in = shape[1] * shape[2] * shape[3]
    return torch.randn(shape) * (2 / fan_in) ** 0.5


def released():
    """A state dict with the names, shapes and unused layers of the official ResNet-18 detector."""
    torch.manual_seed(3)
    state = {"backbone.conv1.weight": weight(64, 3, 7, 7)}
    batch_norm(state, "backbone.bn1", 64)
    before = 64
    for stage, channels in enumerate((64, 128, 256, 512), 1):
        for block in range(2):
            name = f"backbone.layer{stage}.{block}"
            inputs = before if block == 0 else channels
            state[f"{name}.conv1.weight"] = weight(channels, inputs, 3, 3)
            batch_norm(state, f"{name}.bn1", channels)
            state[f"{name}.conv2.weight"] = weight(channels, channels, 3, 3)
            batch_norm(state, f"{name}.bn2", channels)
            if inputs != channels:
                state[f"{name}.downsample.0.weight"] = weight(channels, inputs, 1, 1)
                batch_norm(state, f"{name}.downsample.1", channels)
        before = channels
    state |= {"backbone.fc.weight": torch.zeros(1000, 512), "backbone.fc.bias": torch.zeros(1000)}
    state |= {"backbone.smooth.weight": torch.zeros(256, 2048, 1, 1)}
    state |= {"backbone.smooth.bias": torch.zeros(256)}
    for level, channels in zip((5, 4, 3, 2), (512, 256, 128, 64), strict=True):
        state[f"decoder.in{level}.weight"] = weight(WIDTH, channels, 1, 1)
        out = "decoder.out2" if level == 2 else f"decoder.out{level}.0"
        state[f"{out}.weight"] = weight(PART, WIDTH, 3, 3)
    for head in ("binarize", "thresh"):
        state[f"decoder.{head}.0.weight"] = weight(PART, WIDTH, 3, 3)
        batch_norm(state, f"decoder.{head}.1", PART)
        state[f"decoder.{head}.3.weight"] = weight(PART, PART, 2, 2)
        state[f"decoder.{head}.3.bias"] = torch.randn(PART) * 0.1
        batch_norm(state, f"decoder.{head}.4", PART)
        state[f"decoder.{head}.6.weight"] = weight(PART, 1, 2, 2)
        state[f"decoder.{head}.6.bias"] = torch.randn(1)
    return state


def normed(state, name, x):
    parts = (state[f"{name}.{part}"] for part in ("running_mean", "running_var", "weight", "bias"))
    return F.batch_norm(x, *parts)


def there(state, bgr):
    """Text and threshold probabilities of BGR images (B, H, W, 3), as the official code has it."""
    x = ((bgr.double() - BGR_MEAN) / 255).permute(0, 3, 1, 2)
    x = F.conv2d(x, state["backbone.conv1.weight"], stride=2, padding=3)
    x = F.max_pool2d(F.relu(normed(state, "backbone.bn1", x)), 3, 2, 1)
    features = []
    for stage in range(1, 5):
        for block in range(2):
            name = f"backbone.layer{stage}.{block}"
            stride = 2 if block == 0 and stage > 1 else 1
            y = F.conv2d(x, state[f"{name}.conv1.weight"], stride=stride, padding=1)
            y = F.relu(normed(state, f"{name}.bn1", y))
            y = normed(state, f"{name}.bn2", F.conv2d(y, state[f"{name}.conv2.weight"], padding=1))
            if f"{name}.downsample.0.weight" in state:
                x = F.conv2d(x, state[f"{name}.downsample.0.weight"], stride=stride)
                x = normed(state, f"{name}.downsample.1", x)
            x = F.relu(x + y)
        features.append(x)
    sums, above = {}, 0
    for level in (5, 4, 3, 2):
        lateral = F.conv2d(features[level - 2], state[f"decoder.in{level}.weight"])
        above = lateral if level == 5 else lateral + twice(above)
        out = "decoder.out2" if level == 2 else f"decoder.out{level}.0"
        sums[level] = F.conv2d(above, state[f"{out}.weight"], padding=1)
    fused = torch.cat([twice(sums[level], 2 ** (level - 2)) for level in (5, 4, 3, 2)], 1)
    return head(state, "binarize", fused), head(state, "thresh", fused)


def twice(x, times=2):
    """Nearest neighbour."""
    return x.repeat_interleave(times, 2).repeat_interleave(times, 3)


def head(state, name, x):
    part = {n.removeprefix(f"decoder.{name}."): t for n, t in state.items()}
    x = F.relu(normed(part, "1", F.conv2d(x, part["0.weight"], padding=1)))
    x = F.relu(normed(part, "4", F.conv_transpose2d(x, part["3.weight"], part["3.bias"], 2)))
    return torch.sigmoid(F.conv_transpose2d(x, part["6.weight"], part["6.bias"], 2)).squeeze(1)


@pytest.mark.parametrize("prefix", ["", "model.module.", "module."])
def test_released_weights_give_the_same_maps(tmp_path, prefix):
    state = released()
    torch.save({prefix + name: tensor for name, tensor in state.items()}, tmp_path / "db.pth")
    model = DBNet(fpn_channels=256).eval()
    note = load_pretrained(model, str(tmp_path / "db.pth"))
    assert f"loaded {len(model.state_dict())} of {len(model.state_dict())} tensors" in note
    assert note.endswith(
        "read as weights of the DB family, so images are normalised as they were there"
    )
    bgr = torch.randint(0, 256, (1, 64, 96, 3), dtype=torch.uint8)
    exact = {name: tensor.double() for name, tensor in state.items()}
    with torch.no_grad():
        maps = model.double()(bgr.flip(-1), with_threshold=True)
        text, threshold = there(exact, bgr)
    assert 0.05 < text.std() < 0.5  # maps that say something
    torch.testing.assert_close(torch.sigmoid(maps.text), text, atol=1e-6, rtol=0)
    torch.testing.assert_close(torch.sigmoid(maps.threshold), threshold, atol=1e-6, rtol=0)


def test_a_checkpoint_made_from_them_is_not_turned_again(tmp_path):
    torch.save(released(), tmp_path / "db.pth")
    first, second = DBNet(fpn_channels=256), DBNet(fpn_channels=256)
    load_pretrained(first, str(tmp_path / "db.pth"))
    torch.save({"model": first.state_dict()}, tmp_path / "epoch_1.pth")
    assert "DB family" not in load_pretrained(second, str(tmp_path / "epoch_1.pth"))
    for name, tensor in first.state_dict().items():
        assert torch.equal(tensor, second.state_dict()[name]), name


def test_layers_without_a_place_are_told(tmp_path):
    """The official ResNet-18 files are of a variant with deformable convolutions."""
    state = released() | {"backbone.layer2.0.conv2_offset.weight": torch.zeros(27, 128, 3, 3)}
    torch.save(state, tmp_path / "deformable.pth")
    note = load_pretrained(DBNet(fpn_channels=256), str(tmp_path / "deformable.pth"))
    assert "1 have no place in this network, such as 'backbone.layer2.0.conv2_offset" in note


def test_another_width_is_told_and_the_backbone_still_loaded(tmp_path):
    state = released()
    torch.save(state, tmp_path / "db.pth")
    model = DBNet(fpn_channels=64)
    note = load_pretrained(model, str(tmp_path / "db.pth"))
    assert "'decoder.binarize.0.weight' with [64, 256, 3, 3] in place of [16, 64, 3, 3]" in note
    assert torch.equal(model.backbone.conv1.weight, state["backbone.conv1.weight"].flip(1))
    assert model.std.flatten().tolist() == [255] * 3
