"""A user's settings: ``analyzer.yaml``, which changes what the rules say without a new rule.

The models here are its format. ``check_against`` holds it against the rules it speaks of.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, ValidationError

from analyzer.diagnosis.grammar import LimitField, Model, known
from analyzer.diagnosis.loading import first_error
from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.vocabulary import HIGHER_IS_BETTER, unknown
from analyzer.errors import FormatError
from analyzer.finding import Finding, Severity, Suppressed
from analyzer.formats import yaml12
from analyzer.run import Run

FILE = "analyzer.yaml"
OFF = "off"


def _known_severity(raw: Any) -> Any:
    known("severity", raw, (OFF, *Severity))
    return raw


class RuleSetting(Model):
    """What is changed about one rule. In the file ``off`` or a severity may stand alone."""

    severity: Annotated[Severity | Literal["off"], BeforeValidator(_known_severity)] | None = None
    limits: dict[str, LimitField] = Field(default_factory=dict)


class MainMetric(Model):
    """The series that counts, and which direction of it is better. A name may stand alone."""

    name: str
    better: Literal["higher", "lower"] | None = None

    @property
    def higher_is_better(self) -> bool:
        """The direction: as given, else as of the series; a loss is better lower."""
        if self.better is not None:
            return self.better == "higher"
        return self.name in HIGHER_IS_BETTER or "loss" not in self.name


class Suppression(Model):
    """Findings that are known and accepted for a while.

    ``run`` is a pattern for the name or the path of the run (of each run, where a finding is about
    several); ``subject`` is the series, file or key that the finding is about. From the day after
    ``until`` it acts no more.
    """

    rule: str
    run: str = "*"
    subject: str | None = None
    reason: Annotated[str, Field(min_length=1)]
    until: date
    line: int = 0

    def covers(self, finding: Finding, runs: Iterable[Run]) -> bool:
        """Whether a finding is one of those."""
        return (
            finding.rule == self.rule
            and self.subject in (None, finding.subject)
            and all(self._fits(run) for run in runs)
        )

    def _fits(self, run: Run) -> bool:
        return any(fnmatchcase(name, self.run) for name in (run.name, run.path.as_posix()))


def _alone(key: str) -> BeforeValidator:
    """A value that may stand for a mapping with only ``key`` in it."""
    return BeforeValidator(lambda raw: {key: raw} if isinstance(raw, str) else raw)


class Settings(Model):
    """The whole file."""

    main_metric: Annotated[MainMetric, _alone("name")] | None = None
    rules: dict[str, Annotated[RuleSetting, _alone("severity")]] = Field(default_factory=dict)
    suppress: tuple[Suppression, ...] = ()

    @property
    def limits(self) -> dict[str, Mapping[str, Any]]:
        """The changed limits by rule and name."""
        return {name: rule.limits for name, rule in self.rules.items() if rule.limits}

    def active(self, today: date) -> tuple[Suppression, ...]:
        """The suppressions that have not expired."""
        return tuple(item for item in self.suppress if today <= item.until)

    def applied(self, rules: Iterable[Rule]) -> tuple[Rule, ...]:
        """The rules that are not off, with the severities that are set. Limits come with them."""
        chosen = []
        for rule in rules:
            severity = self.rules.get(rule.id, RuleSetting()).severity
            if severity is None:
                chosen.append(rule)
            elif severity != OFF:
                chosen.append(rule.model_copy(update={"severity": severity}))
        return tuple(chosen)

    def with_main_metric(self, run: Run) -> Run:
        """The run, judged by the metric that is set, where it logs that one."""
        wanted = self.main_metric
        if wanted is None or wanted.name not in run.series:
            return run
        return replace(run, main_metric=wanted.name, higher_is_better=wanted.higher_is_better)


def read_settings(path: Path) -> Settings:
    """Read a settings file. Raises FormatError with file, line and a suggestion."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise FormatError(f"cannot be read: {reason}", file=str(path)) from None
    document = yaml12.parse(text, file=str(path))
    if document.duplicates:
        key, line = document.duplicates[0]
        raise FormatError(f"{key} is given twice; leave one out", file=str(path), line=line)
    raw = {} if document.value is None else document.value
    if not isinstance(raw, Mapping):
        raise FormatError("holds no keys; write for example rules: {}", file=str(path))
    try:
        found = Settings.model_validate(raw)
    except ValidationError as error:
        raise first_error(error, raw, document, path, FormatError) from None
    lines = [document.lines.get(f"suppress.{i}.rule", 0) for i in range(len(found.suppress))]
    placed = zip(found.suppress, lines, strict=True)
    suppress = tuple(item.model_copy(update={"line": line}) for item, line in placed)
    return found.model_copy(update={"suppress": suppress})


def check_against(settings: Settings, rules: Sequence[Rule], path: Path) -> None:
    """Raise FormatError for a rule or a limit that the settings name and that is not there."""
    lines = yaml12.parse(path.read_text(encoding="utf-8"), file=str(path)).lines
    by_id = {rule.id: rule for rule in rules}
    for place, text in _unknown_names(settings, by_id):
        raise FormatError(text, file=str(path), line=lines.get(place))


def _unknown_names(settings: Settings, by_id: Mapping[str, Rule]) -> Iterator[tuple[str, str]]:
    for name, setting in settings.rules.items():
        if name not in by_id:
            yield f"rules.{name}", unknown("rule", name, by_id)
            continue
        for limit in setting.limits:
            if limit not in by_id[name].limits:
                place = f"rules.{name}.limits.{limit}"
                if by_id[name].limits:
                    yield place, unknown(f"limit of {name}", limit, by_id[name].limits)
                else:
                    yield place, f"{name} has no limits that can be changed; leave out limits:"
    for index, item in enumerate(settings.suppress):
        if item.rule not in by_id:
            yield f"suppress.{index}.rule", unknown("rule", item.rule, by_id)


def suppressed(
    finding: Finding, runs: Sequence[Run], suppressions: Iterable[Suppression]
) -> Suppressed | None:
    """The record of a finding that the settings suppress; None where they do not."""
    for item in suppressions:
        if item.covers(finding, runs):
            return Suppressed(finding, item.reason, item.until.isoformat(), item.line)
    return None
