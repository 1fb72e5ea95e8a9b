"""One epoch of training, one pass of validation: tensors in, numbers out. Touches no file."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from trainer.laps import Laps
from trainer.optim import set_learning_rate
from trainer.steps import Plan, Task, autocast, make_update, set_momenta


@dataclass(frozen=True)
class NonFinite:
    """The first step whose loss or gradient was NaN or inf, and its images."""

    step: int
    what: str
    value: float
    files: tuple[str, ...]


@dataclass
class Trained:
    """Means over the steps of an epoch (losses: over its images), and its wall time in seconds.

    ``rows`` are the numbers of each step; ``stopped`` says that steps are left.
    """

    means: dict[str, float]
    """``train_loss``, its parts, ``grad_norm``, ``clipped_share``, and the times"""
    seconds: float
    rows: list[dict[str, float]]
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


@dataclass
class _Window:
    """Steps whose numbers still lie on the device: reading them one by one would make it wait."""

    begin: float = field(default_factory=time.perf_counter)
    names: list[str] = field(default_factory=list)
    rows: list[Tensor] = field(default_factory=list)
    waits: list[float] = field(default_factory=list)
    laps: list[Laps] = field(default_factory=list)
    files: list[tuple[str, ...]] = field(default_factory=list)

    def add(
        self, values: dict[str, Tensor], waited: float, laps: Laps, files: Sequence[str]
    ) -> None:
        self.names = list(values)
        self.rows.append(torch.stack([value.detach().float() for value in values.values()]))
        self.waits.append(waited)
        self.laps.append(laps)
        self.files.append(tuple(files))

    def read(self) -> list[dict[str, float]]:
        """One dict per step; a GPU is waited for here, so only the mean step time is true."""
        table = torch.stack(self.rows).tolist()
        step_time = (time.perf_counter() - self.begin) / len(table)
        return [
            dict(zip(self.names, row, strict=True))
            | {"data_time": data, "step_time": step_time, "images": float(len(files))}
            | laps.read()
            for row, data, laps, files in zip(
                table, self.waits, self.laps, self.files, strict=True
            )
        ]


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
    set_momenta(optimizer)
    history = list(before)
    stopped = False
    nonfinite: NonFinite | None = None
    window = _Window()
    step = first_step - 1 + len(before)
    begin = clock = time.perf_counter()

    def flush() -> None:
        nonlocal window, nonfinite
        rows = window.read()
        if plan.scaler:
            rows = [row | {"loss_scale": plan.scaler.get_scale()} for row in rows]
        nonfinite = nonfinite or _first_nonfinite(rows, window.files, step - len(rows) + 1)
        history.extend(rows)
        lr = plan.lr_at(step, epoch)
        on_record({"step": step, "epoch": epoch, "learning_rate": lr} | mean(rows))
        window = _Window()

    for batches in task.train_updates(epoch, len(before)):
        waited = time.perf_counter() - clock
        step += 1
        set_learning_rate(optimizer, plan.lr_at(step, epoch))
        laps = Laps(plan.device)
        values = make_update(task, optimizer, plan, batches, laps)
        files = [file for batch in batches for file in task.files(batch)]
        window.add(values, waited, laps, files)
        on_step(step)
        bad = plan.device.type == "cpu" and _unsound(values) is not None
        if bad or len(window.rows) == plan.log_every:
            flush()
        stopped = stop()
        if stopped or (nonfinite and plan.stop_on_nonfinite):
            break
        clock = time.perf_counter()
    if window.rows:
        flush()
    return Trained(mean(history), time.perf_counter() - begin, history, nonfinite, stopped)


def _first_nonfinite(
    rows: list[dict[str, float]], files: list[tuple[str, ...]], first_step: int
) -> NonFinite | None:
    for offset, (row, names) in enumerate(zip(rows, files, strict=True)):
        found = _unsound(row)
        if found is not None:
            return NonFinite(first_step + offset, *found, names)
    return None


def _unsound(row: Mapping[str, Tensor | float]) -> tuple[str, float] | None:
    """What of a step is not as it must be, and its value.

    With a loss scale gradients may overflow, and the scale is lowered; below 1 it never helps.
    """
    loss, scale = float(row["train_loss"]), row.get("loss_scale")
    if not math.isfinite(loss):
        return "training loss", loss
    if "skipped_share" not in row and not math.isfinite(norm := float(row["grad_norm"])):
        return "gradient norm", norm
    return ("loss scale of fp16", float(scale)) if scale is not None and scale < 1 else None


def evaluate(task: Task, plan: Plan, *, on_batch: Callable[[int], None]) -> Tested:
    """Validation loss (mean over images, with its parts) and scores of the whole test set."""
    task.model.eval()
    rows: list[dict[str, float]] = []
    begin = time.perf_counter()
    with torch.inference_mode():
        for number, batch in enumerate(task.test_batches(), start=1):
            with autocast(plan):
                parts, output = task.loss(batch)
            task.judge(batch, output)
            values = {f"val_loss.{name}": float(value) for name, value in parts.items()}
            row = {"val_loss": sum(values.values()), **values}
            rows.extend([row] * len(task.files(batch)))
            on_batch(number)
    return Tested(mean(rows) | task.scores(), time.perf_counter() - begin)


def mean(rows: list[dict[str, float]]) -> dict[str, float]:
    """The mean of each column; a NaN in it stays NaN.

    Where rows say of how many ``images`` they are, losses are means over images. Gradients are
    those of the steps that were made, where some were skipped by the scaler.
    """
    made = [row for row in rows if not row.get("skipped_share")] or rows
    found = {}
    for name in rows[0] if rows else ():
        counted = made if name.startswith(("grad_norm", "clipped")) else rows
        weights = [row.get("images", 1.0) if "_loss" in name else 1.0 for row in counted]
        total = sum(row[name] * weight for row, weight in zip(counted, weights, strict=True))
        found[name] = total / sum(weights)
    found.pop("images", None)
    return found
