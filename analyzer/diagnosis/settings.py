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

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError

from analyzer.diagnosis.faults import document_of, first_error, text_of
from analyzer.diagnosis.grammar import LimitField, Model, Text, known
from analyzer.diagnosis.limit import Limit
from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.vocabulary import HIGHER_IS_BETTER, unknown, unknown_rule
from analyzer.errors import FormatError
from analyzer.finding import Finding, Severity, Suppressed
from analyzer.formats import yaml12
from analyzer.run import Run

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


def _pattern(text: str) -> str:
    """A pattern for names; an open bracket would be looked for as it stands and never match."""
    if text.count("[") != text.count("]"):
        raise ValueError(f"'{text}' has a [ without its ]; write exp_*, exp_?1 or exp_[12]")
    return text


def _not_given(_: Any) -> Any:
    raise ValueError("unknown key 'line'; allowed: rule, run, subject, reason, until")


class Suppression(Model):
    """Findings that are known and accepted for a while.

    ``run`` is a pattern for the name or the path of the run (of each run, where a finding is about
    several); ``subject`` is the series, file or key that the finding is about. From the day after
    ``until`` it acts no more.
    """

    GIVEN = ("line",)

    rule: str
    run: Annotated[Text, AfterValidator(_pattern)] = "*"
    subject: Text | None = None
    reason: Text
    until: date
    line: Annotated[int, BeforeValidator(_not_given)] = 0

    def covers(self, finding: Finding, runs: Iterable[Run]) -> bool:
        """Whether a finding is one of those."""
        return (
            finding.rule == self.rule
            and self.subject in (None, finding.subject)
            and all(self._fits(run) for run in runs)
        )

    def _fits(self, run: Run) -> bool:
        return any(fnmatchcase(name, self.run) for name in (run.name, run.path.as_posix()))


def _alone(key: str, example: str) -> BeforeValidator:
    """A text that may stand for a mapping with only ``key`` in it."""

    def mapping(raw: Any) -> Any:
        if isinstance(raw, str):
            return {key: raw}
        if not isinstance(raw, Mapping | Model):
            raise ValueError(f"write {example}")
        return raw

    return BeforeValidator(mapping)


class Settings(Model):
    """The whole file."""

    main_metric: (
        Annotated[MainMetric, _alone("name", "a series, or {name: val_cer, better: lower}")] | None
    ) = None
    rules: dict[
        str,
        Annotated[
            RuleSetting,
            _alone("severity", "off, a severity, or {severity: info, limits: {NAME: 15%}}"),
        ],
    ] = Field(default_factory=dict)
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
    document = document_of(text_of(path, FormatError), path, FormatError)
    raw = document.value or {}
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
    lines = yaml12.parse(text_of(path, FormatError), file=str(path)).lines
    by_id = {rule.id: rule for rule in rules}
    for place, text in _unknown_names(settings, by_id):
        raise FormatError(text, file=str(path), line=lines.get(place))


def _unknown_names(settings: Settings, by_id: Mapping[str, Rule]) -> Iterator[tuple[str, str]]:
    for name, setting in settings.rules.items():
        if name not in by_id:
            yield f"rules.{name}", unknown_rule(name, by_id)
            continue
        yield from _wrong_limits(name, setting.limits, by_id[name].limits)
    for index, item in enumerate(settings.suppress):
        if item.rule not in by_id:
            yield f"suppress.{index}.rule", unknown_rule(item.rule, by_id)


def _wrong_limits(
    rule: str, given: Mapping[str, Limit], own: Mapping[str, Limit]
) -> Iterator[tuple[str, str]]:
    """The given limits that the rule lacks, or that it gives in another unit."""
    for name, limit in given.items():
        place = f"rules.{rule}.limits.{name}"
        if not own:
            yield place, f"{rule} has no limits that can be changed; leave out limits:"
        elif name not in own:
            yield place, unknown(f"limit of {rule}", name, own)
        elif _kind(limit) != _kind(own[name]):
            said = f"{rule}: {name} is {_kind(own[name])}, such as {own[name].text}"
            yield place, f"{said}, and not {_kind(limit)}"


def _kind(limit: Limit) -> str:
    if limit.fact or limit.signal:
        return "a multiple of a fact or a signal"
    return {"": "a bare number", "%": "a share in %"}.get(
        limit.unit, f"a number of '{limit.unit}'"
    )


def suppressed(
    finding: Finding, runs: Sequence[Run], suppressions: Iterable[Suppression]
) -> Suppressed | None:
    """The record of a finding that the settings suppress; None where they do not."""
    for item in suppressions:
        if item.covers(finding, runs):
            return Suppressed(finding, item.reason, item.until.isoformat(), item.line)
    return None
