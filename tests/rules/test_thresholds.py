"""The figures of the field's manuals have their places in the rules, and causes their order.

Each row: what it is, the rule, the place in its file, and the value or a part of the text there.
"""

from __future__ import annotations

from typing import Any

import pytest

from analyzer.diagnosis.loading import load_rules
from analyzer.facts.settings import USUAL_LR
from analyzer.formats import yaml12
from analyzer.location import rules_dir

FILES = {path.stem: path for path in rules_dir().glob("*/*.yaml")}

TABLE = [
    # learning rates, in units of the optimiser's usual one
    ("0.1 with SGD is far too high: ten times", "loss-oscillates", "lr-too-high.when.above", 3),
    (
        "then 0.01, the usual one",
        "loss-oscillates",
        "lr-too-high.fix.set.optimizer.lr.fact",
        "lower_lr",
    ),
    ("and a warm-up", "loss-oscillates", "warmup-missing.fix.do", "first 5 % of the steps"),
    (
        "0.007 is high for few images",
        "loss-oscillates",
        "rate-high-for-little-data.when.all.0.above",
        0.5,
    ),
    (
        "0.001 to 0.003 is not",
        "loss-oscillates",
        "rate-high-for-little-data.unless.any.0.below",
        0.31,
    ),
    (
        "0.001 instead",
        "loss-oscillates",
        "rate-high-for-little-data.fix.set.optimizer.lr.fact",
        "careful_lr",
    ),
    (
        "the same where it breaks",
        "loss-nonfinite",
        "rate-high-for-little-data.fix.set.optimizer.lr.fact",
        "careful_lr",
    ),
    (
        "the same where the result is poor",
        "metric-low",
        "rate-high-for-little-data.fix.set.optimizer.lr.fact",
        "careful_lr",
    ),
    ("the range that is advised", "lr-too-high", "why", "0.001 to 0.007 for a fine-tuning"),
    (
        "the range on few images",
        "lr-too-high",
        "why",
        "0.003 on few images, for which 0.007 is high",
    ),
    (
        "a flat loss: the rate may be high",
        "loss-flat",
        "lr-too-high.fix.set.optimizer.lr.fact",
        "lower_lr",
    ),
    (
        "a flat loss: the rate may be low",
        "loss-flat",
        "lr-too-low.fix.set.optimizer.lr.fact",
        "higher_lr",
    ),
    ("the whole net bears 0.001", "stage-breaks", "stage-rate-too-high.unless.below.times", 0.1),
    (
        "the head alone 0.01 for 10 epochs",
        "stage-breaks",
        "stage-rate-too-high.fix.do",
        "(SGD: 0.01, 10 epochs)",
    ),
    (
        "two stages for few images",
        "metric-low",
        "little-data.fix.do",
        "10 epochs of the head alone at the usual rate (SGD: 0.01)",
    ),
    # batch
    ("below 4 it is too small", "metric-oscillates", "batch-too-small.when.below", 4),
    ("8 or more", "metric-oscillates", "batch-too-small.fix.set.data.batch_size.at_least", 8),
    (
        "what is added up counts",
        "metric-oscillates",
        "batch-too-small.when.fact",
        "effective_batch",
    ),
    ("2 over 4 steps are 8", "metric-oscillates", "why", "2 over 4 steps are 8"),
    ("a saw-tooth, too", "loss-oscillates", "batch-too-small.when.below", 4),
    (
        "short of memory: 2 of 8 over 4 steps, whatever the batch was",
        "out-of-memory",
        "batch-too-large.fix.set.data.batch_size.fact",
        "smaller_batch",
    ),
    (
        "short of memory: the effective batch stays",
        "out-of-memory",
        "batch-too-large.fix.set.train.accumulate.fact",
        "kept_accumulate",
    ),
    (
        "too large a batch breaks it",
        "loss-nonfinite",
        "batch-too-large.says",
        "batch is too large",
    ),
    # data
    ("50 validation samples", "metric-oscillates", "test-set-too-small.when.below", 50),
    ("at least 50", "metric-oscillates", "test-set-too-small.fix.do", "at least 50 samples"),
    ("sets that differ", "metric-oscillates", "sets-differ.fix.do", "normalise or mix"),
    (
        "labels out of range",
        "loss-nonfinite",
        "labels-out-of-range.fix.do",
        "coordinates outside the image",
    ),
    ("at most 640", "out-of-memory", "inputs-too-large.fix.set.data.input_size.at_most", 640),
    (
        "labels that the filter lets through",
        "charset-too-small",
        "why",
        "deletes the unknown characters",
    ),
    # length
    ("5 epochs are few", "metric-low", "too-few-epochs.when.below", 10),
    ("20 are not", "metric-low", "too-few-epochs.fix.set.train.epochs.at_least", 20),
    # results
    ("an F1 below 0.5 is low", "metric-low", "limits.low_f1", 0.5),
    ("above 0.7 it is fit for use", "metric-low", "why", "(also called hmean) of about 0.7"),
    ("thresholds from 0.2 to 0.05", "metric-low", "threshold-too-high.fix.do", "0.2 to 0.05"),
    ("no height of a metric is a limit", "metric-plateau", "why", "0.52 halfway"),
    (
        "outputs within 0 and 1",
        "predictions-degenerate",
        "outputs-out-of-range.fix.do",
        "between 0 and 1",
    ),
    # parts of the loss
    (
        "parts between 0.5 and 2.0",
        "loss-part-dominates",
        "weight-too-large.fix.do",
        "between 0.5 and 2.0",
    ),
    (
        "a regression begins with 0.5",
        "loss-part-dominates",
        "weight-too-large.fix.do",
        "begin with 0.5",
    ),
    ("whatever the parts are called", "loss-part-dominates", "for_each", "train_loss.*"),
    (
        "targets that are not scaled",
        "loss-part-dominates",
        "target-not-scaled.says",
        "few among many negatives",
    ),
    ("one part drags the sum", "loss-nonfinite", "part-breaks.says", "drags the sum"),
    ("box loss of 1.5, doubled", "loss-starts-high", "limits.most_box", 3),
    ("20 epochs without a fall", "loss-part-stuck", "when.all.0.above", 19),
    ("class loss near 0", "loss-part-stuck", "foreground-not-separated.when.all.0.below", 0.05),
    ("objectness loss high", "loss-part-stuck", "foreground-not-separated.when.all.1.above", 0.3),
    ("hard negatives", "loss-part-stuck", "foreground-not-separated.fix.do", "hard negatives"),
    (
        "or by the number of positives",
        "loss-part-stuck",
        "weight-too-small.fix.do",
        "number of positives",
    ),
    # schedule
    ("StepLR 3 by 0.5", "metric-plateau", "lr-not-decayed.fix.do", "StepLR (step 3, gamma 0.5)"),
    ("on a plateau: 2 and 0.5", "overfitting", "lr-not-decayed.fix.do", "patience 2, factor 0.5"),
    ("why 0.5 and not 0.1", "lr-schedule-inert", "why", "the milder choice"),
    # augmentation
    ("rotation of 10 degrees", "overfitting", "augmentation-off.fix.set.augment.rotate", 10),
    ("brightness within 20 %", "overfitting", "augmentation-off.fix.set.augment.brightness", 0.2),
    ("contrast within 20 %", "overfitting", "augmentation-off.fix.set.augment.contrast", 0.2),
    (
        "at most 2 cut-out blocks",
        "overfitting",
        "augmentation-off.fix.set.augment.cutout_blocks",
        2,
    ),
    ("of 15 % together", "overfitting", "augmentation-off.fix.set.augment.cutout_area", 0.15),
    ("scale 0.9 to 1.1", "loss-oscillates", "augmentation-too-strong.fix.do", "scale 0.9 to 1.1"),
    (
        "off for uniform data",
        "loss-oscillates",
        "augmentation-too-strong.says",
        "very uniform data",
    ),
    # speed
    ("GPU below 30 %", "gpu-idle", "when.all.1.any.0.below", 0.3),
    ("2 workers are few", "data-loading-bound", "few-workers.when.below", 4),
    ("8 workers", "data-loading-bound", "few-workers.fix.set.data.workers.at_least", 8),
    ("a memory-mapped cache", "data-loading-bound", "slow-storage.fix.do", "memory-mapped cache"),
]


def at(rule: str, place: str) -> Any:
    """The value at a place of a rule file; a cause's id stands for the cause."""
    node: Any = yaml12.parse(FILES[rule].read_text(encoding="utf-8")).value
    first, _, rest = place.partition(".")
    for cause in node.get("causes", []):
        if cause["id"] == first:
            node, place = cause, rest
    while place and not isinstance(node, str):
        if isinstance(node, list):
            first, _, place = place.partition(".")
            node = node[int(first)]
        else:  # keys of a config have dots in them
            key = max((k for k in node if f"{place}.".startswith(f"{k}.")), key=len)
            node, place = node[key], place[len(key) + 1 :]
    return node


@pytest.mark.parametrize(("what", "rule", "place", "value"), TABLE, ids=[row[0] for row in TABLE])
def test_a_figure_stands_where_it_is_used(what: str, rule: str, place: str, value: object) -> None:
    found = at(rule, place)
    if isinstance(value, str):
        assert value in " ".join(str(found).split()), what
    else:
        assert found == value, what


def test_the_units_of_learning_rates() -> None:
    assert (USUAL_LR["sgd"], USUAL_LR["adam"], USUAL_LR["adadelta"]) == (0.01, 0.001, 1.0)


ORDER = (
    ("labels", "label", "images", "bad-data", "odd-samples", "sets-", "test-set", "little-data"),
    ("lr-", "rate-", "warmup", "stage-rate"),
    ("batch-",),
    ("weight-too", "part-", "foreground"),
    ("augmentation-too",),
)
"""Beginnings of the ids of causes, in the order in which they are to be checked."""


def kind_of(cause: str) -> int | None:
    kinds = [i for i, begins in enumerate(ORDER) if cause.startswith(begins)]
    return kinds[0] if kinds else None


@pytest.mark.parametrize("rule", load_rules(rules_dir()), ids=lambda rule: rule.id)
def test_causes_are_data_then_rate_then_batch_then_weights_then_augmentation(rule: Any) -> None:
    kinds = [kind for cause in rule.causes if (kind := kind_of(cause.id)) is not None]
    assert kinds == sorted(kinds)
