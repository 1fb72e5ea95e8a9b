"""The noise that a single run shows of itself."""

from __future__ import annotations

import handmade
import numpy as np
import pytest

from analyzer.compare.judgement import evaluation_noise


def test_the_noise_of_a_curve_ignores_trend_jump_and_gaps() -> None:
    rng = np.random.default_rng(0)
    y = np.linspace(0, 1, 3000) + rng.normal(0, 0.01, 3000)
    y[2800] = np.nan
    y[2900] += 5
    assert evaluation_noise(handmade.series("a", y)) == pytest.approx(0.01, rel=0.1)


def test_the_noise_is_floored_at_half_a_printed_digit_and_unknown_for_few_points() -> None:
    assert evaluation_noise(handmade.series("a", [0.5] * 30, resolution=0.01)) == 0.005
    assert evaluation_noise(handmade.series("a", [0.5] * 30)) == 0.0
    assert evaluation_noise(handmade.series("a", [0.1, 0.2, 0.3])) is None
    assert evaluation_noise(handmade.series("a", [])) is None
    resumed = handmade.series("a", [1.0] * 20 + [2.0, 3.0], segment=[0] * 20 + [1] * 2)
    assert evaluation_noise(resumed) is None, "only the last stretch is looked at"
