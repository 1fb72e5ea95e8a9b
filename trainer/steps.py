"""One update of the weights, from one batch or from several whose gradients add up."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from trainer import distributed
from trainer.failures import is_out_of_memory
from trainer.laps import Laps
from trainer.memory import give_back_freed_memory


class Task(Protocol):
    """What a training must know of a task: its model, data, loss and score.

    The loss of an update is a mean over all its batches together. ``amount`` says what it is a
    mean over, in one batch: numbers that add up over batches, such as pixels of each kind.
    ``loss`` divides by ``whole``, their sum, so that its parts add up over the batches to those
    of the update.
    """

    network: nn.Module
    """What ``loss`` calls: the model, or what sums its gradients over several processes."""

    @property
    def model(self) -> nn.Module: ...

    @property
    def first_weight(self) -> nn.Parameter: ...  # where gradients vanish first

    @property
    def last_weight(self) -> nn.Parameter: ...

    def train_updates(
        self, epoch: int, skip: int = 0
    ) -> Iterable[Sequence[Any]]: ...  # the batches of each update; their order depends on seed

    # and epoch only; the first updates skipped

    def parts(self, batches: Sequence[Any]) -> Sequence[Any]: ...  # the same, where too large cut

    def test_batches(self) -> Iterable[Any]: ...

    def files(self, batch: Any) -> Sequence[str]: ...  # one per image

    def amount(self, batch: Any) -> Sequence[float]: ...

    def loss(
        self, batch: Any, whole: Sequence[float] | None = None
    ) -> tuple[dict[str, Tensor], Any]: ...  # weighted parts, model output; None: it is alone

    def judge(self, batch: Any, output: Any) -> None: ...  # add a batch to the score

    def scores(self) -> dict[str, float]: ...  # val_* since the last call


@dataclass(frozen=True)
class Plan:
    """How an epoch is trained."""

    device: torch.device
    precision: str
    """fp32, bf16 or fp16"""
    lr_at: Callable[[int, int], float]
    """(step, epoch), both from 1, to the learning rate"""
    grad_clip: float | None = None
    log_every: int = 10
    stop_on_nonfinite: bool = True
    halve: Callable[[], bool] = lambda: False
    """asked when memory runs out in a step: whether smaller batches are to be tried"""
    scaler: torch.amp.GradScaler | None = None
    """of the loss, for fp16: small gradients would be 0 without it"""


def make_update(
    task: Task,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    batches: Sequence[Any],
    laps: Laps,
) -> dict[str, Tensor]:
    """Forward and backward of each batch, one update; the numbers stay on the device.

    The update is that of one batch of all these images, as far as a loss can be cut in pieces;
    batch norms see the statistics of each batch alone. An update with a loss or a gradient that
    is NaN or inf is not made where the training is to stop at such; the optimiser must be a fused
    one, which looks at that on the device itself. With a scaler an update whose gradients are not
    finite is left out, the scale is lowered, and the training goes on.
    """
    amounts = [(*task.amount(batch), len(task.files(batch))) for batch in batches]
    *whole, images = distributed.total([sum(column) for column in zip(*amounts, strict=True)])
    total = _gradients(task, plan, batches, whole, laps)
    if plan.scaler:
        plan.scaler.unscale_(optimizer)
    total = distributed.add(total) | _clip(task, plan)
    sound = total["train_loss"].isfinite() & total["grad_norm"].isfinite()
    if plan.scaler:
        total["skipped_share"] = 1 - sound.float()
        plan.scaler.step(optimizer)
        plan.scaler.update()
    else:
        if plan.stop_on_nonfinite:
            optimizer.found_inf = 1 - sound.float()  # type: ignore[attr-defined]
        optimizer.step()
    distributed.average_norms(task.model)
    laps.lap("optimizer_time")
    return total | {"images": torch.full_like(total["train_loss"], images)}


def _gradients(
    task: Task, plan: Plan, batches: Sequence[Any], whole: Sequence[float], laps: Laps
) -> dict[str, Tensor]:
    """Add up the gradients of the batches; where memory runs out, of smaller ones, if allowed.

    Returns the losses. Nothing but gradients has changed when it does run out.
    """
    task.model.zero_grad(set_to_none=True)
    while True:
        try:
            return _added_up(task, plan, batches, whole, laps)
        except Exception as error:
            if not (is_out_of_memory(error) and plan.halve()):
                raise
        task.model.zero_grad(set_to_none=True)
        give_back_freed_memory()  # the error is gone, and what its traceback held
        batches = task.parts(batches)


def _added_up(
    task: Task, plan: Plan, batches: Sequence[Any], whole: Sequence[float], laps: Laps
) -> dict[str, Tensor]:
    total: dict[str, Tensor] = {}
    for number, batch in enumerate(batches, start=1):
        with distributed.summing(task.network, now=number == len(batches)):
            with autocast(plan):
                parts, _ = task.loss(batch, whole)
            loss = torch.stack(list(parts.values())).sum()
            laps.lap("forward_time")
            raised = loss * distributed.world_size()  # gradients are averaged over the processes
            (plan.scaler.scale(raised) if plan.scaler else raised).backward()
            laps.lap("backward_time")
        found = {"train_loss": loss, **{f"train_loss.{name}": v for name, v in parts.items()}}
        for name, value in found.items():
            total[name] = total.get(name, 0) + value.detach()
    return total


def set_momenta(optimizer: torch.optim.Optimizer) -> None:
    """Let SGD begin with momenta of 0, which is what it does.

    PyTorch's fused one makes them in its first step, and leaves them without a value where that
    step is skipped.
    """
    for group in optimizer.param_groups:
        for weight in group["params"] if group.get("momentum") else ():
            if optimizer.state[weight].get("momentum_buffer") is None:
                optimizer.state[weight]["momentum_buffer"] = torch.zeros_like(weight)


def _clip(task: Task, plan: Plan) -> dict[str, Tensor]:
    """The norms of the gradients as they are; then they are shrunk to the allowed norm."""
    gradients = [p.grad for p in task.model.parameters() if p.grad is not None]
    total = _norm(gradients)
    first, last = (
        torch.linalg.vector_norm(weight.grad) for weight in (task.first_weight, task.last_weight)
    )
    clipped = torch.zeros_like(total)
    if plan.grad_clip is not None:
        clipped = (total > plan.grad_clip).float()
        shrink = (plan.grad_clip / (total + 1e-6)).clamp(max=1)
        for gradient in gradients:
            gradient.mul_(shrink)
    norms = {"grad_norm": total, "grad_norm.first": first, "grad_norm.last": last}
    return {**norms, "clipped_share": clipped}


def _norm(gradients: Sequence[Tensor]) -> Tensor:
    """The 2-norm of all gradients together."""
    norms = torch.stack([torch.linalg.vector_norm(gradient) for gradient in gradients])
    total: Tensor = torch.linalg.vector_norm(norms)
    return total


def autocast(plan: Plan) -> torch.autocast:
    """Half precision where the plan says so; bf16 has the range of fp32 and needs no scaler."""
    kind = torch.float16 if plan.precision == "fp16" else torch.bfloat16
    return torch.autocast(plan.device.type, dtype=kind, enabled=plan.precision != "fp32")
