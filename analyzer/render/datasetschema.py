"""The shape of the JSON output of ``dataset``, version 1; ``schema.py`` says what holds of all."""

from __future__ import annotations

from typing import NotRequired

from typing_extensions import TypedDict

from analyzer.render.schema import (
    BaselineJson,
    FindingJson,
    NotEvaluatedJson,
    SuppressedJson,
    VerdictJson,
)


class SpreadJson(TypedDict):
    """The least value, the 5th percentile, the median, the 95th and the largest."""

    least: float
    low: float
    median: float
    high: float
    most: float


class HistogramJson(TypedDict):
    """How many values lie between neighbouring ``edges``; there is one more of these."""

    edges: list[float]
    counts: list[int]


class SplitJson(TypedDict):
    """One split. ``height`` is the short side of a box in pixels of the training input, ``small``
    how many are below the detector's minimum there; ``characters`` and ``scripts`` are counts, the
    most frequent first; ``first`` holds the first lines of the list.
    """

    images: int
    boxes: int
    ignored: int
    small: int
    width_px: SpreadJson | None
    height_px: SpreadJson | None
    per_image: SpreadJson | None
    height: SpreadJson | None
    aspect: SpreadJson | None
    length: SpreadJson | None
    per_image_bars: HistogramJson
    height_bars: HistogramJson
    characters: dict[str, int]
    scripts: dict[str, int]
    first: list[str]


class NumbersJson(TypedDict):
    """``looked_at`` images were decoded; ``first_label`` is the first line of the first file."""

    splits: dict[str, SplitJson]
    input_size: int
    min_side: float
    looked_at: int
    first_label: str


class RepairedFileJson(TypedDict):
    file: str
    what: str


class RepairedJson(TypedDict):
    """The copy that ``--fix`` wrote, and what is different in it."""

    path: str
    changes: list[RepairedFileJson]


class DatasetJson(TypedDict):
    name: str
    path: str
    verdict: VerdictJson
    findings: list[FindingJson]
    suppressed: list[SuppressedJson]
    not_evaluated: list[NotEvaluatedJson]
    numbers: NumbersJson
    repaired: NotRequired[RepairedJson]


class DatasetReportJson(TypedDict):
    version: int
    tool: str
    tool_version: str
    created: str
    title: str
    datasets: list[DatasetJson]
    baseline: BaselineJson | None
