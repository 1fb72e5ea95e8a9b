"""Several runs under examination: which of them a rule looks at together."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from analyzer.facts.recipe import SEED_KEYS, Recipe, config_of, data_of, item, recipe_of, seed_of
from analyzer.names import STEP_SUFFIX
from analyzer.run import Run, Series, Status

MOST_NAMED = 3
"""So many runs, or keys, are named in a message; the others are counted."""

EQUAL = 1e-6
"""Values that differ by a smaller share are the same: no two trainings come that close."""

LEAST_POINTS, LEAST_VALUES = 10, 5
"""Curves with so many points and different values are never equal by chance."""

MEASURED = 3
"""Of so many curves two values each are looked at before whole curves are compared."""

IDLE = frozenset(
    {
        *("checkpoint", "checkpoints", "save", "resume", "monitor", "patience"),
        *("log", "logging", "logger", "print", "verbose", "report", "plot", "plots", "wandb"),
        *("device", "devices", "gpu", "gpus", "worker", "workers", "prefetch", "pin", "memory"),
    }
)
"""A key with one of these words changes no curve: what is kept, shown, or how fast it goes."""

_WORDS = re.compile(r"[a-z]+")

_RESULTS = ("train_loss", "val_", "train_accuracy")
_TIMES = ("val_time",)


@dataclass(frozen=True)
class Several:
    """Runs that are looked at together, in the order given, and what they are called."""

    runs: tuple[Run, ...]
    names: tuple[str, ...]
    _recipes: dict[int, Recipe] = field(default_factory=dict, repr=False, compare=False)

    def recipe(self, run: Run) -> Recipe:
        """The recipe of one of the runs, worked out once."""
        if id(run) not in self._recipes:
            self._recipes[id(run)] = recipe_of(run)
        return self._recipes[id(run)]

    def only(self, places: Iterable[int]) -> Several:
        """Some of the runs."""
        chosen = sorted(places)
        runs = tuple(self.runs[i] for i in chosen)
        names = tuple(self.names[i] for i in chosen)
        return replace(self, runs=runs, names=names)

    @cached_property
    def settings(self) -> Mapping[str, Mapping[str, object]]:
        """The keys that not all agree on: key -> value by name of the run; the seed is one.

        Keys that change no curve are left out.
        """
        tables = []
        for run in self.runs:
            values = {k: v for k, v in config_of(run).items() if k not in SEED_KEYS}
            seed = seed_of(run)
            tables.append(values if seed is None else {**values, SEED_KEYS[0]: seed})
        keys = sorted(
            key for key in set().union(*tables) if IDLE.isdisjoint(_WORDS.findall(key.lower()))
        )
        return {
            key: {n: t[key] for n, t in zip(self.names, tables, strict=True) if key in t}
            for key in keys
            if len({item(key, table[key]) if key in table else () for table in tables}) > 1
        }

    def told(self, name: str) -> object:
        """What every message may name: ``count``, ``runs`` and the ``differing`` keys."""
        if name == "count":
            return len(self.runs)
        if name == "runs":
            return listed(self.names)
        if name == "differing":
            return listed(tuple(self.settings)) or None
        return None


TOLD = ("count", "runs", "differing")


def listed(names: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b, c and 4 more``."""
    shown = list(names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        return f"{', '.join(shown)} and {len(names) - MOST_NAMED} more"
    return " and ".join([", ".join(shown[:-1]), shown[-1]] if len(shown) > 1 else shown)


def results_of(run: Run) -> dict[str, Series]:
    """The curves that tell how the training went: losses and metrics, not rates and times."""
    return {
        name: curve
        for name, curve in run.series.items()
        if name.startswith(_RESULTS)
        and not name.startswith(_TIMES)
        and not name.endswith(STEP_SUFFIX)
        and len(curve)
    }


class _Curves(NamedTuple):
    """The results of the run at ``place``. ``total`` of a few points is close for equal curves."""

    total: float
    place: int
    slack: float
    curves: Mapping[str, Series]


def same_curves(several: Several) -> Iterator[list[int]]:
    """Runs of one format whose losses and metrics agree in every point, as far as printed.

    Sorted by the sum of some of their values, such runs stand side by side, so that each is held
    against its neighbour alone.
    """
    kinds: dict[object, list[_Curves]] = {}
    for place, run in enumerate(several.runs):
        curves = results_of(run)
        if curves:
            kind = run.format, frozenset(curves)
            kinds.setdefault(kind, []).append(_measured(place, curves))
    for alike in kinds.values():
        alike.sort(key=lambda one: one[:2])
        together = [alike[0]]
        for one in alike[1:]:
            if not _agree(together[-1], one):
                yield [other.place for other in together]
                together = []
            together.append(one)
        yield [other.place for other in together]


def _measured(place: int, curves: Mapping[str, Series]) -> _Curves:
    known, digits = [], 0.0
    for name in sorted(curves)[:MEASURED]:
        curve = curves[name]
        digits += 2 * curve.resolution
        known += [float(curve.y[at]) for at in (len(curve) // 2, -1)]
    known = [value for value in known if math.isfinite(value)]
    return _Curves(sum(known), place, digits + 10 * EQUAL * sum(map(abs, known)), curves)


def _agree(one: _Curves, other: _Curves) -> bool:
    near = abs(one.total - other.total) <= one.slack + other.slack
    return near and all(_same(c, other.curves[name]) for name, c in one.curves.items())


def _same(one: Series, other: Series) -> bool:
    size = max(one.resolution, other.resolution) / 2
    if not np.array_equal(one.x, other.x):
        return False
    return np.array_equal(one.y, other.y) or bool(
        np.isclose(one.y, other.y, rtol=EQUAL, atol=size, equal_nan=True).all()
    )


def telling_curve(run: Run) -> Series | None:
    """The longest result that is too long and varied to be another run's by chance, if any."""
    results = results_of(run).values()
    varied = [c for c in results if len(np.unique(c.y[c.finite])) >= LEAST_VALUES]
    longest = max(varied, key=len, default=None)
    return None if longest is None or len(longest) < LEAST_POINTS else longest


def repetitions(several: Several) -> Iterator[int]:
    """Places of the runs that have the very curves of an earlier one, and not by chance."""
    for places in same_curves(several):
        if len(places) > 1 and telling_curve(several.runs[places[0]]) is not None:
            yield from sorted(places)[1:]


def same_settings(several: Several) -> Iterator[list[int]]:
    """Runs of one recipe (settings, code and data) that differ in the seed at most.

    Where the seed is not known, the settings are hardly known in full.
    """

    def key(run: Run) -> object:
        recipe = several.recipe(run) if seed_of(run) is not None else None
        return (run.format, run.main_metric, recipe) if recipe else None

    yield from _grouped(several, key)


def comparable(several: Several) -> Iterator[list[int]]:
    """Runs that ended, of one format, judged by one metric on data known to be the same."""
    yield from _grouped(several, _measured_alike)


def _measured_alike(run: Run) -> object:
    curve, data = run.get("metric"), data_of(run)
    if curve is None or data is None or run.status is Status.RUNNING or not run.config.values:
        return None
    return run.format, curve.name, curve.axis, run.higher_is_better, run.samples.get("val"), data


def _grouped(several: Several, key_of: Callable[[Run], object]) -> Iterator[list[int]]:
    """Places of the runs with equal keys; those whose key is empty stand in no group."""
    groups: dict[object, list[int]] = {}
    for place, run in enumerate(several.runs):
        key = key_of(run)
        if key:
            groups.setdefault(key, []).append(place)
    yield from groups.values()


@dataclass(frozen=True)
class Among:
    """One entry of the table: which runs a rule looks at together."""

    function: Callable[[Several], Iterator[list[int]]]
    says: str

    def sets(self, several: Several) -> list[Several]:
        """Each set of two runs or more."""
        found = (places for places in self.function(several) if len(places) > 1)
        return [several.only(places) for places in found]


AMONG: Mapping[str, Among] = {
    "same_curves": Among(same_curves, "runs whose losses and metrics agree in every point"),
    "same_settings": Among(same_settings, "runs that differ in the seed at most, which is known"),
    "comparable": Among(comparable, "runs judged by one metric on the same data"),
}
