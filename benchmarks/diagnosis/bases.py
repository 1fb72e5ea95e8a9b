"""The healthy trainings: ``det_micro`` with another optimiser and schedule each.

Every base learns: F1 climbs above 0.6 and levels off before the end. The network is the trainer's
own at a quarter of its width, and the images are small, so that a run costs ten CPU seconds.
Augmentation keeps the training and the validation loss together.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

DATA = "./data/words"
"""Where every run finds its data set: the same name for broken data as for sound ones."""
TRAIN_IMAGES, TEST_IMAGES, SIZE = 120, 40, 96

_COMMON = {
    "model.fpn_channels": 32,
    "data.train_dir": DATA,
    "data.test_dir": DATA,
    "data.batch_size": 8,
    "augment.rotate": 5,
    "augment.flip": 0.5,
    "augment.brightness": 0.2,
    "augment.contrast": 0.2,
    "scheduler.warmup_steps": 10,
    "train.threads": 1,
    "train.grad_clip": 10,
    "train.log_every": 15,
}


def _base(**changes: object) -> Mapping[str, object]:
    settings = {key.replace("__", "."): value for key, value in changes.items()}
    return MappingProxyType({**_COMMON, **settings})


BASES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "poly": _base(optimizer__lr=0.003, train__epochs=14),
        "step": _base(
            optimizer__type="SGD",
            optimizer__lr=0.02,
            optimizer__momentum=0.9,
            scheduler__type="StepLR",
            scheduler__step_size=6,
            scheduler__gamma=0.2,
            train__epochs=16,
        ),
        "constant": _base(
            optimizer__type="Adam",
            optimizer__lr=0.002,
            optimizer__momentum=0.9,
            scheduler__type="Constant",
            scheduler__warmup_steps=0,
            train__epochs=16,
        ),
        "long": _base(optimizer__lr=0.003, train__epochs=22, augment__scale=[0.8, 1.25]),
    }
)
"""Name -> settings that differ from ``trainer/configs/det_micro.yaml``, under dotted keys."""
