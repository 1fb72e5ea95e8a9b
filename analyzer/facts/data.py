"""Facts about a data set for the rules of the dataset doctor, and about the data of a run."""

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


def label_errors(run: Run) -> float | None:
    """Training labels that cannot be right: lines that are none, boxes outside their image."""
    return run.counts.get("label_errors")


def label_error_percent(run: Run) -> float | None:
    """The same as a percentage of all training labels."""
    errors, boxes = run.counts.get("label_errors"), run.counts.get("boxes")
    if errors is None or boxes is None:
        return None
    return _percent(errors, max(errors, boxes + run.counts.get("ignored", 0), 1))


def small_percent(run: Run) -> float | None:
    """The percentage of the training boxes that are too small to learn at the input size."""
    return _percent(run.counts.get("small"), run.counts.get("boxes"))


def tiny_boxes(run: Run) -> float | None:
    """Training boxes less than three pixels high or wide in the images themselves."""
    return run.counts.get("tiny")


def leaked_images(run: Run) -> float | None:
    """Test images that are training images."""
    return run.counts.get("leaked")


def _percent(part: float | None, whole: float | None) -> float | None:
    return float(f"{100 * part / whole:.4g}") if part is not None and whole else None


def number(name: str) -> Callable[[Run], float | None]:
    """The function of one of these facts."""
    return lambda run: None if run.data is None else run.data.numbers.get(name)
