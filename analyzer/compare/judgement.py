"""Is one side of a comparison better than the other? Four answers, each with its doubt.

The anchors of the numbers: with one run a side nothing is known of how much seeds differ, so only
a tolerance that somebody states can make a difference count. With two seeds or more a side Welch's
interval decides. A difference below the noise is never called a difference.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from analyzer.compare.stats import Welch, welch
from analyzer.compare.tolerance import Tolerance
from analyzer.facts.progress import ends_broken
from analyzer.names import label
from analyzer.run import Run, Series
from analyzer.signals.stats import MAD_TO_SIGMA
from analyzer.summary import summarise

MIN_SEEDS = 3
"""Fewer repetitions are never advised: two values say next to nothing of their spread."""

MIN_DIFFERENCES = 3


class Outcome(StrEnum):
    """What may be said of side b against side a."""

    BETTER = "better"
    WORSE = "worse"
    WITHIN_NOISE = "within noise"
    CANNOT_TELL = "cannot tell"


@dataclass(frozen=True)
class Sample:
    """The values of a metric on one side, one for each seed.

    ``noise`` is the standard deviation of one evaluation, None where unknown; ``broken`` is true
    when every run of this side ended in a loss or value that is not finite.
    """

    values: tuple[float, ...]
    noise: float | None
    resolution: float
    broken: bool

    @property
    def mean(self) -> float:
        """The mean over the seeds."""
        return float(np.mean(self.values))


@dataclass(frozen=True)
class Judgement:
    """Side ``b`` against side ``a`` in the best values of one metric.

    ``difference`` is b minus a in the metric's own unit. ``noise`` is the standard deviation that
    evaluation alone gives such a difference, and ``times`` how often the difference holds it;
    ``interval`` (95 %), ``detectable`` and ``p`` are there with two seeds or more a side.
    """

    metric: str
    label: str
    higher: bool
    a: str
    b: str
    n_a: int
    n_b: int
    a_value: float | None
    b_value: float | None
    difference: float | None
    outcome: Outcome
    because: str
    next_step: str = ""
    noise: float | None = None
    times: float | None = None
    interval: tuple[float, float] | None = None
    detectable: float | None = None
    p: float | None = None
    tolerance: float | None = None


@dataclass(frozen=True)
class _Answer:
    outcome: Outcome
    because: str
    next_step: str = ""
    noise: float | None = None
    times: float | None = None
    interval: tuple[float, float] | None = None
    detectable: float | None = None
    p: float | None = None


def sample(runs: Sequence[tuple[Run, object]], metric: str, higher: bool) -> Sample:
    """The best values of the (run, seed) pairs; runs with the same seed count as one, their mean.

    A seed of None is unknown and counts as one of its own.
    """
    by_seed: dict[object, list[float]] = {}
    noises: list[float] = []
    resolution, broken = 0.0, bool(runs)
    for place, (run, seed) in enumerate(runs):
        broken = broken and ends_broken(run, metric)
        series = run.series.get(metric)
        if series is None or not len(series):
            continue
        best = summarise(series, higher).best
        resolution = max(resolution, series.resolution)
        noise = evaluation_noise(series)
        noises += [] if noise is None else [noise]
        if best is not None:
            by_seed.setdefault(("unknown", place) if seed is None else repr(seed), []).append(best)
    values = tuple(float(np.mean(values)) for values in by_seed.values())
    return Sample(values, float(np.median(noises)) if noises else None, resolution, broken)


def evaluation_noise(series: Series) -> float | None:
    """Standard deviation of one evaluation, from the last third of the curve's last segment.

    That is where best values come from, and it is nearly level, so first differences need no
    running median taken off first; in so few points that would follow the noise itself. 1.4826
    times their median absolute deviation, over the root of 2, floored at half of the last printed
    digit. None below ``MIN_DIFFERENCES`` differences.
    """
    y = series.y[series.finite & (series.segment == series.segment.max(initial=0))]
    steps = np.diff(y[-max(MIN_DIFFERENCES + 1, math.ceil(len(y) / 3)) :])
    if len(steps) < MIN_DIFFERENCES:
        return None
    deviation = float(np.median(np.abs(steps - np.median(steps))))
    return max(MAD_TO_SIGMA * deviation / math.sqrt(2), series.resolution / 2)


def judge(
    metric: str,
    higher: bool,
    sides: tuple[str, str],
    samples: tuple[Sample, Sample],
    tolerance: Tolerance | None,
) -> Judgement:
    """Judge the second side against the first. ``sides`` are their names."""
    a, b = samples
    both = bool(a.values and b.values)
    answer = _judge(sides, a, b, higher, tolerance)
    return Judgement(
        metric=metric,
        label=label(metric),
        higher=higher,
        a=sides[0],
        b=sides[1],
        n_a=len(a.values),
        n_b=len(b.values),
        a_value=a.mean if a.values else None,
        b_value=b.mean if b.values else None,
        difference=b.mean - a.mean if both else None,
        tolerance=tolerance.of(a.mean) if tolerance and a.values else None,
        **vars(answer),
    )


def _missing(sides: tuple[str, str], a: Sample, b: Sample) -> _Answer:
    lacking = [name for name, side in zip(sides, (a, b), strict=True) if not side.values]
    because = f"{' and '.join(lacking)} logged no finite value of it"
    return _Answer(Outcome.CANNOT_TELL, because, "log the metric in every run")


def _judge(
    sides: tuple[str, str], a: Sample, b: Sample, higher: bool, tolerance: Tolerance | None
) -> _Answer:
    if a.broken != b.broken and (a if b.broken else b).values:
        outcome, which = (Outcome.WORSE, sides[1]) if b.broken else (Outcome.BETTER, sides[0])
        return _Answer(outcome, f"{which} ended in values that are not finite")
    if not (a.values and b.values):
        return _missing(sides, a, b)
    if len(a.values) >= 2 and len(b.values) >= 2:
        return _judge_groups(a, b, higher, tolerance)
    return _judge_single(a, b, higher, tolerance)


def _judge_single(a: Sample, b: Sample, higher: bool, tolerance: Tolerance | None) -> _Answer:
    """One run on a side: only a stated tolerance or the evaluation noise can say anything."""
    difference = b.mean - a.mean
    size = abs(difference)
    noise = None if a.noise is None or b.noise is None else math.hypot(a.noise, b.noise)
    times = size / noise if noise else None
    if tolerance is not None:
        answer = _by_tolerance(a, b, higher, tolerance)
        return replace(answer, noise=noise, times=times)
    if size == 0:
        return _Answer(Outcome.WITHIN_NOISE, "the best values are equal", "", noise, times)
    if times is not None and times <= 1:
        return _Answer(Outcome.WITHIN_NOISE, _jumps(times), "", noise, times)
    known = "the evaluations do not show their noise" if times is None else _jumps(times)
    because = f"{known}, but with one run on a side it is unknown how much seeds differ"
    step = f"repeat both with {_seeds(size, noise)} seeds or more, or state a tolerance"
    return _Answer(Outcome.CANNOT_TELL, because, step, noise, times)


def _jumps(times: float) -> str:
    shown = f"{times:.1f}" if times < 10 else f"{times:.0f}"
    return f"the difference is {shown} times what evaluations alone jump by"


def _seeds(size: float, noise: float | None) -> int:
    """Seeds a side that would show ``size`` in four of five cases, if seeds add no more noise."""
    if not noise:
        return MIN_SEEDS
    return max(MIN_SEEDS, math.ceil((2.8 * noise / size) ** 2))


def _by_tolerance(a: Sample, b: Sample, higher: bool, tolerance: Tolerance) -> _Answer:
    difference, limit = b.mean - a.mean, f"the stated tolerance of {tolerance.told(a.mean)}"
    if _tolerated(difference, tolerance.of(a.mean), a, b):
        return _Answer(Outcome.WITHIN_NOISE, f"within {limit}")
    return _Answer(_direction(difference, higher), f"beyond {limit}")


def _tolerated(difference: float, limit: float, a: Sample, b: Sample) -> bool:
    """Whether a difference is at most the limit; 0.70 to 0.69 is 0.01, whatever binary says."""
    return abs(difference) <= limit + 1e-9 * max(abs(a.mean), abs(b.mean))


def _direction(difference: float, higher: bool) -> Outcome:
    return Outcome.BETTER if (difference > 0) == higher else Outcome.WORSE


def _judge_groups(a: Sample, b: Sample, higher: bool, tolerance: Tolerance | None) -> _Answer:
    """Two seeds or more a side: Welch's interval."""
    result = welch(a.values, b.values, resolution=max(a.resolution, b.resolution))
    seeds = f"{len(a.values)} against {len(b.values)} seeds"
    if result is None:
        if math.isclose(a.mean, b.mean, rel_tol=1e-9):
            return _Answer(Outcome.WITHIN_NOISE, f"all values are equal, {seeds}")
        because = f"no value differs inside a side ({seeds}), so the noise is unknown"
        return _Answer(Outcome.CANNOT_TELL, because, "repeat with more seeds")
    answer = _by_interval(a, b, higher, tolerance, result)
    interval = (result.low, result.high)
    return replace(answer, interval=interval, detectable=result.detectable, p=result.p)


def _by_interval(
    a: Sample, b: Sample, higher: bool, tolerance: Tolerance | None, result: Welch
) -> _Answer:
    size = abs(result.difference)
    shows = (
        f"{len(a.values)} against {len(b.values)} seeds, "
        f"95 % interval {result.low:.4g} to {result.high:.4g}; "
        f"the smallest difference these could show is {result.detectable:.2g}"
    )
    if tolerance is not None and _tolerated(size, tolerance.of(a.mean), a, b):
        because = f"within the stated tolerance of {tolerance.told(a.mean)} ({shows})"
        return _Answer(Outcome.WITHIN_NOISE, because)
    if result.low > 0 or result.high < 0:
        outcome = _direction(result.difference, higher)
        return _Answer(outcome, f"the interval leaves out zero ({shows})")
    if size <= result.error:
        because = f"the difference is below its standard error ({shows})"
        return _Answer(Outcome.WITHIN_NOISE, because)
    need = math.ceil(min(len(a.values), len(b.values)) * (result.detectable / size) ** 2)
    step = f"about {max(need, MIN_SEEDS)} seeds a side would show a difference of this size"
    return _Answer(Outcome.CANNOT_TELL, f"the interval holds zero ({shows})", step)
