"""A run under examination: its facts, windows and signals, each worked out once."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from analyzer.diagnosis.vocabulary import label
from analyzer.diagnosis.window import Window, cut, share_of
from analyzer.facts import FACTS, Value
from analyzer.run import RATES, Run, Series
from analyzer.signals import SIGNALS, Reading, measure, noise
from analyzer.signals.stats import best_index, finite


class Case:
    """What conditions ask about. Where there is no answer they get the reason, a str.

    ``facts`` replace what ``FACTS`` would find: examples of rules state facts that way.
    """

    def __init__(self, run: Run, facts: Mapping[str, Value | None] | None = None) -> None:
        self.run = run
        self._facts: dict[str, Value | None] = dict(facts or {})
        self._series: dict[tuple[str, Window | None], Series | str] = {}
        self._readings: dict[tuple[str, str, str | None, Window | None], Reading | str] = {}
        self._noise: dict[tuple[str, Window | None], float] = {}

    def fact(self, name: str) -> Value | None:
        """A fact of the run, None where it is not known."""
        if name not in self._facts:
            self._facts[name] = FACTS[name].function(self.run)
        return self._facts[name]

    def higher_is_better(self, name: str) -> bool:
        """The good direction of a series."""
        if name in ("metric", self.run.main_metric):
            return self.run.higher_is_better
        return name in RATES

    def series(self, name: str, window: Window | None = None) -> Series | str:
        """The part of a series inside ``window``, or why there is none."""
        key = (name, window)
        if key not in self._series:
            self._series[key] = self._find(name, window)
        return self._series[key]

    def _find(self, name: str, window: Window | None) -> Series | str:
        series = self.run.get(name)
        if series is None or len(series) == 0:
            what = "a validation metric" if name == "metric" else label(name)
            return f"{what} was not logged"
        if window is None:
            return series
        if window.best_of is None:
            return cut(series, share_of(window, len(series)))
        return self._since_best(series, window.best_of)

    def _since_best(self, series: Series, other_name: str) -> Series | str:
        """The points of ``series`` from where the other one was best, that place included."""
        other = self.series(other_name)
        if isinstance(other, str):
            return other
        if other.axis != series.axis:
            return f"{label(series.name)} and {label(other.name)} are logged on different axes"
        x, y, _ = finite(other)
        if len(x) == 0:
            return f"{label(other.name)} holds no number"
        at = x[best_index(y, self.higher_is_better(other_name))]
        return cut(series, slice(int(np.searchsorted(series.x, at)), len(series)))

    def reading(
        self, signal: str, of: str, vs: str | None = None, window: Window | None = None
    ) -> Reading | str:
        """What a signal says of a series (against a second one), or why it says nothing."""
        key = (signal, of, vs, window)
        if key not in self._readings:
            self._readings[key] = self._measure(signal, of, vs, window)
        return self._readings[key]

    def _measure(
        self, signal: str, of: str, vs: str | None, window: Window | None
    ) -> Reading | str:
        series = self.series(of, window)
        if isinstance(series, str):
            return series
        other = self.series(vs, window) if vs is not None else None
        if isinstance(other, str):
            return other
        up = SIGNALS[signal].directed and self.higher_is_better(of)
        return measure(signal, series, other, higher_is_better=up)

    def noise(self, of: str, window: Window | None = None) -> float:
        """The noise of a series that is there."""
        key = (of, window)
        if key not in self._noise:
            series = self.series(of, window)
            self._noise[key] = noise(series) if isinstance(series, Series) else float("nan")
        return self._noise[key]

    def sampling(self, of: str, level: float) -> float | str:
        """The standard error of a rate near ``level``: sqrt(p (1 - p) / n).

        p is pulled towards one half by one success and one failure, so that 0 and 1 keep an error.
        """
        series = self.run.get(of)
        name = series.name if series is not None else of
        if name not in RATES:
            return f"{label(name)} is no rate, so it has no sampling error"
        count = self.fact("test_images")
        if not isinstance(count, int | float) or count <= 0:
            return "the number of validation samples is not known"
        rate = (np.clip(level, 0, 1) * count + 1) / (count + 2)
        return float(np.sqrt(rate * (1 - rate) / count))
