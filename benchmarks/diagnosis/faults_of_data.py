"""Faults of labels and images."""

from __future__ import annotations

from functools import partial

from benchmarks.diagnosis import effects as say
from benchmarks.diagnosis import injections as inject
from benchmarks.diagnosis.fault import Effect, Fault, Times

NO_AUGMENTATION = {
    "augment.rotate": 0,
    "augment.flip": 0,
    "augment.brightness": 0,
    "augment.contrast": 0,
}

DATA_FAULTS = (
    # --- labels and data
    Fault(
        "labels-shuffled",
        "every training image has the labels of another",
        "metric",
        {"poly": (0, 1, 2, 3)},
        say.WRONG_LABELS,
        edit=inject.shuffle_labels,
    ),
    Fault(
        "labels-displaced",
        "training boxes lie beside their words",
        "metric",
        {"step": (0, 1, 2, 3)},
        say.WRONG_LABELS,
        edit=partial(inject.displace_boxes, split="train"),
    ),
    Fault(
        "labels-constant",
        "all training images have the same two boxes",
        "metric",
        {"constant": (0, 1)},
        say.WRONG_LABELS,
        edit=inject.constant_boxes,
    ),
    Fault(
        "test-labels-displaced",
        "test boxes lie beside their words",
        "metric",
        {"poly": (4, 5)},
        say.WRONG_LABELS,
        edit=partial(inject.displace_boxes, split="test"),
    ),
    Fault(
        "labels-missing",
        "seven of ten training words are not labelled",
        "metric",
        {"constant": (4, 5, 6, 7)},
        say.WRONG_LABELS,
        edit=partial(inject.drop_boxes, share=0.7),
    ),
    Fault(
        "tiny-test",
        "four test images",
        "metric",
        {"poly": (0, 1, 2, 3)},
        (Effect("unsteady", ("metric-oscillates", "data-small-test-set"), say.LOOSE),),
        ("metric-oscillates", "data-small-test-set"),
        synth={"test": 4},
    ),
    Fault(
        "nan-data-stops",
        "a NaN in one image's maps; the trainer stops",
        "loss",
        {"poly": (4, 5, 6, 7)},
        (Effect("nonfinite", ("loss-nonfinite",), (*say.CUT, *say.IDLE)),),
        inject=partial(inject.nan_in_data, after=4),
    ),
    Fault(
        "nan-data-goes-on",
        "a NaN in one image's maps; the trainer goes on",
        "loss",
        {"step": (2, 5)},
        (Effect("nonfinite", ("loss-nonfinite",), (*say.LOOSE, "metric-nonfinite", *say.STEEP)),),
        settings={"train.on_nonfinite": "continue"},
        inject=partial(inject.nan_in_data, after=6),
    ),
    Fault(
        "few-images",
        "sixteen training images, no augmentation, long",
        "fit",
        {"constant": (0, 1)},
        say.OVERFIT,
        synth={"train": 16},
        settings={
            **NO_AUGMENTATION,
            "train.epochs": 28,
            "data.batch_size": 2,
            "train.log_every": 8,
        },
    ),
    Fault(
        "test-is-train",
        "the test images are training images",
        "fit",
        {"constant": (4, 5)},
        (Effect("leaks", ("too-good", "data-leak")),),
        ("too-good",),
        edit=inject.use_training_images,
    ),
    Fault(
        "few-images-repeated",
        "twelve training images, each listed six times, no augmentation, long",
        "fit",
        {"constant": (0, 1, 2, 3)},
        say.OVERFIT,
        edit=partial(inject.repeat_few_images, images=12, times=6),
        settings={
            **NO_AUGMENTATION,
            "train.epochs": 24,
            "data.batch_size": 4,
            "optimizer.lr": Times(2),
            "optimizer.weight_decay": 0,
            "train.log_every": 18,
        },
    ),
    Fault(
        "test-is-train-learnt-by-heart",
        "the test images are the twelve training images, each listed six times",
        "fit",
        {"constant": (0, 1)},
        (Effect("leaks", ("too-good", "data-leak"), say.LOOSE),),
        ("too-good",),
        edit=partial(inject.use_the_few_images, images=12, times=6),
        settings={**NO_AUGMENTATION, "data.batch_size": 4, "train.log_every": 18},
    ),
    Fault(
        "no-test-images",
        "the test list is empty",
        "runtime",
        {"constant": (0, 1)},
        (Effect("unvalidated", ("no-validation",), (*say.IDLE, "checkpoint-missing", *say.BEST)),),
        edit=inject.no_test_images,
    ),
)
