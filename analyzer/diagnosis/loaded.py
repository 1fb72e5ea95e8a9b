"""Whether pretrained weights arrived in the model, by what frameworks log of it."""

from __future__ import annotations

import re

from analyzer.diagnosis.outcome import Outcome
from analyzer.finding import FileEvidence
from analyzer.run import LogEvent, Run

LEAST = 0.5
"""A backbone of the same kind brings at least this share of a detector's tensors."""

_SHARE = re.compile(r"(\d{1,9})(?:/| of )(\d{1,9}) (?:items|tensors)")
_MISSING = re.compile(r"missing keys in source state_dict: |newly initialized: \W*")
_FIRST = re.compile(
    r"(?:(?:module|model|backbone|encoder|bert|roberta)\.)*"
    r"(?:conv1|bn1|layer1|stem|patch_embed|embeddings)\."
)
"""How the first layers are called, which every weight file of such a model holds."""

_SHAPE = "shape of model params"
MOST_SHAPES = 10
"""Heads of another size are a few tensors; so many of another shape are another model."""


def barely_loaded(run: Run) -> Outcome:
    """The log says that less than half was loaded, that first layers are missing, or that many
    tensors have another shape.
    """
    lines = [event for event in run.events if event.kind == "weights"]
    if not lines:
        return Outcome(False, "the log does not say how much of a weight file was loaded")
    shapes = [event for event in lines if _SHAPE in event.text]
    for event in lines if len(shapes) < MOST_SHAPES else shapes:
        if _is_bare(event) or len(shapes) >= MOST_SHAPES:
            text = f"{event.file}:{event.line}: {event.text}"
            values = {"line": event.line, "file": event.file, "text": event.text}
            evidence = (FileEvidence(event.file, event.line, event.text),)
            return Outcome(True, text, 0.9, evidence, values)
    return Outcome(False, f"{lines[0].file}:{lines[0].line}: {lines[0].text}")


def _is_bare(event: LogEvent) -> bool:
    share = _SHARE.search(event.text)
    if share is not None:
        return int(share[1]) < LEAST * int(share[2])
    missing = _MISSING.search(event.text)
    return missing is not None and _FIRST.match(event.text, missing.end()) is not None
