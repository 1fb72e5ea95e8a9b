"""What the numbers of a printed line mean, judged once for all lines of the same shape.

A shape is a line without its numbers. People print a line a thousand times in the same shape, so
it may be looked at closely: which number counts epochs, which steps, which are values, of what.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from analyzer.reading.console.names import OF, Pair, pairs_of, values_of
from analyzer.reading.console.wordings import section_of, translated
from analyzer.reading.names import Split

NUMBER = re.compile(
    rb"((?=[-+.\dnNiI])(?:(?<=[Ee]poch)|(?<=[Ee]poch[_-])|(?<=EPOCH)|(?<![A-Za-z0-9_.@]))"
    rb"(?:(?<![\w)\]])[-+])?"
    rb"(?:\d{1,3}(?:,\d{3})+(?![\d.])|\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?"
    rb"|(?:nan|NaN|NAN|inf|Inf|INF|[Ii]nfinity)(?![A-Za-z0-9_]))(?![\d]))"
)
"""Splits a line into texts and numbers; digits inside words (``conv2``, ``F1``) are text."""


_EPOCH = re.compile(
    r"(?:^|current_|[^a-z/_])(?:epoch|ep)(?:\s*(?:no\.?|num|number|idx|index|step))?(?:\((?:train|val|test)\))?"
    r"['\"]?\s*\]?[\s:=\[(#>_'\"-]*$",
    re.IGNORECASE,
)
_NO_EPOCH = re.compile(
    r"(?:total|max|num|number of|nb|\bn|warm-?up|best|start|resum\w*|last|per|each|every|end|until"
    r"|load\w*|sav\w*|stop\w*|restor\w*|lowest|highest|improve\w*|from|swa|decay|model)"
    r"[\s_:.(-]*(?:\w+ ){0,2}(?:at |in |from |of )?\(?(?:epoch|ep)\b[^a-z]*$",
    re.IGNORECASE,
)
_STEP = re.compile(
    r"(?:^|[^a-z/_])(?:global[ _]?step|step|iter|iteration|batch|update|num_updates|minibatch"
    r"|iters|episode|it(?=\s*[:=]))['\"]?\s*\]?[\s:=\[(#>_'\"-]*$",
    re.IGNORECASE,
)
_GLOBAL = re.compile(r"\bglobal[ _]?step['\"]?[\s:=]*$", re.IGNORECASE)
_NO_STEP = re.compile(
    r"(?:total|max|num|number of|warm-?up|best|start|resum\w*|last|per|each|every|until|from"
    r"|load\w*|sav\w*|stop\w*|restor\w*|at)[\s_:.(-]*(?:\w+ )?"
    r"(?:step|iter|iteration|batch|update)\b[^a-z]*$",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"\s*[\])]?[\s,:|;-]*[\[(]\s*$")
_LEADING = re.compile(r"\W*\[\s*$")
_KERAS = re.compile(r" *(?:━|\[[=>.]*\]|- *$)")
_FINAL = re.compile(
    r"\bbest\b|\bfinal|\boverall\b(?! *[a-z0-9_]+ *[:=])|improve|early.?stop|patience"
    r"|sav(?:ed|ing)|restor|resum|\bload|±|\+/-|\bexpected\b|\bthreshold\b|cross[- ]valid"
    r"|all folds",
    re.IGNORECASE,
)
_SUMMARY = re.compile(r"train_runtime|total_flos|\bFLOPs\b", re.IGNORECASE)

_BEHIND = re.compile(r"\s\[\s*$")
_CLOSED = re.compile(r"\s*\]\s*$")
_HEADED = re.compile(r"\W*(?:dev|val\w*|test\w*|train\w*|eval\w*)\s*:(?!.*:)", re.IGNORECASE)
_INDEX = re.compile(r"\]\s+[A-Za-z][\w-]*[:=]\s*$|\]\s+\w+'s [\w ]+:\s*$")


class Shape(NamedTuple):
    """Which numbers of a line say what. ``progress``: the line is a state of a bar.

    ``section``: a line such as ``Validating epoch 3`` says what the lines below it are about.
    """

    epoch: int | None = None
    epochs: int | None = None
    step: int | None = None
    steps: int | None = None
    pairs: tuple[Pair, ...] = ()
    progress: bool = False
    section: Split | None = None

    @property
    def placed(self) -> bool:
        """Whether the line itself says where it stands."""
        return self.epoch is not None or self.step is not None


NOTHING = Shape()


def shape_of(pieces: Sequence[bytes], section: Split | None = None) -> Shape:
    """What the numbers between ``pieces`` mean; ``section`` is what the lines above are about."""
    texts = [translated(piece.decode("utf-8", "replace")) for piece in pieces]
    whole = "#".join(texts)
    if _SUMMARY.search(whole):
        return NOTHING
    shape, used = _position(texts)
    values = values_of(texts, used, section, any_step=shape.step is not None)
    alone = len(texts) == 2 and not texts[1].strip()
    bare = shape.placed or alone or _HEADED.match(texts[0]) is not None
    pairs = pairs_of(values, placed=shape.placed, bare=bare, section=section)
    if shape.steps == 1 and shape.epoch is None and _validated(pairs) and not shape.progress:
        shape = Shape(shape.step, shape.steps)  # [3/50] before both losses counts epochs
    if not shape.placed and _FINAL.search(whole):
        pairs = ()
    about = section_of(" ".join(texts).encode()) if shape.epoch is not None and not pairs else None
    return shape._replace(pairs=pairs, section=about)


def _position(texts: list[str]) -> tuple[Shape, set[int]]:
    """The counters of a line, and the numbers that are no values because of them."""
    found: dict[str, int] = {}
    used: set[int] = set()
    progress = False
    for at in range(len(texts) - 1):
        if at in used:
            continue
        total = _has_total(texts, at)
        kind = _kind(texts, at, found, follows=at - 1 in used, total=total)
        if not kind:
            continue
        used |= {at, at + 1} if total else {at}
        progress |= kind == "bar"
        kind = "step" if kind == "bar" else kind
        if kind == "other":
            continue
        found[kind] = at
        if total:
            found[kind + "s"] = at + 1
        else:
            found.pop(kind + "s", None)
    get = found.get
    return Shape(get("epoch"), get("epochs"), get("step"), get("steps"), (), progress), used


def _has_total(texts: list[str], at: int) -> bool:
    return at + 2 < len(texts) and OF.match(texts[at + 1]) is not None


def _kind(texts: list[str], at: int, found: dict[str, int], *, follows: bool, total: bool) -> str:
    """What a number counts: epochs, steps, those of a bar, something else; empty for a value."""
    before = texts[at]
    if _EPOCH.search(before) and "epoch" not in found:
        return "other" if _NO_EPOCH.search(before) else "epoch"
    if _GLOBAL.search(before):
        return "step"
    if _STEP.search(before) and "step" not in found:
        return "other" if _NO_STEP.search(before) else "step"
    if not total:
        return _bare_kind(texts, at, found)
    if "━" in before:
        return "bar"
    if follows and "epoch" in found and "step" not in found and _BRACKET.match(before):
        return "step"
    if at > 0:
        last = at + 3 == len(texts) and _CLOSED.match(texts[-1]) and _BEHIND.search(before)
        return "step" if last and "step" not in found else ""
    if _KERAS.match(texts[2]) and (not before.strip() or _LEADING.match(before)):
        return "bar"
    if not _LEADING.match(before):
        return ""
    two = len(texts) > 4 and _BRACKET.match(texts[2]) and _has_total(texts, 2)
    return "epoch" if two else "step"


def _bare_kind(texts: list[str], at: int, found: dict[str, int]) -> str:
    """The same of a number in brackets without a total: ``[7] loss: 2``, ``[1, 200] loss: 2``."""
    if at == 0 and _LEADING.match(texts[0]):
        if _INDEX.match(texts[1]):
            return "step"
        two = len(texts) > 2 and texts[1].strip() == "," and _INDEX.match(texts[2])
        return "epoch" if two else ""
    second = at == 1 and found == {"epoch": 0} and texts[1].strip() == ","
    return "step" if second and _INDEX.match(texts[2]) else ""


def _validated(pairs: tuple[Pair, ...]) -> bool:
    return any(pair.said and pair.series.startswith("val_") for pair in pairs)
