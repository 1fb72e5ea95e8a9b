"""Facts about a data set, for the rules of the dataset doctor. Runs do not have them."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from analyzer.run import Run

_FEATURES = {
    "brightness": "brightness of the images (0 to 255)",
    "contrast": "contrast of the images (standard deviation, grey levels)",
    "sharpness": "sharpness of the images",
    "size": "longer side of the images in pixels",
    "boxes": "boxes on an image",
}

SAYS: Mapping[str, str] = {
    "data_train_images": "training images with labels",
    "data_test_images": "test images with labels",
    "data_boxes": "training boxes that count",
    "data_image_side": "median of the longer side of training images in pixels",
    "data_input_size": "side of the training input in pixels",
    "data_min_side": "shortest side of a word that the detector learns, in pixels of its input",
    "data_ignored_percent": "percentage of the training boxes that are ignored",
    "data_idle_percent": "percentage of the training images on which no box counts",
    "data_leaked_percent": "percentage of the test images that are training images",
    "data_small_percent": "percentage of the training boxes below the detector's minimum",
    **{f"data_{name}_shift": f"distance between training and test in {says}"
       for name, says in _FEATURES.items()},
    **{f"data_{name}_train": f"median of the training set: {says}"
       for name, says in _FEATURES.items()},
    **{f"data_{name}_test": f"median of the test set: {says}"
       for name, says in _FEATURES.items()},
    "data_brightness_spread": "spread of the brightness of training images in grey levels",
    "data_contrast_spread": "spread of the contrast of training images in grey levels",
}  # fmt: skip


def number(name: str) -> Callable[[Run], float | None]:
    """The function of one of these facts."""
    return lambda run: None if run.data is None else run.data.numbers.get(name)
