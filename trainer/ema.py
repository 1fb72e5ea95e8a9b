"""A running mean of the weights (EMA), which is what a training that keeps one is judged by."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightMean:
    """mean = d * mean + (1 - d) * weights after each update, over the model's whole state.

    d is (1 + n) / (10 + n) at update n until that exceeds ``decay`` (as in TensorFlow's
    ExponentialMovingAverage): the mean is over about the last tenth of a short training, and
    never over its random start. The statistics of batch norms are averaged like weights; whole
    numbers, such as how many batches they have seen, are taken as they are.
    """

    def __init__(self, model: nn.Module, decay: float) -> None:
        self.decay = decay
        self.updates = 0
        self._live = dict(model.state_dict())  # the model's own tensors: they change with it
        self._mean = _copy(self._live)
        self._kept: dict[str, Tensor] | None = None

    @torch.no_grad()
    def update(self) -> None:
        """Take the weights as they are now into the mean."""
        self.updates += 1
        decay = min(self.decay, (1 + self.updates) / (10 + self.updates))
        floating = [name for name, value in self._mean.items() if value.is_floating_point()]
        means = [self._mean[name] for name in floating]
        torch._foreach_lerp_(means, [self._live[name] for name in floating], 1 - decay)
        for name in self._mean.keys() - set(floating):
            self._mean[name].copy_(self._live[name])

    @contextmanager
    def used(self) -> Iterator[None]:
        """The model has the mean as its weights inside."""
        self._kept = _copy(self._live)
        try:
            _fill(self._live, self._mean)
            yield
        finally:
            _fill(self._live, self._kept)
            self._kept = None

    def weights(self) -> dict[str, Tensor]:
        """The weights of the training, also where the model has the mean just now."""
        return self._kept or self._live

    def state(self) -> dict[str, Any]:
        """For a weight file."""
        return {"weights": self._mean, "updates": self.updates}

    def load(self, state: Mapping[str, Any]) -> None:
        """Go on with what ``state`` gave."""
        _fill(self._mean, state["weights"])
        self.updates = state["updates"]


def _copy(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in state.items()}


@torch.no_grad()
def _fill(into: Mapping[str, Tensor], source: Mapping[str, Tensor]) -> None:
    for name, value in source.items():
        into[name].copy_(value)
