"""One epoch of training, one pass of validation: tensors in, numbers out. Touches no file."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import chain

import torch

from trainer import distributed
from trainer.laps import Laps
from trainer.optim import set_learning_rate
from trainer.steps import Plan, Task, autocast, make_update, set_momenta
from trainer.window import NonFinite, Window, first_nonfinite, mean, unsound


@dataclass
class Trained:
    """Means over the steps of an epoch (losses: over its images).

    ``rows`` are the numbers of each step; ``stopped`` says that steps are left.
    """

    rows: list[dict[str, float]]
    means: dict[str, float] = field(default_factory=dict)
    """``train_loss``, its parts, ``grad_norm``, ``clipped_share``, and the times"""
    nonfinite: NonFinite | None = None
    stopped: bool = False

    @property
    def steps(self) -> int:
        """How many steps were made."""
        return len(self.rows)


@dataclass(frozen=True)
class Tested:
    """Means over the images of the test set, the scores, and the wall time in seconds."""

    means: dict[str, float]
    seconds: float


def train_epoch(
    task: Task,
    optimizer: torch.optim.Optimizer,
    plan: Plan,
    *,
    epoch: int,
    first_step: int,
    on_step: Callable[[int], None],
    on_record: Callable[[dict[str, float]], None],
    before: Sequence[dict[str, float]] = (),
    stop: Callable[[], bool] = lambda: False,
) -> Trained:
    """Train one epoch whose first step is number ``first_step`` of the run.

    ``on_step`` hears the number of each step; ``on_record`` gets the means over the last
    ``log_every`` steps, and over the rest at the end. ``step_time`` is the whole iteration,
    ``data_time`` the part of it that waited for data; for the others see ``Laps``. A loss or
    gradient that is NaN or inf is found at the next record (on a CPU at once).

    ``before`` are the rows of the steps that an interrupted training made in this epoch; it goes
    on after them. ``stop`` is asked after each step whether to end there.
    """
    task.model.train()
    task.network = distributed.shared(task.model)
    set_momenta(optimizer)
    trained = Trained(rows=list(before))
    window = Window()
    clock = time.perf_counter()
    for batches in task.train_updates(epoch, len(before)):
        waited = time.perf_counter() - clock
        step = first_step + trained.steps + len(window.rows)
        set_learning_rate(optimizer, plan.lr_at(step, epoch))
        laps = Laps(plan.device)
        values = make_update(task, optimizer, plan, batches, laps)
        files = [file for batch in batches for file in task.files(batch)]
        window.add(values, waited, laps, files)
        on_step(step)
        bad = plan.device.type == "cpu" and unsound(values) is not None
        if bad or len(window.rows) == plan.log_every:
            on_record(_flush(trained, window, plan, step, epoch))
            window = Window()
        trained.stopped = distributed.any_of(stop())
        if trained.stopped or (trained.nonfinite and plan.stop_on_nonfinite):
            break
        clock = time.perf_counter()
    if window.rows:
        on_record(_flush(trained, window, plan, step, epoch))
    task.network = task.model
    trained.means = mean(trained.rows)
    return trained


def _flush(
    trained: Trained, window: Window, plan: Plan, step: int, epoch: int
) -> dict[str, float]:
    """Read the steps up to ``step`` from the device; returns their record."""
    rows = window.read()
    if plan.scaler:
        rows = [row | {"loss_scale": plan.scaler.get_scale()} for row in rows]
    found = first_nonfinite(rows, window.files, step - len(rows) + 1)
    if found and not trained.nonfinite:
        files = tuple(chain(*distributed.gather(found.files)))
        trained.nonfinite = replace(found, files=files)
    trained.rows += rows
    lr = plan.lr_at(step, epoch)
    return {"step": step, "epoch": epoch, "learning_rate": lr} | mean(rows)


def evaluate(task: Task, plan: Plan, *, on_batch: Callable[[int], None]) -> Tested:
    """Validation loss (mean over images, with its parts) and scores of the whole test set.

    Each of several processes takes whole batches in turn, so the numbers are those of one.
    """
    task.model.eval()
    own: list[list[dict[str, float]]] = []
    begin = time.perf_counter()
    with torch.inference_mode():
        for number, batch in enumerate(task.test_batches(), start=1):
            with autocast(plan):
                parts, output = task.loss(batch)
            task.judge(batch, output)
            values = {f"val_loss.{name}": float(value) for name, value in parts.items()}
            row = {"val_loss": sum(values.values()), **values}
            own.append([row] * len(task.files(batch)))
            on_batch(number)
    batches = distributed.interleave(distributed.gather(own), 1)
    scores = task.scores()
    return Tested(mean(list(chain(*batches))) | scores, time.perf_counter() - begin)
