"""The table that COCO's evaluation prints, whoever calls it."""

from __future__ import annotations

import re

AVERAGE = re.compile(
    rb"Average (Precision|Recall) +\(A[PR]\) @\[ IoU=([\d.:]+) *\| area= *(\w+) *"
    rb"\| maxDets= *(\d+) *\] = (-?[\d.]+)"
)

_SERIES = {
    (b"Precision", b"0.50:0.95"): "val_map50_95",
    (b"Precision", b"0.50"): "val_map50",
    (b"Precision", b"0.75"): "val_map75",
    (b"Recall", b"0.50:0.95"): "val_average_recall",
}


def coco_value(line: bytes) -> tuple[str, bytes] | None:
    """(series, digits) of a line of the table; None for sizes, for few detections, and for -1.

    >>> coco_value(b"Average Precision  (AP) @[ IoU=0.50 | area= all | maxDets=100 ] = 0.58")
    ('val_map50', b'0.58')
    """
    found = AVERAGE.search(line)
    if found is None or found[3] != b"all" or found[5].startswith(b"-"):
        return None
    if found[1] == b"Recall" and found[4] in (b"1", b"10"):
        return None
    name = _SERIES.get((found[1], found[2]))
    return None if name is None else (name, found[5])
