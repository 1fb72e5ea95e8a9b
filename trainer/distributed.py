"""Several processes that train one model together, as ``torchrun`` starts them.

Each process takes its share of the images of every step; DistributedDataParallel sums the
gradients, by NCCL between GPUs and by Gloo between processors. Only the first process writes and
prints. What is small and must be agreed on (counts, a wish to stop, scores) goes over Gloo, so
that no GPU is waited for. In a training of one process everything here does nothing.
"""

from __future__ import annotations

import gc
import inspect
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import timedelta
from itertools import zip_longest
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.parallel import DistributedDataParallel

from analyzer.errors import TrainlintError, UsageError

T = TypeVar("T")

PATIENCE = timedelta(minutes=30)
"""So long may one process keep the others waiting: loaders start, a disk is slow."""


_NAMES = inspect.signature(DistributedDataParallel).parameters
_BUFFERS = "forward_sync_buffers" if "forward_sync_buffers" in _NAMES else "broadcast_buffers"
"""Whether each forward pass takes the buffers of the first process; its name has changed."""


class Elsewhere(TrainlintError):
    """Another process could not do what this one waits for; that one says why."""

    exit_code = 1


def join(device: str) -> None:
    """Meet the other processes, where ``torchrun`` started several.

    Raises UsageError where this machine has fewer GPUs than processes.
    """
    world, local = (int(os.environ.get(name, "0")) for name in ("WORLD_SIZE", "LOCAL_RANK"))
    if world < 2 or dist.is_initialized():
        return
    on_gpu = device != "cpu" and torch.cuda.is_available()
    if on_gpu and local >= torch.cuda.device_count():
        raise UsageError(
            f"this machine has {torch.cuda.device_count()} GPUs and more processes; start one for "
            "each GPU (torchrun --nproc_per_node=gpu), or train with train.device=cpu"
        )
    if on_gpu:
        torch.cuda.set_device(local)
    dist.init_process_group("cpu:gloo,cuda:nccl" if on_gpu else "gloo", timeout=PATIENCE)


def leave() -> None:
    """Part from the others at the end."""
    _Shared.network, _Shared.trained = None, ()
    if dist.is_initialized():
        dist.destroy_process_group()


def world_size() -> int:
    """How many processes train together."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """The number of this process, from 0."""
    return dist.get_rank() if dist.is_initialized() else 0


def total(numbers: Sequence[float]) -> list[float]:
    """The sum over all processes of each number."""
    if world_size() == 1:
        return list(numbers)
    table = torch.tensor(numbers, dtype=torch.float64)
    dist.all_reduce(table)
    return [float(number) for number in table.tolist()]


def any_of(flag: bool) -> bool:
    """Whether it holds in any process."""
    return total([flag])[0] > 0


def gather(own: T) -> list[T]:
    """What each process has, in the order of their numbers; all get all of it."""
    if world_size() == 1:
        return [own]
    found: list[Any] = [None] * world_size()
    dist.all_gather_object(found, own)
    return found


def from_first(make: Callable[[], T]) -> T:
    """What ``make`` gives in the first process, for all; it must be small.

    Where it raises, that error is raised there, and Elsewhere in the others.
    """
    if world_size() == 1:
        return make()
    box: list[Any] = [False, None]
    try:
        if rank() == 0:
            box = [True, make()]
    finally:
        dist.broadcast_object_list(box)
    if not box[0]:
        raise Elsewhere("the first process could not start the training")
    made: T = box[1]
    return made


def add(values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The sum over all processes of each number, on its device."""
    if world_size() == 1:
        return dict(values)
    table = torch.stack(list(values.values()))
    dist.all_reduce(table)
    return dict(zip(values, table.unbind(), strict=True))


def interleave(lists: Sequence[Sequence[T]], size: int) -> list[T]:
    """Items that were dealt out ``size`` at a time, in their order again."""
    cut = [[own[at : at + size] for at in range(0, len(own), size)] for own in lists]
    return [item for turn in zip_longest(*cut, fillvalue=()) for part in turn for item in part]


class _Shared:
    """The network whose gradients are summed, and which of its weights are trained."""

    network: DistributedDataParallel | None = None
    trained: tuple[bool, ...] = ()


def shared(model: nn.Module) -> nn.Module:
    """``model``, such that a backward pass of it sums the gradients over all processes.

    It begins with the weights of the first process. Which weights are trained may change between
    two calls: DistributedDataParallel must then be made anew, after the old one has gone.
    """
    if world_size() == 1:
        return model
    trained = tuple(weight.requires_grad for weight in model.parameters())
    network = _Shared.network
    if network is None or network.module is not model or trained != _Shared.trained:
        _Shared.network = network = None
        gc.collect()
        on_gpu = next(model.parameters()).is_cuda
        buffers: dict[str, Any] = {_BUFFERS: False}  # average_norms does better
        network = DistributedDataParallel(
            model,
            device_ids=[torch.cuda.current_device()] if on_gpu else None,
            gradient_as_bucket_view=True,
            **buffers,
        )
        _Shared.network, _Shared.trained = network, trained
    return network


def summing(network: nn.Module, *, now: bool) -> AbstractContextManager[None]:
    """Inside, backward passes sum gradients over the processes only if ``now``."""
    if now or not isinstance(network, DistributedDataParallel):
        return nullcontext()
    return network.no_sync()


def average_norms(model: nn.Module) -> None:
    """Let the running statistics of batch norms be those of all processes' images."""
    if world_size() == 1:
        return
    norms = [one for one in model.modules() if isinstance(one, _BatchNorm) and one.training]
    running = [b for one in norms for b in (one.running_mean, one.running_var) if b is not None]
    if not running:
        return
    flat = torch.cat([buffer.flatten() for buffer in running])
    dist.all_reduce(flat)
    flat /= world_size()
    for buffer, mean in zip(running, flat.split([b.numel() for b in running]), strict=True):
        buffer.copy_(mean.view_as(buffer))
