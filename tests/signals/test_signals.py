"""Signals: what they say of plain curves, of any floats at all, and of pure noise."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from analyzer.diagnosis.limit import is_past, parse_limit
from analyzer.run import Series
from analyzer.signals import SIGNALS, FalseRate, Reading, align, measure, noise
from analyzer.signals.stats import theil_sen

ANY = hnp.arrays(
    np.float64, st.integers(0, 40), elements=st.floats(allow_nan=True, allow_infinity=True)
)
TAME = hnp.arrays(np.float64, st.integers(8, 40), elements=st.integers(-1000, 1000).map(float))
RISING = st.sampled_from([False, True])


def series(y: object, segment: object = None, resolution: float = 0.0) -> Series:
    values = np.asarray(y, dtype=np.float64)
    seams = np.zeros(len(values)) if segment is None else np.asarray(segment)
    x = np.arange(1.0, len(values) + 1)
    return Series("val_f1", "epoch", x, values, seams.astype(np.int64), resolution)


def read(name: str, y: object, higher_is_better: bool = False, **kwargs: object) -> Reading:
    other = series(y) if SIGNALS[name].pair else None
    found = measure(name, series(y, **kwargs), other, higher_is_better=higher_is_better)
    assert isinstance(found, Reading), found
    return found


def refuse(name: str, y: object) -> str:
    found = measure(name, series(y), series(y) if SIGNALS[name].pair else None)
    assert isinstance(found, str), found
    return found


def ar1(rng: np.random.Generator, n: int, phi: float) -> np.ndarray:
    shocks = rng.standard_normal(n + 100)
    y = np.zeros(n + 100)
    for i in range(1, n + 100):
        y[i] = phi * y[i - 1] + shocks[i]
    return y[100:]


# What they say of plain curves


def test_drop_is_from_the_head_to_the_tail() -> None:
    found = read("drop", [3.0] * 2 + [2.0] * 16 + [1.0] * 2)
    assert found.value == 2.0
    assert found.reference == 3.0
    assert (found.start, found.end) == (1.0, 20.0)


def test_gain_of_a_line_is_its_rise_and_one_outlier_does_not_change_it() -> None:
    y = np.linspace(0.0, 1.0, 11)
    y[5] = 50.0
    assert read("gain", y, higher_is_better=True).value == pytest.approx(1.0)
    assert read("gain", y, higher_is_better=False).value == pytest.approx(-1.0)


def test_setback_needs_more_than_one_bad_last_point() -> None:
    assert read("setback", [5, 4, 3, 2, 1, 9]).value == 1.0
    assert read("setback", [5, 4, 3, 2, 1, 9, 9, 9]).value == 8.0


def test_since_best_counts_from_the_first_of_equal_points() -> None:
    found = read("since_best", [0.1, 0.5, 0.5, 0.4], higher_is_better=True)
    assert (found.value, found.details["best_at"]) == (2, 2.0)


def test_idle_starts_where_the_curve_first_was_as_good_as_ever() -> None:
    found = read("idle", [0.1, 0.3, 0.5, *[0.7] * 17], higher_is_better=True)
    assert (found.value, found.details["settled_at"]) == (16, 4.0)


def test_swing_of_a_line_is_zero_and_of_a_saw_tooth_its_height() -> None:
    assert read("swing", np.arange(20) * 0.5).value == 0.0
    assert read("swing", [0.4, 0.6] * 10).value == pytest.approx(0.2)


def test_swing_is_the_standard_deviation_of_independent_noise() -> None:
    y = np.random.default_rng(3).normal(0.5, 0.1, 4000)
    assert read("swing", y).value == pytest.approx(0.1, rel=0.05)
    assert noise(series(y)) == pytest.approx(0.1, rel=0.05)


def test_gap_compares_the_ends() -> None:
    upper, lower = series([3.0, 3.0, 3.0]), series([1.0, 1.0, 2.0])
    found = measure("gap", upper, lower)
    assert isinstance(found, Reading)
    assert (found.value, found.reference) == (1.0, 2.0)


def test_progress_and_what_is_lost_of_it_again() -> None:
    y = [4.0] * 4 + [1.0] * 12 + [3.0] * 4
    assert read("progress", y).value == 3.0
    found = read("regain", y)
    assert (found.value, found.reference) == (2.0, 3.0)
    assert 5 <= found.start <= 16
    assert read("regain", [3.0 - 0.1 * i for i in range(20)]).value == 0.0
    one_lucky_point = [2.0] * 15 + [0.1] + [2.0] * 15
    assert read("progress", one_lucky_point).value == 0.0


def test_turns_of_a_saw_tooth_of_noise_and_of_a_line() -> None:
    rng = np.random.default_rng(5)
    for y, share in (([0.4, 0.6] * 30, 1.0), (rng.normal(size=600), 0.67), (np.arange(60), 0.0)):
        found = read("turns", y)
        assert found.value / found.reference == pytest.approx(share, abs=0.05)


def test_a_spike_comes_back_and_a_step_is_none() -> None:
    rng = np.random.default_rng(6)
    flat = rng.normal(1.0, 0.01, 60)
    assert read("spikes", flat).value == 0
    spiky = flat.copy()
    spiky[[20, 40, 41]] = 5.0
    found = read("spikes", spiky)
    assert (found.value, found.start, found.end) == (2, 21.0, 41.0)
    assert found.details["spike"] == 5.0
    step = flat + np.where(np.arange(60) < 30, 0.0, 5.0)
    assert read("spikes", step).value == 0
    fast = 5.0 * np.exp(-np.arange(60) / 2) + flat
    assert read("spikes", fast).value == 0


def test_a_high_point_at_a_seam_is_no_spike() -> None:
    y = [1.0] * 20 + [9.0] + [1.0] * 20
    assert read("spikes", y).value == 1
    assert read("spikes", y, segment=[0] * 20 + [1] * 21).value == 0
    assert read("spikes", y, segment=[0] * 21 + [1] * 20).value == 0


def test_a_loss_of_single_batches_that_scatters_by_factors_has_no_spikes() -> None:
    scattered = [0.02, 0.09, 0.01, 0.06, 0.02, 0.19, 0.03, 0.005, 0.04, 0.01] * 3
    scattered[16] = 0.9
    assert read("spikes", scattered).value == 0
    steady = [0.02, 0.021, 0.019, 0.02, 0.022] * 6
    steady[16] = 0.4
    assert read("spikes", steady).value == 1
    assert read("spikes", [y - 0.1 for y in steady]).value == 1, "no ratio below 0"


def test_parameters_of_spikes_and_quantiles() -> None:
    y = series([1.0, 1.1] * 10 + [1.8] + [1.0, 1.1] * 10)
    for times, count in ((1.2, 1), (3.0, 0)):
        found = measure("spikes", y, params={"z": 3, "times": times})
        assert isinstance(found, Reading)
        assert found.value == count
    highest = measure("quantile", y, params={"q": 100})
    assert isinstance(highest, Reading)
    assert (highest.value, highest.details["quantile_at"]) == (1.8, 21.0)


def test_zeros_and_repeats_count_equal_points() -> None:
    assert read("zeros", [0, 0.1, 0, 0]).value == 3
    found = read("repeats", [0.1, 0.5, 0.5, 0.5, 0.2])
    assert (found.value, found.start, found.end) == (3, 2.0, 4.0)


def test_a_trend_is_seen_through_noise_and_through_likeness_of_neighbours() -> None:
    rng = np.random.default_rng(8)
    for phi in (0.0, 0.7):
        rising = 0.2 * np.arange(60) + ar1(rng, 60, phi)
        assert read("trend", rising, higher_is_better=True).value > 2
        assert read("trend", rising).value < -2
        assert read("monotone", rising).value > 0.8


def test_a_ratio_and_a_correlation_are_taken_point_by_point() -> None:
    x = np.arange(1.0, 11.0)
    two, one = series(2 * x), series(x)
    found = measure("ratio", two, one)
    assert isinstance(found, Reading)
    assert (found.value, found.reference) == (2.0, 1.0)
    assert isinstance(against := measure("correlation", one, series(-x)), Reading)
    assert against.value == pytest.approx(-1.0)
    assert "cannot be judged" in str(measure("ratio", one, series(0 * x)))


def test_pairs_meet_at_the_points_of_the_slower_curve() -> None:
    steps = Series(
        "train_loss", "step", np.arange(1.0, 101), np.arange(1.0, 101), np.zeros(100, int)
    )
    at = np.array([25.0, 50.0, 75.0, 100.0])
    slow = Series("val_loss", "step", at, at, np.zeros(4, int))
    fast, same = align(steps, slow)
    assert fast.x.tolist() == same.x.tolist() == at.tolist()
    assert fast.y.tolist() == [13.0, 38.0, 63.0, 88.0]
    back, _ = align(slow, steps)
    assert back.y.tolist() == at.tolist()


def test_pairs_share_only_points_that_both_have() -> None:
    first, second = align(series([1, math.nan, 3, 4]), series([5, 6, math.nan, 8]))
    assert (first.y.tolist(), second.y.tolist()) == ([1, 4], [5, 8])


@pytest.mark.parametrize(
    ("y", "kind", "then"),
    [
        ([math.nan] * 3, "from the very start", "and it never came back"),
        ([1.0, 1.2, 4.0, math.inf], "after climbing", "and it never came back"),
        ([2e16, 2e5, 7e4, 1e16, 2e5, math.nan], "after climbing", "and it never came back"),
        ([8.0, 4.0, 2.5, 1.5, math.nan], "all of a sudden", "and it never came back"),
        ([1.0, 0.9, math.nan, 0.8], "all of a sudden", "and it came back later"),
        ([-1.0, -1.1, -1.2, math.nan], "all of a sudden", "and it never came back"),
    ],
)
def test_nonfinite_says_what_came_before(y: list[float], kind: str, then: str) -> None:
    found = read("nonfinite", y)
    assert found.value == sum(not math.isfinite(value) for value in y)
    assert (found.details["kind"], found.details["then"]) == (kind, then)


def test_a_seam_between_segments_is_no_swing_and_no_noise() -> None:
    y = [1.0] * 20 + [9.0] * 20
    joined, seam = series(y), series(y, [0] * 20 + [1] * 20)
    assert read("swing", y).value > 0
    assert isinstance(found := measure("swing", seam), Reading)
    assert found.value == 0
    assert noise(seam) <= noise(joined)


def test_the_jump_at_a_resume_is_the_largest_by_three_points_on_either_side() -> None:
    y = [2.0, 1.9, 1.8, 1.7, 1.9, 1.8, 1.7, 1.6, 2.5, 2.4, 2.3]
    found = read("seam", y, segment=[0] * 4 + [1] * 4 + [2] * 3)
    assert found.value == pytest.approx(0.7)
    assert (found.details["before"], found.details["after"]) == (1.7, 2.4)
    assert found.start == found.end == 9
    assert read("seam", y).value == 0


def test_points_that_are_no_numbers_are_left_out() -> None:
    y = [3.0, math.nan, 3.0, 2.0, math.inf, 1.0, 1.0]
    clean = [3.0, 3.0, 2.0, 1.0, 1.0]
    assert read("drop", y).value == read("drop", clean).value
    assert read("points", y).value == 5


DECIDED = {
    "best": 4,  # the highest point
    "first": 1,
    "setback": 4,
    "since_best": 4,
    "idle": 1,  # as good as ever within the noise
    "zeros": 5,
    "repeats": 5,
    "nonfinite": 8,
    "drop": None,  # medians of stretches: no single point
    "swing": None,
    "turns": None,
    "level": None,
}


@pytest.mark.parametrize(("name", "at"), DECIDED.items())
def test_the_point_that_decided(name: str, at: float | None) -> None:
    y = [1.0, 2.0, 3.0, 9.0, 0.0, 0.0, 0.0, math.nan, 4.0]
    assert read(name, y, higher_is_better=True).at == at


def test_too_few_points_are_said_with_their_number() -> None:
    assert refuse("drop", [1.0, 2.0]) == "F1 has 2 of the 5 points this needs"
    assert "0 of the 1" in refuse("nonfinite", [])


# The yardstick


def test_noise_is_at_least_half_of_the_last_digit() -> None:
    assert noise(series([0.5] * 20, resolution=0.01)) == 0.005


def test_noise_does_not_grow_with_a_trend() -> None:
    rng = np.random.default_rng(1)
    flat = rng.normal(0, 0.1, 400)
    assert noise(series(flat + np.linspace(0, 8, 400))) == pytest.approx(
        noise(series(flat)), rel=0.1
    )


@pytest.mark.parametrize("n", [5, 10, 100])
def test_noise_of_a_steep_climb_and_of_a_saw_tooth_does_not_vanish(n: int) -> None:
    steep = [noise(series(50.0 * np.arange(n) + y)) for y in shocks(n, 300)]
    assert np.median(steep) == pytest.approx(1.0, rel=0.2)
    assert noise(series([0.4, 0.6] * n)) > 0.1


def shocks(n: int, count: int) -> np.ndarray:
    return np.random.default_rng(9).standard_normal((count, n))


def test_theil_sen_against_a_plain_loop() -> None:
    rng = np.random.default_rng(2)
    y, x = rng.normal(size=60), np.sort(rng.uniform(0, 10, 60))
    slopes = [(y[j] - y[i]) / (x[j] - x[i]) for i in range(60) for j in range(i + 1, 60)]
    assert theil_sen(x, y) == pytest.approx(np.median(slopes))
    assert math.isnan(theil_sen(np.ones(3), np.arange(3.0)))


# Any floats at all


@pytest.mark.parametrize("name", SIGNALS)
@given(y=ANY, higher=RISING, resolution=st.sampled_from([0.0, 0.01, 1e300]))
@settings(max_examples=60)
def test_no_exception_and_no_warning_on_any_floats(
    name: str, y: np.ndarray, higher: bool, resolution: float
) -> None:
    curve = series(y, np.arange(len(y)) // 7, resolution)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = measure(name, curve, curve, higher_is_better=higher)
        assert noise(curve) >= 0 or math.isinf(noise(curve))
    if isinstance(found, Reading):
        assert math.isfinite(found.value)
        assert set(found.details) <= set(SIGNALS[name].gives)
        assert found.at is None or found.at in curve.x


@pytest.mark.parametrize("y", [[], [1.0], [2.0] * 50, [1e308, -1e308] * 10, [math.nan] * 9])
@pytest.mark.parametrize("name", SIGNALS)
def test_odd_curves(name: str, y: list[float]) -> None:
    found = measure(name, series(y), series(y))
    assert isinstance(found, str) or math.isfinite(found.value)


@pytest.mark.parametrize("name", ["drop", "gain", "setback", "swing", "gap", "progress", "regain"])
@given(y=TAME, higher=RISING)
@settings(max_examples=40)
def test_values_in_the_unit_of_the_curve_scale_and_do_not_shift(
    name: str, y: np.ndarray, higher: bool
) -> None:
    value = read(name, y, higher).value
    assert read(name, 8 * y, higher).value == pytest.approx(8 * value)
    assert read(name, y + 1024, higher).value == pytest.approx(value)


@pytest.mark.parametrize(
    "name", ["since_best", "idle", "points", "nonfinite", "repeats", "turns", "monotone", "trend"]
)
@given(y=TAME, higher=RISING)
@settings(max_examples=40)
def test_counts_neither_scale_nor_shift(name: str, y: np.ndarray, higher: bool) -> None:
    value = read(name, y, higher).value
    assert read(name, 8 * y, higher).value == value
    assert name == "idle" or read(name, y + 1024, higher).value == value


@pytest.mark.parametrize("name", [n for n, signal in SIGNALS.items() if signal.directed])
@given(y=TAME)
@settings(max_examples=40)
def test_a_mirrored_curve_with_the_mirrored_direction_says_the_same(
    name: str, y: np.ndarray
) -> None:
    up, down = read(name, y, higher_is_better=True), read(name, -y, higher_is_better=False)
    assert up.value == pytest.approx(-down.value if name == "best" else down.value)


# Pure noise

LENGTHS = (5, 10, 30, 100, 300, 1000, 5000)
TRIALS = {5: 400, 10: 400, 30: 200, 100: 100, 300: 60, 1000: 30, 5000: 12}


def passed(name: str, rate: FalseRate, one: Series) -> bool:
    """Whether a signal passes a limit, with the units as conditions read them."""
    half = 2 * np.arange(len(one)) >= len(one)
    if name == "seam":
        one = replace(one, segment=half.astype(np.int64))
    other = replace(one, y=np.where(half, 0.01, 0.001) if name == "undone" else one.y[::-1])
    pair = other if SIGNALS[name].pair else None
    found = measure(name, one, pair, higher_is_better=True, params=rate.params)
    if isinstance(found, str):
        return False
    limit = parse_limit(float(rate.limit) if rate.limit[-1].isdigit() else rate.limit)
    size = {"": 1.0, "%": found.reference / 100, "noise": noise(one)}[limit.unit]
    return is_past(found.value / size, limit.value, above=True)


def base_of(rate: FalseRate, n: int) -> np.ndarray:
    return 100.0 + (np.linspace(0, 20, n) if rate.base == "rise" else np.zeros(n))


@pytest.mark.parametrize(
    ("name", "rate"),
    [(name, rate) for name, signal in SIGNALS.items() for rate in signal.false_rates],
    ids=lambda value: value if isinstance(value, str) else f"{value.limit} on {value.base}",
)
@pytest.mark.parametrize("phi_index", [0, 1, 2], ids=["phi 0", "phi 0.5", "phi 0.9"])
def test_the_stated_false_rate_holds(name: str, rate: FalseRate, phi_index: int) -> None:
    phi = (0.0, 0.5, 0.9)[phi_index]
    rng = np.random.default_rng(42)
    for n in LENGTHS:
        noisy = (series(base_of(rate, n) + ar1(rng, n, phi)) for _ in range(TRIALS[n]))
        hits = [passed(name, rate, one) for one in noisy]
        slack = 2 * math.sqrt(rate.rates[phi_index] / len(hits))
        assert np.mean(hits) <= rate.rates[phi_index] + slack, f"n = {n}"


def with_gaps(one: Series, rng: np.random.Generator) -> Series:
    """A fifth of the points were not logged."""
    kept = np.flatnonzero(rng.random(len(one)) > 0.2)
    return replace(one, x=one.x[kept], y=one.y[kept], segment=one.segment[kept])


def with_nan(one: Series, rng: np.random.Generator) -> Series:
    """A fifth of the points are no numbers."""
    return replace(one, y=np.where(rng.random(len(one)) < 0.2, np.nan, one.y))


def resumed(one: Series, rng: np.random.Generator) -> Series:
    """The run was resumed somewhere."""
    return replace(one, segment=(np.arange(len(one)) >= rng.integers(len(one))).astype(np.int64))


@pytest.mark.parametrize("spoil", [with_gaps, with_nan, resumed])
@pytest.mark.parametrize("name", [n for n, s in SIGNALS.items() if s.false_rates])
def test_the_stated_false_rate_holds_for_curves_with_holes_and_seams(
    name: str, spoil: Callable[[Series, np.random.Generator], Series]
) -> None:
    if name == "nonfinite" and spoil is with_nan:
        return  # it says what is there
    rng = np.random.default_rng(11)
    for rate in SIGNALS[name].false_rates:
        for phi, most in zip((0.0, 0.5, 0.9), rate.rates, strict=True):
            for n, trials in ((5, 100), (10, 100), (30, 60), (300, 20)):
                noisy = (series(base_of(rate, n) + ar1(rng, n, phi)) for _ in range(trials))
                hits = [passed(name, rate, spoil(one, rng)) for one in noisy]
                assert np.mean(hits) <= most + 3 * math.sqrt(most / trials), (phi, n)


HEAVY = {
    "log-normal 0.5": (lambda rng, n: np.exp(0.5 * rng.standard_normal(n)), 0.01),
    "log-normal 1": (lambda rng, n: np.exp(rng.standard_normal(n)), 0.01),
    "exponential": (lambda rng, n: rng.exponential(size=n), 0.01),
    "Student t, a tenth of the level": (lambda rng, n: 1 + 0.1 * rng.standard_t(3, n), 0.04),
    "Student t, a third of the level": (lambda rng, n: 1 + 0.3 * rng.standard_t(3, n), 0.02),
}
"""Kinds of noise with heavy tails, and how often 300 points of it hold a spike by chance."""


@pytest.mark.parametrize("kind", HEAVY)
def test_the_stated_false_rate_of_spikes_holds_for_heavy_tails(kind: str) -> None:
    make, rate = HEAVY[kind]
    rng = np.random.default_rng(7)
    found = [
        measure("spikes", series(make(rng, 300)), params={"z": 8, "times": 3, "within": 5})
        for _ in range(200)
    ]
    share = np.mean([isinstance(one, Reading) and one.value > 0 for one in found])
    assert share <= rate + 2 * math.sqrt(rate / len(found))


def test_every_signal_that_shows_something_states_its_false_rate() -> None:
    plain = {"best", "first", "level", "quantile"}  # a value in the curve's unit, no effect
    without = {n for n, s in SIGNALS.items() if s.shows and not s.false_rates}
    assert without == plain


@pytest.mark.parametrize("higher_is_better", [True, False])
@pytest.mark.parametrize(
    ("name", "end"),
    [
        ("level", "level"),
        ("drop", "tail"),
        ("progress", "best"),
        ("regain", "tail"),
        ("setback", "last"),
    ],
)
def test_of_a_way_along_the_curve_the_height_is_known(
    name: str, end: str, higher_is_better: bool
) -> None:
    y = [5.0, 4.0, 7.0, 2.0, 2.5, 3.0, 6.0, 4.5, 4.0, 3.5]
    found = measure(name, series(y), higher_is_better=higher_is_better)
    assert isinstance(found, Reading)
    assert found.origin is not None
    height = found.origin + (found.value if found.up else -found.value)
    assert height == pytest.approx(found.details[end])
