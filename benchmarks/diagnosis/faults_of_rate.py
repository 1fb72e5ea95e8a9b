"""Faults of the learning rate, its schedule and the gradients."""

from __future__ import annotations

from functools import partial

from benchmarks.diagnosis import effects as say
from benchmarks.diagnosis import injections as inject
from benchmarks.diagnosis.fault import Effect, Fault, Times

RATE_FAULTS = (
    # --- the learning rate and its schedule
    Fault(
        "lr-x10",
        "learning rate ten times too high",
        "schedule",
        {"poly": (0, 1), "step": (0, 1)},
        say.TOO_FAST,
        ("lr-too-high",),
        settings={"optimizer.lr": Times(10)},
    ),
    Fault(
        "lr-x100",
        "learning rate a hundred times too high",
        "schedule",
        {"poly": (0, 1), "step": (0, 1, 2, 3), "constant": (0, 1)},
        say.TOO_FAST,
        settings={"optimizer.lr": Times(100)},
    ),
    Fault(
        "lr-100th",
        "learning rate a hundred times too low",
        "schedule",
        {"poly": (0, 1), "step": (2, 3)},
        say.TOO_SLOW,
        ("lr-too-low",),
        settings={"optimizer.lr": Times(0.01)},
    ),
    Fault(
        "lr-3000th",
        "learning rate three thousand times too low",
        "schedule",
        {"constant": (0, 1, 2, 3)},
        say.TOO_SLOW,
        settings={"optimizer.lr": Times(1 / 3000)},
    ),
    Fault(
        "schedule-never-acts",
        "StepLR whose first step lies beyond the end",
        "schedule",
        {"step": (0, 1, 2, 3)},
        (
            Effect("worse", ("lr-schedule-inert", *say.SHAKY, *say.LOW), say.LOOSE),
            Effect("unsteady", ("lr-schedule-inert", *say.SHAKY), say.LOOSE),
            Effect("weaker", (), ("lr-schedule-inert", *say.LOOSE)),
        ),
        ("lr-schedule-inert",),
        settings={"scheduler.step_size": 100},
    ),
    Fault(
        "schedule-dies",
        "StepLR that divides the rate by a thousand after epoch 1",
        "schedule",
        {"step": (0, 1, 2, 3)},
        (
            Effect("not-learnt", ("lr-schedule-inert", "lr-too-low", "loss-flat"), say.LOOSE),
            Effect("worse", ("lr-schedule-inert", "lr-too-low", "loss-flat"), say.LOOSE),
            Effect("weaker", (), ("lr-schedule-inert", *say.LOOSE)),
        ),
        ("lr-schedule-inert",),
        settings={"scheduler.type": "StepLR", "scheduler.step_size": 1, "scheduler.gamma": 0.001},
    ),
    Fault(
        "stage-x30",
        "a second stage at thirty times the rate",
        "schedule",
        {"poly": (0, 1, 2, 3)},
        say.TOO_FAST,
        ("config-mismatch",),
        inject=partial(inject.raise_rate, times=30, after=8),
    ),
    Fault(
        "stage-x1000",
        "a second stage at a thousand times the rate",
        "schedule",
        {"step": (2, 4, 5, 7)},
        say.TOO_FAST,
        ("config-mismatch",),
        inject=partial(inject.raise_rate, times=1000, after=9),
    ),
    Fault(
        "batch-2-high-lr",
        "batches of two at eight times the rate",
        "schedule",
        {"constant": (0, 1, 2, 3)},
        say.TOO_FAST,
        ("lr-too-high",),
        settings={"data.batch_size": 2, "optimizer.lr": Times(8), "train.epochs": 12},
    ),
    # --- gradients
    Fault(
        "no-clip-high-lr",
        "no clipping, no warm-up, forty times the rate",
        "gradient",
        {"step": (0, 1, 2, 3)},
        say.TOO_FAST,
        settings={"train.grad_clip": None, "scheduler.warmup_steps": 0, "optimizer.lr": Times(40)},
    ),
    Fault(
        "clip-tiny",
        "gradients clipped to a thousandth",
        "gradient",
        {"step": (0, 1), "poly": (6, 7)},
        (
            Effect(
                "not-learnt",
                ("clipping-always", "loss-flat"),
                (*say.LOOSE, "lr-too-low"),
            ),
            Effect("worse", ("clipping-always",), (*say.LOOSE, "lr-too-low")),
            Effect("clipped", ("clipping-always",), say.LOOSE),
        ),
        settings={"train.grad_clip": 0.01},
    ),
)
