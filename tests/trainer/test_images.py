import cv2
import numpy as np
import pytest

from analyzer.errors import FormatError
from trainer.images import (
    PAD,
    decode_image,
    fit,
    image_size,
    read_image,
    shrink_to,
)


def picture(height=60, width=100):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


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
