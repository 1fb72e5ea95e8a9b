"""Compare runs: what differs in config and surroundings, the curves side by side, and a verdict.

The first run is the baseline. Runs whose configs differ only in the seed form one side; sides are
called A, B, C, ... in the order given, and each is judged against A.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

from analyzer.compare.alignment import Aligned, By, align, off_axis
from analyzer.compare.differences import Difference, differences, same
from analyzer.compare.judgement import Judgement, judge, sample
from analyzer.compare.many import correct
from analyzer.compare.tolerance import Tolerance
from analyzer.errors import UsageError
from analyzer.facts.recipe import (
    SAME_CODE,
    SEED_KEYS,
    config_of,
    environment_of,
    recipe_of,
    seed_of,
)
from analyzer.names import STEP_SUFFIX, meant
from analyzer.run import Run
from analyzer.summary import Summary, direction, summarise


@dataclass(frozen=True)
class Side:
    """Runs that are repetitions of one another: places in ``runs``, and their seeds."""

    name: str
    places: tuple[int, ...]
    seeds: tuple[Any, ...]


@dataclass(frozen=True)
class Explanation:
    """What differs between side A and ``side``, and so could explain a difference.

    ``config`` has the settings but the seed, ``code`` and ``data`` the keys of the surroundings
    that say which they were.
    """

    side: str
    config: tuple[str, ...]
    code: tuple[str, ...]
    data: tuple[str, ...]


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` found. ``judgements`` has those of the main metric first.

    ``summaries`` gives, by metric, one summary for each run (None where it has no such curve),
    ``areas`` the area below its curve (see ``Aligned.areas``). ``by`` is the axis of ``curves``.
    """

    runs: tuple[Run, ...]
    sides: tuple[Side, ...]
    metric: str | None
    judgements: tuple[Judgement, ...]
    summaries: Mapping[str, tuple[Summary | None, ...]]
    areas: Mapping[str, tuple[float | None, ...]]
    config: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    curves: tuple[Aligned, ...]
    notes: tuple[str, ...]
    by: By | None = None

    @property
    def main(self) -> tuple[Judgement, ...]:
        """The judgements of the main metric, one for each side but A."""
        return tuple(one for one in self.judgements if one.metric == self.metric)

    @property
    def explaining(self) -> tuple[str, ...]:
        """Config keys that differ and could explain a difference: all but the seed."""
        return tuple(d.key for d in self.config if d.key not in SEED_KEYS)

    @property
    def explanations(self) -> tuple[Explanation, ...]:
        """For each side but A what differs from it, by the first run of each."""
        first = self.sides[0].places[0]
        return tuple(self._explanation(side, first) for side in self.sides[1:])

    def _explanation(self, side: Side, first: int) -> Explanation:
        def differ(found: Sequence[Difference]) -> tuple[str, ...]:
            place = side.places[0]
            return tuple(d.key for d in found if not same(d.values[first], d.values[place]))

        config = tuple(key for key in differ(self.config) if key not in SEED_KEYS)
        marks = [key for key in differ(self.environment) if SAME_CODE.search(key)]
        data = tuple(key for key in marks if key.startswith("data."))
        return Explanation(side.name, config, tuple(k for k in marks if k not in data), data)


def compare(
    runs: Sequence[Run],
    *,
    tolerance: Mapping[str, float | Tolerance] | None = None,
    by: By | None = None,
) -> Comparison:
    """Compare ``runs`` with the first of them.

    ``tolerance`` gives, by metric, the largest difference that does not matter; a plain number is
    in the metric's own unit. ``by`` names the axis of the curves; None keeps each on its own.
    Raises UsageError for fewer than two runs, or a tolerance for a metric no run has.
    """
    if len(runs) < 2:
        raise UsageError(f"compare needs two runs or more, not {len(runs)}; name another one")
    given = (tolerance or {}).items()
    limits = {k: v if isinstance(v, Tolerance) else Tolerance(v) for k, v in given}
    _check_tolerance(runs, limits)
    repeated = _sides(runs)
    sides = repeated if len(repeated) > 1 else _apart(runs)
    names = _metrics(runs, limits)
    summaries = {name: tuple(_summary(run, name) for run in runs) for name in names}
    curves = tuple(align(runs, by))
    return Comparison(
        runs=tuple(runs),
        sides=sides,
        metric=names[0] if names else None,
        judgements=_judgements(runs, sides, names, limits),
        summaries=summaries,
        areas={curve.name: curve.areas() for curve in curves if curve.name in summaries},
        config=tuple(differences([config_of(run) for run in runs])),
        environment=tuple(differences([environment_of(run) for run in runs])),
        curves=curves,
        notes=(*_notes(runs, repeated), *_without_axis(runs, by)),
        by=by,
    )


def _check_tolerance(runs: Sequence[Run], tolerance: Mapping[str, Tolerance]) -> None:
    known = sorted({name for run in runs for name in run.series if _is_metric(name, run)})
    for name, value in tolerance.items():
        if name not in known:
            close = meant(name, known)
            hint = f"did you mean {close!r}? " if close else ""
            raise UsageError(
                f"a tolerance is given for {name!r}, which no run logs as a metric; "
                f"{hint}there are: {', '.join(known) or 'none'}"
            )
        if not value.value >= 0:
            raise UsageError(f"the tolerance of {name} is {value.value}; it must be 0 or more")


def _sides(runs: Sequence[Run]) -> tuple[Side, ...]:
    """Runs with equal config (but the seed), code and data form a side; no config, no equality."""
    groups: dict[Any, list[int]] = {}
    for place, run in enumerate(runs):
        groups.setdefault(recipe_of(run) or place, []).append(place)
    return tuple(_side(i, places, runs) for i, places in enumerate(groups.values()))


def _apart(runs: Sequence[Run]) -> tuple[Side, ...]:
    """Each run a side of its own: all share one recipe, and still one was asked about."""
    return tuple(_side(place, [place], runs) for place in range(len(runs)))


def _side(i: int, places: Sequence[int], runs: Sequence[Run]) -> Side:
    letter = ascii_uppercase[i] if i < len(ascii_uppercase) else f"S{i + 1}"
    return Side(letter, tuple(places), tuple(seed_of(runs[place]) for place in places))


def _metrics(runs: Sequence[Run], tolerance: Collection[str]) -> list[str]:
    """The baseline's main metric, then all curves with a direction that two runs or more have.

    One with a tolerance takes part even if a single run has it: the others lack it.
    """
    main = runs[0].main_metric
    if main is None or not len(runs[0].series.get(main, ())):
        main = next((run.main_metric for run in runs if run.main_metric in run.series), main)
    count: dict[str, int] = {}
    for run in runs:
        for name, series in run.series.items():
            if _is_metric(name, run) and not name.endswith(STEP_SUFFIX) and len(series):
                count[name] = count.get(name, 0) + 1
    wanted = {name for name, n in count.items() if n > 1} | set(tolerance)
    shared = sorted(wanted - {main})
    return [main, *shared] if main else shared


def _is_metric(name: str, run: Run) -> bool:
    """Whether a curve says how good a run is; times say how fast the machine was."""
    return direction(name, run) is not None and not name.endswith("_time")


def _summary(run: Run, name: str) -> Summary | None:
    series = run.series.get(name)
    return summarise(series, direction(name, run)) if series is not None and len(series) else None


def _judgements(
    runs: Sequence[Run],
    sides: Sequence[Side],
    names: Sequence[str],
    tolerance: Mapping[str, Tolerance],
) -> tuple[Judgement, ...]:
    """By metric, then by side."""
    found: dict[str, list[Judgement]] = {side.name: [] for side in sides[1:]}
    known = [name for name in names if direction(name, runs[0]) is not None]
    for name in known:
        higher = bool(direction(name, runs[0]))
        samples = [
            sample(
                [(runs[p], s) for p, s in zip(side.places, side.seeds, strict=True)], name, higher
            )
            for side in sides
        ]
        for side, values in zip(sides[1:], samples[1:], strict=True):
            both = (sides[0].name, side.name)
            one = judge(name, higher, both, (samples[0], values), tolerance.get(name))
            found[side.name].append(one)
    main = names[0] if names else None
    corrected = [correct(of_side, main) for of_side in found.values()]
    return tuple(one for of_metric in zip(*corrected, strict=True) for one in of_metric)


def _notes(runs: Sequence[Run], sides: Sequence[Side]) -> Iterator[str]:
    if len(sides) == 1:
        seeds = {repr(seed) for seed in sides[0].seeds}
        what = "differ only in the seed" if len(seeds) > 1 else "have the same config and seed"
        yield (
            f"The runs {what}: what differs between them is noise, "
            "unless code or data changed without being recorded."
        )
    for side in sides:
        known = [repr(seed) for seed in side.seeds if seed is not None]
        if len(sides) > 1 and len(set(known)) < len(known):
            yield f"Runs of {side.name} share a seed; they count as one, as the mean of them."
    epochs = sorted(run.epochs_done for run in runs)
    if epochs[0] != epochs[-1]:
        yield (
            f"The runs have {epochs[0]} to {epochs[-1]} epochs: "
            "a longer run has had more chances at a good value."
        )
    if any(not run.config.values for run in runs):
        yield "A run has no config, so what differs in it is unknown."


def _without_axis(runs: Sequence[Run], by: By | None) -> Iterator[str]:
    missing = len(off_axis(runs, by)) if by else 0
    if missing:
        what = {"epoch": "epochs", "step": "steps", "time": "time"}[by or "epoch"]
        yield f"{missing} of {len(runs)} runs cannot be drawn by {what}, which they do not log."
