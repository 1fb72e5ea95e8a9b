"""Which images make which update of the weights, and in which batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler


class EpochOrder(Sampler[list[int]]):
    """The batches of an epoch, in a new order each epoch that depends on seed and epoch only.

    An update takes the next ``batch * accumulate`` images, in batches of at most ``batch``; the
    last update of an epoch takes what is left. ``skip`` leaves out the first updates, which an
    interrupted training has made.
    """

    def __init__(self, size: int, seed: int, batch: int, accumulate: int = 1) -> None:
        self.size = size
        self.seed = seed
        self.batch = batch
        self.whole = batch * accumulate
        self.epoch = 1
        self.skip = 0

    @property
    def updates(self) -> int:
        """How many updates make an epoch."""
        return -(-self.size // self.whole)

    def groups(self) -> list[list[list[int]]]:
        """For each update that is left its batches of indices."""
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.size).tolist()
        parts = cut(order, self.whole)[self.skip :]
        return [cut(part, self.batch) for part in parts]

    def __len__(self) -> int:
        return sum(map(len, self.groups()))

    def __iter__(self) -> Iterator[list[int]]:
        return iter([batch for group in self.groups() for batch in group])


def cut(items: Sequence[int], size: int) -> list[list[int]]:
    """Pieces of ``size`` items, the last one maybe shorter."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
