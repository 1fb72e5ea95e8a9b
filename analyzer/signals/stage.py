"""The signal of a later stage that undoes an earlier one: where it says so, or its rate rises."""

from __future__ import annotations

import numpy as np

from analyzer.run import FloatArray, IntArray, Series
from analyzer.signals.stats import Reading, best_index, head, median

BESIDE = 3
"""Points before the rise that tell what had been reached, and of a stretch after it."""

STEP = 1.1
"""From one point to the next a rate that is higher by less than this does not rise."""

JUMP = 2.0
"""A later stage has at least this many times the rate that there was just before it."""

ANEW = 1.05
"""A rate that comes back to a height it had before is a restart; beyond this it is a new one."""

SAME = 1e-6

STAGE = "stage"
"""The series with the number of the stage."""


def undone(series: Series, rate: Series, higher_is_better: bool) -> Reading:
    """How much of what was reached is lost where a later stage begins, and not made good again.

    ``rate`` is the learning rate, which rises there, or the number of the stage, where a trainer
    logs that.

    The median of the three points before the rise less the best median of three from it on; 100 %
    is the progress made before. 0 where the rate does not rise, or rises several times.
    """
    x, y = series.x, series.y
    planned = rate.name == STAGE
    at = seam(rate.y) if planned else rise(rate.y, rate.segment)
    if at is None:
        return Reading(0.0, 1.0, float(x[0]), float(x[-1]))
    before = median(y[at - BESIDE : at])
    stretches = np.lib.stride_tricks.sliding_window_view(y[at:], BESIDE)
    medians = np.sort(stretches, axis=1)[:, BESIDE // 2]
    after = float(medians[best_index(medians, higher_is_better)])
    sign = 1 if higher_is_better else -1
    made, lost = sign * (before - head(y[:at])), sign * (before - after)
    details: dict[str, float | str] = {
        "before": before,
        "after": after,
        "rise": float(x[at]),
    }
    if planned:
        details["stage"] = float(rate.y[at])
    else:
        details |= {"rate_before": float(rate.y[at - 1]), "rate_after": float(rate.y[at:].max())}
    if made <= 0:  # nothing was reached that could be lost
        lost, made = 0.0, 1.0
    return Reading(lost, made, float(x[at]), float(x[-1]), details, float(x[at]))


def seam(stage: FloatArray) -> int | None:
    """The first point of the last stage with enough points in it, and as many before it."""
    ups = np.flatnonzero(stage[1:] > stage[:-1]) + 1
    ups = ups[(ups >= BESIDE) & (len(stage) - ups >= BESIDE)]
    return int(ups[-1]) if len(ups) else None


def rise(rate: FloatArray, segment: IntArray) -> int | None:
    """Where a later stage begins: the one point, or stretch, at which the rate rises for good.

    Not the climb from the start. None for a rate that rises several times, as cyclic schedules
    do, and for one that comes back to its height from a smooth fall, as a warm restart does; a
    rate that stood still before, or a run that was resumed there, begins a stage at any height.
    """
    ups = np.flatnonzero(rate[1:] > STEP * rate[:-1]) + 1
    rests = np.flatnonzero(rate[1:] <= rate[:-1] * (1 + SAME)) + 1
    ups = ups[ups > rests[0]] if len(rests) else ups[:0]
    if len(ups) == 0 or ups[-1] - ups[0] != len(ups) - 1:
        return None
    at, top = int(ups[0]), float(rate[ups[-1]])
    if at < BESIDE or len(rate) - at < BESIDE or top < JUMP * rate[at - 1]:
        return None
    stood = rate[at - BESIDE : at]
    is_stage = (
        top > ANEW * rate[:at].max()
        or bool(stood.max() - stood.min() <= SAME * stood.max())
        or segment[at] != segment[at - 1]
    )
    return at if is_stage else None
