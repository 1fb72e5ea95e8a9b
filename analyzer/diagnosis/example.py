"""The examples that stand in a rule file: a run in a few words, and what has to come of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from analyzer.diagnosis.grammar import Model, Text, check_value, known, known_series
from analyzer.diagnosis.window import EVENTS
from analyzer.facts import FACTS
from analyzer.finding import CauseVerdict, Severity
from analyzer.run import Status


def _as_text(raw: Any) -> Any:
    return str(raw) if isinstance(raw, int | float) else raw


Curve = Annotated[str, BeforeValidator(_as_text)]
"""A curve in the notation of ``notation``; a single value may stand as a plain number."""


class BestExample(Model):
    """The best checkpoint of an example."""

    epoch: int
    file: str = "checkpoints/best.pth"
    source: Literal["link", "index", "log", "bytes", "time"] = "index"
    confidence: float = Field(default=1.0, gt=0, le=1)


class FileExample(Model):
    """A weight file of an example."""

    file: str
    epoch: int | None = None
    exists: bool = True


class EventExample(Model):
    """A log event of an example."""

    kind: str
    text: str = ""
    epoch: int | None = None

    @model_validator(mode="after")
    def _known_kind(self) -> EventExample:
        known("event", self.kind, EVENTS, "kind")
        return self


class DatasetExample(Model):
    """A data set: a sound one with so many images, and what is changed about it.

    ``files`` gives files another content by path; null deletes the file or folder. Of an image the
    content may be ``160x120`` (another picture of this size), ``copy of PATH``, ``resaved PATH``
    (the same picture, saved anew), ``orientation 6`` (an EXIF note) or ``first half`` (the rest
    of the file is cut off); else it is the text in the file. ``latin`` are files in Latin-1,
    ``unreadable`` those that are too large to be a text.
    ``rename`` gives files or folders another name.
    """

    train: int = Field(default=3, ge=0, le=200)
    test: int = Field(default=2, ge=0, le=200)
    files: dict[str, str | None] = Field(default_factory=dict)
    latin: tuple[str, ...] = ()
    unreadable: tuple[str, ...] = ()
    rename: dict[str, str] = Field(default_factory=dict)


class Expects(Model):
    """What has to come of an example; what is left out is not looked at.

    ``fixes`` are new values by config key, ``unjudged`` is a part of the reason why the rule
    could not be judged. ``runs`` are those of several that the finding has to name.
    """

    fires: bool
    severity: Severity | None = None
    message: str | None = None
    causes: dict[str, CauseVerdict] = Field(default_factory=dict)
    fixes: dict[str, Any] = Field(default_factory=dict)
    unjudged: str | None = None
    runs: tuple[str, ...] | None = None


class RunBody(Model):
    """A run in a few words, but for its name.

    ``run`` holds curves by epoch, ``steps`` curves with a point every ``step_every`` steps. From
    the epochs in ``resumed`` on the run had been resumed. ``clashes`` say in words where two of
    its files contradict each other about a setting.
    """

    run: dict[str, Curve] = Field(default_factory=dict)
    steps: dict[str, Curve] = Field(default_factory=dict)
    step_every: int = Field(default=10, gt=0)
    resumed: tuple[int, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    events: tuple[EventExample, ...] = ()
    environment: dict[str, Any] = Field(default_factory=dict)
    samples: dict[str, int] = Field(default_factory=dict)
    checkpoints: tuple[FileExample, ...] = ()
    best_checkpoint: BestExample | None = None
    status: Status = Status.FINISHED
    planned_epochs: int | None = None
    planned_steps: int | None = None
    clashes: tuple[str, ...] = ()
    unreadable: str | None = None
    dataset: DatasetExample | None = None

    @model_validator(mode="after")
    def _known_names(self) -> RunBody:
        for key in ("run", "steps"):
            for name in getattr(self, key):
                known_series(name, key, name)
        for name, value in self.facts.items():
            known("fact", name, FACTS, "facts", name)
            if value is not None:
                check_value(name, value, "facts", name)
        return self


class RunText(RunBody):
    """A run in a few words."""

    name: Text


def _shared(raw: Any) -> Any:
    """An example whose ``runs`` have all that stands beside them, where they say nothing else."""
    if not isinstance(raw, Mapping) or not isinstance(raw.get("runs"), Mapping):
        return raw
    beside = {key: raw[key] for key in RunBody.model_fields if key in raw}
    runs = {name: _over(beside, own) for name, own in raw["runs"].items()}
    return {**raw, "runs": runs}


def _over(beside: Mapping[str, Any], own: Any) -> Any:
    if not isinstance(own, Mapping):
        return beside if own is None else own
    both = {key for key in own if isinstance(own[key], Mapping) and key in beside}
    return {**beside, **own, **{key: {**beside[key], **own[key]} for key in both}}


class Example(RunText):
    """A run in a few words, or several of them, and what the rule has to say of it."""

    runs: dict[str, RunBody] = Field(default_factory=dict)
    expects: Expects

    @model_validator(mode="before")
    @classmethod
    def _runs_share(cls, raw: Any) -> Any:
        return _shared(raw)

    @property
    def texts(self) -> tuple[RunText, ...]:
        """The runs one by one: those under ``runs`` under their names, else itself."""
        if not self.runs:
            return (self,)
        return tuple(RunText(name=name, **dict(body)) for name, body in self.runs.items())
