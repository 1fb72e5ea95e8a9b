"""Checks of several runs at once: the verdicts that need more than one run."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analyzer.diagnosis.checks import CHECKS, Check
from analyzer.diagnosis.limit import certainty
from analyzer.diagnosis.message import show
from analyzer.diagnosis.outcome import Outcome
from analyzer.diagnosis.several import Several, listed, results_of
from analyzer.diagnosis.vocabulary import label
from analyzer.facts.progress import best_metric, metric_curve
from analyzer.facts.recipe import Recipe, recipe_of, seed_of
from analyzer.facts.timing import step_seconds
from analyzer.finding import CurveEvidence, KeyEvidence
from analyzer.run import RATES, FloatArray, Run, Series
from analyzer.signals.stats import MAD_TO_SIGMA, finite, median

LEAST_POINTS, LEAST_VALUES = 10, 5
"""Curves with so many points and different values are never equal by chance."""

MOST_KEYS = 5
"""So many keys that differ are shown as evidence."""

LEAST_SIBLINGS = 4
OUTLYING = 4.0
FEW = 8.0
"""The limit for a run among n others is ``OUTLYING`` (1 + ``FEW`` / n) spreads: a spread from few
runs is often too small. On normal noise that is wrong for 1.4 % of sets of five and 0.2 % of sets
of twenty runs."""

GAP = 2.0
"""And it is so many times as far away as the farthest of the others."""

LEAST_METRIC, LEAST_SPEED = 0.1, 0.2
"""And it differs by this share at least: less is of no consequence."""

SAME_LENGTH = 0.9
"""Final values are compared of runs that came this far, as a share of the usual length."""

ERRORS = 2.0
"""A lead counts above so many standard errors."""

LEAST_DEGREES = 3
"""Repetitions beyond the first of each recipe that tell how much seeds differ."""


def curves_tell(several: Several) -> Outcome:
    """The curves that the runs share are long and varied enough not to be equal by chance."""
    curves = results_of(several.runs[0]).values()
    varied = [c for c in curves if len(np.unique(c.y[c.finite])) >= LEAST_VALUES]
    longest = max(varied, key=len, default=None)
    if longest is None or len(longest) < LEAST_POINTS:
        return Outcome(False, "the curves are too short, or too even, to tell runs apart")
    text = f"{label(longest.name)} is the same in all {len(longest)} points"
    span = float(longest.x[0]), float(longest.x[-1])
    evidence = CurveEvidence(longest.name, longest.axis, *span, 0.0, None, "", text)
    keys = [
        KeyEvidence(key, dict(values), _by_run(key, values))
        for key, values in list(several.settings.items())[:MOST_KEYS]
    ]
    told = {"of": label(longest.name), "points": len(longest), "axis": longest.axis}
    return Outcome(True, text, evidence=(evidence, *keys), values=told)


def _by_run(key: str, values: Mapping[str, object]) -> str:
    shown = [f"{show(value)} in {name}" for name, value in values.items()]
    return f"{key}: {listed(shown)}"


def settings_differ(several: Several) -> Outcome:
    """The runs have different settings, or different seeds."""
    return _settings(several, differ=True)


def settings_agree(several: Several) -> Outcome:
    """The runs have the same settings and the same seed."""
    return _settings(several, differ=False)


def _settings(several: Several, *, differ: bool) -> Outcome:
    if not all(run.config.values for run in several.runs):
        return Outcome(None, "not every run has its settings")
    keys = several.settings
    text = f"{listed(tuple(keys))} differ" if keys else "all settings and the seed are the same"
    return Outcome(bool(keys) == differ, text)


def machines_differ(several: Several) -> Outcome:
    """The runs were made on different devices."""
    devices = [run.environment.get("device") for run in several.runs]
    if not all(devices):
        return Outcome(None, "the devices were not recorded")
    kinds = {repr(device) for device in devices}
    return Outcome(len(kinds) > 1, f"{len(kinds)} kinds of device")


def metric_stands_out(several: Several) -> Outcome:
    """The last value of the main metric of a run is far from that of the others."""
    ends = []
    for place, run in enumerate(several.runs):
        curve = metric_curve(run)
        if curve is not None and math.isfinite(curve.y[-1]):
            ends.append((place, curve))
    usual = median(np.array([curve.x[-1] for _, curve in ends])) if ends else 0.0
    whole = [(place, c) for place, c in ends if c.x[-1] >= SAME_LENGTH * usual]
    if not whole:
        return Outcome(False, "no run has a final value")
    places, curves = zip(*whole, strict=True)
    return _stands_out(
        several.only(places),
        curves[0],
        np.array([float(curve.y[-1]) for curve in curves]),
        LEAST_METRIC,
        max(curve.resolution for curve in curves) / 2,
    )


def speed_stands_out(several: Several) -> Outcome:
    """An epoch, or a step, of a run takes far longer or shorter than of the others."""
    for name, seconds in (("epoch_time", _epoch_seconds), ("step_time", step_seconds)):
        found = [(place, seconds(run)) for place, run in enumerate(several.runs)]
        known = [(place, value) for place, value in found if value is not None]
        if len(known) > LEAST_SIBLINGS:
            places, values = zip(*known, strict=True)
            curve = next((c for run in several.runs if (c := run.get(name)) is not None), None)
            shown = curve or Series(name, "step", *(np.zeros(1),) * 2, np.zeros(1, np.int64))
            return _stands_out(several.only(places), shown, np.array(values), LEAST_SPEED, 0.0)
    return Outcome(False, "too few runs logged their times")


def _epoch_seconds(run: Run) -> float | None:
    """The median logged. Time stamps are not asked: they take in the time before a resume."""
    curve = run.get("epoch_time")
    return median(finite(curve)[1]) if curve is not None and curve.finite.any() else None


def _stands_out(
    several: Several, curve: Series, values: FloatArray, share: float, floor: float
) -> Outcome:
    """Whether some of ``values`` lie far from the others, by median and MAD of them all."""
    if len(values) <= LEAST_SIBLINGS:
        return Outcome(False, f"{len(values)} runs are too few to tell one from the others")
    middle = float(np.median(values))
    apart = np.abs(values - middle)
    spread = max(MAD_TO_SIGMA * float(np.median(apart)), floor)
    limit = OUTLYING * (1 + FEW / (len(values) - 1)) * spread
    far = apart > max(limit, share * abs(middle))
    rest = apart[~far]
    if len(rest) >= LEAST_SIBLINGS:
        far &= apart > GAP * float(rest.max())
    name = label(curve.name)
    if not far.any() or len(rest) < LEAST_SIBLINGS:
        return Outcome(False, f"{name} of no run is far from the {show(middle)} of the others")
    return _outlying(several, curve, values, far, limit)


def _outlying(
    several: Several, curve: Series, values: FloatArray, far: NDArray[np.bool_], limit: float
) -> Outcome:
    others, middle = values[~far], float(np.median(values))
    between = f"{show(float(others.min()))} to {show(float(others.max()))}"
    order = sorted(np.flatnonzero(far), key=lambda i: -abs(values[i] - middle))
    names = tuple(several.names[i] for i in order)
    evidence = []
    for i in order:
        text = (
            f"{several.names[i]}: {label(curve.name)} {show(float(values[i]))}, against {between}"
        )
        span = float(curve.x[-1]), float(curve.x[-1])
        distance = abs(float(values[i]) - middle)
        evidence.append(CurveEvidence(curve.name, curve.axis, *span, distance, limit, "", text))
    worst = float(values[order[0]])
    told = {"outliers": listed(names), "of": label(curve.name), "value": worst}
    told |= {"lowest": float(others.min()), "highest": float(others.max())}
    told |= {"siblings": len(others), "first": names[0]}
    sure = certainty(abs(worst - middle), max(limit, 1e-300), above=True)
    text = "; ".join(piece.text for piece in evidence)
    return Outcome(True, text, sure, tuple(evidence), told, runs=names)


@dataclass(frozen=True)
class _Arm:
    """One recipe: its runs' places, and the best value of each seed."""

    places: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return float(np.mean(self.values))


def lead_within_noise(several: Several) -> Outcome:
    """The best of several settings leads the next ones by less than seeds or sampling give."""
    first = several.runs[0]
    arms = list(_arms(several.runs))
    if len(arms) < 2:
        return Outcome(False, "the runs do not differ in their settings")
    arms.sort(key=lambda arm: arm.mean, reverse=first.higher_is_better)
    best = arms[0]
    if best.mean == 0 and first.higher_is_better:
        return Outcome(False, "no run got anywhere")
    spread, sampling = _seed_spread(arms), _sampling(first, best.mean)
    if spread is None and sampling is None:
        reason = "neither repeated seeds nor the number of validation samples tell the noise"
        return Outcome(None, reason, lacks="test_images")

    def margin(arm: _Arm) -> float:
        seeds = (spread or 0.0) * math.sqrt(1 / len(best.values) + 1 / len(arm.values))
        return ERRORS * max(seeds, sampling or 0.0)

    near = [arm for arm in arms[1:] if abs(best.mean - arm.mean) < margin(arm)]
    second = arms[1]
    if second not in near:
        return Outcome(False, f"the best leads by {show(abs(best.mean - second.mean))}")
    return _within(several, best, near, margin(second), spread is not None)


def _within(
    several: Several, best: _Arm, near: Sequence[_Arm], margin: float, seeds: bool
) -> Outcome:
    second, run = near[0], several.runs[best.places[0]]
    curve, lead = metric_curve(run), abs(best.mean - near[0].mean)
    if curve is None:
        return Outcome(False, "no metric")
    names = tuple(several.names[place] for arm in (best, *near) for place in arm.places)
    told = {"of": label(curve.name), "best": several.names[best.places[0]], "lead": lead}
    told |= {"next": several.names[second.places[0]], "near": len(near), "margin": margin}
    told |= {"best_value": best.mean, "next_value": second.mean}
    told |= {"samples": run.samples.get("val") if not seeds else None}
    text = f"{told['of']}: the lead is {show(lead)}, two standard errors are {show(margin)}"
    span = float(curve.x[0]), float(curve.x[-1])
    evidence = CurveEvidence(curve.name, curve.axis, *span, lead, margin, "", text)
    sure = certainty(lead, margin, above=False)
    return Outcome(True, text, sure, (evidence,), told, runs=names)


def _arms(runs: Sequence[Run]) -> Iterator[_Arm]:
    """The runs by recipe; runs of one recipe and seed count as one, their mean.

    Runs without a known seed count as one too: what else differs between them is not known.
    """
    found: dict[Recipe, dict[object, list[tuple[int, float]]]] = {}
    for place, run in enumerate(runs):
        value = best_metric(run)
        if value is not None:
            seeds = found.setdefault(recipe_of(run), {})
            seeds.setdefault(repr(seed_of(run)), []).append((place, value))
    for seeds in found.values():
        places = tuple(place for pairs in seeds.values() for place, _ in pairs)
        yield _Arm(places, tuple(float(np.mean([v for _, v in p])) for p in seeds.values()))


def _seed_spread(arms: Sequence[_Arm]) -> float | None:
    """The standard deviation between seeds, pooled over recipes; None from too few of them."""
    degrees = sum(len(arm.values) - 1 for arm in arms)
    if degrees < LEAST_DEGREES:
        return None
    squares = sum(float(np.sum((np.array(arm.values) - arm.mean) ** 2)) for arm in arms)
    return math.sqrt(squares / degrees)


def _sampling(run: Run, level: float) -> float | None:
    """The standard error of a rate near ``level``, where the number of samples is known."""
    count = run.samples.get("val")
    if run.main_metric not in RATES or not count:
        return None
    rate = (min(max(level, 0.0), 1.0) * count + 1) / (count + 2)
    return math.sqrt(rate * (1 - rate) / count)


_OUTLYING = ("outliers", "first", "of", "value", "lowest", "highest", "siblings")
_LEAD = ("of", "best", "next", "near", "lead", "margin", "best_value", "next_value", "samples")

RUN_CHECKS: Mapping[str, Check[Several]] = {
    "curves_tell": Check(
        curves_tell,
        f"the curves have {LEAST_POINTS} points or more, and {LEAST_VALUES} different values",
        ("of", "points", "axis"),
    ),
    "settings_differ": Check(settings_differ, "settings or seeds differ"),
    "settings_agree": Check(settings_agree, "all settings and the seed are the same"),
    "machines_differ": Check(machines_differ, "the runs were made on different devices"),
    "metric_stands_out": Check(
        metric_stands_out, "the final metric of a run is far from the others'", _OUTLYING
    ),
    "speed_stands_out": Check(
        speed_stands_out, "the speed of a run is far from the others'", _OUTLYING
    ),
    "lead_within_noise": Check(
        lead_within_noise, "the best settings lead by less than two standard errors", _LEAD
    ),
}

EVERY_CHECK: Mapping[str, Check[Run] | Check[Several]] = {**CHECKS, **RUN_CHECKS}
