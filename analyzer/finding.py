"""What a diagnosis consists of: findings with evidence, causes and fixes, and a verdict."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Literal


class Severity(StrEnum):
    """How bad a finding is; ``rank`` orders them, the worst highest."""

    INFO = "info"
    WARNING = "warning"
    ERROR = "error"

    @property
    def rank(self) -> int:
        """0 for info, 1 for warning, 2 for error."""
        return list(Severity).index(self)


@dataclass(frozen=True)
class CurveEvidence:
    """A span of a curve and the value in it that passed a limit.

    ``start`` and ``end`` are on the series' x axis. ``value`` and ``limit`` share ``unit``
    (``"%"`` for shares, ``"noise"`` for multiples of the noise, ``""`` for the curve's own).
    ``text`` is the condition as a sentence. ``at`` is the x of the point that decided, whatever
    the unit; None where the whole span did. ``height`` is where the curve meets the limit, in its
    own unit; None where the value is no height, such as a count.
    """

    series: str
    axis: str
    start: float
    end: float
    value: float
    limit: float | None
    unit: str
    text: str
    at: float | None = None
    height: float | None = None


@dataclass(frozen=True)
class FileEvidence:
    """A line of a file (relative to the run), or the whole file when ``line`` is None."""

    file: str
    line: int | None
    text: str


@dataclass(frozen=True)
class KeyEvidence:
    """A config key or a fact, and its value."""

    key: str
    value: Any
    text: str


Evidence = CurveEvidence | FileEvidence | KeyEvidence


class CauseVerdict(StrEnum):
    """What the run's facts say of a possible cause; the unknown never counts as false."""

    SUPPORTED = "supported"
    POSSIBLE = "possible"
    RULED_OUT = "ruled out"


@dataclass(frozen=True)
class Fix:
    """Either a config patch (``set``: the user's own key -> (old value, new value)) or an advice.

    Safe means: changes only config, can be undone, cannot make a healthy run worse.
    """

    set: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)
    do: str | None = None
    safe: bool = False


@dataclass(frozen=True)
class Cause:
    """A possible reason for a finding, with the fact that decided about it."""

    id: str
    says: str
    verdict: CauseVerdict
    because: str
    fix: Fix | None = None


@dataclass(frozen=True, repr=False)
class Finding:
    """One thing that is wrong with a run, or with several: ``runs`` then names them.

    ``confidence`` is 0..1. ``subject`` is the series or file it is about. ``explained_by`` is the
    id of the rule whose finding this one is a consequence of.
    """

    rule: str
    title: str
    severity: Severity
    confidence: float
    message: str
    subject: str
    evidence: tuple[Evidence, ...] = ()
    causes: tuple[Cause, ...] = ()
    fixes: tuple[Fix, ...] = ()
    why: str = ""
    known_limits: str = ""
    explained_by: str | None = None
    runs: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Sixteen hex digits that stay the same from run to run: of the rule and its subject."""
        parts = f"{self.rule}\0{self.subject}"
        return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()[:16]

    def __repr__(self) -> str:
        return f"Finding({self.severity} {self.rule}: {self.message!r})"


Action = Literal[
    "ship it",
    "keep training",
    "stop now",
    "restart with this patch",
    "cannot tell",
    "repair it first",
    "train on it",
]
"""What to do with a run; the last two with a data set."""


@dataclass(frozen=True)
class Verdict:
    """What to do with the run now, why, and what going on or ignoring it costs."""

    action: Action
    because: str
    price: str = ""
    patch: Mapping[str, tuple[Any, Any]] = field(default_factory=dict)


@dataclass(frozen=True)
class NotEvaluated:
    """A rule that could not be decided, and what the run lacks for it."""

    rule: str
    reason: str


@dataclass(frozen=True)
class Suppressed:
    """A finding that the user accepts: in the settings for a while, or in a baseline.

    ``until`` is None for a baseline; ``line`` is that of the entry in the settings, else 0.
    """

    finding: Finding
    reason: str
    until: str | None
    line: int


@dataclass(frozen=True, repr=False)
class Diagnosis:
    """All that is said of one run, the worst finding first.

    ``advice`` lists lines to log next time so that more can be judged. ``suppressed`` findings
    count for nothing else here.
    """

    findings: tuple[Finding, ...]
    not_evaluated: tuple[NotEvaluated, ...]
    verdict: Verdict
    advice: tuple[str, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()

    def worst(self) -> Severity | None:
        """The highest severity among findings that no other finding explains."""
        own = [finding.severity for finding in self.findings if finding.explained_by is None]
        return max(own, key=lambda severity: severity.rank, default=None)

    def __repr__(self) -> str:
        rules = ", ".join(f"{one.severity} {one.rule}" for one in self.findings)
        return f"Diagnosis({self.verdict.action!r}: {rules or 'no finding'})"

    def _repr_html_(self) -> str:
        from analyzer.render.notebook import diagnosis_html

        return diagnosis_html(self)

    def _repr_markdown_(self) -> str:
        from analyzer.render.notebook import diagnosis_markdown

        return diagnosis_markdown(self)


@dataclass(frozen=True, repr=False)
class Together:
    """What is said of several runs beside each other, the worst finding first."""

    findings: tuple[Finding, ...] = ()
    not_evaluated: tuple[NotEvaluated, ...] = ()
    suppressed: tuple[Suppressed, ...] = ()

    @property
    def worst(self) -> Severity | None:
        """The highest severity among the findings."""
        return max((one.severity for one in self.findings), key=lambda s: s.rank, default=None)

    def __repr__(self) -> str:
        rules = ", ".join(f"{one.severity} {one.rule}" for one in self.findings)
        return f"Together({rules or 'no finding'})"

    def _repr_html_(self) -> str:
        from analyzer.render.notebook import together_html

        return together_html(self)

    def _repr_markdown_(self) -> str:
        from analyzer.render.notebook import together_markdown

        return together_markdown(self)
