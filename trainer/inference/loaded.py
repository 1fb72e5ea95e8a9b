"""A trained detector from a run or a weight file, ready to be used.

load(path, device=...) -> Loaded; loaded.maps(images) -> probabilities
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from analyzer.errors import UsageError
from analyzer.formats.workdir import BEST, CHECKPOINTS
from trainer.checkpoint import FORMAT, epoch_files, read_weights, weights_of
from trainer.config import Config, ModelConfig
from trainer.detection.decode import DecodeConfig
from trainer.detection.model import DBNet
from trainer.detection.pretrained import UNUSED, load_tensors, tensors_of
from trainer.detection.task import decoding
from trainer.device import has_bf16, pick_device, pick_threads
from trainer.settings import Source, build

NORMALISATION = {"mean", "std"}
"""Buffers that older files lack; the model then has the usual ones."""


@dataclass(frozen=True)
class Loaded:
    """A detector in evaluation mode, with the settings it was trained with.

    ``file`` is the weight file, ``epoch`` the one it was saved after, ``f1`` what it reached in
    its own validation then, where that is known. ``bf16``: compute in it, as that validation did.
    """

    model: DBNet
    config: Config
    file: Path
    epoch: int
    device: torch.device
    bf16: bool
    f1: float | None = None

    def maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """(B, H, W, 3) RGB, H and W multiples of 32, to the probability of text (B, H, W)."""
        cast = torch.autocast(self.device.type, dtype=torch.bfloat16, enabled=self.bf16)
        with torch.inference_mode(), cast:
            logits = self.model(torch.from_numpy(images).to(self.device)).text
            found: NDArray[np.float32] = torch.sigmoid(logits.float()).cpu().numpy()
        return found

    def decoding(self, threshold: float | None = None) -> DecodeConfig:
        """How boxes are made: as in the training's validation, or at a threshold of one's own."""
        own = decoding(self.config.validate)
        return own if threshold is None else at_threshold(own, threshold)


def at_threshold(config: DecodeConfig, threshold: float) -> DecodeConfig:
    """Boxes that are at least ``threshold`` sure, 0 to 1.

    A box is a region of pixels above the pixel threshold, so it is surer than that; to find less
    sure ones the pixel threshold goes down as well.
    """
    pixel = min(config.threshold, threshold)
    return replace(config, threshold=pixel, box_threshold=threshold)


def load(path: Path, *, device: str = "auto") -> Loaded:
    """Load the detector of a run folder, its best weights, or of one weight file.

    A file may also hold a whole detector of the DB family, which is used with the settings that
    are the default. Raises UsageError where there is no file, or it holds something else.
    """
    file = weight_file(path)
    state = read_weights(file)
    if isinstance(state, dict) and state.get("format") == FORMAT and "config" in state:
        config: Config = build(Config, state["config"], Source(str(file), {}, {}))
        model, epoch = DBNet(config.model.fpn_channels), int(state["epoch"])
        _fill(model, weights_of(state), file)
        f1 = (state.get("metrics") or {}).get("val_f1")
    else:
        model, config = _of_others(state, file)
        epoch, f1 = 0, None
    picked = pick_device(device)
    torch.set_num_threads(pick_threads(config.train.threads))
    model.to(picked, memory_format=torch.channels_last)  # type: ignore[call-overload]
    bf16 = config.train.precision in ("auto", "bf16") and has_bf16(picked)
    return Loaded(model.eval(), config, file, epoch, picked, bf16, f1)


def _of_others(state: Any, file: Path) -> tuple[DBNet, Config]:
    """A whole detector of the DB family: what a file lacks would be random, so that is refused."""
    bare = isinstance(state, dict) and "format" not in state
    names = tensors_of(state, file) if bare else {}
    lateral = names.get("decoder.in5.weight", torch.empty(0))
    width = len(lateral)
    if not width or width % 4:
        raise UsageError(
            f"{file} was not saved by this trainer (format {FORMAT}), nor does it hold a detector "
            "of the DB family; to use other weights, train at least one epoch from them with "
            "--set model.pretrained=FILE"
        )
    model = DBNet(width)
    own = model.state_dict()
    left = [name for name in own if not name.endswith("num_batches_tracked")]
    left = [name for name in left if "thresh" not in name and name not in NORMALISATION]
    wrong = [name for name in left if name not in names or names[name].shape != own[name].shape]
    wrong += [name for name in names if name not in own and not name.startswith(UNUSED)]
    if wrong:
        raise UsageError(
            f"{file} holds another network than this one: {len(wrong)} tensors are missing, have "
            f"another shape or no place here, such as '{wrong[0]}'"
        )
    load_tensors(model, names, str(file))
    return model, Config(model=ModelConfig(pretrained=str(file), fpn_channels=width))


def _fill(model: DBNet, weights: Any, file: Path) -> None:
    try:
        found = model.load_state_dict(weights, strict=False)
    except RuntimeError as error:
        shapes = str(error).splitlines()[-1].strip()
        raise UsageError(f"{file} does not fit the network of its settings: {shapes}") from None
    wrong = [*found.unexpected_keys, *sorted(set(found.missing_keys) - NORMALISATION)]
    if wrong:
        raise UsageError(
            f"{file} does not fit the network of its settings: {len(wrong)} tensors are missing "
            f"or unknown, such as '{wrong[0]}'"
        )


def weight_file(path: Path) -> Path:
    """The weight file that ``path`` stands for: itself, or the best one of a run folder."""
    if path.is_file():
        return path
    if not path.is_dir():
        raise UsageError(
            f"there is no {path}; name a run folder such as workdirs/latest, or a weight file "
            "such as workdirs/latest/checkpoints/best.pth"
        )
    if (path / BEST).is_file():
        return path / BEST
    if numbered := epoch_files(path):
        return numbered[max(numbered)]
    if (path / "latest").exists():
        raise UsageError(f"{path} holds runs; name one of them, such as {path / 'latest'}")
    raise UsageError(
        f"{path} holds no {BEST} and no {CHECKPOINTS}/epoch_N.pth; name the folder of a run that "
        "has saved weights"
    )
