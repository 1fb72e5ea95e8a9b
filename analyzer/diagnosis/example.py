"""The examples that stand in a rule file: a run in a few words, and what has to come of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from analyzer.diagnosis.grammar import Model, known
from analyzer.diagnosis.vocabulary import check_series
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
        known("event", self.kind, EVENTS)
        return self


class Expects(Model):
    """What has to come of an example; what is left out is not looked at.

    ``fixes`` are new values by config key, ``unjudged`` is a part of the reason why the rule
    could not be judged.
    """

    fires: bool
    severity: Severity | None = None
    message: str | None = None
    causes: dict[str, CauseVerdict] = Field(default_factory=dict)
    fixes: dict[str, Any] = Field(default_factory=dict)
    unjudged: str | None = None


class RunText(Model):
    """A run in a few words.

    ``run`` holds curves by epoch, ``steps`` curves with a point every ``step_every`` steps. From
    the epochs in ``resumed`` on the run had been resumed.
    """

    name: str
    run: dict[str, Curve] = Field(default_factory=dict)
    steps: dict[str, Curve] = Field(default_factory=dict)
    step_every: int = Field(default=10, gt=0)
    resumed: tuple[int, ...] = ()
    config: dict[str, Any] = Field(default_factory=dict)
    facts: dict[str, Any] = Field(default_factory=dict)
    events: tuple[EventExample, ...] = ()
    samples: dict[str, int] = Field(default_factory=dict)
    checkpoints: tuple[FileExample, ...] = ()
    best_checkpoint: BestExample | None = None
    status: Status = Status.FINISHED
    planned_epochs: int | None = None
    planned_steps: int | None = None
    unreadable: str | None = None

    @model_validator(mode="after")
    def _known_names(self) -> RunText:
        for name in (*self.run, *self.steps):
            check_series(name)
        for name in self.facts:
            known("fact", name, FACTS)
        return self


class Example(RunText):
    """A run in a few words, and what the rule has to say of it."""

    expects: Expects
