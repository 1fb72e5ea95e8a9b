import cv2
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trainer.detection.labels import convex, make_maps, short_sides

SIZE = (160, 160)


def rectangle(x, y, width, height, degrees=0.0):
    return cv2.boxPoints(((x, y), (width, height), degrees))


def draw(quads, ignored=None, **options):
    quads = np.array(quads, np.float32).reshape(-1, 4, 2)
    skip = np.zeros(len(quads), bool) if ignored is None else np.array(ignored)
    return make_maps(quads, skip, SIZE, **options)


SHAPES = {
    "level": rectangle(80, 80, 90, 20),
    "turned": rectangle(80, 70, 70, 24, 23),
    "upright": rectangle(60, 80, 12, 80),
    "small": rectangle(80, 80, 24, 9, -8),
    "in perspective": [[20, 40], [130, 52], [126, 80], [24, 92]],
    "slanted": [[40, 40], [120, 40], [108, 70], [28, 70]],
}


def test_the_direction_of_the_corners_does_not_matter():
    quad = np.array(SHAPES["in perspective"])
    first, second = draw([quad]), draw([quad[::-1]])
    for name in vars(first):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_border_values_lie_in_their_range():
    maps = draw([SHAPES["turned"]])
    assert maps.border.min() == round(0.3 * 255)
    assert maps.border.max() in (178, 179)
    assert all(plane.dtype == np.uint8 for plane in vars(maps).values())


def test_ignored_words_are_masked_and_not_learnt():
    maps = draw([SHAPES["level"]], [True])
    assert not maps.shrink.any()
    assert not maps.border_mask.any()
    assert (maps.shrink_mask == 0).sum() == pytest.approx(90 * 20, rel=0.1)


@pytest.mark.parametrize(("height", "learnt"), [(7.9, False), (8.1, True)])
def test_the_smallest_side_decides(height, learnt):
    maps = draw([rectangle(80, 80, 40, height, 30)])
    assert maps.shrink.any() == learnt
    assert maps.shrink_mask.all() == learnt


def test_neighbours_keep_the_higher_border():
    left, right = rectangle(50, 80, 60, 20), rectangle(112, 80, 60, 20)
    both = draw([left, right])
    np.testing.assert_array_equal(
        both.border, np.maximum(draw([left]).border, draw([right]).border)
    )
    assert both.shrink.sum() == draw([left]).shrink.sum() + draw([right]).shrink.sum()


def test_a_word_is_cut_off_at_the_edge():
    maps = draw([rectangle(0, 80, 60, 20)])
    whole = draw([rectangle(80, 80, 60, 20)])
    np.testing.assert_array_equal(maps.shrink[:, :70], whole.shrink[:, 80:150])


@pytest.mark.parametrize(
    "quad",
    [
        rectangle(400, 400, 60, 20),
        np.full((4, 2), 80.0),
        [[10, 10], [50, 10], [90, 10], [130, 10]],
        [[0, 1e-19], [-2e5, 0], [0, 0], [0, 0]],
        [[np.nan, 10], [50, 10], [50, 30], [10, 30]],
        [[np.inf, 10], [50, 10], [50, 30], [10, 30]],
    ],
)
def test_what_cannot_be_drawn_is_left_out(quad):
    maps = draw([quad, SHAPES["level"]], min_side=0)
    np.testing.assert_array_equal(maps.shrink, draw([SHAPES["level"]]).shrink)


def test_no_words():
    maps = draw([])
    assert not maps.shrink.any()
    assert maps.shrink_mask.all()


def test_crossed_corners_stand_for_their_rectangle():
    box = rectangle(80, 80, 60, 20)
    crossed = box[[0, 2, 1, 3]]
    np.testing.assert_array_equal(draw([crossed]).shrink, draw([box]).shrink)


def test_convex_keeps_triangles_and_turns_dents_into_rectangles():
    good = np.array([SHAPES["in perspective"]], np.float32)
    assert convex(good) is good
    dent = np.array([[[0, 0], [40, 0], [10, 10], [0, 40]]], np.float32)
    assert not np.array_equal(convex(dent), dent)
    twice = np.array([[[0, 0], [0, 0], [40, 0], [0, 40]]], np.float32)
    assert make_maps(twice + 50, np.array([False]), SIZE).shrink.any()


def test_short_sides():
    quads = np.stack([rectangle(80, 80, 40, 10, 30), rectangle(80, 80, 6, 50)])
    np.testing.assert_allclose(short_sides(quads), [10, 6], rtol=1e-5)


@settings(max_examples=100)
@given(arrays(np.float32, (3, 4, 2), elements=st.floats(-1e6, 1e6, width=32)))
@example(np.full((3, 4, 2), 1e-45, np.float32))
def test_no_quads_break_the_maps(quads):
    maps = make_maps(quads, np.array([False, True, False]), SIZE, min_side=0)
    assert maps.shrink.max() <= 1
    assert maps.shrink_mask.max() <= 1
    assert 76 <= maps.border.min() <= maps.border.max() <= 179
