"""The lines of the Paddle family: PaddleOCR and OpenOCR, PaddleSeg, PaddleX, PaddleClas, ...

Each program counts in its own way; ``SHAPES`` says what each kind of line tells.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Literal, NamedTuple

from analyzer.reading.coco import coco_value
from analyzer.reading.names import plain
from analyzer.reading.pairs import Pair, pairs
from analyzer.reading.text import decode

Kind = Literal["step", "epoch", "validation", "best"]


class Shape(NamedTuple):
    """One kind of line; it holds ``word``.

    ``pattern`` has the groups ``rest`` and, where the line tells them, ``epoch``, ``epochs``
    (planned), ``step``, ``steps`` (planned), ``batch``, ``batches`` (of an epoch) and ``images``.
    ``first`` is the number of the first epoch; None: 0 if that is logged first, else 1.
    """

    kind: Kind
    word: bytes
    pattern: re.Pattern[bytes]
    first: int | None = 1


def _shape(kind: Kind, word: bytes, pattern: bytes, first: int | None = 1) -> Shape:
    return Shape(kind, word, re.compile(pattern + rb"(?P<rest>[^\n]*)"), first)


_OF = rb"(?P<epoch>\d{1,9})/(?P<epochs>\d{1,9})"
_BATCH = rb"(?P<batch>\d{1,9})/(?P<batches>\d{1,9})"
_STEP = rb"(?P<step>\d{1,12})/(?P<steps>\d{1,12})"

SHAPES: tuple[Shape, ...] = (
    # PaddleOCR, OpenOCR
    _shape(
        "step",
        b"epoch: [",
        rb"epoch: \[" + _OF + rb"\], (?:global_step|iter): (?P<step>\d{1,12}),",
        None,
    ),
    _shape("validation", b"cur metric", rb"\bcur metric, "),
    _shape("best", b"best metric", rb"\bbest metric, "),
    # PaddleSeg
    _shape("step", b"[TRAIN]", rb"\[TRAIN\]\s+epoch[:=] ?(?P<epoch>\d{1,9}), iter[:=] ?" + _STEP),
    _shape("validation", b"[EVAL]", rb"\[EVAL\]\s+#Images[:=] ?(?P<images>\d{1,9})"),
    # PaddleX
    _shape("step", b"[TRAIN]", rb"\[TRAIN\]\s+Epoch=" + _OF + rb", Step=" + _BATCH),
    _shape("epoch", b"[TRAIN]", rb"\[TRAIN\]\s+Epoch (?P<epoch>\d{1,9}) finished,"),
    _shape("validation", b"[EVAL]", rb"\[EVAL\]\s+Finished, Epoch=(?P<epoch>\d{1,9}),"),
    # PaddleClas
    _shape(
        "step", b"[Train][Epoch", rb"\[Train\]\[Epoch " + _OF + rb"\]\[Iter: ?" + _BATCH + rb"\]"
    ),
    _shape("epoch", b"[Train][Epoch", rb"\[Train\]\[Epoch " + _OF + rb"\]\[Avg\]"),
    _shape("validation", b"[Eval][Epoch", rb"\[Eval\]\[Epoch (?P<epoch>\d{1,9})\]\[Avg\]"),
    # PaddleDetection
    _shape(
        "step",
        b"ppdet",
        rb"ppdet\S* INFO: Epoch: \[(?P<epoch>\d{1,9})(?:/(?P<epochs>\d{1,9}))?\] \[ *"
        + _BATCH
        + rb"\]",
        0,
    ),
    _shape("validation", b"@[ IoU", rb"(?= Average (?:Precision|Recall) +\(A[PR]\) @\[)"),
    _shape("validation", b"mAP(", rb"(?=\bmAP\(0\.\d+, \w+\) = )"),
    # PaddleGAN
    _shape("step", b"Iter: ", rb"\bIter: " + _STEP + rb"(?= lr: )"),
    _shape("step", b", iter: ", rb"\bEpoch: " + _OF + rb", iter: " + _BATCH + rb"(?= lr: )"),
    _shape("validation", b"Metric ", rb"(?=\bMetric \w+: )"),
)

ROW = re.compile(
    b"|".join(
        re.sub(rb"\(\?P<\w+>", b"(?:", shape.pattern.pattern)
        for shape in SHAPES
        if shape.kind == "step"
    )
)
"""A line of any of these trainings."""

NAMES: dict[str, str | None] = {
    "reader_cost": "data_time",
    "avg_reader_cost": "data_time",
    "data_cost": "data_time",
    "batch_cost": "step_time",
    "avg_batch_cost": "step_time",
    "time_each_step": "step_time",
    "max_mem_allocated": "gpu_memory_mb",
    "mIoU": "val_miou",
    "miou": "val_miou",
    **dict.fromkeys(
        ("max_mem_reserved", "ips", "fps", "samples", "avg_samples", "eta", "best_epoch")
    ),
    **dict.fromkeys(("start_epoch", "global_step", "iter", "is_float16", "Acc_class")),
}

_SCHEDULE = re.compile(rb"\blr\(\w+\):")
_VOC = re.compile(rb"mAP\(0\.50?, \w+\) = ([\d.]+)%?")


def values(shape: Shape, rest: bytes) -> list[tuple[str, bytes]]:
    """(canonical series, digits) of what one line logged."""
    split = "val" if shape.kind == "validation" else "train"
    if b"Average" in rest or b"mAP(" in rest:
        return _detection(rest)
    logged: list[Pair] = pairs(_SCHEDULE.sub(b"lr:", rest))
    return [(name, digits) for own, digits in logged if (name := series(own, split)) is not None]


def _detection(rest: bytes) -> list[tuple[str, bytes]]:
    """A line of a COCO table, or the mean of a VOC evaluation."""
    if voc := _VOC.search(rest):
        return [("val_map50", voc[1])]
    value = coco_value(rest)
    return [] if value is None else [value]


@lru_cache(maxsize=4096)
def series(own: bytes, split: str) -> str | None:
    """The series of a logged name; None for one that is no curve."""
    name = decode(own)
    return NAMES[name] if name in NAMES else plain(f"{split}/{name}").series
