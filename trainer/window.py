"""The numbers of the steps since the last record, and what of a step is not as it must be."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from trainer.laps import Laps


@dataclass(frozen=True)
class NonFinite:
    """The first step whose loss or gradient was NaN or inf, and its images."""

    step: int
    what: str
    value: float
    files: tuple[str, ...]


@dataclass
class Window:
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
            | {"data_time": data, "step_time": step_time}
            | laps.read()
            for row, data, laps in zip(table, self.waits, self.laps, strict=True)
        ]


def first_nonfinite(
    rows: list[dict[str, float]], files: list[tuple[str, ...]], first_step: int
) -> NonFinite | None:
    for offset, (row, names) in enumerate(zip(rows, files, strict=True)):
        found = unsound(row)
        if found is not None:
            return NonFinite(first_step + offset, *found, names)
    return None


def unsound(row: Mapping[str, Tensor | float]) -> tuple[str, float] | None:
    """What of a step is not as it must be, and its value.

    With a loss scale gradients may overflow, and the scale is lowered; below 1 it never helps.
    """
    loss, scale = float(row["train_loss"]), row.get("loss_scale")
    if not math.isfinite(loss):
        return "training loss", loss
    if "skipped_share" not in row and not math.isfinite(norm := float(row["grad_norm"])):
        return "gradient norm", norm
    return ("loss scale of fp16", float(scale)) if scale is not None and scale < 1 else None


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
