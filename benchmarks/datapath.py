"""What one training input costs from the decoded image on: warp, maps, batch, normalisation.

python -m benchmarks.datapath [--size 640] [--rounds 40]

Prints CPU milliseconds per image on one thread, for a page of 20 and of 100 words; decoding is
left out. ``plain maps`` is the way of ``plain_maps.py``, for comparison; it is not in the sum.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import click
import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from benchmarks import plain_maps
from trainer.augment import AugmentConfig, augment
from trainer.detection.dataset import collate
from trainer.detection.labels import make_maps
from trainer.detection.model import DBNet
from trainer.memory import keep_freed_memory

BATCH = 8
WORDS = (20, 100)

Quads = NDArray[np.float32]


@click.command()
@click.option("--size", default=640, help="Side of the input in pixels.")
@click.option("--rounds", default=40, help="Measurements, of which the median is shown.")
def main(size: int, rounds: int) -> None:
    """Print one line for each part and number of words."""
    print(f"CPU ms per image at {size} x {size}, one thread")
    for words in WORDS:
        costs = measure(words, size=size, rounds=rounds)
        total = sum(cost for part, cost in costs.items() if part != "plain maps")
        parts = "  ".join(f"{part} {cost:.2f}" for part, cost in costs.items())
        print(f"{words:4d} words  {parts}  sum {total:.2f}")


def measure(words: int, *, size: int = 640, rounds: int = 40) -> dict[str, float]:
    """CPU milliseconds per image of each part of the data path, the median of ``rounds``."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    keep_freed_memory()
    rng = np.random.default_rng(0)
    config = AugmentConfig()
    side = round(size * config.scale[1])  # what the data set keeps in memory
    image = rng.integers(0, 256, (side, side, 3), dtype=np.uint8)
    quads, nobody = page(words, side, rng), np.zeros(words, bool)
    moved = augment(image, quads, size, config, rng).quads
    item: dict[str, Any] = {"image": np.ascontiguousarray(image[:size, :size]), "file": ""}
    items = [{**item, **vars(make_maps(moved, nobody, (size, size)))} for _ in range(BATCH)]
    batch = collate(items)
    model = DBNet(16)

    def normalise() -> None:
        model.normalise(batch["image"])

    return {
        "warp": _cost(lambda: augment(image, quads, size, config, rng), rounds),
        "maps": _cost(lambda: make_maps(moved, nobody, (size, size)), rounds),
        "batch": _cost(lambda: collate(items), rounds) / BATCH,
        "normalise": _cost(normalise, rounds) / BATCH,
        "plain maps": _cost(lambda: plain_maps.make_maps(moved, nobody, (size, size)), rounds),
    }


def page(words: int, side: int, rng: np.random.Generator) -> Quads:
    """Words of 10 to 30 pixels height, leaning a little, anywhere on a page of ``side`` pixels."""
    quads = []
    for _ in range(words):
        height = rng.uniform(10, 30)
        sides = (height * rng.uniform(1.5, 6), height)
        middle = (rng.uniform(0, side), rng.uniform(0, side))
        quads.append(cv2.boxPoints((middle, sides, rng.uniform(-10, 10))))
    return np.array(quads, np.float32)


def _cost(work: Callable[[], object], rounds: int) -> float:
    """Median CPU milliseconds of one call."""
    work()
    seconds = []
    for _ in range(rounds):
        start = time.process_time()
        work()
        seconds.append(time.process_time() - start)
    return median(seconds) * 1000


if __name__ == "__main__":
    main()
