"""The few numbers that tell a curve: best, where, last; and a curve's name and direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analyzer.names import RATES, STEP_SUFFIX, label
from analyzer.run import FloatArray, Run, Series

LOWER_IS_BETTER = ("train_loss", "val_loss", "data_time", "step_time", "epoch_time", "val_time")


@dataclass(frozen=True)
class Summary:
    """A curve in numbers.

    ``higher`` is the direction of better, None where neither is; ``best`` then is None too.
    ``best`` is over the finite points, the first of equals, ``best_at`` its x. ``last`` is what
    was logged last and may be NaN or inf. ``nonfinite`` counts such points.
    """

    name: str
    label: str
    axis: str
    higher: bool | None
    best: float | None
    best_at: float | None
    last: float | None
    last_at: float | None
    points: int
    nonfinite: int

    @property
    def gap(self) -> float | None:
        """How much worse the last value is than the best, 0 or more; None where unknown."""
        if self.best is None or self.last is None or not np.isfinite(self.last):
            return None
        return abs(self.best - self.last)


def direction(name: str, run: Run | None = None) -> bool | None:
    """True where higher is better, False where lower is, None where neither can be said."""
    if run is not None and name == run.main_metric:
        return run.higher_is_better
    base = name.removesuffix(STEP_SUFFIX).partition(".")[0]
    if base in RATES:
        return True
    return False if base in LOWER_IS_BETTER else None


def summarise(series: Series, higher: bool | None) -> Summary:
    """Best, last and their places; every point of every segment counts."""
    finite = series.finite
    best = best_at = None
    if higher is not None and finite.any():
        y = np.where(finite, series.y, -np.inf if higher else np.inf)
        index = int(np.argmax(y) if higher else np.argmin(y))
        best, best_at = float(series.y[index]), float(series.x[index])
    some = len(series) > 0
    return Summary(
        name=series.name,
        label=label(series.name),
        axis=series.axis,
        higher=higher,
        best=best,
        best_at=best_at,
        last=float(series.y[-1]) if some else None,
        last_at=float(series.x[-1]) if some else None,
        points=len(series),
        nonfinite=int(len(series) - finite.sum()),
    )


def last_written(series: Series) -> tuple[FloatArray, FloatArray]:
    """The curve with one value for each x, ascending; where segments overlap the last wins."""
    x = series.x[::-1]
    kept, first = np.unique(x, return_index=True)
    return kept, series.y[::-1][first]
