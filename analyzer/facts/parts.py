"""Facts of what is learned: the parts of the loss, the classes, the kind of model."""

from __future__ import annotations

import math

import numpy as np

from analyzer.facts.settings import first_number, number, text
from analyzer.names import RATES, label
from analyzer.run import Run
from analyzer.signals.pair import align
from analyzer.signals.stats import median

CLASS_KEYS = (
    *("model.classes", "model.num_classes", "num_classes", "num_class", "nc", "data.nc"),
    *("NUM_CLASSES", "MODEL.ROI_HEADS.NUM_CLASSES", "model.bbox_head.num_classes"),
    *("model.head.num_classes", "model.decode_head.num_classes"),
)
LENGTH_KEYS = ("data.max_label_length", "batch_max_length", "max_text_length")

FAMILIES = {
    "ctc": "ctc",
    "attn": "attention",
    "yolo": "yolo",
    "rtmdet": "detector",
    "rcnn": "detector",
    "retinanet": "detector",
    "dbhead": "db",
    "dbnet": "db",
    "encoderdecoder": "segmenter",
    "imageclassifier": "classifier",
}
"""A part of the model's name -> its family."""

MODEL_STEPS = {"VGG": -1, "RCNN": 1, "ResNet": 1}
"""clovaai's extractors: the steps of a prediction are a quarter of the width, and this."""

ADDS_UP = 0.02


def parts(run: Run) -> float:
    """The number of parts of the training loss that were logged."""
    return len(_parts(run))


def _parts(run: Run) -> list[str]:
    return [n for n in run.series if n.startswith("train_loss.") and "@" not in n]


def parts_add_up(run: Run) -> bool | None:
    """Whether the parts make the training loss, to 2 %; unknown without two parts."""
    total, names = run.get("loss"), _parts(run)
    if total is None or len(names) < 2:
        return None
    rest = []
    for name in names:
        part = run.series[name]
        if part.axis != total.axis:
            return None
        one, whole = align(part, total)
        if len(one) == 0 or len(one) < 0.5 * len(total.y[total.finite]):
            return None
        rest.append(median(one.y) / median(whole.y) if median(whole.y) else math.nan)
    return bool(abs(np.sum(rest) - 1) <= ADDS_UP)


def weight_excess(run: Run) -> float | None:
    """The largest configured weight of a logged part over the median of the others'."""
    given = (number(f"loss.{name.partition('.')[2]}")(run) for name in _parts(run))
    weights = sorted(weight for weight in given if weight is not None and weight > 0)
    return weights[-1] / median(np.array(weights[:-1])) if len(weights) > 1 else None


def classes(run: Run) -> float | None:
    """The number of classes, as the config says."""
    return first_number(CLASS_KEYS)(run)


def chance_loss(run: Run) -> float | None:
    """The loss of a classifier that knows nothing: ln C; only where C classes are scored."""
    count = classes(run)
    if count is None or count < 2 or run.main_metric != "val_accuracy":
        return None
    return math.log(count)


def model_family(run: Run) -> str | None:
    """The family of the model, by its name in the config."""
    name = text("model.name")(run) or ""
    return next((family for part, family in FAMILIES.items() if part in name), None)


def main_metric(run: Run) -> str | None:
    """The canonical name of the main validation metric."""
    return run.main_metric


def metric_name(run: Run) -> str | None:
    """What a person calls the main validation metric."""
    return None if run.main_metric is None else label(run.main_metric)


def metric_is_rate(run: Run) -> bool | None:
    """Whether the main metric is a share between 0 and 1 of which more is better."""
    return None if run.main_metric is None else run.main_metric in RATES


def label_length(run: Run) -> float | None:
    """The longest label that the config allows."""
    return first_number(LENGTH_KEYS)(run)


def time_steps(run: Run) -> float | None:
    """The steps of a CTC prediction, where the config tells them."""
    given = first_number(("model.time_steps",))(run)
    if given is not None or run.format != "clovaai":
        return given
    width = first_number(("imgW",))(run)
    more = MODEL_STEPS.get(str(run.config.get("FeatureExtraction")))
    return None if width is None or more is None else width // 4 + more
