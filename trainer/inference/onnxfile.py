"""A detector as an ONNX file that needs nothing of ours: pixels in, probabilities out.

write(loaded, out) writes it; difference(loaded, file, images) checks it against PyTorch.

Input ``images``: uint8 (batch, height, width, 3), RGB, both sides multiples of 32; the
normalisation is in the graph. Output ``probabilities``: float32 (batch, height, width), how likely
each pixel lies in the core of a word. The head for the threshold map is left out: only training
needs it. Boxes are made of the map as ``trainer.detection.decode`` does; the thresholds stand in
the file's metadata.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from trainer.detection.model import DBNet
from trainer.inference.loaded import Loaded

OPSET = 17
"""Known to every runtime since 2022; nothing newer is needed."""

INPUT, OUTPUT = "images", "probabilities"
AXES = {0: "batch", 1: "height", 2: "width"}


class Probabilities(nn.Module):
    """The network with the sigmoid that makes probabilities of its logits."""

    def __init__(self, model: DBNet) -> None:
        super().__init__()
        self.model = model

    def forward(self, images: Tensor) -> Tensor:
        """(B, H, W, 3) uint8 to (B, H, W) float32."""
        return torch.sigmoid(self.model(images, with_threshold=False).text)


def write(loaded: Loaded, out: Path) -> None:
    """Write the detector, in fp32, with what a user must know of it as metadata."""
    network = Probabilities(loaded.model).eval()
    example = torch.zeros((2, 64, 96, 3), dtype=torch.uint8, device=loaded.device)

    with warnings.catch_warnings():
        # Of PyTorch's two exporters this one names the sizes as asked, works since 2.4 and takes
        # a tenth of the time; that it will go one day is what it warns of.
        warnings.simplefilter("ignore")
        torch.onnx.export(
            network,
            (example,),
            str(out),
            dynamo=False,
            opset_version=OPSET,
            input_names=[INPUT],
            output_names=[OUTPUT],
            dynamic_axes={INPUT: AXES, OUTPUT: AXES},
        )
    graph = onnx.load(str(out))
    onnx.helper.set_model_props(graph, metadata(loaded))
    onnx.checker.check_model(graph)
    onnx.save(graph, str(out))


def metadata(loaded: Loaded) -> dict[str, str]:
    """Texts, as ONNX wants them; ``decoding`` is JSON with the names of the config."""
    decoding = loaded.decoding()
    mean, std = (getattr(loaded.model, name).flatten().tolist() for name in ("mean", "std"))
    values = {
        "threshold": decoding.threshold,
        "box_threshold": decoding.box_threshold,
        "unclip_ratio": decoding.unclip_ratio,
        "min_side": decoding.min_side,
    }
    return {
        "made_by": "trainlint trainer.export",
        "model": loaded.config.model.name,
        "classes": json.dumps(["text"]),
        "epoch": str(loaded.epoch),
        "input": "uint8 RGB (batch, height, width, 3), sides multiples of 32; normalised inside",
        "output": "probability of text for each pixel, float32 (batch, height, width)",
        "trained_size": str(loaded.config.data.side),
        "mean": json.dumps([round(value, 3) for value in mean]),
        "std": json.dumps([round(value, 3) for value in std]),
        "decoding": json.dumps(values),
    }


def read_metadata(file: Path) -> Mapping[str, str]:
    """What ``write`` put into the file."""
    return {item.key: item.value for item in onnx.load(str(file)).metadata_props}


def difference(loaded: Loaded, file: Path, inputs: Iterable[NDArray[np.uint8]]) -> float:
    """The largest difference between the file's probabilities and PyTorch's own, in fp32.

    ``inputs`` are batches as the network takes them, of any sizes.
    """
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    network = Probabilities(loaded.model).eval()
    worst = 0.0
    for images in inputs:
        with torch.inference_mode():
            expected = network(torch.from_numpy(images).to(loaded.device)).cpu().numpy()
        (found,) = session.run([OUTPUT], {INPUT: images})
        gap = float(np.abs(found - expected).max())
        worst = max(worst, gap) if np.isfinite(gap) else float("inf")
    return worst
