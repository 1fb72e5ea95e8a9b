"""Pretrained weights: where they come from, and proof that they were loaded.

Read are torchvision's ResNet-18, checkpoints of this trainer, and detectors of the DB family: the
official code's (MhLiao/DB) and modelscope's cv_resnet18_ocr-detection, which share their names.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import ResNet18_Weights

from analyzer.errors import UsageError
from trainer.checkpoint import read_weights
from trainer.detection.model import DBNet

ADVICE = (
    "write the path of a local weight file to model.pretrained, "
    "or start from random with --set model.pretrained=false"
)
PREFIXES = ("model.module.", "model.", "module.")
"""What wrappers of other frameworks put before the names."""
UNUSED = ("fc.", "backbone.fc.", "backbone.smooth.")
"""Layers that files have and their own networks never call."""
DB_MEAN = (104.00698793, 116.66876762, 122.67891434)
"""What the DB family takes off R, G and B before it divides by 255. Its code reads images as BGR
and takes the mean of R off B and that of B off R; weights trained so need it so.
"""


def load_pretrained(model: DBNet, wanted: bool | str) -> str:
    """Load what ``model.pretrained`` asks for; returns one sentence for the log.

    Raises UsageError where the weights are not to be had or do not fit: a run never starts
    silently from random ones.
    """
    if wanted is False:
        return "Pretrained weights: none, as model.pretrained is false; starting from random"
    if wanted is True:
        return load_tensors(model, _download(), "torchvision ResNet18_Weights.IMAGENET1K_V1")
    return load_tensors(model, _read(Path(wanted)), wanted)


def load_tensors(model: DBNet, names: Mapping[str, Tensor], source: str) -> str:
    """Load tensors by their names; returns one sentence, which names ``source``.

    Raises UsageError where they are not those of a ResNet-18.
    """
    whole = any(name.startswith("backbone.") for name in names)
    target: nn.Module = model if whole else model.backbone
    own = target.state_dict()
    fitting = {n: t for n, t in names.items() if n in own and own[n].shape == t.shape}
    backbone = {n for n in own if n.startswith("backbone.")} if whole else set(own)
    missing = [n for n in backbone if n not in fitting and not n.endswith("num_batches_tracked")]
    if missing:
        raise UsageError(
            f"{source}: {len(missing)} of the {len(backbone)} tensors of the ResNet-18 backbone "
            f"are missing or have another shape, such as '{sorted(missing)[0]}'; {ADVICE}"
        )
    notes = _left_out(names, own)
    if "decoder.in5.weight" in names and "mean" not in names:
        fitting = _from_db(fitting)
        notes += "; read as weights of the DB family, so images are normalised as they were there"
    target.load_state_dict(fitting, strict=False)
    count = len(model.state_dict())
    return f"Pretrained weights: loaded {len(fitting)} of {count} tensors from {source}{notes}"


def _left_out(names: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> str:
    """What of the file is not used, where that makes another network of it."""
    notes = ""
    misfits = sorted(n for n, tensor in names.items() if n in own and own[n].shape != tensor.shape)
    if misfits:
        notes += (
            f"; {len(misfits)} have another shape there, such as '{misfits[0]}' with "
            f"{list(names[misfits[0]].shape)} in place of {list(own[misfits[0]].shape)}, and "
            "start from random: does model.fpn_channels fit the file?"
        )
    foreign = sorted(n for n in names if n not in own and not n.startswith(UNUSED))
    if foreign:
        notes += (
            f"; {len(foreign)} have no place in this network, such as '{foreign[0]}', so it "
            "gives other results than the file's own until it is trained"
        )
    return notes


def _from_db(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same function of RGB images: the first convolution turned, and their normalisation."""
    turned = {"backbone.conv1.weight": tensors["backbone.conv1.weight"].flip(1)}
    mean = torch.tensor(DB_MEAN).view(1, 3, 1, 1)
    return {**tensors, **turned, "mean": mean, "std": torch.full_like(mean, 255.0)}


def tensors_of(state: Any, file: Path) -> dict[str, Tensor]:
    """The tensors of what a ``file`` held, by the names they have without wrappers.

    Of a training that kept the running mean of its weights, that. Raises UsageError where there
    is no state dict.
    """
    for key in ("state_dict", "ema", "model", "weights"):
        if isinstance(state, Mapping) and isinstance(state.get(key), Mapping):
            state = state[key]
    if not isinstance(state, Mapping):
        raise UsageError(f"{file} holds no state dict")
    return {_bare(name): tensor for name, tensor in state.items() if isinstance(tensor, Tensor)}


def _bare(name: str) -> str:
    for prefix in PREFIXES:
        if name.startswith(prefix):
            return name.removeprefix(prefix)
    return name


def _download() -> Mapping[str, Tensor]:
    try:
        state: Mapping[str, Tensor] = ResNet18_Weights.IMAGENET1K_V1.get_state_dict(progress=False)
    except (OSError, RuntimeError) as error:
        raise UsageError(
            "model.pretrained is true, but torchvision's ResNet-18 weights can neither be found "
            f"in {torch.hub.get_dir()} nor be downloaded ({error}); {ADVICE}"
        ) from None
    return state


def _read(file: Path) -> dict[str, Tensor]:
    try:
        return tensors_of(read_weights(file), file)
    except UsageError as error:
        raise UsageError(f"model.pretrained: {error}; {ADVICE}") from None
