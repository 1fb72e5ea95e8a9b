"""Which findings are right, by outcome, for kinds of faults that have much in common."""

from __future__ import annotations

from benchmarks.diagnosis.fault import Effect

LOW = ("metric-low", "metric-zero", "metric-flat", "predictions-degenerate")
SHAKY = ("metric-oscillates", "loss-oscillates", "loss-spikes")
SPLIT = ("overfitting", "generalization-gap", "loss-metric-split")
IDLE = ("metric-plateau", "still-improving")
STEEP = ("lr-too-high", "loss-diverges", "loss-nonfinite", "gradient-explodes")
SLOW = ("data-loading-bound", "throughput-drops", "slow-steps", "gpu-idle")
BEST = ("monitor-wrong", "best-checkpoint-stale", "best-checkpoint-not-best")
CUT = ("run-incomplete", "run-stalled", "crashed")
LARGE = ("loss-starts-high", "clipping-always", "gradient-explodes")
START = ("warmup-missing", "loss-starts-high")
LOOSE = (*LOW, *SHAKY, *IDLE, "precision-recall-skew")
"""What may follow when a training goes wrong in whatever way."""

# What a rate does that is too high: it may break the numbers, the training, or only its calm.
TOO_FAST = (
    Effect("nonfinite", STEEP, (*LOOSE, *START, *CUT, "loss-flat", "clipping-always")),
    Effect("lost", (*STEEP, "stage-breaks"), (*LOOSE, *SPLIT, *START, "loss-flat", *LARGE)),
    Effect("not-learnt", (*STEEP, "loss-flat"), (*LOOSE, *SPLIT, *LARGE, *START)),
    Effect("worse", (*STEEP, *SHAKY), (*LOOSE, *SPLIT, *LARGE, *START, "loss-flat")),
    Effect("unsteady", (*STEEP, *SHAKY, "stage-breaks"), (*LOOSE, *SPLIT, *LARGE, *START)),
    Effect("weaker", (), (*STEEP, *LOOSE, *LARGE, *START)),
)
TOO_SLOW = (
    Effect("not-learnt", ("lr-too-low", "loss-flat"), (*LOOSE, "lr-schedule-inert")),
    Effect("worse", ("lr-too-low", "loss-flat", "still-improving"), LOOSE),
    Effect("weaker", (), ("lr-too-low", *LOOSE)),
)
WRONG_LABELS = (
    Effect("not-learnt", (*LOW, *SPLIT, "loss-flat"), (*LOOSE, "loss-part-stuck", "lr-too-high")),
    Effect("worse", (*LOW, *SPLIT, "precision-recall-skew"), (*LOOSE, "loss-part-stuck")),
    Effect("skewed", ("precision-recall-skew",), LOOSE),
    Effect("overfits", SPLIT, LOOSE),
    Effect("gap", SPLIT, LOOSE),
    Effect("weaker", (), (*LOOSE, *SPLIT)),
)
STALE = (Effect("stale-best", BEST),)
CUT_OFF = (Effect("cut-off", CUT[:2], ("still-improving",)),)
PARTS = (
    Effect("nonfinite", ("loss-part-dominates", *STEEP), (*LOOSE, *LARGE)),
    Effect("one-part", ("loss-part-dominates",), (*LOOSE, *LARGE, *SPLIT, "loss-part-stuck")),
    Effect(
        "not-learnt", (*LOW, "loss-part-dominates", "loss-part-stuck"), (*LOOSE, *LARGE, *SPLIT)
    ),
    Effect("worse", (*LOW, "loss-part-stuck", "precision-recall-skew"), (*LOOSE, *LARGE, *SPLIT)),
    Effect("weaker", (), (*LOOSE, *LARGE, "loss-part-stuck")),
)
WAITS = (
    Effect("slowing", ("throughput-drops", "data-loading-bound"), SLOW),
    Effect("starved", ("data-loading-bound",), SLOW),
)
RESUMED = (
    Effect("jump", ("resume-jump",), ("run-resumed", *STEEP, *LOOSE, "stage-breaks")),
    Effect("resumed", ("run-resumed",), ()),
)
RESUMED_FAST = (
    Effect("nonfinite", (*STEEP, "resume-jump"), (*LOOSE, *CUT, "run-resumed")),
    Effect(
        "lost", (*STEEP, "resume-jump", "stage-breaks"), (*LOOSE, *SPLIT, *LARGE, "run-resumed")
    ),
    *RESUMED,
)
OVERFIT = (
    Effect("overfits", ("overfitting", "loss-metric-split"), (*LOOSE, "generalization-gap")),
    Effect("gap", SPLIT, LOOSE),
    Effect("worse", (*SPLIT, *LOW), LOOSE),
    Effect("weaker", (), (*SPLIT, *LOOSE)),
)
FROZEN = (
    Effect(
        "not-learnt",
        ("loss-flat", "gradient-vanishes"),
        (*LOOSE, *LARGE, "lr-too-low", "loss-part-stuck"),
    ),
    Effect("worse", ("gradient-vanishes", *LOW), (*LOOSE, "loss-flat")),
    Effect("weaker", (), (*LOOSE, "gradient-vanishes")),
)
MILD = (
    *OVERFIT[:2],
    Effect("worse", LOW, LOOSE),
    Effect("unsteady", SHAKY, LOOSE),
    Effect("weaker", (), LOOSE),
)
