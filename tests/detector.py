"""A run that nobody had to train, and images that a simple detector finds the words of.

The network has random weights. Tests put one in its place that takes bright for text: the images
are dark, and each word has a bright core as large as that of a label.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from trainer.config import Config, DataConfig, ModelConfig, TrainConfig
from trainer.detection.model import DBNet

WORDS = [(8, 8), (8, 40), (50, 8), (50, 40)]
WIDTH, HEIGHT, MARGIN = 32, 18, 5


def words_image(brightness: int, ground: int = 5, count: int = 4) -> NDArray[np.uint8]:
    """96 x 96 pixels with the cores of ``count`` words."""
    image = np.full((96, 96, 3), ground, np.uint8)
    for x, y in WORDS[:count]:
        core = image[y + MARGIN : y + HEIGHT - MARGIN, x + MARGIN : x + WIDTH - MARGIN]
        core[:] = brightness
    return image


def label_lines(count: int = 4) -> str:
    return "".join(
        f"{x},{y},{x + WIDTH},{y},{x + WIDTH},{y + HEIGHT},{x},{y + HEIGHT},word\n"
        for x, y in WORDS[:count]
    )


def write_split(root: Path, split: str, images: Sequence[NDArray[np.uint8]]) -> None:
    """An ICDAR2015 split of these images; each has the labels of all four words."""
    names = []
    for number, image in enumerate(images, start=1):
        for kind, suffix in (("images", "png"), ("gts", "txt")):
            (root / f"{split}_{kind}").mkdir(parents=True, exist_ok=True)
            names.append(f"{split}_{kind}/{number}.{suffix}")
        cv2.imwrite(str(root / names[-2]), image)
        (root / names[-1]).write_text(label_lines())
    lines = (f"{image} {label}\n" for image, label in zip(names[::2], names[1::2], strict=True))
    (root / f"{split}_list.txt").write_text("".join(lines))


def write_run(folder: Path, data: str = "data", **weights: Any) -> Path:
    """A run folder with the state of a network of random weights after epoch 3."""
    torch.manual_seed(0)
    model = DBNet(16)
    config = replace(
        Config(),
        model=ModelConfig(pretrained=False, fpn_channels=16),
        data=DataConfig(train_dir=data, test_dir=data, input_size=96),
        train=TrainConfig(device="cpu", precision="fp32", threads=1),
    )
    state = {"format": 1, "epoch": 3, "model": model.state_dict(), "config": config.plain()}
    (folder / "checkpoints").mkdir(parents=True, exist_ok=True)
    torch.save(state | weights, folder / "checkpoints/best.pth")
    return folder
