"""Whether pretrained weights arrived in the model, by what frameworks log of it."""

from __future__ import annotations

import re

from analyzer.diagnosis.outcome import Outcome
from analyzer.finding import FileEvidence
from analyzer.run import LogEvent, Run

LEAST = 0.5
"""A backbone of the same kind brings at least this share of a detector's tensors."""

_SHARE = re.compile(r"(\d{1,9})(?:/| of )(\d{1,9}) (?:items|tensors)")
_MISSING = re.compile(r"missing keys in source state_dict: |newly initialized: |of model params ")
_FIRST_LAYERS = re.compile(
    r"(?<![\w])(?:\w+\.)*(?:conv1|layer1|stem|patch_embed|word_embeddings|conv_first)\b"
)
"""Parts that every weight file of such a model holds; heads are new with good reason."""


def barely_loaded(run: Run) -> Outcome:
    """A line of the log says that less than half was loaded, or that first layers are missing."""
    lines = [event for event in run.events if event.kind == "weights"]
    if not lines:
        return Outcome(False, "the log does not say how much of a weight file was loaded")
    for event in lines:
        if _is_bare(event):
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
    return missing is not None and bool(_FIRST_LAYERS.search(event.text, missing.end()))
