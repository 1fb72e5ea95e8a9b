"""The verdict on a data set: is it fit to be trained on?"""

from __future__ import annotations

from collections.abc import Sequence

from analyzer.data import DataSet
from analyzer.finding import Finding, Severity, Verdict


def fitness(data: DataSet, own: Sequence[Finding]) -> Verdict:
    """A data set is trained on unless there is an error in it.

    ``own`` are its findings above info, the worst first.
    """
    if own and own[0].severity is Severity.ERROR:
        return Verdict("repair it first", own[0].message)
    numbers = (data.numbers.get(f"data_{name}", 0) for name in ("train_images", "boxes"))
    images, boxes = map(round, numbers)
    so_far = f"{images} training images with {boxes} boxes"
    return Verdict("train on it", f"{so_far}, but {own[0].message}" if own else so_far)
