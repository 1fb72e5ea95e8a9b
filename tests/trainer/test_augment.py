import math

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import UsageError
from trainer.augment import AugmentConfig, augment
from trainer.images import PAD

OFF = AugmentConfig(
    rotate=0, scale=(1, 1), flip=0, brightness=0, contrast=0, cutout_blocks=0, cutout_area=0
)


def picture(height=60, width=100):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def with_(**changes):
    return AugmentConfig(**{**vars(OFF), **changes})


def test_switched_off_means_the_fitted_image():
    image = picture(100, 100)
    quads = box(10, 20, 30, 40)[None]
    made = augment(image, quads, 100, OFF, np.random.default_rng(0))
    np.testing.assert_array_equal(made.image, image)
    np.testing.assert_allclose(made.quads, quads)
    assert not made.hidden.any()


def test_the_same_generator_gives_the_same_input():
    quads = box(10, 20, 30, 40)[None]
    first, second = (
        augment(picture(), quads, 64, AugmentConfig(), np.random.default_rng(5)) for _ in range(2)
    )
    np.testing.assert_array_equal(first.image, second.image)
    np.testing.assert_array_equal(first.quads, second.quads)
    other = augment(picture(), quads, 64, AugmentConfig(), np.random.default_rng(6))
    assert not np.array_equal(first.image, other.image)


@pytest.mark.parametrize("seed", range(8))
def test_the_quads_follow_the_pixels(seed):
    """A white word on black: whatever the warp, its pixels lie in its quad."""
    image = np.zeros((200, 300, 3), np.uint8)
    image[80:121, 100:181] = 255
    config = with_(rotate=45, scale=(0.5, 2), flip=0.5)
    made = augment(image, box(100, 80, 180, 120)[None], 256, config, np.random.default_rng(seed))
    drawn = np.zeros((256, 256), np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(made.quads[0]).astype(np.int32), 1)
    white = made.image.min(-1) > 128
    both = (white & (drawn > 0)).sum()
    assert white.sum() > 400
    assert 2 * both / (white.sum() + drawn.sum()) > 0.95


def test_a_zoom_shows_a_word():
    image, quads = picture(400, 400), box(350, 10, 390, 30)[None]
    for seed in range(10):
        made = augment(image, quads, 100, with_(scale=(4, 4)), np.random.default_rng(seed))
        assert made.quads.min() >= 0
        assert made.quads.max() < 100
        assert not (made.image == PAD).all(-1).any()


def test_a_wide_image_lies_anywhere_in_its_height():
    tops = set()
    for seed in range(10):
        made = augment(picture(), np.zeros((0, 4, 2)), 100, OFF, np.random.default_rng(seed))
        rows = np.flatnonzero((made.image != PAD).any((1, 2)))
        tops.add(int(rows[0]))
        assert 59 <= len(rows) <= 61
    assert len(tops) > 3


def test_light_stays_within_its_share():
    grey, none = np.full((32, 32, 3), 100, np.uint8), np.zeros((0, 4, 2))
    values = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        made = augment(grey, none, 32, with_(brightness=0.2), rng)
        values.append(int(made.image[0, 0, 0]))
    assert 80 <= min(values) < 90
    assert 110 < max(values) <= 120


def test_cut_out_blocks_stay_small_and_hide_the_words_they_cover():
    white = np.full((100, 100, 3), 255, np.uint8)
    quads = np.stack([box(x, y, x + 6, y + 6) for x in range(0, 94, 7) for y in range(0, 94, 7)])
    config = with_(cutout_blocks=2, cutout_area=0.15)
    shares = []
    for seed in range(40):
        made = augment(white, quads, 100, config, np.random.default_rng(seed))
        gone = (made.image == PAD).all(-1)
        shares.append(gone.mean())
        middles = np.floor(made.quads.mean(1)).astype(int)
        np.testing.assert_array_equal(gone[middles[:, 1], middles[:, 0]], made.hidden)
    assert 0.08 < max(shares) <= 0.15


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rotate": -1}, "rotate is -1; it must lie in 0 to 180"),
        ({"flip": 2}, "flip is 2"),
        ({"brightness": float("nan")}, "brightness is nan"),
        ({"scale": (1.1, 0.9)}, "scale is .*lower first"),
        ({"scale": (1,)}, "two numbers"),
        ({"cutout_area": 0.9}, "cutout_area is 0.9"),
    ],
)
def test_settings_out_of_range_are_refused(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        AugmentConfig(**changes)


def test_a_list_is_taken_for_the_scale():
    assert AugmentConfig(scale=[1, 2]).scale == (1.0, 2.0)


def geometry(config, seed):
    """Turn in degrees, zoom, and whether a level word came out mirrored."""
    word, image = box(40, 20, 120, 70), np.full((90, 160, 3), 128, np.uint8)
    made = augment(image, word[None], 128, config, np.random.default_rng(seed))
    along, down = made.quads[0, 1] - made.quads[0, 0], made.quads[0, 3] - made.quads[0, 0]
    mirrored = bool(along[0] * down[1] - along[1] * down[0] < 0)
    turn = math.degrees(math.atan2(-down[0], down[1]))
    return turn, math.hypot(*along) / 80 / (128 / 160), mirrored


def light(config, seed):
    """Brightness and contrast as factors, from two greys of an image that fills its input."""
    image = np.full((64, 64, 3), 128, np.uint8)
    image[:, 32:] = 168
    config = AugmentConfig(**{**vars(config), "rotate": 0, "scale": (1, 1), "flip": 0})
    made = augment(image, np.zeros((0, 4, 2)), 64, config, np.random.default_rng(seed)).image
    dark, bright = (float(np.median(half)) for half in (made[:, :32], made[:, 32:]))
    return dark / 128, (bright - dark) / 40 / (dark / 128)


def holes(config, seed):
    """Where an input of an even white image is not white."""
    config = AugmentConfig(**{**vars(config), "brightness": 0, "contrast": 0})
    config = AugmentConfig(**{**vars(config), "rotate": 0, "scale": (1, 1)})
    white, none = np.full((96, 96, 3), 255, np.uint8), np.zeros((0, 4, 2))
    made = augment(white, none, 96, config, np.random.default_rng(seed)).image
    return made.min(-1) < 255


@settings(max_examples=80)
@given(st.integers(0, 2**31))
def test_no_input_goes_beyond_the_documented_limits(seed):
    turn, zoom, mirrored = geometry(AugmentConfig(), seed)
    assert abs(turn) <= 10.001
    assert 0.9 - 1e-6 <= zoom <= 1.1 + 1e-6
    assert not mirrored
    brightness, contrast = light(AugmentConfig(cutout_blocks=0), seed)
    assert 0.8 - 0.005 <= brightness <= 1.2 + 0.005
    assert 0.8 - 0.03 <= contrast <= 1.2 + 0.03  # read off whole greys
    lost = holes(AugmentConfig(), seed)
    assert lost.mean() <= 0.15
    assert cv2.connectedComponents(lost.astype(np.uint8), connectivity=4)[0] - 1 <= 2


SHOWS = {
    "rotate": lambda config, seed: abs(geometry(config, seed)[0]) > 0.01,
    "scale": lambda config, seed: abs(geometry(config, seed)[1] - 1) > 0.001,
    "flip": lambda config, seed: geometry(config, seed)[2],
    "brightness": lambda config, seed: light(config, seed)[0] != 1,
    "contrast": lambda config, seed: abs(light(config, seed)[1] - 1) > 0.03,
    "cutout_blocks": lambda config, seed: holes(config, seed).any(),
    "cutout_area": lambda config, seed: holes(config, seed).any(),
}


@pytest.mark.parametrize("part", SHOWS)
def test_each_part_is_a_switch_of_its_own(part):
    all_on = AugmentConfig(flip=0.5)
    off = AugmentConfig(**{**vars(all_on), part: getattr(OFF, part)})
    assert any(SHOWS[part](all_on, seed) for seed in range(10))
    assert not any(SHOWS[part](off, seed) for seed in range(10))
    alone = {name: getattr(all_on, name) for name in SHOWS if name.startswith(part.split("_")[0])}
    assert any(SHOWS[part](with_(**alone), seed) for seed in range(10))


def test_only_what_goes_beyond_the_limits_is_told():
    assert AugmentConfig().beyond_limits() == []
    assert OFF.beyond_limits() == []
    strong = AugmentConfig(rotate=45, scale=(0.5, 1.1), cutout_blocks=3)
    assert strong.beyond_limits() == [
        "augment.rotate is 45, beyond 10.0; text that is deformed teaches little",
        "augment.cutout_blocks is 3, beyond 2; text that is deformed teaches little",
        "augment.scale is [0.5, 1.1], beyond 0.9 to 1.1; text that is deformed teaches little",
    ]
