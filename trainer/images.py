"""Images in: decoded, shrunk, and fitted for evaluation; ``augment.py`` varies them for training.

decode_image(data, file=...) -> image      read_image(path) -> image
image_size(path) -> (h, w), undecoded
shrink_to(image, limit) -> (image, scale)  fit(image, size) -> (image, scale)

An image is uint8 (H, W, 3) in RGB order. Points are x, y in pixels.
"""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from analyzer.errors import FormatError

Image = NDArray[np.uint8]

# What cannot be decoded is told in a sentence of ours; warnings of the library would stand beside.
cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_ERROR)

PAD = (124, 116, 104)
"""RGB of what lies beyond the image: the ImageNet mean, so it is zero once normalised."""

_OTHER_FILES = {
    b"%PDF": "a PDF document",
    b"<htm": "a web page",
    b"<!do": "a web page",
    b"<?xm": "an XML file",
    b"<svg": "an SVG drawing",
    b"PK\x03\x04": "a ZIP archive or an office document",
    b"vers": "a Git LFS pointer",
}


def decode_image(data: bytes, *, file: str) -> Image:
    """Decode JPEG, PNG, BMP and whatever else OpenCV reads; raises FormatError naming ``file``."""
    try:
        image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR) if data else None
    except cv2.error:
        image = None
    if image is None:
        head = data[:4].lower() if data[:1] in b"<v" else data[:4]
        what = "empty" if not data else _OTHER_FILES.get(head, "not a readable image")
        what = f"{what}, not an image" if head in _OTHER_FILES else what
        raise FormatError(f"the file is {what}; replace it or leave it out", file=file)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB, dst=image)  # type: ignore[no-any-return]


def read_image(path: Path) -> Image:
    """Read and decode one image file; raises FormatError naming it."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise _unreadable(path, error) from None
    return decode_image(data, file=str(path))


def _unreadable(path: Path, error: OSError) -> FormatError:
    return FormatError(f"cannot be read: {error.strerror or error}", file=str(path))


def image_size(path: Path) -> tuple[int, int]:
    """Height and width by the header of a PNG, BMP or JPEG file; of others, by decoding."""
    try:
        with path.open("rb") as file:
            data = file.read(1 << 18)
    except OSError as error:
        raise _unreadable(path, error) from None
    if data.startswith(b"\x89PNG") and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return height, width
    if data.startswith(b"BM") and len(data) >= 26:
        width, height = struct.unpack("<ii", data[18:26])
        return abs(height), abs(width)  # a negative height means rows from the top
    return _jpeg_size(data) or read_image(path).shape[:2]


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    """Height and width from the frame header (SOFn); None when there is none within ``data``."""
    at = 2 if data.startswith(b"\xff\xd8") else len(data)
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return height, width
        at += 2 + max(length, 2)
    return None


def shrink_to(image: Image, limit: int) -> tuple[Image, float]:
    """Shrink ``image`` so that its longer side is at most ``limit``; result = source * scale."""
    height, width = image.shape[:2]
    scale = limit / max(height, width)
    if scale >= 1:
        return image, 1.0
    shape = max(1, round(width * scale)), max(1, round(height * scale))
    return cv2.resize(image, shape, interpolation=cv2.INTER_AREA), scale


def fit(image: Image, size: int) -> tuple[Image, float]:
    """Scale ``image`` into the top left of a (size, size, 3) input, aspect kept, rest padded.

    A source point is its input point divided by the returned scale.
    """
    shrunk, scale = shrink_to(image, size)
    if scale == 1.0:
        scale = size / max(image.shape[:2])
        shape = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
        shrunk = image if scale == 1.0 else cv2.resize(image, shape)
    canvas = np.empty((size, size, 3), np.uint8)
    canvas[:] = PAD
    canvas[: shrunk.shape[0], : shrunk.shape[1]] = shrunk
    return canvas, scale
