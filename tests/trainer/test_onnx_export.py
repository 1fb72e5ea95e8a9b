import json
import shutil
import sys

import numpy as np
import onnxruntime
import pytest
import torch

from trainer.detection.decode import DecodeConfig
from trainer.export import main
from trainer.inference import onnxfile
from trainer.inference.loaded import load


@pytest.fixture(scope="module")
def exported(trained_place, tmp_path_factory):
    out = tmp_path_factory.mktemp("onnx") / "detector.onnx"
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(trained_place)
        assert main(["run", "--out", str(out)]) == 0
    return out


def test_the_file_is_checked_on_images_and_its_difference_told(trained, tmp_path, capsys):
    out = tmp_path / "x.onnx"
    assert main([trained, "--out", str(out), "--size", "64"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith("Checked on 2 images at 64 pixels, and smaller: differs from")
    assert 0 <= float(told[0].split(" by ")[1].split()[0]) <= 1e-3
    assert told[1].startswith(str(out))
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"], "no draft is left"


@pytest.mark.parametrize("shape", [(1, 32, 32, 3), (3, 64, 160, 3), (2, 128, 96, 3)])
def test_any_height_width_and_batch_gives_what_pytorch_gives(trained_place, exported, shape):
    loaded = load(trained_place / "run", device="cpu")
    images = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"images": images})
    with torch.inference_mode():
        expected = torch.sigmoid(loaded.model(torch.from_numpy(images)).text).numpy()
    assert found.shape == shape[:3]
    assert np.abs(found - expected).max() < 1e-3
    assert np.ptp(expected) > 0.01, "the network says something"


def test_the_file_says_what_goes_in_and_out(exported):
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    (given,), (made,) = session.get_inputs(), session.get_outputs()
    assert (given.name, given.type) == ("images", "tensor(uint8)")
    assert given.shape == ["batch", "height", "width", 3]
    assert (made.name, made.type) == ("probabilities", "tensor(float)")
    told = onnxfile.read_metadata(exported)
    assert json.loads(told["classes"]) == ["text"]
    assert json.loads(told["mean"]) == pytest.approx([123.675, 116.28, 103.53])
    decoding = DecodeConfig(**json.loads(told["decoding"]))
    assert decoding == DecodeConfig(max_candidates=decoding.max_candidates)
    assert told["epoch"] == "3"


def test_the_head_for_the_threshold_map_is_left_out(trained_place, exported):
    import onnx

    sizes = [np.prod(tensor.dims) for tensor in onnx.load(str(exported)).graph.initializer]
    network = load(trained_place / "run", device="cpu").model
    needed = sum(p.numel() for name, p in network.named_parameters() if "thresh" not in name)
    assert sum(sizes) <= needed


def test_a_file_that_gives_other_results_is_not_kept(trained, tmp_path, capsys, monkeypatch):
    out = tmp_path / "x.onnx"
    out.write_bytes(b"an older one")
    monkeypatch.setattr(onnxfile, "difference", lambda *_: 0.002)
    assert main([trained, "--out", str(out)]) == 1
    assert "differs from PyTorch by 0.002 in a probability" in capsys.readouterr().err
    assert out.read_bytes() == b"an older one"
    assert [path.name for path in tmp_path.iterdir()] == ["x.onnx"]


def test_a_difference_that_is_no_number_is_as_far_as_can_be(trained_place, exported):
    loaded = load(trained_place / "run", device="cpu")
    torch.nn.init.constant_(loaded.model.decoder.binarize[-1].bias, float("nan"))
    images = np.zeros((1, 32, 32, 3), np.uint8)
    assert onnxfile.difference(loaded, exported, [images]) == float("inf")


def test_a_missing_package_is_named(trained, capsys, monkeypatch):
    monkeypatch.delitem(sys.modules, "trainer.inference.onnxfile", raising=False)
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert main([trained]) == 2
    assert "Exporting needs the extra 'export'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["nowhere"], "there is no nowhere"),
        (["run", "--size", "100"], "must be a multiple of 32, such as 96"),
        (["run", "--out", "nowhere/x.onnx"], "cannot write nowhere/x.onnx: No such file"),
        (["run", "--image", "run"], "the folder run holds no image"),
        (["run", "--image", "data/test_list.txt", "--out", "y.onnx"], "not a readable image"),
    ],
)
def test_what_cannot_be_exported_is_said(trained, capsys, arguments, sentence):
    assert main(arguments) == 2
    assert sentence in capsys.readouterr().err


def test_without_the_data_set_images_must_be_named(trained_place, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    run = str(trained_place / "run")
    out = str(tmp_path / "x.onnx")
    assert main([run, "--out", out]) == 2
    assert "name an image or a folder of images with --image" in capsys.readouterr().err
    assert main([run, "--out", out, "--image", str(trained_place / "data/test_images")]) == 0


def test_an_image_that_cannot_be_read_is_left_out(trained, tmp_path, capsys):
    (tmp_path / "0.jpg").write_bytes(b"hi")
    arguments = [trained, "--size", "64", "--image", str(tmp_path), "--out"]
    out = tmp_path / "x.onnx"
    assert main([*arguments, str(out)]) == 2
    assert "none of the images can be read" in capsys.readouterr().err
    assert not out.exists()
    shutil.copy("data/test_images/1.png", tmp_path)
    assert main([*arguments, str(out)]) == 0
    captured = capsys.readouterr()
    assert captured.err.startswith(f"Left out: {tmp_path / '0.jpg'}: the file is not a readable")
    assert captured.out.startswith("Checked on 1 images at 64 pixels")
