"""The shape of the JSON output of ``compare``, version 1; ``schema.py`` says what holds of all."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from analyzer.render.schema import Nonfinite, TogetherJson


class ComparedRunJson(TypedDict):
    tag: str
    name: str
    path: str
    format: str


class SideJson(TypedDict):
    name: str
    runs: list[str]
    seeds: list[Any]


class JudgementJson(TypedDict):
    """Side b against side a in the best values of a metric; see ``analyzer.judgement``."""

    metric: str
    label: str
    higher: bool
    a: str
    b: str
    n_a: int
    n_b: int
    a_value: float | None
    b_value: float | None
    difference: float | None
    outcome: str
    because: str
    next_step: str
    noise: float | None
    times: float | None
    interval: list[float] | None
    detectable: float | None
    p: float | None
    tolerance: float | None
    nonfinite: NotRequired[Nonfinite]


class DifferenceJson(TypedDict):
    """``values`` by tag; a run that lacks the key has none, and null is a value."""

    key: str
    values: dict[str, Any]


class ResultJson(TypedDict):
    best: float | None
    best_at: float | None
    last: float | None
    last_at: float | None
    points: int
    area: float | None
    nonfinite: NotRequired[Nonfinite]


class ExplanationJson(TypedDict):
    """Keys that differ between side A and this one: settings, and what tells code and data."""

    side: str
    config: list[str]
    code: list[str]
    data: list[str]


class AlignedJson(TypedDict):
    """``y`` by tag; null where a run has no number at that x. ``axis``: epoch, step, time (s)."""

    name: str
    axis: str
    x: list[float]
    y: dict[str, list[float | None]]


class ComparisonJson(TypedDict):
    runs: list[ComparedRunJson]
    sides: list[SideJson]
    metric: str | None
    judgements: list[JudgementJson]
    explaining: list[str]
    explanations: list[ExplanationJson]
    config: list[DifferenceJson]
    environment: list[DifferenceJson]
    results: dict[str, dict[str, ResultJson]]
    curves: list[AlignedJson]
    together: TogetherJson
    notes: list[str]


class ComparisonReportJson(TypedDict):
    version: int
    tool: str
    tool_version: str
    created: str
    comparison: ComparisonJson
