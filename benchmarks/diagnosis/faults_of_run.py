"""Faults of the run itself, of its time and length; and changes that often do no harm."""

from __future__ import annotations

import signal
from functools import partial

from benchmarks.diagnosis import effects as say
from benchmarks.diagnosis import injections as inject
from benchmarks.diagnosis.fault import Effect, Fault

RUN_FAULTS = (
    # --- the run itself
    Fault(
        "killed",
        "killed in the middle",
        "runtime",
        {"poly": (0, 1, 2, 3)},
        say.CUT_OFF,
        stop_after=6,
    ),
    Fault(
        "killed-early",
        "killed after two epochs",
        "runtime",
        {"step": (4, 5)},
        say.CUT_OFF,
        stop_after=2,
    ),
    Fault(
        "killed-late",
        "killed one epoch before the end",
        "runtime",
        {"poly": (4, 5)},
        say.CUT_OFF,
        stop_after=13,
    ),
    Fault(
        "interrupted",
        "stopped by hand in the middle",
        "runtime",
        {"step": (4, 7)},
        say.CUT_OFF,
        stop_after=7,
        signal=signal.SIGINT,
    ),
    Fault(
        "disk-full",
        "no room for weights after three files",
        "runtime",
        {"poly": (4, 5, 6, 7)},
        (Effect("crashed", say.CUT, ("still-improving", *say.BEST)),),
        inject=partial(inject.disk_full, after=3),
    ),
    Fault(
        "resume-sound",
        "killed, and resumed as it should be",
        "runtime",
        {"poly": (0, 1)},
        say.RESUMED,
        stop_after=5,
        resume=True,
    ),
    Fault(
        "resume-no-optimizer",
        "resumed without the state of the optimiser",
        "runtime",
        {"poly": (2, 3)},
        say.RESUMED,
        stop_after=5,
        resume=True,
        inject_resume=inject.forget_optimizer,
    ),
    Fault(
        "resume-high-lr",
        "resumed at fifty times the rate",
        "runtime",
        {"step": (2, 3, 4, 5)},
        say.RESUMED_FAST,
        ("config-mismatch",),
        stop_after=5,
        resume=True,
        inject_resume=partial(inject.raise_rate, times=50, after=0),
    ),
    Fault(
        "resume-no-weights",
        "resumed from fresh weights",
        "runtime",
        {"poly": (6, 7)},
        say.RESUMED_FAST,
        stop_after=5,
        resume=True,
        inject_resume=inject.forget_weights,
    ),
    # --- time
    Fault(
        "loader-slow",
        "each batch comes 0.12 s late",
        "throughput",
        {"constant": (0, 1, 2, 3), "poly": (0, 1)},
        say.WAITS,
        inject=partial(inject.slow_loader, seconds=0.12),
    ),
    Fault(
        "loader-slowing",
        "each epoch the batches come later",
        "throughput",
        {"poly": (4, 5, 6, 7)},
        say.WAITS,
        inject=partial(inject.slow_loader, seconds=0, growth=0.015),
    ),
    Fault(
        "loader-hardly-slow",
        "each batch comes 4 ms late",
        "throughput",
        {"constant": (4, 5)},
        say.WAITS,
        inject=partial(inject.slow_loader, seconds=0.004),
    ),
    # --- length, and changes that often do no harm
    Fault(
        "too-few-epochs",
        "four epochs",
        "fit",
        {"constant": (0, 1, 2, 3), "step": (4, 5)},
        (Effect("unfinished", ("still-improving",), say.LOOSE), Effect("weaker", (), say.LOOSE)),
        ("still-improving",),
        settings={"train.epochs": 4},
    ),
    Fault(
        "no-weight-decay",
        "no weight decay",
        "fit",
        {"step": (0, 1)},
        say.MILD,
        settings={"optimizer.weight_decay": 0},
    ),
    Fault(
        "no-warmup",
        "no warm-up",
        "schedule",
        {"poly": (0, 1)},
        (*say.TOO_FAST,),
        ("warmup-missing",),
        settings={"scheduler.warmup_steps": 0},
    ),
    Fault(
        "no-augmentation",
        "no augmentation",
        "fit",
        {"poly": (2, 3)},
        say.MILD,
        settings={
            "augment.rotate": 0,
            "augment.flip": 0,
            "augment.brightness": 0,
            "augment.contrast": 0,
        },
    ),
    Fault(
        "batch-24",
        "batches three times as large",
        "fit",
        {"constant": (2, 3)},
        say.MILD,
        settings={"data.batch_size": 24, "train.log_every": 5},
    ),
)
