"""Lines of COCO's table, and the table of validations."""

from __future__ import annotations

import math

import pytest

from analyzer.reading.coco import coco_value
from analyzer.reading.validations import Validation, validation_table

LINE = " Average {} @[ IoU={} | area={} | maxDets={} ] = {}"
PRECISION, RECALL = "Precision  (AP)", "Recall     (AR)"


@pytest.mark.parametrize(
    ("cells", "value"),
    [
        ((PRECISION, "0.50:0.95", "   all", "100", "0.312"), ("val_map50_95", b"0.312")),
        ((PRECISION, "0.50     ", "   all", "100", "0.512"), ("val_map50", b"0.512")),
        ((PRECISION, "0.75     ", "   all", "1000", "0.4"), ("val_map75", b"0.4")),
        ((RECALL, "0.50:0.95", "   all", "100", "0.5"), ("val_average_recall", b"0.5")),
        ((RECALL, "0.50:0.95", "   all", " 10", "0.5"), None),
        ((PRECISION, "0.50:0.95", " small", "100", "0.1"), None),
        ((PRECISION, "0.50:0.95", "   all", "100", "-1.000"), None),
    ],
)
def test_lines_of_the_table(cells: tuple[str, ...], value: tuple[str, bytes] | None) -> None:
    assert coco_value(LINE.format(*cells).encode()) == value


@pytest.mark.parametrize(
    ("places", "axis"),
    [
        ([(10, 1), (20, 2)], "epoch"),
        ([(10, 1), (15, 1), (20, 2)], "step"),
        ([(10, 1), (10, 1), (20, 2)], "epoch"),
        ([(10, 1), (20, 2), (10, 1)], "epoch"),
        ([(10, math.nan)], "step"),
    ],
)
def test_validations_count_epochs_unless_there_are_several_in_one(
    places: list[tuple[int, float]], axis: str
) -> None:
    found = [Validation(step, epoch, [("val_f1", b"0.5")], 1) for step, epoch in places]
    assert validation_table("log", found).axis == axis
