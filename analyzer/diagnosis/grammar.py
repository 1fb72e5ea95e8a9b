"""The grammar of conditions: what a sentence in a rule file may look like."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
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

from analyzer.data import PROBLEMS
from analyzer.diagnosis.limit import Limit, parse_limit
from analyzer.diagnosis.runchecks import EVERY_CHECK
from analyzer.diagnosis.vocabulary import check_series, unknown
from analyzer.diagnosis.window import EVENTS, Window, parse_window
from analyzer.facts import FACTS
from analyzer.signals import PARAMETERS, SIGNALS

_NUMBER_OR_TEXT = {"anyOf": [{"type": "number"}, {"type": "string"}, {"type": "object"}]}
LimitField = Annotated[Limit, BeforeValidator(parse_limit), WithJsonSchema(_NUMBER_OR_TEXT)]
WindowField = Annotated[Window, BeforeValidator(parse_window), WithJsonSchema({"type": "string"})]


def wrong(text: str, *place: str) -> PydanticCustomError:
    """An error that is placed at a key below the value that is looked at."""
    # Braces in a message would be read as a template by pydantic.
    return PydanticCustomError("wrong", "{text}", {"text": text, "place": place})


def _filled(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be empty")
    return text


Text = Annotated[str, AfterValidator(_filled)]
"""A text with something in it."""


class Model(BaseModel):
    """A part of a file: unknown keys are errors with a suggestion, and so are missing ones."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
    GIVEN: ClassVar[tuple[str, ...]] = ()
    """Fields that do not come from the file."""

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, raw: Any) -> Any:
        if isinstance(raw, Mapping):
            fields = {n: field for n, field in cls.model_fields.items() if n not in cls.GIVEN}
            allowed = [field.alias or name for name, field in fields.items()]
            for key in raw:
                if key not in (*allowed, *cls.GIVEN):
                    raise wrong(unknown("key", key, allowed), str(key))
            needed = [name for name, field in fields.items() if field.is_required()]
            for name in needed:
                if name not in raw:
                    raise wrong(f"the key '{name}' is missing; needed are {', '.join(needed)}")
        return raw


class Condition(Model):
    """A sentence: ``signal of (vs) over`` or ``fact``, above or below a limit; or another kind.

    ``problem`` asks for one kind of problem of a data set, or for any of several.
    ``q``, ``z``, ``times`` and ``within`` are parameters of signals. ``matches`` asks for an event
    whose line holds this text, or one of these texts, in capitals or not.
    """

    KINDS: ClassVar[tuple[str, ...]] = ("signal", "fact", "event", "check", "problem")

    signal: str | None = None
    of: str | None = None
    vs: str | None = None
    over: WindowField | None = None
    fact: str | None = None
    event: str | None = None
    matches: str | list[str] | None = None
    check: str | None = None
    problem: str | tuple[str, ...] | None = None
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
            given = " and ".join(kinds) or "none"
            kinds_ = ", ".join(self.KINDS)
            raise ValueError(f"a condition has exactly one of {kinds_}; here is {given}")
        {"signal": _check_signal, "fact": _check_fact}.get(kinds[0], _check_bare)(self)
        return self

    @property
    def name(self) -> str:
        """What the condition asks for: the name of its signal, fact, event or check."""
        return self.signal or self.fact or self.event or self.check or ", ".join(self.problems)

    @property
    def problems(self) -> tuple[str, ...]:
        """The kinds of problems that the condition asks for."""
        return (self.problem,) if isinstance(self.problem, str) else self.problem or ()

    @property
    def limits(self) -> dict[str, Limit]:
        """The limits that are given, by their side: ``above``, ``below``."""
        sides = {"above": self.above, "below": self.below}
        return {side: limit for side, limit in sides.items() if limit is not None}

    @property
    def params(self) -> dict[str, float]:
        """The parameters that are given to the signal."""
        given = ((name, getattr(self, name)) for name in PARAMETERS)
        return {name: value for name, value in given if value is not None}


def known(what: str, name: object, allowed: Collection[str], *place: str) -> None:
    """Raise an error at ``place`` unless ``name`` is one of ``allowed``."""
    if name not in allowed:
        raise wrong(unknown(what, name, allowed), *place)


def known_series(name: object, *place: str) -> None:
    """Raise an error at ``place`` unless a rule may name this series."""
    try:
        check_series(name)
    except ValueError as error:
        raise wrong(str(error), *place) from None


def _check_signal(condition: Condition) -> None:
    known("signal", condition.signal, SIGNALS, "signal")
    signal = SIGNALS[condition.signal or ""]
    for key in ("of", "vs") if signal.pair else ("of",):
        if (name := getattr(condition, key)) is None:
            raise ValueError(f"{condition.signal} needs of:{' and vs:' if signal.pair else ''}")
        known_series(name, key)
    if condition.vs is not None and not signal.pair:
        raise wrong(f"{condition.signal} takes one series; leave out vs:", "vs")
    if condition.is_ is not None or (condition.above is None) == (condition.below is None):
        raise ValueError("a signal has one limit: above: or below:")
    if condition.matches is not None:
        raise wrong("matches: goes with event:", "matches")
    for side, limit in condition.limits.items():
        if signal.unit != "curve" and limit.unit in ("noise", "sampling"):
            text = f"{condition.signal} is not in the curve's unit: give a number or a share"
            raise wrong(text, side)
    _check_params(condition)


def _check_params(condition: Condition) -> None:
    allowed = SIGNALS[condition.signal or ""].params if condition.signal else {}
    for name, value in condition.params.items():
        if name not in allowed:
            takes = f"takes {', '.join(allowed)}" if allowed else "takes no parameter"
            raise wrong(f"{condition.name} {takes}; leave out {name}:", name)
        least, most = PARAMETERS[name]
        if not least <= value <= most:
            raise wrong(f"{value:g} is not between {least:g} and {most:g}", name)


def _check_fact(condition: Condition) -> None:
    name = condition.fact or ""
    known("fact", name, FACTS, "fact")
    _no_series(condition)
    if len(condition.limits) + (condition.is_ is not None) != 1:
        raise ValueError("a fact has one of above:, below: and is:")
    kind = FACTS[name].kind
    for side, limit in condition.limits.items():
        if kind != "number":
            raise wrong(f"{name} is {_KINDS[kind]}, which is not above or below; use is:", side)
        if limit.unit in ("noise", "sampling"):
            raise wrong(f"{name} is no curve: give a number", side)
    wanted = condition.is_ if isinstance(condition.is_, list) else [condition.is_]
    for value in wanted if condition.is_ is not None else ():
        check_value(name, value, "is")


_KINDS = {"number": "a number", "text": "a text", "yes/no": "true or false"}


def check_value(fact: str, value: object, *place: str) -> None:
    """Raise an error at ``place`` unless the fact can have this value."""
    kind = FACTS[fact].kind
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    fits = {"number": is_number, "text": isinstance(value, str), "yes/no": value in (True, False)}
    if not fits[kind] or (kind == "yes/no" and is_number):
        raise wrong(f"{fact} is {_KINDS[kind]}, never {value!r}", *place)


def _check_bare(condition: Condition) -> None:
    if condition.event is not None:
        known("event", condition.event, EVENTS, "event")
    elif condition.check is not None:
        known("check", condition.check, EVERY_CHECK, "check")
    for kind in condition.problems:
        known("problem", kind, PROBLEMS, "problem")
    _no_series(condition)
    if condition.limits or condition.is_ is not None:
        raise ValueError(f"{condition.name} happened or not; leave out the limit")


def _no_series(condition: Condition) -> None:
    for key in ("of", "vs", "over"):
        if getattr(condition, key) is not None:
            raise wrong(f"{condition.name} is of the whole run; leave out {key}:", key)
    if condition.matches is not None and condition.event is None:
        raise wrong("matches: goes with event:", "matches")
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
            raise wrong("a group needs at least one condition", self.kind)
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
    for _, leaf in placed(when):
        yield leaf


def placed(
    when: Group | Condition, place: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], Condition]]:
    """All conditions of a tree, each with its place below ``place``."""
    if isinstance(when, Condition):
        yield place, when
    else:
        for index, item in enumerate(when.items):
            yield from placed(item, (*place, when.kind, str(index)))
