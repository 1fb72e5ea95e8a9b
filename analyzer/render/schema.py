"""The shape of the JSON output, version 1. Names are a contract: added to, never renamed.

Numbers are finite. Where a number is not, its place holds null and the same object says which:
``{"value": null, "nonfinite": {"value": "nan"}}``; inside a list the word itself stands. Evidence
comes in three shapes, told apart by the key ``series``, ``file`` or ``key``.

VERSION history: 1, the first (2026).
"""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

VERSION = 1

Nonfinite = dict[str, str]

CurveEvidenceJson = TypedDict(
    "CurveEvidenceJson",
    {
        "series": str,
        "axis": str,
        "from": float | None,
        "to": float | None,
        "at": float | None,
        "value": float | None,
        "limit": float | None,
        "unit": str,
        "text": str,
        "nonfinite": NotRequired[Nonfinite],
    },
)


class FileEvidenceJson(TypedDict):
    file: str
    line: int | None
    text: str


class KeyEvidenceJson(TypedDict):
    key: str
    value: Any
    text: str
    nonfinite: NotRequired[Nonfinite]


EvidenceJson = CurveEvidenceJson | FileEvidenceJson | KeyEvidenceJson


class ChangeJson(TypedDict):
    old: Any
    new: Any
    nonfinite: NotRequired[Nonfinite]


class FixJson(TypedDict):
    """``set`` (key in the user's spelling to its change) or ``do`` (an advice), or both."""

    set: NotRequired[dict[str, ChangeJson]]
    do: NotRequired[str]
    safe: bool


class CauseJson(TypedDict):
    id: str
    says: str
    verdict: str
    because: str
    fix: NotRequired[FixJson]


class FindingJson(TypedDict):
    rule: str
    title: str
    severity: str
    confidence: float
    message: str
    subject: str
    fingerprint: str
    evidence: list[EvidenceJson]
    causes: list[CauseJson]
    fixes: list[FixJson]
    explained_by: str | None


class NamedRunJson(TypedDict):
    """``name`` is the run's short name in the report: one that no other run has."""

    name: str
    path: str


class SharedFindingJson(FindingJson):
    """A finding about several runs, and which they are."""

    runs: list[NamedRunJson]


class SuppressionJson(TypedDict):
    """Why a finding is accepted, and until which day; null where a baseline knows it."""

    justification: str
    until: str | None


class SuppressedJson(FindingJson):
    """A finding that the user's settings or a baseline accept; it counts for nothing."""

    suppression: SuppressionJson


class SharedSuppressedJson(SharedFindingJson):
    suppression: SuppressionJson


class VerdictJson(TypedDict):
    action: str
    because: str
    price: str
    patch: dict[str, ChangeJson]


class NotEvaluatedJson(TypedDict):
    rule: str
    reason: str


class MetricJson(TypedDict):
    """The main metric. ``best`` is by direction, over finite values."""

    name: str
    higher_is_better: bool | None
    best: float | None
    best_at: float | None
    last: float | None
    axis: str
    nonfinite: NotRequired[Nonfinite]


class NoteJson(TypedDict):
    text: str
    file: str | None
    line: int | None


class RunJson(TypedDict):
    """``epochs`` and ``steps`` count those done; ``seconds`` is how long the run took."""

    name: str
    path: str
    format: str
    status: str
    status_because: str
    unreadable: str | None
    epochs: int
    planned_epochs: int | None
    steps: int
    planned_steps: int | None
    seconds: float | None
    metric: MetricJson | None
    findings: list[FindingJson]
    suppressed: list[SuppressedJson]
    verdict: VerdictJson
    not_evaluated: list[NotEvaluatedJson]
    advice: list[str]
    notes: list[NoteJson]


class TogetherJson(TypedDict):
    """What was found in several runs beside each other."""

    findings: list[SharedFindingJson]
    suppressed: list[SharedSuppressedJson]
    not_evaluated: list[NotEvaluatedJson]


class KnownEntryJson(TypedDict):
    """A finding that the baseline holds; ``run`` is null where it is known in every run."""

    fingerprint: str
    rule: str
    subject: str
    run: str | None


class BaselineJson(TypedDict):
    """The baseline of ``check``: how many findings it knows, and those that were not met.

    Findings that it knows stand under ``suppressed``, with ``until`` null.
    """

    file: str
    per_run: bool
    entries: int
    stale: list[KnownEntryJson]


class ReportJson(TypedDict):
    """``baseline`` is null where none was given."""

    version: int
    tool: str
    tool_version: str
    created: str
    title: str
    runs: list[RunJson]
    together: TogetherJson
    skipped: list[NoteJson]
    baseline: BaselineJson | None
