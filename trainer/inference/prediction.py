"""A detector applied to images: which ones are meant, the boxes in each, and why there are none.

image_files(arguments) -> paths         predict(loaded, image, decoding) -> Prediction
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from analyzer.errors import UsageError
from trainer.detection.decode import Boxes, DecodeConfig, decode
from trainer.images import Image, fit
from trainer.inference.loaded import Loaded

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".webp")
"""What is taken out of a folder; a file that is named is read whatever it is called."""

STEPS = (0.5, 0.4, 0.3, 0.2, 0.1, 0.05)
"""Thresholds that are worth a try, in this order."""


@dataclass(frozen=True)
class Prediction:
    """The boxes of one image, in its own pixels, best first. ``highest`` is the highest
    probability of text anywhere in it.
    """

    boxes: Boxes
    highest: float
    height: int
    width: int


def image_files(arguments: Sequence[str]) -> list[Path]:
    """The files that are meant: files, the images of folders (not of folders in them), patterns.

    Raises UsageError, saying what it looked for, where an argument stands for no file.
    """
    files: dict[Path, None] = {}
    for argument in arguments:
        path = Path(argument)
        if path.is_dir():
            found = images_in(path)
            missing = f"the folder {path} holds no image ({', '.join(SUFFIXES)})"
        elif path.exists() or not glob.has_magic(argument):
            found = [path] if path.exists() else []
            missing = f"there is no {path}; name an image, a folder of images or a pattern"
        else:
            # Path.glob takes no pattern that begins at the root.
            names = glob.glob(argument, recursive=True)  # noqa: PTH207
            found = sorted(map(Path, names))
            missing = f"no file matches the pattern '{argument}'"
        if not found:
            raise UsageError(missing)
        files |= dict.fromkeys(file for file in found if not file.is_dir())
    return list(files)


def images_in(folder: Path) -> list[Path]:
    """The images of a folder (not of folders in it), by name."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES)


def predict(
    loaded: Loaded, image: Image, decoding: DecodeConfig, size: int | None = None
) -> Prediction:
    """Find the boxes of one RGB image (H, W, 3), as validation does.

    ``size`` is the side of the square that it is scaled into, a multiple of 32; that of the
    training unless given.
    """
    height, width = image.shape[:2]
    fitted, scale = fit(image, size or loaded.config.data.side)
    prob = loaded.maps(fitted[None])[0]
    inside = prob[: max(1, round(height * scale)), : max(1, round(width * scale))]
    boxes = decode(prob, scale=scale, source_size=(height, width), config=decoding)
    highest = float(np.nanmax(inside, initial=0.0))
    return Prediction(boxes, highest, height, width)


def why_nothing(found: Prediction, decoding: DecodeConfig) -> str:
    """Why an image has no box, and what to try."""
    highest = f"nothing found: the highest probability of text is {found.highest:.2f}"
    if found.highest >= decoding.box_threshold:
        return (
            f"{highest}, but no region is large and sure enough together; try a lower --threshold "
            f"than {decoding.box_threshold:g}, or a larger --size"
        )
    lower = next((step for step in STEPS if step < found.highest), None)
    if lower is None:
        return (
            f"{highest}, so no threshold helps; ask whether the model knows its training images: "
            "python -m trainer.evaluate RUN --split train"
        )
    return f"{highest}; try --threshold {lower:g}"
