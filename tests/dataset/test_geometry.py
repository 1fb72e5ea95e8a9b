"""Boxes as geometry, against shapely where that has the answer."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.dataset import geometry

shapely = pytest.importorskip("shapely")

COORDINATES = st.lists(st.integers(-50, 50), min_size=8, max_size=8)


def quad(*points: float) -> np.ndarray:
    return np.array(points, float).reshape(1, 4, 2)


@given(COORDINATES)
def test_a_quad_crosses_itself_where_shapely_says_so(points: list[int]) -> None:
    corners = quad(*points)
    turns = geometry.turns(corners)[0]
    if (turns == 0).any():  # three points in a line: nothing is asked of those
        return
    ring = shapely.LinearRing(corners[0])
    assert bool(geometry.self_crossing(corners)[0]) == (not ring.is_simple)


@given(COORDINATES)
def test_the_area_is_that_of_shapely(points: list[int]) -> None:
    corners = quad(*points)
    if geometry.self_crossing(corners)[0]:
        return
    area = shapely.Polygon(corners[0]).area
    assert abs(geometry.areas(corners)[0]) == pytest.approx(area)


@st.composite
def leaning(draw: st.DrawFn) -> np.ndarray:
    """A rectangle anywhere, at any angle, in either direction."""
    width, height = draw(st.floats(1, 60)), draw(st.floats(1, 60))
    angle = draw(st.floats(0, 6.28))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    corners = corners @ turn + [draw(st.floats(-30, 30)), draw(st.floats(-30, 30))]
    return corners[::-1] if draw(st.booleans()) else corners


@given(leaning(), leaning())
def test_the_shared_part_is_that_of_shapely(a: np.ndarray, b: np.ndarray) -> None:
    one, other = shapely.Polygon(a), shapely.Polygon(b)
    expected = one.intersection(other).area / one.union(other).area
    assert geometry.shared(a, b) == pytest.approx(expected, abs=1e-6)


@given(st.lists(leaning(), min_size=2, max_size=8))
def test_no_overlap_is_missed(boxes: list[np.ndarray]) -> None:
    quads = np.stack(boxes)
    n = len(quads)
    found = geometry.overlaps(quads, np.zeros(n, int), np.ones(n, bool))
    expected = {
        b
        for b in range(n)
        if any(geometry.shared(quads[a], quads[b]) > geometry.OVERLAP for a in range(b))
    }
    assert {b for _, b, _ in found} == expected


def test_boxes_of_different_images_never_overlap() -> None:
    same = np.repeat(quad(0, 0, 9, 0, 9, 9, 0, 9), 3, axis=0)
    counts = np.array([True, True, True])
    assert [p[:2] for p in geometry.overlaps(same, np.array([0, 1, 1]), counts)] == [(1, 2)]
    assert geometry.same_as(same, np.array([0, 1, 1])).tolist() == [0, 1, 1]
    assert list(geometry.overlaps(same, np.array([0, 1, 2]), counts)) == []


@pytest.mark.parametrize(
    ("points", "wrong"),
    [
        ((0, 0, 9, 0, 9, 4, 0, 4), False),
        ((0, 4, 9, 0, 11, 4, 2, 8), False),
        ((0, 9, 0, 0, 4, 0, 4, 9), False),
        ((4, 0, 4, 9, 0, 9, 0, 0), False),
        ((0, 0, 0, 4, 9, 4, 9, 0), True),
        ((9, 4, 0, 4, 0, 0, 9, 0), True),
    ],
    ids=["plain", "leaning", "upwards", "downwards", "anticlockwise", "from the bottom right"],
)
def test_the_order_of_points(points: tuple[float, ...], wrong: bool) -> None:
    assert bool(geometry.wrong_order(quad(*points))[0]) is wrong


def test_a_dent_counts_from_a_pixel_on() -> None:
    assert geometry.concave(quad(0, 0, 20, 0, 8, 8, 0, 20))[0]
    assert not geometry.concave(quad(0, 0, 20, 0, 9.9, 9.9, 0, 20))[0]
    assert not geometry.concave(quad(0, 0, 20, 0, 20, 20, 0, 20))[0]
