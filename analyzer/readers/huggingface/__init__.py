"""Hugging Face Trainer (and TRL, which builds on it): ``trainer_state.json`` and what lies beside.

Every checkpoint folder holds the whole history up to its step, so the state with the highest step
is read, and a folder of several checkpoints is one run. ``training_args.bin`` is a pickle and is
never opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from analyzer.readers.huggingface.eventfiles import (
    event_folders,
    newest_events,
)
from analyzer.readers.huggingface.history import History, read_history
from analyzer.readers.huggingface.settings import RESULTS, sample_counts, settings
from analyzer.readers.huggingface.weights import (
    best_checkpoint,
    checkpoint_folders,
    saved_checkpoints,
    step_of,
)
from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import read_json
from analyzer.reading.names import higher_is_better
from analyzer.reading.values import number, whole_number
from analyzer.run import Note, Run, Status

FORMAT = "huggingface"
STATE = "trainer_state.json"

_STEP = re.compile(rb'"global_step":\s*(\d{1,15})')
_MARKS = (b'"log_history"', b'"global_step"', b'"best_model_checkpoint"')
TRIED = 20
"""So many of the newest checkpoints are looked into for a state that can be read."""


def claims(folder: Folder) -> Iterable[Claim]:
    """A folder with a state, or with checkpoints that hold one; else each renamed state alone."""
    kept = checkpoint_folders(folder)
    states = [f"{name}/{STATE}" for name in kept[:TRIED] if folder.has(f"{name}/{STATE}")]
    if folder.has(STATE) and _is_state(folder.head(STATE)):
        states.append(STATE)
    if states:
        newest = max(states, key=lambda name: (_step(folder, name), name == STATE))
        yield Claim(newest, folders=(*kept, *event_folders(folder)))
        return
    for name in folder.files:
        if name.endswith(".json") and ("trainer_state" in name or "log_history" in name):
            head = folder.head(name)
            if _is_state(head) or re.match(rb'\s*\[\s*\{[^{}]*"step":', head):
                beside = (f for f in (*RESULTS, "config.json") if folder.has(f))
                yield Claim(name, whole=False, files=tuple(beside))


def _is_state(head: bytes) -> bool:
    return head.lstrip().startswith(b"{") and any(mark in head for mark in _MARKS)


def _step(folder: Folder, state: str) -> int:
    found = _STEP.search(folder.head(state))
    return int(found[1]) if found else step_of(state)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    file, state = _state(folder, claim, parts.notes)
    events = newest_events(folder) if claim.whole else None
    history = read_history(folder, file, state, parts.notes, events)
    parts.tables = history.tables
    parts.config = settings(folder, file, state, parts.notes, events)
    parts.samples = sample_counts(folder, state, parts.notes)
    parts.planned_steps = whole_number(state.get("max_steps"))
    if history.by_epoch:
        parts.planned_epochs = history.planned_epochs
    _main_metric(parts, history)
    if claim.whole:
        parts.checkpoints = saved_checkpoints(folder, history)
        parts.best_checkpoint = best_checkpoint(state, history)
    _status(parts, state, file)
    return assemble(folder, claim, FORMAT, parts)


def _state(folder: Folder, claim: Claim, notes: list[Note]) -> tuple[str, dict[str, Any]]:
    """(file, content) of the newest state that can be read."""
    files = [claim.main]
    if claim.whole:
        files += [f"{name}/{STATE}" for name in checkpoint_folders(folder)[:TRIED]]
        files += [STATE]
    for file in dict.fromkeys(files):
        value = read_json(folder, file, notes) if folder.has(file) else None
        if isinstance(value, list):
            return file, {"log_history": value}
        if isinstance(value, dict) and isinstance(value.get("log_history"), list):
            return file, value
    return claim.main, {}


def _main_metric(parts: Parts, history: History) -> None:
    """The metric by which the best checkpoint was chosen, unless it is the loss."""
    if history.monitor is None or "loss" in history.monitor.series:
        return
    parts.main_metric = history.monitor.series
    parts.higher_is_better = (
        higher_is_better(history.monitor.series)
        if history.monitor.higher is None
        else history.monitor.higher
    )


def _status(parts: Parts, state: Mapping[str, Any], file: str) -> None:
    step, planned = whole_number(state.get("global_step")), whole_number(state.get("max_steps"))
    if not step or not planned or planned < 0:
        return
    told = f"{file} stands at step {step:,} of {planned:,}"
    patience, waited = _patience(state)
    if step >= planned:
        parts.status, parts.status_because = Status.FINISHED, told
    elif patience and waited >= patience:
        parts.status = Status.STOPPED_EARLY
        parts.status_because = f"{told}; {waited:g} evaluations without a better one"
    elif _told_to_stop(state):
        parts.status = Status.STOPPED_EARLY
        parts.status_because = f"{told}; a callback told the trainer to stop"


def _callback(state: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    callbacks = state.get("stateful_callbacks")
    found = callbacks.get(name) if isinstance(callbacks, dict) else None
    if isinstance(found, list):
        found = found[0] if found else None
    return found if isinstance(found, dict) else {}


def _patience(state: Mapping[str, Any]) -> tuple[float, float]:
    """(patience, evaluations waited) of the early stopping callback; 0 without one."""
    callback = _callback(state, "EarlyStoppingCallback")
    args, attributes = callback.get("args"), callback.get("attributes")
    patience = number(args.get("early_stopping_patience")) if isinstance(args, dict) else None
    waited = (
        number(attributes.get("early_stopping_patience_counter"))
        if isinstance(attributes, dict)
        else None
    )
    return patience or 0.0, waited or 0.0


def _told_to_stop(state: Mapping[str, Any]) -> bool:
    args = _callback(state, "TrainerControl").get("args")
    return isinstance(args, dict) and args.get("should_training_stop") is True
