"""Checks of several runs at once: the verdicts that need more than one run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from analyzer.diagnosis.checks import CHECKS, Check
from analyzer.diagnosis.lead import lead_within_noise
from analyzer.diagnosis.limit import certainty
from analyzer.diagnosis.message import show
from analyzer.diagnosis.outcome import Outcome
from analyzer.diagnosis.several import (
    LEAST_POINTS,
    LEAST_VALUES,
    Several,
    listed,
    telling_curve,
)
from analyzer.diagnosis.vocabulary import label
from analyzer.facts.progress import metric_curve
from analyzer.facts.timing import step_seconds
from analyzer.finding import CurveEvidence, KeyEvidence
from analyzer.run import FloatArray, Run, Series
from analyzer.signals.stats import MAD_TO_SIGMA, finite, median

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


def curves_tell(several: Several) -> Outcome:
    """The curves that the runs share are long and varied enough not to be equal by chance."""
    longest = telling_curve(several.runs[0])
    if longest is None:
        return Outcome(False, "the curves are too short, or too even, to tell runs apart")
    text = f"{label(longest.name)} is the same in all {len(longest)} points"
    span = float(longest.x[0]), float(longest.x[-1])
    evidence = CurveEvidence(longest.name, longest.axis, *span, 0.0, None, "", text)
    keys = [
        KeyEvidence(key, _distinct(values.values()), _by_run(key, values))
        for key, values in list(several.settings.items())[:MOST_KEYS]
    ]
    told = {"of": label(longest.name), "points": len(longest), "axis": longest.axis}
    return Outcome(True, text, evidence=(evidence, *keys), values=told)


def _distinct(values: Iterable[object]) -> list[object]:
    """The values without repetitions, the first few."""
    return list({repr(value): value for value in values}.values())[:MOST_KEYS]


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
    text = (
        f"these differ: {listed(tuple(keys))}"
        if keys
        else "all settings and the seed are the same"
    )
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


_OUTLYING = ("outliers", "first", "of", "value", "lowest", "highest", "siblings")
_LEAD = ("of", "best", "next", "others", "lead", "margin", "best_value", "next_value", "samples")

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
