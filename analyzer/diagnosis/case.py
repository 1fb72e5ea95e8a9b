"""A run under examination: its facts, windows and signals, each worked out once."""

from __future__ import annotations

import copy
from collections.abc import Mapping

from analyzer.diagnosis.outcome import Place
from analyzer.diagnosis.places import between, other_axis, slice_of
from analyzer.diagnosis.several import Several
from analyzer.diagnosis.vocabulary import EACH, FINEST, HIGHER_IS_BETTER, canonical, label
from analyzer.diagnosis.window import FINDING, Window, cut
from analyzer.facts import FACTS, Value
from analyzer.names import RATES, STEP_SUFFIX
from analyzer.run import Axis, Run, Series
from analyzer.signals import SIGNALS, Reading, measure, noise
from analyzer.signals.stats import best_index, finite, sampling_error

Params = tuple[tuple[str, float], ...]


class Case:
    """What conditions ask about. Where there is no answer they get the reason, a str.

    ``facts`` replace what ``FACTS`` would find: examples of rules state facts that way.
    ``several`` are the runs that a rule looks at together; ``run`` is then the first of them.
    """

    def __init__(
        self,
        run: Run,
        facts: Mapping[str, Value | None] | None = None,
        several: Several | None = None,
    ) -> None:
        self.run = run
        self.several = several
        self.each: str | None = None
        self.place: Place | None = None
        self._facts: dict[str, Value | None] = dict(facts or {})
        self._series: dict[tuple[str, Window | None, Place | None], Series | str] = {}
        self._readings: dict[object, Reading | str] = {}
        self._noise: dict[Series, float] = {}

    def focus(self, *, each: str | None = None, place: Place | None = None) -> Case:
        """The same case for one series of ``for_each``, or after a finding that starts there.

        All that was worked out is shared.
        """
        case = copy.copy(self)
        case.each = each or self.each
        case.place = place or self.place
        return case

    def fact(self, name: str) -> Value | None:
        """A fact of the run, None where it is not known."""
        if name not in self._facts:
            self._facts[name] = FACTS[name].function(self.run)
        return self._facts[name]

    def number(self, name: str) -> float | None:
        """A fact that is a number, None where it is not known."""
        value = self.fact(name)
        return value if isinstance(value, int | float) else None

    def higher_is_better(self, name: str) -> bool:
        """The good direction of a series."""
        own = self.own_name(name)
        return (
            self.run.higher_is_better if own == self.run.main_metric else own in HIGHER_IS_BETTER
        )

    def own_name(self, name: str) -> str:
        """The run's name of a series, where it logs it; else the name given."""
        base, finest = name.removesuffix(FINEST), FINEST if name.endswith(FINEST) else ""
        given = (self.each or name).removesuffix(STEP_SUFFIX) + finest if base == EACH else name
        return canonical(given, self.run) or given

    def series(self, name: str, window: Window | None = None) -> Series | str:
        """The part of a series inside ``window``, or why there is none."""
        own = self.own_name(name)
        place = self.place if window is not None and window.of == FINDING else None
        key = (own, window, place)
        if key not in self._series:
            self._series[key] = self._find(own, window)
        return self._series[key]

    def _find(self, name: str, window: Window | None) -> Series | str:
        series = self.run.series.get(name)
        if series is None or len(series) == 0:
            what = "a validation metric" if name == "metric" else label(name)
            return f"{what} was not logged"
        if window is None:
            return series
        chosen = slice_of(window, series, self)
        return chosen if isinstance(chosen, str) else cut(series, chosen)

    def best_place(self, name: str) -> Place | str:
        """Where a series was first at its best, or why that is not known."""
        series = self.series(name)
        if isinstance(series, str):
            return series
        x, y, segment = finite(series)
        if len(x) == 0:
            return f"{label(series.name)} holds no number"
        at = best_index(y, self.higher_is_better(name))
        return Place(series.axis, int(segment[at]), float(x[at]))

    def reading(
        self,
        signal: str,
        of: str,
        vs: str | None = None,
        window: Window | None = None,
        params: Params = (),
    ) -> Reading | str:
        """What a signal says of a series (against a second one), or why it says nothing."""
        series = self.series(of, window)
        if isinstance(series, str):
            return series
        other = self.series(vs, window) if vs is not None else None
        if isinstance(other, str):
            return other
        key = (signal, series, other, params)
        if key not in self._readings:
            self._readings[key] = self._measure(signal, series, other, of, params)
        return self._readings[key]

    def _measure(
        self, signal: str, series: Series, other: Series | None, of: str, params: Params
    ) -> Reading | str:
        if other is not None and other.axis != series.axis:
            slower: Axis = "epoch"
            moved = [self._on_axis(one, slower) for one in (series, other)]
            if any(one is None for one in moved):
                return between(series, other)
            series, other = moved[0] or series, moved[1]
        up = SIGNALS[signal].directed and self.higher_is_better(of)
        return measure(signal, series, other, higher_is_better=up, params=dict(params))

    def _on_axis(self, series: Series, axis: Axis) -> Series | None:
        """The series over another axis; None where nobody knows how many steps an epoch has."""
        if series.axis == axis:
            return series
        steps = self.number("steps_per_epoch")
        if not steps:
            return None
        x = other_axis(series.x, axis, steps)
        return Series(series.name, axis, x, series.y, series.segment, series.resolution)

    def noise(self, of: str, window: Window | None = None) -> float:
        """The noise of a series that is there."""
        series = self.series(of, window)
        if isinstance(series, str):
            return float("nan")
        if series not in self._noise:
            self._noise[series] = noise(series)
        return self._noise[series]

    def sampling(self, of: str, level: float) -> float | str:
        """The standard error of a rate near ``level``, or why there is none."""
        name = self.own_name(of)
        if name not in RATES:
            return f"{label(name)} is no rate, so it has no sampling error"
        count = self.number("test_images")
        if count is None or count <= 0:
            return "the number of validation samples is not known"
        return sampling_error(level, count)
