"""Signals that look at order alone, so that no single point decides."""

from __future__ import annotations

import numpy as np

from analyzer.run import FloatArray, Series
from analyzer.signals.stats import Reading, finite, theil_sen

BLOCKS = 50
"""Longer curves are averaged down to this many points: order is as clear, and noise less alike."""


def trend(series: Series, higher_is_better: bool) -> Reading:
    """How surely a curve gets better: the z of a Mann-Kendall test, pre-whitened.

    A guard beside an effect size, never the proof of one. Neighbours are alike in training
    curves, so what a point takes from the one before is removed first (lag 1, as of the curve
    about its Theil-Sen line, with the bias of short curves taken out: Yue and Wang 2002); a plain
    test would see a trend in 62 % of curves with none.
    """
    x, y, _ = finite(series)
    z = _mann_kendall(_whitened(_averaged(y)))
    value = z if higher_is_better else -z
    return Reading(value, 1.0, float(x[0]), float(x[-1]), {"trend": value})


def monotone(series: Series) -> Reading:
    """How steadily a curve rises (1) or falls (-1): rank correlation with the place."""
    x, y, _ = finite(series)
    averaged = _averaged(y)
    value = rank_correlation(averaged, np.arange(len(averaged), dtype=np.float64))
    return Reading(value, 1.0, float(x[0]), float(x[-1]), {"monotone": value})


def rank_correlation(y: FloatArray, z: FloatArray) -> float:
    """Spearman's rho of two (n,) arrays; 0 where one of them is constant."""
    a, b = _ranks(y), _ranks(z)
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 0 else 0.0


def _ranks(y: FloatArray) -> FloatArray:
    """Ranks from 0; equal values share the mean of theirs."""
    _, place, count = np.unique(y, return_inverse=True, return_counts=True)
    last = np.cumsum(count)
    return (last - 0.5 * (count + 1))[place]


def _averaged(y: FloatArray) -> FloatArray:
    """Means of at most ``BLOCKS`` blocks of neighbours."""
    if len(y) <= BLOCKS:
        return y
    edges = np.linspace(0, len(y), BLOCKS + 1).round().astype(np.int64)
    return np.add.reduceat(y, edges[:-1]) / np.diff(edges)


def _whitened(y: FloatArray) -> FloatArray:
    """``y`` without what each point takes from the one before."""
    count = len(y)
    place = np.arange(count, dtype=np.float64)
    rest = y - theil_sen(place, y) * place
    rest = rest - rest.mean()
    size = float((rest * rest).sum())
    if size <= 0 or count < 5:
        return y
    alike = float((rest[1:] * rest[:-1]).sum()) / size
    alike = (count * alike + 2) / (count - 4)
    alike = min(max(alike, 0.0), 0.95)
    return y[1:] - alike * y[:-1] if alike > 0 else y


def _mann_kendall(y: FloatArray) -> float:
    """The z of the Mann-Kendall test, without the correction for ties."""
    count = len(y)
    first, second = np.triu_indices(count, 1)
    total = float(np.sign(y[second] - y[first]).sum())
    spread = (count * (count - 1) * (2 * count + 5) / 18) ** 0.5
    return (total - float(np.sign(total))) / float(spread)
