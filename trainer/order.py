"""Which images make which update of the weights, in which batches, and in which process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from torch.utils.data import Sampler


class EpochOrder(Sampler[list[int]]):
    """The batches of an epoch, in a new order each epoch that depends on seed and epoch only.

    An update takes the next ``batch * accumulate`` images, in batches of at most ``batch``; the
    last update of an epoch takes what is left. ``skip`` leaves out the first updates, which an
    interrupted training has made.

    With ``world`` processes an update takes ``world`` times as many, one part for each, and this
    one gets part ``rank``. No image is taken twice; where too few are left to give each process
    one, the update before takes them.
    """

    def __init__(
        self,
        size: int,
        seed: int,
        batch: int,
        accumulate: int = 1,
        *,
        rank: int = 0,
        world: int = 1,
    ) -> None:
        self.size = size
        self.seed = seed
        self.batch = batch
        self.whole = batch * accumulate * world
        self.rank = rank
        self.world = world
        self.epoch = 1
        self.skip = 0

    @property
    def updates(self) -> int:
        """How many updates make an epoch."""
        full, rest = divmod(self.size, self.whole)
        return full + (rest >= self.world or not full)

    def groups(self) -> list[list[list[int]]]:
        """For each update that is left the batches of indices of this process."""
        order = np.random.default_rng((self.seed, self.epoch)).permutation(self.size).tolist()
        starts = [self.whole * number for number in range(self.updates)]
        parts = [order[a:b] for a, b in zip(starts, [*starts[1:], self.size], strict=True)]
        return [cut(self._own(part), self.batch) for part in parts[self.skip :]]

    def _own(self, images: Sequence[int]) -> list[int]:
        """The share of this process; the first ones get one more where it does not come out."""
        share, more = divmod(len(images), self.world)
        begin = self.rank * share + min(self.rank, more)
        return list(images[begin : begin + share + (self.rank < more)])

    def __len__(self) -> int:
        return sum(map(len, self.groups()))

    def __iter__(self) -> Iterator[list[int]]:
        return iter([batch for group in self.groups() for batch in group])


def cut(items: Sequence[int], size: int) -> list[list[int]]:
    """Pieces of ``size`` items, the last one maybe shorter."""
    return [list(items[start : start + size]) for start in range(0, len(items), size)]
