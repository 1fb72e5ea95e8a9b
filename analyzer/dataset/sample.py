"""A small sound data set for examples of rules and for tests, which put the faults in."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from analyzer.formats.icdar import format_label, format_list_line

SIZE = (160, 120)
WORDS = ("open", "Tür 7", "出口", "sale", "No. 12", "кафе")


def write_sample(root: Path, *, train: int = 3, test: int = 2, seed: int = 0) -> None:
    """Write a set with so many images; the same for the same numbers and seed."""
    for split, count in (("train", train), ("test", test)):
        images, labels = root / f"{split}_images", root / f"{split}_gts"
        images.mkdir(parents=True)
        labels.mkdir()
        lines = []
        for number in range(1, count + 1):
            chance = np.random.default_rng((seed, split == "test", number))
            write_picture(images / f"{number}.jpg", SIZE, chance)
            (labels / f"{number}.txt").write_text(_labels(chance), encoding="utf-8")
            lines.append(format_list_line(split, f"{number}.jpg", f"{number}.txt") + "\n")
        (root / f"{split}_list.txt").write_text("".join(lines), encoding="utf-8")


def write_picture(
    path: Path, size: tuple[int, int], chance: np.random.Generator, quality: int = 90
) -> None:
    """Write a picture of blurred blocks; its kind follows from the suffix."""
    from PIL import Image

    level, depth = chance.uniform(70, 180), chance.uniform(25, 70)
    blocks = (level + depth * chance.standard_normal((6, 8))).clip(0, 255).astype(np.uint8)
    picture = Image.fromarray(blocks).resize(size, Image.Resampling.BICUBIC).convert("RGB")
    picture.save(path, quality=quality)


def _labels(chance: np.random.Generator) -> str:
    """Three words, one below the other."""
    lines = []
    for row in range(3):
        left, top = int(chance.integers(5, 40)), 8 + 36 * row
        right, bottom = left + int(chance.integers(30, 100)), top + int(chance.integers(14, 24))
        points = (left, top, right, top, right, bottom, left, bottom)
        lines.append(format_label(points, WORDS[int(chance.integers(len(WORDS)))]) + "\n")
    return "".join(lines)
