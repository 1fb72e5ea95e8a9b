"""Compare runs: what differs in config and surroundings, the curves side by side, and a verdict.

The first run is the baseline. Runs whose configs differ only in the seed form one side; sides are
called A, B, C, ... in the order given, and each is judged against A.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from string import ascii_uppercase
from typing import Any

import numpy as np

from analyzer.compare.differences import Difference, differences
from analyzer.compare.judgement import Judgement, judge, sample
from analyzer.errors import UsageError
from analyzer.facts.recipe import SEED_KEYS, config_of, environment_of, recipe_of, seed_of
from analyzer.names import label
from analyzer.run import FloatArray, Run
from analyzer.summary import Summary, direction, last_written, summarise


@dataclass(frozen=True)
class Side:
    """Runs that are repetitions of one another: places in ``runs``, and their seeds."""

    name: str
    places: tuple[int, ...]
    seeds: tuple[Any, ...]


@dataclass(frozen=True)
class Aligned:
    """One curve of all runs over the same x (m,); ``y`` (runs, m) is NaN where there is no number.

    Where a resumed run has two values for an x, it is the last one.
    """

    name: str
    label: str
    axis: str
    x: FloatArray
    y: FloatArray


@dataclass(frozen=True)
class Comparison:
    """What ``compare`` found. ``judgements`` has those of the main metric first.

    ``summaries`` gives, by metric, one summary for each run (None where it has no such curve).
    """

    runs: tuple[Run, ...]
    sides: tuple[Side, ...]
    metric: str | None
    judgements: tuple[Judgement, ...]
    summaries: Mapping[str, tuple[Summary | None, ...]]
    config: tuple[Difference, ...]
    environment: tuple[Difference, ...]
    curves: tuple[Aligned, ...]
    notes: tuple[str, ...]

    @property
    def main(self) -> tuple[Judgement, ...]:
        """The judgements of the main metric, one for each side but A."""
        return tuple(one for one in self.judgements if one.metric == self.metric)

    @property
    def explaining(self) -> tuple[str, ...]:
        """Config keys that differ and could explain a difference: all but the seed."""
        return tuple(d.key for d in self.config if d.key not in SEED_KEYS)


def compare(runs: Sequence[Run], *, tolerance: Mapping[str, float] | None = None) -> Comparison:
    """Compare ``runs`` with the first of them.

    ``tolerance`` gives, by metric, the largest difference that does not matter, in the metric's
    own unit. Raises UsageError for fewer than two runs, or a tolerance for a metric no run has.
    """
    if len(runs) < 2:
        raise UsageError(f"compare needs two runs or more, not {len(runs)}; name another one")
    tolerance = dict(tolerance or {})
    _check_tolerance(runs, tolerance)
    repeated = _sides(runs)
    sides = repeated if len(repeated) > 1 else _apart(runs)
    names = _metrics(runs)
    summaries = {name: tuple(_summary(run, name) for run in runs) for name in names}
    return Comparison(
        runs=tuple(runs),
        sides=sides,
        metric=names[0] if names else None,
        judgements=tuple(_judgements(runs, sides, names, tolerance)),
        summaries=summaries,
        config=tuple(differences([config_of(run) for run in runs])),
        environment=tuple(differences([environment_of(run) for run in runs])),
        curves=tuple(_aligned(runs)),
        notes=tuple(_notes(runs, repeated)),
    )


def _check_tolerance(runs: Sequence[Run], tolerance: Mapping[str, float]) -> None:
    known = sorted({name for run in runs for name in run.series if _is_metric(name, run)})
    for name, value in tolerance.items():
        if name not in known:
            raise UsageError(
                f"a tolerance is given for {name!r}, which no run logs as a metric; "
                f"there are: {', '.join(known) or 'none'}"
            )
        if not value >= 0:
            raise UsageError(f"the tolerance of {name} is {value}; it must be 0 or more")


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


def _metrics(runs: Sequence[Run]) -> list[str]:
    """The baseline's main metric, then all curves with a direction that two runs or more have."""
    main = runs[0].main_metric
    if main is None or not len(runs[0].series.get(main, ())):
        main = next((run.main_metric for run in runs if run.main_metric in run.series), main)
    count: dict[str, int] = {}
    for run in runs:
        for name, series in run.series.items():
            if _is_metric(name, run) and series.axis == "epoch" and len(series):
                count[name] = count.get(name, 0) + 1
    shared = sorted(name for name, n in count.items() if n > 1 and name != main)
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
    tolerance: Mapping[str, float],
) -> Iterator[Judgement]:
    for name in names:
        higher = direction(name, runs[0])
        if higher is None:
            continue
        samples = [
            sample(
                [(runs[p], s) for p, s in zip(side.places, side.seeds, strict=True)], name, higher
            )
            for side in sides
        ]
        for side, values in zip(sides[1:], samples[1:], strict=True):
            both = (sides[0].name, side.name)
            yield judge(name, higher, both, (samples[0], values), tolerance.get(name))


def _aligned(runs: Sequence[Run]) -> Iterator[Aligned]:
    for name in sorted(runs[0].series):
        found = [run.series.get(name) for run in runs]
        axes = {series.axis for series in found if series is not None}
        if len(axes) > 1 or found.count(None) > len(runs) - 2:
            continue
        tables = [None if s is None else last_written(s) for s in found]
        x = np.unique(np.concatenate([table[0] for table in tables if table is not None]))
        y = np.full((len(runs), len(x)), np.nan)
        for row, table in zip(y, tables, strict=True):
            if table is not None:
                row[np.searchsorted(x, table[0])] = np.where(
                    np.isfinite(table[1]), table[1], np.nan
                )
        yield Aligned(name, label(name), axes.pop(), x, y)


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
