"""The grammar of conditions: what a sentence in a rule file may look like."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from analyzer.diagnosis.limit import Limit, parse_limit
from analyzer.diagnosis.runchecks import EVERY_CHECK
from analyzer.diagnosis.vocabulary import check_series, unknown
from analyzer.diagnosis.window import EVENTS, Window, parse_window
from analyzer.facts import FACTS
from analyzer.signals import PARAMETERS, SIGNALS

_NUMBER_OR_TEXT = {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "object"}]}
LimitField = Annotated[Limit, BeforeValidator(parse_limit), WithJsonSchema(_NUMBER_OR_TEXT)]
WindowField = Annotated[Window, BeforeValidator(parse_window), WithJsonSchema({"type": "string"})]


def wrong(text: str, key: str) -> PydanticCustomError:
    """An error that is placed at ``key``, for what a whole rule gets wrong."""
    # Braces in a message would be read as a template by pydantic.
    return PydanticCustomError("wrong", "{text}", {"text": text, "key": key})


class Model(BaseModel):
    """A part of a rule file: a key it does not know is an error with a suggestion."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            allowed = [field.alias or name for name, field in cls.model_fields.items()]
            for key in raw:
                if key not in allowed:
                    raise wrong(unknown("key", key, allowed), str(key))
        return raw


class Condition(Model):
    """A sentence: ``signal of (vs) over`` or ``fact``, above or below a limit; or event, check.

    ``q``, ``z``, ``times`` and ``within`` are parameters of signals. ``matches`` asks for an event
    whose line holds this text, or one of these texts, in capitals or not.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("signal", "fact", "event", "check")

    signal: str | None = None
    of: str | None = None
    vs: str | None = None
    over: WindowField | None = None
    fact: str | None = None
    event: str | None = None
    matches: str | list[str] | None = None
    check: str | None = None
    q: float | None = None
    z: float | None = None
    times: float | None = None
    within: float | None = None
    above: LimitField | None = None
    below: LimitField | None = None
    is_: Any = Field(default=None, alias="is")

    @model_validator(mode="after")
    def _reads_as_a_sentence(self) -> Condition:
        kinds = [kind for kind in self.KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a condition has exactly one of {', '.join(self.KINDS)}")
        {"signal": _check_signal, "fact": _check_fact}.get(kinds[0], _check_bare)(self)
        return self

    @property
    def name(self) -> str:
        """What the condition asks for: the name of its signal, fact, event or check."""
        return self.signal or self.fact or self.event or self.check or ""

    @property
    def params(self) -> dict[str, float]:
        """The parameters that are given to the signal."""
        given = ((name, getattr(self, name)) for name in PARAMETERS)
        return {name: value for name, value in given if value is not None}


def known(what: str, name: object, allowed: Collection[str]) -> None:
    """Raise ValueError unless ``name`` is one of ``allowed``."""
    if name not in allowed:
        raise ValueError(unknown(what, name, allowed))


def _check_signal(condition: Condition) -> None:
    known("signal", condition.signal, SIGNALS)
    signal = SIGNALS[condition.signal or ""]
    for name in (condition.of, condition.vs) if signal.pair else (condition.of,):
        if name is None:
            raise ValueError(f"{condition.signal} needs of:{' and vs:' if signal.pair else ''}")
        check_series(name)
    if condition.vs is not None and not signal.pair:
        raise ValueError(f"{condition.signal} takes one series; leave out vs:")
    if condition.is_ is not None or (condition.above is None) == (condition.below is None):
        raise ValueError("a signal has one limit: above: or below:")
    if condition.matches is not None:
        raise ValueError("matches: goes with event:")
    limit = condition.above or condition.below
    if limit is not None and signal.unit != "curve" and limit.unit in ("noise", "sampling"):
        raise ValueError(
            f"{condition.signal} is not in the curve's unit: give a number or a share"
        )
    _check_params(condition)


def _check_params(condition: Condition) -> None:
    allowed = SIGNALS[condition.signal or ""].params if condition.signal else {}
    for name, value in condition.params.items():
        if name not in allowed:
            takes = f"takes {', '.join(allowed)}" if allowed else "takes no parameter"
            raise ValueError(f"{condition.name} {takes}; leave out {name}:")
        least, most = PARAMETERS[name]
        if not least <= value <= most:
            raise ValueError(f"{name}: {value:g} is not between {least:g} and {most:g}")


def _check_fact(condition: Condition) -> None:
    known("fact", condition.fact, FACTS)
    _no_series(condition)
    limits = [condition.above, condition.below, condition.is_]
    if sum(limit is not None for limit in limits) != 1:
        raise ValueError("a fact has one of above:, below: and is:")
    limit = condition.above or condition.below
    if limit is not None and (
        FACTS[condition.fact or ""].kind != "number" or limit.unit in ("noise", "sampling")
    ):
        raise ValueError(f"{condition.fact} cannot be above or below that; use is:")


def _check_bare(condition: Condition) -> None:
    if condition.event is not None:
        known("event", condition.event, EVENTS)
    else:
        known("check", condition.check, EVERY_CHECK)
    _no_series(condition)
    if any(x is not None for x in (condition.above, condition.below, condition.is_)):
        raise ValueError(f"{condition.name} happened or not; leave out the limit")


def _no_series(condition: Condition) -> None:
    if condition.of or condition.vs or condition.over:
        raise ValueError(f"{condition.name} is of the whole run; leave out of:, vs: and over:")
    if condition.matches is not None and condition.event is None:
        raise ValueError("matches: goes with event:")
    _check_params(condition)


class Group(Model):
    """Several conditions: all of them, any of them, or none of them."""

    all: tuple[When, ...] | None = None
    any: tuple[When, ...] | None = None
    none: tuple[When, ...] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Group:
        if sum(part is not None for part in (self.all, self.any, self.none)) != 1:
            raise ValueError("a group has exactly one of all, any, none")
        if not self.items:
            raise ValueError("a group needs at least one condition")
        return self

    @property
    def kind(self) -> Literal["all", "any", "none"]:
        """Which of the three it is."""
        return "all" if self.all is not None else "any" if self.any is not None else "none"

    @property
    def items(self) -> tuple[When, ...]:
        """The conditions, whichever kind."""
        return self.all or self.any or self.none or ()

    def with_items(self, items: tuple[Group | Condition, ...]) -> Group:
        """The same kind of group with other conditions."""
        return self.model_copy(update={self.kind: items})


def _shape(raw: Any) -> str:
    if isinstance(raw, Mapping):
        return "group" if raw.keys() & {"all", "any", "none"} else "condition"
    return "group" if isinstance(raw, Group) else "condition"


When = Annotated[
    Annotated[Group, Tag("group")] | Annotated[Condition, Tag("condition")], Discriminator(_shape)
]


def leaves(when: Group | Condition) -> Iterator[Condition]:
    """All conditions of a tree."""
    if isinstance(when, Condition):
        yield when
    else:
        for item in when.items:
            yield from leaves(item)
