import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from trainer.detection.decode import DecodeConfig, clockwise, decode, grow
from trainer.detection.labels import make_maps

SIZE = (160, 200)


def blob(*rectangles, value=0.9):
    prob = np.zeros(SIZE, np.float32)
    for rectangle in rectangles:
        corners = np.rint(cv2.boxPoints(rectangle)).astype(np.int32)
        cv2.fillConvexPoly(prob, corners, value)
    return prob


def iou(first, second):
    a, b = shapely.Polygon(first), shapely.Polygon(second)
    return a.intersection(b).area / a.union(b).area


@pytest.mark.parametrize("degrees", [0, 15, -30])
@pytest.mark.parametrize("sides", [(60, 12), (40, 20), (80, 30)])
def test_label_maps_decode_to_their_words(sides, degrees):
    """Mild shapes only: the growth of the paper is an average over lengths, not an inverse."""
    quad = cv2.boxPoints(((100, 80), sides, degrees))
    maps = make_maps(quad[None], np.array([False]), SIZE)
    boxes = decode(maps.shrink.astype(np.float32))
    assert len(boxes.quads) == 1
    assert iou(boxes.quads[0], quad) > 0.7
    assert boxes.scores[0] == pytest.approx(1)


def test_boxes_come_best_first_with_their_mean_as_score():
    prob = blob(((40, 40), (40, 10), 0), value=0.6) + blob(((140, 120), (40, 10), 0), value=0.9)
    boxes = decode(prob)
    np.testing.assert_allclose(boxes.scores, [0.9, 0.6], rtol=1e-5)
    np.testing.assert_allclose(boxes.quads.mean(1), [[140, 120], [40, 40]], atol=0.6)


def test_points_go_back_to_the_source():
    prob = blob(((100, 80), (60, 20), 10))
    there = decode(prob).quads
    np.testing.assert_allclose(decode(prob, scale=0.5).quads, there * 2, rtol=1e-5)


def test_boxes_are_cut_to_the_source_and_those_in_the_padding_dropped():
    prob = blob(((100, 20), (60, 16), 0), ((100, 140), (60, 16), 0))
    (quad,) = decode(prob, scale=2.0, source_size=(40, 55)).quads
    assert quad.min() >= 0
    assert quad[:, 0].max() == 54
    assert quad[:, 1].max() < 39


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({}, 1),
        ({"threshold": 0.7}, 0),
        ({"box_threshold": 0.7}, 0),
        ({"min_side": 30.0}, 0),
        ({"max_candidates": 0}, 0),
    ],
)
def test_each_setting_matters(changes, found):
    prob = blob(((100, 80), (60, 12), 0), value=0.6)
    assert len(decode(prob, config=DecodeConfig(**changes)).quads) == found


def test_thin_slanted_regions_are_dropped():
    prob = np.zeros(SIZE, np.float32)
    cv2.line(prob, (20, 20), (120, 120), 1.0, 1)
    assert len(decode(prob).quads) == 0


def test_only_the_largest_candidates_are_kept():
    prob = blob(((40, 40), (30, 8), 0), ((140, 40), (50, 12), 0), ((100, 120), (60, 20), 0))
    boxes = decode(prob, config=DecodeConfig(max_candidates=2))
    assert sorted(boxes.quads.mean(1)[:, 1].round().tolist()) == [40, 120]
    assert boxes.quads.mean(1)[:, 0].min() > 90


@pytest.mark.parametrize("value", [0.0, np.nan, -np.inf])
def test_maps_without_text_give_no_boxes(value):
    boxes = decode(np.full(SIZE, value, np.float32), source_size=SIZE)
    assert boxes.quads.shape == (0, 4, 2)
    assert boxes.scores.shape == (0,)


def test_nan_counts_as_no_text():
    prob = blob(((100, 80), (60, 20), 0))
    prob[:60] = np.nan
    assert len(decode(prob).quads) == 1


def test_growth_is_that_of_the_paper():
    rectangle = ((0, 0), (30, 10), 5)
    ((x, y), (width, height), angle) = grow(rectangle, 1.5)
    assert (x, y, angle) == (0, 0, 5)
    assert width - 30 == height - 10 == pytest.approx(2 * 300 * 1.5 / 80)


@pytest.mark.parametrize("degrees", [0, 30, -30])
def test_corners_run_clockwise_from_the_top_left(degrees):
    turn = np.deg2rad(degrees)
    matrix = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    wanted = np.array([[-30, -8], [30, -8], [30, 8], [-30, 8]]) @ matrix
    for start in range(4):
        for quad in (np.roll(wanted, start, 0), np.roll(wanted, start, 0)[::-1]):
            np.testing.assert_allclose(clockwise(quad[None])[0], wanted)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(1, 40), st.integers(1, 40), st.floats(0, 1))
def test_no_map_breaks_it(seed, height, width, spoilt):
    rng = np.random.default_rng(seed)
    prob = rng.random((height, width))
    prob[rng.random((height, width)) < spoilt] = rng.choice([np.nan, np.inf, -1.0, 2.0])
    boxes = decode(prob, source_size=(height, width), config=DecodeConfig(min_side=0))
    assert np.isfinite(boxes.quads).all()
    assert boxes.quads.shape[1:] == (4, 2)
    assert (np.diff(boxes.scores) <= 0).all()


def one_by_one(prob, config):
    """The same rule region by region, from all pixels of each; min_side 0 and no limit."""
    count, regions = cv2.connectedComponents((prob > config.threshold).astype(np.uint8))
    found = []
    for index in range(1, count):
        ys, xs = np.nonzero(regions == index)
        score = prob[ys, xs].mean()
        rectangle = cv2.minAreaRect(np.column_stack([xs, ys]).astype(np.float32))
        if score >= config.box_threshold and min(rectangle[1]) >= 0.5:
            found.append((float(score), *np.sort(cv2.boxPoints(grow(rectangle, 1.5)).ravel())))
    return sorted(found)


@settings(max_examples=60)
@given(st.integers(0, 2**32), st.integers(2, 60), st.integers(2, 60), st.floats(0.3, 3))
def test_any_map_gives_what_each_region_gives_alone(seed, height, width, blur):
    prob = np.random.default_rng(seed).random((height, width)).astype(np.float32)
    prob = cv2.GaussianBlur(prob, (0, 0), blur)
    prob = (prob - prob.min()) / max(float(np.ptp(prob)), 1e-6)
    config = DecodeConfig(min_side=0, box_threshold=0.45)
    boxes = decode(prob, config=config)
    rows = zip(boxes.scores.tolist(), np.sort(boxes.quads.reshape(-1, 8)), strict=True)
    found = sorted((score, *quad.tolist()) for score, quad in rows)
    np.testing.assert_allclose(found, one_by_one(prob, config), atol=2e-3)


@settings(max_examples=40)
@given(st.data())
def test_all_words_of_a_page_are_found_again(data):
    """One word in each cell of 80 x 50 pixels, of any size and angle that the cell holds."""
    quads = []
    for row in range(3):
        for column in range(2):
            height = data.draw(st.floats(10, 18))
            sides = (height * data.draw(st.floats(1.5, 3)), height)
            middle = (50 + 100 * column, 30 + 52 * row)
            quads.append(cv2.boxPoints((middle, sides, data.draw(st.floats(-20, 20)))))
    quads = np.array(quads, np.float32)
    maps = make_maps(quads, np.zeros(len(quads), bool), SIZE)
    boxes = decode(maps.shrink.astype(np.float32), source_size=SIZE, config=DecodeConfig())
    assert len(boxes.quads) == len(quads)
    for quad in quads:
        assert max(iou(quad, found) for found in boxes.quads) > 0.6


@pytest.mark.parametrize("limit", [1, 50, 1000])
def test_a_map_of_specks_costs_no_more_rectangles_than_candidates(monkeypatch, limit):
    """An untrained model lights up everywhere; only as many regions as allowed are measured."""
    measured = []
    real = cv2.minAreaRect
    monkeypatch.setattr(cv2, "minAreaRect", lambda points: measured.append(1) or real(points))
    y, x = np.mgrid[:320, :320]
    specks = ((x % 8 < 5) & (y % 8 < 5)).astype(np.float32)
    boxes = decode(specks, config=DecodeConfig(max_candidates=limit))
    assert len(boxes.quads) == len(measured) == min(limit, 1600)


def test_slanting_stripes_are_measured_one_by_one():
    y, x = np.mgrid[:200, :200]
    stripes = ((x + y) % 10 < 6).astype(np.float32)
    boxes = decode(stripes, config=DecodeConfig(unclip_ratio=0.001))
    assert len(boxes.quads) > 30
    widths = np.linalg.norm(boxes.quads[:, 1] - boxes.quads[:, 2], axis=1)
    lengths = np.linalg.norm(boxes.quads[:, 0] - boxes.quads[:, 1], axis=1)
    thin = np.sort(np.minimum(widths, lengths))[:-1]  # but for the one in the corner
    np.testing.assert_allclose(thin, 5 / np.sqrt(2), atol=0.01)
