"""Whether the best of several settings leads the next ones by more than chance gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from analyzer.diagnosis.limit import certainty
from analyzer.diagnosis.message import show
from analyzer.diagnosis.outcome import Outcome
from analyzer.diagnosis.several import Several, repetitions
from analyzer.diagnosis.vocabulary import label
from analyzer.facts.progress import best_metric, ends_broken, metric_curve
from analyzer.facts.recipe import Recipe, seed_of
from analyzer.finding import CurveEvidence
from analyzer.names import RATES
from analyzer.run import Run
from analyzer.signals.stats import sampling_error

ERRORS = 2.0
"""A lead counts above so many standard errors."""

LEAST_DEGREES = 3
"""Repetitions beyond the first of each recipe that tell how much seeds differ."""


@dataclass(frozen=True)
class _Arm:
    """One recipe: its runs' places, and the best value of each seed."""

    places: tuple[int, ...]
    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        return sum(self.values) / len(self.values)


def lead_within_noise(several: Several) -> Outcome:
    """The best of several settings leads the next ones by less than seeds or sampling give."""
    first = several.runs[0]
    arms = list(_arms(several))
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
    told |= {
        "next": several.names[second.places[0]],
        "others": len(near) - 1 or None,
        "margin": margin,
    }
    told |= {"best_value": best.mean, "next_value": second.mean}
    told |= {"samples": run.samples.get("val") if not seeds else None}
    text = f"{told['of']}: the lead is {show(lead)}, two standard errors are {show(margin)}"
    span = float(curve.x[0]), float(curve.x[-1])
    evidence = CurveEvidence(curve.name, curve.axis, *span, lead, margin, "", text)
    sure = certainty(lead, margin, above=False)
    return Outcome(True, text, sure, (evidence,), told, runs=names)


def _arms(several: Several) -> Iterator[_Arm]:
    """The runs by recipe; runs of one recipe and seed count as one, their mean.

    Runs without a known seed count as one too: what else differs between them is not known. A run
    that broke has no result to be compared, and one with the curves of another is no second one.
    """
    found: dict[Recipe, dict[object, list[tuple[int, float]]]] = {}
    left_out = set(repetitions(several))
    for place, run in enumerate(several.runs):
        value = None if place in left_out or ends_broken(run, "metric") else _best(run)
        if value is not None:
            seeds = found.setdefault(several.recipe(run), {})
            seeds.setdefault(repr(seed_of(run)), []).append((place, value))
    for seeds in found.values():
        places = tuple(place for pairs in seeds.values() for place, _ in pairs)
        yield _Arm(places, tuple(sum(v for _, v in p) / len(p) for p in seeds.values()))


def _best(run: Run) -> float | None:
    """The best value of the main metric, by the short way where all that counts is a number."""
    curve = run.get("metric")
    if curve is not None and len(curve):
        best = (np.fmax if run.higher_is_better else np.fmin).reduce(curve.y)
        if np.isfinite(best):
            return float(best)
    return best_metric(run)


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
    return sampling_error(level, count)
