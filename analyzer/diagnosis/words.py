"""Rules in words: conditions as sentences, limits, fixes, for people who read about a rule."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from analyzer.data import PROBLEMS
from analyzer.diagnosis.condition import sized
from analyzer.diagnosis.grammar import Condition, Group, leaves
from analyzer.diagnosis.limit import Limit
from analyzer.diagnosis.message import render, show
from analyzer.diagnosis.rule import Change, FixText
from analyzer.diagnosis.runchecks import EVERY_CHECK
from analyzer.diagnosis.vocabulary import EACH, FINEST, label
from analyzer.facts import FACTS
from analyzer.signals import SIGNALS

_GROUPS = {"all": "all of these:", "any": "any of these:", "none": "none of these:"}


def tree(when: Group | Condition, indent: str = "") -> Iterator[str]:
    """One line for each condition, groups indented."""
    if isinstance(when, Condition):
        yield f"{indent}- {condition(when)}"
        return
    yield f"{indent}- {_GROUPS[when.kind]}"
    for item in when.items:
        yield from tree(item, indent + "  ")


def condition(one: Condition) -> str:
    """A condition as a sentence: ``fall from start to end of training loss below 2 %``."""
    if one.event is not None:
        words = [one.matches] if isinstance(one.matches, str) else one.matches or []
        such = f" with {' or '.join(map(repr, words))}" if words else ""
        return f"the log has a line of the kind '{one.event}'{such}"
    if one.problem is not None:
        return f"there are {' or '.join(PROBLEMS[kind] for kind in one.problems)}"
    if one.check is not None:
        return EVERY_CHECK[one.check].says
    if one.fact is not None:
        if one.is_ is None:
            return f"{FACTS[one.fact].says} {_limits(one)}"
        wanted = one.is_ if isinstance(one.is_, list) else [one.is_]
        return f"{FACTS[one.fact].says}: {' or '.join(map(show, wanted))}"
    against = f" against {series(one.vs)}" if one.vs else ""
    over = f" {one.over.words}" if one.over else ""
    given = ", ".join(f"{name} {value:g}" for name, value in one.params.items())
    text = f"{SIGNALS[one.signal or ''].says} of {series(one.of or '')}{against}{over}"
    return f"{text}{f' ({given})' if given else ''} {_limits(one)}"


PLAIN = ("points", "best", "first", "nonfinite", "zeros")
"""Signals whose names say all that there is to say."""


def meanings(whens: Iterable[Group | Condition]) -> Iterator[str]:
    """What the signals of some conditions are, a line each, and the noise where it is a unit."""
    used = [leaf for when in whens for leaf in leaves(when)]
    limits = [one for leaf in used for one in (leaf.above, leaf.below) if one is not None]
    names = [leaf.signal for leaf in used] + [one.signal for one in limits]
    for name in dict.fromkeys(name for name in names if name and name not in PLAIN):
        text = (SIGNALS[name].function.__doc__ or "").split("\n\n")[0]
        yield f"{SIGNALS[name].says}: {_inside(' '.join(text.split()))}"
    if any(one.unit == "noise" for one in limits):
        yield "the noise: the standard deviation of one point about the trend."
    if any(one.unit == "sampling" for one in limits):
        yield "sampling error: sqrt(p (1 - p) / n) of a rate p measured on n samples."


def _inside(text: str) -> str:
    return text[:1].lower() + text[1:]


def series(name: str) -> str:
    """What a series is called; ``each`` is the one that a loop looks at."""
    if name.removesuffix(FINEST) == EACH:
        return "each of them"
    return label(name) + (" by step if logged" if name.endswith(FINEST) else "")


def _limits(one: Condition) -> str:
    if one.above is not None:
        return f"above {limit(one.above)}"
    return f"below {limit(one.below)}" if one.below is not None else ""


def limit(one: Limit) -> str:
    """A limit: ``2 %``, ``3 noise``, ``2 times swing about the trend``."""
    if one.fact is None and one.signal is None:
        return sized(show(one.value), one.unit)
    what = FACTS[one.fact].says if one.fact else SIGNALS[one.signal or ""].says
    of = f" of {series(one.of)}" if one.of else ""
    over = f" {one.over.words}" if one.over else ""
    return f"{'' if one.value == 1 else f'{one.value:g} times '}{what}{of}{over}"


def fix(one: FixText) -> str:
    """A fix: what is set, or what to do, or both."""
    advice = render(one.do or "", lambda _: None, unknown="<{}>")
    if one.set is None:
        return advice
    parts = [f"{key}: {_change(change)}" for key, change in one.set.items()]
    text = f"set {', '.join(parts)}{' (safe)' if one.safe else ''}"
    return f"{text}; without such settings: {advice}" if advice else text


def _change(change: object) -> str:
    if not isinstance(change, Change):
        return show(change)
    if change.fact is not None:
        return FACTS[change.fact].says
    if change.times is not None:
        return f"times {change.times:g}"
    return f"at least {change.at_least:g}" if change.at_least else f"at most {change.at_most:g}"
