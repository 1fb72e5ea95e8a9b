"""What the values of a printed line are called, and which series they are."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from analyzer.reading.console.wordings import JUDGED, KNOWN, NO_CURVE, SPLITS
from analyzer.reading.names import Split, plain

OF = re.compile(r"\s*(?:/|of|(?:[a-z]{1,20} )?out of)\s*$", re.IGNORECASE)
"""What stands between a count and its total."""
_SPLIT_WORD = re.compile(r"[a-z]+")
_WORDS = re.compile(r"[A-Z]+\d*(?![a-z])|[A-Z]?[a-z]+\d*|\d+")
_TOKENS = re.compile(r"[a-z]+\d*")
_SEGMENT = re.compile(r"[,;|\t{}<>•·→]|\s[-–—]+\s|\s{2,}|[\])](?=\s*\S)|[.!](?=\s|$)")
_ASSIGNED = re.compile(r"[:=]\s*['\"\[(]*(?:tensor\(|array\(|(?:np|numpy)\.float\d+\()?\s*$")
_TAIL = re.compile(r"(?:[\s:='\"\[(]|tensor\(|array\(|(?:np|numpy)\.float\d+\()+$")
_PARENTHESES = re.compile(r"\s*\(\s*(\w[\w @.:-]{0,16})\s*\)")
_UNIT = re.compile(r"^(?:%|[A-Za-z/]+(?=[\s,;|)\]]|$))")
"""What stands behind the number before."""
_NAME = re.compile(r"[\w@./ -]+")
_OF_BATCH = re.compile(r"^(?:mini-?)?batch[ _](?=loss|acc)", re.IGNORECASE)
_BAR = re.compile(r"\s*%\s*\|")
_EXCEPTION = re.compile(r"[A-Za-z](?:Error|Exception|Warning)$")
LONGEST_NAME = 60
MANY_NAMES = 3
"""So many values with a name at an epoch or step are of a training, whatever they are called."""
_MEASURE = re.compile(r" ?(?:s|secs?|seconds|ms|mins?|minutes|h|hours|[MG]i?B?)\b")
MEASURED = frozenset({"data_time", "step_time", "epoch_time", "grad_norm", "learning_rate"})


class Pair(NamedTuple):
    """A value of a line: number ``at`` is of ``series``.

    ``said`` is true where the line says of which data it is; ``of`` is the number that it must be
    divided by (9812 of 10000).
    """

    series: str
    at: int
    percent: bool = False
    said: bool = True
    of: int | None = None


class Value(NamedTuple):
    """A number of a line that has a name; ``assigned`` by a sign between them."""

    name: str
    at: int
    assigned: bool
    split: Split | None
    percent: bool
    of: int | None


def values_of(
    texts: list[str], used: set[int], section: Split | None, *, any_step: bool
) -> list[Value]:
    """The named numbers of a line. A split holds for what follows, as does a metric before splits.

    That is: ``Val: loss 0.5, acc 0.6``, and ``Loss: train 0.5, val 0.6``.
    """
    values: list[Value] = []
    split, metric, in_name = section, "", False
    for at in range(len(texts) - 1):
        before, after = texts[at], texts[at + 1]
        told = _last_split(before)
        if told:
            split, in_name = told, False
        if at in used or (at and OF.match(before)):
            continue
        name, announced, assigned = _name(before, first=at == 0)
        if name and _only_split(name):
            metric = announced or metric
            name, assigned = f"{name} {metric or 'score'}", assigned or bool(metric)
        elif name:
            metric = ""
            in_name |= told is not None and _last_split(name) is not None
        if not name or len(name) > LONGEST_NAME or (name.endswith("score") and _BAR.match(after)):
            continue
        if name.lower() in ("time", "epoch time", "duration", "took", "epoch_time"):
            seconds = re.match(r"\s*s(?:ec\w*)?\b", after) and not any_step
            name = "epoch_time" if seconds else ""
        elif _MEASURE.match(after) and plain(name).series not in MEASURED:
            name = ""
        judged = _known(name) in JUDGED or name.lower() in JUDGED
        holds = not (judged and in_name and split == "train" and not told)
        of = at + 1 if at + 2 < len(texts) and OF.match(after) else None
        percent = after.lstrip(" ").startswith("%")
        values.append(Value(name, at, assigned, split if holds else None, percent, of))
    return values


def _name(before: str, *, first: bool) -> tuple[str, str, bool]:
    """What the text before a number calls it.

    (its name, the name that stands before a name that only tells the split, whether ``:`` or ``=``
    stands before the number)
    """
    assigned = bool(_ASSIGNED.search(before))
    before = before.replace("avg.", "avg")
    text = _PARENTHESES.sub(
        lambda m: f" {m[1]}" if m[1].lower() in SPLITS else " ", _TAIL.sub("", before)
    )
    if not first:
        text = _UNIT.sub(" ", text)
    segment = _SEGMENT.split(text)[-1]
    parts = [part for part in re.split(r"\s*[:=]\s*", segment) if part.strip()]
    if not parts:
        return "", "", assigned
    announced = parts[-2] if len(parts) > 1 and _known(parts[-2]) else ""
    name = re.sub(r"^[^\w@]+|[^\w@%)]+$", "", parts[-1]).strip()
    words = name.split()
    if len(words) > 4:
        words = words[-3:]
    return " ".join(words), announced.strip(), assigned


def pairs_of(
    values: Sequence[Value], *, placed: bool, bare: bool, section: Split | None
) -> tuple[Pair, ...]:
    """The values that are curves. Where ``bare``, they need no sign between name and number."""
    names = {value.name.lower() for value in values}
    validated = not placed and any(_known(name) in JUDGED for name in names)
    pairs: dict[str, Pair] = {}
    sure = False
    for value in values:
        known, name = _understood(value.name, names)
        if placed and name.lower() == "total":
            known = name = "loss"
        if not known and not (placed and " " not in value.name) and not _is_rate(name):
            name = ""
        if not name or _no_curve(name):
            continue
        if not value.assigned and not _ends_known(value.name):
            continue
        if not bare and not (value.assigned or "@" in value.name):
            continue
        if value.of is not None and known not in ("acc", "accuracy", "correct", "top"):
            continue
        judged = validated or known in JUDGED or ("@" in value.name and not placed)
        split: Split | None = value.split or ("val" if judged else None)
        series = _series(name, known, split)
        sure |= bool(known) or (series == "learning_rate" and not placed)
        said = value.split is not None or _last_split(name) is not None
        pair = Pair(series, value.at, value.percent, said or section is not None, value.of)
        pairs.setdefault(series, pair)
    named = sum(value.assigned and bool(value.name) for value in values)
    if not sure and not (placed and min(named, len(pairs)) >= MANY_NAMES):
        return ()
    return tuple(pairs.values())


def _series(name: str, known: str, split: Split | None) -> str:
    name = name.lower() if known else name
    if known and _last_split(name) is None:
        name = f"{split or 'train'}/{name}"
    return plain(name, split or "train").series


def _understood(name: str, names: set[str]) -> tuple[str, str]:
    """(the known word in a name, the name in usual words); the word is empty where none is."""
    lower = name.lower()
    if lower in ("p", "r") and {"p", "r"} <= names:
        return lower, {"p": "precision", "r": "recall"}[lower]
    if lower.startswith("v_") and lower[2:] in names and _known(name):
        name = f"val_{name[2:]}"
    if lower.endswith("_step"):
        name = "" if f"{lower[:-5]}_epoch" in names else name[:-5]
    if lower.startswith("map"):
        name = re.sub(r"^map_range", "map5095", re.sub(r"^map(?:@0?\.5|_half)", "map50", lower))
    name = _OF_BATCH.sub("", name)
    if "loss" not in lower:
        name = re.sub(r"\b(?:cost|objective)\b", "loss", name, flags=re.IGNORECASE)
    top = re.fullmatch(r"(?:acc|prec|accuracy)@(\d+)", lower)
    if top:
        name = "accuracy" if top[1] == "1" else f"accuracy_top{top[1]}"
    return _known(name), name


def _known(name: str) -> str:
    """The last word of a name that tells of a loss or a metric."""
    words = [word.lower() for word in _WORDS.findall(name)] + _TOKENS.findall(name.lower())
    return next((known for word in reversed(words) if (known := _is_known(word))), "")


def _is_known(word: str) -> str:
    word = word.lower()
    bare = word.rstrip("0123456789")
    if word in KNOWN or bare in KNOWN:
        return word if word in KNOWN else bare
    return next((end for end in ("loss", "acc") if word.endswith(end) and len(word) > 4), "")


def _is_rate(name: str) -> bool:
    return plain(name).series == "learning_rate"


def _ends_known(name: str) -> bool:
    """Whether a name without a sign behind it ends in a word that may stand before a number."""
    words = name.split()
    plain_word = len(words) == 1 and len(name) <= 30
    return plain_word or bool(_known(words[-1])) or words[-1].lower() in ("lr", "rate", "norm")


def _no_curve(name: str) -> bool:
    words = {word.lower() for word in re.findall(r"[A-Za-z]+", name)}
    if plain(name).series in MEASURED:
        return False
    wrong = not _NAME.fullmatch(name) or name.endswith("/s") or _EXCEPTION.search(name)
    return bool(wrong) or not words or bool(words & NO_CURVE)


def _last_split(text: str) -> Split | None:
    found: Split | None = None
    for word in _SPLIT_WORD.findall(text.lower()):
        if word in SPLITS:
            found = "val" if SPLITS[word] == "val" else "train"
    return found


def _only_split(name: str) -> bool:
    words = _SPLIT_WORD.findall(name.lower())
    return bool(words) and all(word in SPLITS for word in words)
