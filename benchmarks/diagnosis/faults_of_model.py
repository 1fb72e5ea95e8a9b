"""Faults of the model, its loss, and of what is saved of it."""

from __future__ import annotations

from functools import partial

from benchmarks.diagnosis import effects as say
from benchmarks.diagnosis import injections as inject
from benchmarks.diagnosis.fault import Effect, Fault

MODEL_FAULTS = (
    # --- the model and its loss
    Fault(
        "frozen",
        "everything is frozen but two biases",
        "loss",
        {"poly": (0, 1), "step": (0, 1)},
        say.FROZEN,
        inject=inject.train_nothing,
    ),
    Fault(
        "optimizer-of-a-copy",
        "the optimiser holds another model's weights",
        "loss",
        {"constant": (0, 1)},
        say.FROZEN,
        inject=inject.train_a_copy,
    ),
    Fault(
        "backbone-frozen",
        "a random backbone is frozen",
        "gradient",
        {"poly": (2, 3), "step": (2, 3)},
        say.FROZEN,
        ("gradient-vanishes",),
        inject=inject.freeze_backbone,
    ),
    Fault(
        "threshold-x100",
        "weight of the threshold loss a hundredfold",
        "loss",
        {"poly": (0, 1, 2, 3)},
        say.PARTS,
        settings={"loss.threshold": 1000},
    ),
    Fault(
        "binary-x100",
        "weight of the binary loss a hundredfold",
        "loss",
        {"step": (0, 1, 2, 3)},
        say.PARTS,
        settings={"loss.binary": 100},
    ),
    Fault(
        "shrink-100th",
        "weight of the text loss a hundredth",
        "loss",
        {"poly": (4, 5), "constant": (4, 5)},
        say.PARTS,
        settings={"loss.shrink": 0.05},
    ),
    Fault(
        "box-threshold",
        "boxes need a mean probability of 0.9",
        "metric",
        {"poly": (4, 5, 6, 7)},
        (
            Effect("skewed", ("precision-recall-skew", *say.LOW), say.LOOSE),
            Effect("not-learnt", ("precision-recall-skew", *say.LOW), say.LOOSE),
            Effect("worse", ("precision-recall-skew", *say.LOW), say.LOOSE),
            Effect("weaker", (), ("precision-recall-skew", *say.LOOSE)),
        ),
        settings={"validate.box_threshold": 0.9},
    ),
    # --- checkpoints
    Fault(
        "mode-min",
        "best.pth is the worst by F1",
        "checkpoint",
        {"poly": (0, 1)},
        say.STALE,
        say.BEST,
        settings={"checkpoint.mode": "min"},
    ),
    Fault(
        "monitor-loss-max",
        "best.pth is the one of the highest loss",
        "checkpoint",
        {"constant": (0, 1)},
        say.STALE,
        say.BEST,
        settings={"checkpoint.monitor": "val_loss", "checkpoint.mode": "max"},
    ),
    Fault(
        "best-not-renewed",
        "best.pth is not renewed after epoch 4",
        "checkpoint",
        {"poly": (4, 5)},
        say.STALE,
        inject=partial(inject.keep_first_best, epochs=4),
    ),
    Fault(
        "best-always-written",
        "best.pth is written every epoch",
        "checkpoint",
        {"poly": (6, 7)},
        say.STALE,
        inject=inject.always_better,
    ),
    Fault(
        "saves-swallowed",
        "saving does nothing and says nothing",
        "checkpoint",
        {"constant": (4, 5)},
        (Effect("no-weights", ("checkpoint-missing",)),),
        inject=inject.swallow_saves,
    ),
)
