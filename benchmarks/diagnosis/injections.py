"""What is broken in a running trainer, or in its data set on disk.

Each ``inject`` function changes the trainer of this process. Nothing is put back: the process ends
with the run. Each ``edit`` function rewrites the private copy of a data set before the start.
"""

from __future__ import annotations

import copy
import errno
import os
import random
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from analyzer.formats.icdar import format_list_line
from analyzer.formats.workdir import RunWriter
from trainer import checkpoint, monitor, start
from trainer.detection import task as detection
from trainer.detection.task import DetectionTask

SHIFT = 30
"""Pixels by which displaced boxes lie off their words; images have 96, words about 14."""


# --- the optimiser and the rate


def train_nothing() -> None:
    """All weights but two biases of the heads are frozen."""

    def make(model: nn.Module, config: Any) -> torch.optim.Optimizer:
        kept = ("decoder.binarize.6.bias", "decoder.thresh.6.bias")
        for name, parameter in model.named_parameters():
            parameter.requires_grad_(name in kept)
        return original(model, config)

    original = start.make_optimizer
    start.make_optimizer = make


def freeze_backbone() -> None:
    """Only the decoder learns."""

    def make(model: nn.Module, config: Any) -> torch.optim.Optimizer:
        for parameter in model.get_submodule("backbone").parameters():
            parameter.requires_grad_(False)
        return original(model, config)

    original = start.make_optimizer
    start.make_optimizer = make


def train_a_copy() -> None:
    """The optimiser was given the parameters of another model."""
    original = start.make_optimizer
    start.make_optimizer = lambda model, config: original(copy.deepcopy(model), config)


def raise_rate(times: float, after: int) -> None:
    """From the epoch after ``after`` on the learning rate is ``times`` as high."""

    def rate(base: float, config: Any, *, epoch: int, **place: int) -> float:
        return original(base, config, epoch=epoch, **place) * (times if epoch > after else 1.0)

    original = start.learning_rate
    start.learning_rate = rate


# --- what the loop is given


def slow_loader(seconds: float, growth: float = 0.0) -> None:
    """Each batch comes ``seconds`` late, in each later epoch by ``growth`` seconds more."""

    def updates(self: DetectionTask, epoch: int, skip: int = 0) -> Iterator[Any]:
        for batches in original(self, epoch, skip):
            time.sleep(seconds + growth * (epoch - 1))
            yield batches

    original = DetectionTask.train_updates
    DetectionTask.train_updates = updates  # type: ignore[method-assign]


def nan_in_data(after: int) -> None:
    """One training image holds a NaN in its maps from the epoch after ``after`` on."""

    def targets(batch: Any, *others: Any) -> Any:
        made = original(batch, *others)
        hit = [index for index, file in enumerate(batch["file"]) if file.endswith(bad)]
        if hit and state["epoch"] > after:
            made.border[hit[0], 0, 0] = float("nan")
            made.border_mask[hit[0], 0, 0] = 1.0
        return made

    def updates(self: DetectionTask, epoch: int, skip: int = 0) -> Any:
        state["epoch"] = epoch
        return begin(self, epoch, skip)

    bad, state = "train_images/7.jpg", {"epoch": 0}
    original, begin = detection._targets, DetectionTask.train_updates
    detection._targets = targets
    DetectionTask.train_updates = updates  # type: ignore[method-assign]


# --- saving and going on


def disk_full(after: int) -> None:
    """No room is left for weights after ``after`` files."""

    def save(state: Any, path: Path) -> None:
        counter["files"] += 1
        if counter["files"] > after:
            path.write_bytes(b"\0" * 1000)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
        original(state, path)

    original, counter = checkpoint.save_state, {"files": 0}
    checkpoint.save_state = save


def swallow_saves() -> None:
    """Saving does nothing and says nothing."""
    RunWriter.save = lambda *_, **__: None  # type: ignore[method-assign]
    RunWriter.save_best = lambda *_, **__: None  # type: ignore[method-assign]


def keep_first_best(epochs: int) -> None:
    """After ``epochs`` values nothing counts as better any more."""

    def better(*arguments: Any) -> bool:
        counter["asked"] += 1
        return counter["asked"] <= epochs and original(*arguments)

    original, counter = monitor.beats, {"asked": 0}
    monitor.beats = better  # type: ignore[assignment]


def always_better() -> None:
    """Each epoch counts as the best one."""
    monitor.beats = lambda value, *_: value is not None


def forget_optimizer() -> None:
    """A resume takes the weights and leaves out the state of the optimiser."""

    def restore(state: Any, model: nn.Module, _: torch.optim.Optimizer) -> None:
        model.load_state_dict(state["model"])

    checkpoint.restore = restore  # type: ignore[assignment]


def forget_weights() -> None:
    """A resume goes on counting, but from fresh weights."""
    checkpoint.restore = lambda *_: None


# --- the data set on disk


def _labels(folder: Path, split: str) -> list[Path]:
    return sorted((folder / f"{split}_gts").glob("*.txt"))


def shuffle_labels(folder: Path, seed: int) -> None:
    """Every training image gets the labels of another one."""
    files = _labels(folder, "train")
    texts = [file.read_text("utf-8") for file in files]
    order = list(range(len(files)))
    random.Random(seed).shuffle(order)
    for place, source in enumerate(order):
        files[order[place - 1]].write_text(texts[source], "utf-8")


def displace_boxes(folder: Path, seed: int, *, split: str) -> None:
    """All boxes of an image lie beside their words, each image's in another direction."""
    rng = np.random.default_rng(seed)
    for file in _labels(folder, split):
        angle = rng.uniform(0, 2 * np.pi)
        _move(file, SHIFT * np.array([np.cos(angle), np.sin(angle)]).round(1))


def constant_boxes(folder: Path, _: int) -> None:
    """Every training image is said to hold the same two words."""
    text = "10,20,50,20,50,36,10,36,word\n48,60,88,60,88,78,48,78,word\n"
    for file in _labels(folder, "train"):
        file.write_text(text, "utf-8")


def drop_boxes(folder: Path, seed: int, *, share: float) -> None:
    """A share of the words of the training images is not labelled."""
    rng = random.Random(seed)
    for file in _labels(folder, "train"):
        lines = file.read_text("utf-8").splitlines(keepends=True)
        file.write_text("".join(line for line in lines if rng.random() >= share), "utf-8")


def no_test_images(folder: Path, _: int) -> None:
    """The test list is empty."""
    (folder / "test_list.txt").write_text("", "utf-8")


def use_training_images(folder: Path, _: int) -> None:
    """The test images are training images."""
    count = len(_labels(folder, "test"))
    lines = []
    for number in range(1, count + 1):
        for kind, ending in (("images", "jpg"), ("gts", "txt")):
            source = folder / f"train_{kind}" / f"{number}.{ending}"
            shutil.copy(source, folder / f"test_{kind}" / source.name)
        lines.append(format_list_line("test", f"{number}.jpg", f"{number}.txt") + "\n")
    (folder / "test_list.txt").write_text("".join(lines), "utf-8")


def repeat_few_images(folder: Path, _: int, *, images: int, times: int) -> None:
    """The training list names only the first ``images``, each of them ``times`` times."""
    lines = (folder / "train_list.txt").read_text("utf-8").splitlines(keepends=True)
    (folder / "train_list.txt").write_text("".join(lines[:images] * times), "utf-8")


def use_the_few_images(folder: Path, seed: int, *, images: int, times: int) -> None:
    """The training images are few, and the test images are among them."""
    use_training_images(folder, seed)
    repeat_few_images(folder, seed, images=images, times=times)
    lines = (folder / "test_list.txt").read_text("utf-8").splitlines(keepends=True)
    (folder / "test_list.txt").write_text("".join(lines[:images]), "utf-8")


def _move(file: Path, shift: Any) -> None:
    """Shift all boxes of a label file by (dx, dy), rounded to pixels."""
    lines = []
    for line in file.read_text("utf-8").splitlines():
        *numbers, text = line.split(",", 8)
        points = np.array([float(n) for n in numbers]).reshape(4, 2) + shift
        lines.append(",".join([*(str(round(n)) for n in points.ravel()), text]) + "\n")
    file.write_text("".join(lines), "utf-8")
