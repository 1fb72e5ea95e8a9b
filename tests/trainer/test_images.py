import cv2
import numpy as np
import pytest

from analyzer.errors import FormatError, UsageError
from trainer.images import (
    PAD,
    AugmentConfig,
    augment,
    decode_image,
    fit,
    image_size,
    read_image,
    shrink_to,
)

OFF = AugmentConfig(
    rotate=0, scale=(1, 1), flip=0, brightness=0, contrast=0, cutout_blocks=0, cutout_area=0
)


def picture(height=60, width=100):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def box(x0, y0, x1, y1):
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)


def with_(**changes):
    return AugmentConfig(**{**vars(OFF), **changes})


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".jpg"])
def test_images_are_read_as_rgb_with_their_size(tmp_path, suffix):
    red = np.zeros((40, 70, 3), np.uint8)
    red[..., 0] = 255
    file = tmp_path / f"a{suffix}"
    file.write_bytes(cv2.imencode(suffix, cv2.cvtColor(red, cv2.COLOR_RGB2BGR))[1].tobytes())
    image = read_image(file)
    assert image.shape == (40, 70, 3)
    assert image.dtype == np.uint8
    assert image[..., 0].min() > 250
    assert image[..., 2].max() < 5
    assert image_size(file) == (40, 70)


def test_the_size_of_other_formats_is_found_by_decoding(tmp_path):
    file = tmp_path / "a.ppm"
    file.write_bytes(cv2.imencode(".ppm", np.zeros((5, 9, 3), np.uint8))[1].tobytes())
    assert image_size(file) == (5, 9)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"", "empty"),
        (b"%PDF-1.7 ...", "a PDF document, not an image"),
        (b"<!DOCTYPE html>", "a web page, not an image"),
        (b"\x89PNG\r\n\x1a\n", "not a readable image"),
        (b"\xff\xd8\xff\xe0 broken", "not a readable image"),
        (b"words", "not a readable image"),
    ],
)
def test_what_is_no_image_is_named(data, what):
    with pytest.raises(FormatError) as caught:
        decode_image(data, file="train_images/1.jpg")
    assert str(caught.value).startswith(f"train_images/1.jpg: the file is {what};")


@pytest.mark.parametrize("read", [read_image, image_size])
def test_a_missing_image_is_named(tmp_path, read):
    with pytest.raises(FormatError, match=r"1\.jpg: cannot be read"):
        read(tmp_path / "1.jpg")


def test_shrinking_only_shrinks():
    image = picture()
    assert shrink_to(image, 100)[0] is image
    smaller, scale = shrink_to(image, 50)
    assert (smaller.shape, scale) == ((30, 50, 3), 0.5)
    assert shrink_to(np.zeros((2, 5000, 3), np.uint8), 64)[0].shape == (1, 64, 3)


@pytest.mark.parametrize(
    ("size", "scale", "shape"), [(50, 0.5, (30, 50)), (200, 2, (120, 200)), (100, 1, (60, 100))]
)
def test_fit_keeps_the_aspect_and_pads(size, scale, shape):
    fitted, found = fit(picture(), size)
    assert fitted.shape == (size, size, 3)
    assert found == scale
    assert (fitted[shape[0] :] == PAD).all()
    assert (fitted[:, shape[1] :] == PAD).all()
    assert not (fitted[: shape[0], : shape[1]] == PAD).all(-1).any()


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
