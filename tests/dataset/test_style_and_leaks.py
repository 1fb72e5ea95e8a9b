"""Training against test: how often the tests cry wolf, and what they find."""

from __future__ import annotations

import numpy as np
import pytest

from analyzer.dataset import leaks, style
from analyzer.dataset.pixels import THUMB
from analyzer.dataset.records import Look


@pytest.mark.parametrize(("n", "m"), [(20, 20), (200, 50), (500, 500)])
def test_draws_from_one_distribution_are_hardly_ever_told_apart(n: int, m: int) -> None:
    chance = np.random.default_rng(0)
    draws = 2000
    told = sum(
        bool(style.distance(chance.normal(size=n), chance.normal(size=m))) for _ in range(draws)
    )
    assert told <= 2  # p < 0.001 for five features, so 0.4 are expected of 2,000 draws


def test_ties_do_not_make_a_difference() -> None:
    chance = np.random.default_rng(0)
    pairs = ((chance.poisson(3, 300), chance.poisson(3, 100)) for _ in range(500))
    assert not any(style.distance(a.astype(float), b.astype(float)) for a, b in pairs)


def test_the_distance_is_that_between_the_distributions() -> None:
    a, b = np.arange(100.0), np.arange(100.0)
    assert style.distance(a, b) == 0
    assert style.distance(a, b + 200) == 1
    assert style.distance(a, b + 60) == pytest.approx(0.6)


@pytest.mark.parametrize("values", [style.LEAST - 1, 0])
def test_few_images_say_nothing(values: int) -> None:
    few, many = np.zeros(values), np.ones(100)
    assert style.distance(few, many) is None
    assert style.distance(many, few) is None
    assert style.spread(few) is None


def shown(thumb: np.ndarray) -> Look:
    pixels = thumb.clip(0, 255).round().astype(np.uint8)
    return Look(float(pixels.mean()), float(pixels.std()), 1.0, pixels.tobytes())


def picture(chance: np.random.Generator, depth: float = 40) -> np.ndarray:
    return 128 + depth * chance.standard_normal((THUMB, THUMB))


def test_the_same_picture_is_found_through_noise_and_other_light() -> None:
    chance = np.random.default_rng(0)
    train = [picture(chance) for _ in range(30)]
    other = 0.8 * train[7] + 20 + chance.normal(0, 1.5, (THUMB, THUMB))
    test = [picture(chance), other]
    found = list(leaks.same_pictures([*map(shown, train)], [*map(shown, test)]))
    assert [pair[:2] for pair in found] == [(1, 7)]


def test_pictures_that_show_nothing_are_not_compared() -> None:
    chance = np.random.default_rng(0)
    blank = [shown(np.full((THUMB, THUMB), 250.0)), shown(picture(chance, depth=1))]
    assert list(leaks.same_pictures(blank, blank)) == []
    assert list(leaks.same_pictures([], blank)) == []
    assert list(leaks.same_pictures(blank, [])) == []


def test_only_files_of_a_size_that_both_sides_have_are_read(tmp_path, monkeypatch) -> None:
    for name, data in (("a", b"12"), ("b", b"12"), ("c", b"13"), ("d", b"123")):
        (tmp_path / name).write_bytes(data)
    read: list[str] = []
    digest = leaks._digest
    monkeypatch.setattr(leaks, "_digest", lambda path: (read.append(path.name), digest(path))[1])
    found = list(leaks.same_files(tmp_path.joinpath, {"a": 2, "d": 3}, {"b": 2, "c": 2}))
    assert found == [("b", "a")]
    assert "d" not in read
