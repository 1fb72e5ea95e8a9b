"""``log_history``: three kinds of records in one list, counted in steps and fractional epochs."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from analyzer.readers.huggingface.eventfiles import later_values
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import MAX_DOCUMENT, leaves
from analyzer.reading.names import higher_is_better, plain
from analyzer.reading.tables import Table
from analyzer.reading.text import line_ends, read_text
from analyzer.reading.values import number, whole_number
from analyzer.run import Note, Run

MAX_EPOCHS = 1_000_000
MAX_STEPS = 1e15
"""A stream without length is planned for 2^63 epochs."""

FEW_EPOCHS = 3
"""Below this a curve by epoch says nothing that the one by steps does not say better."""

FEW_EPOCHS_ALONE = 5
"""The same where nothing was evaluated: there is no other curve by epoch to go with."""

SHORT = 0.15
"""How far before its end an epoch may stop to count: leftover batches were dropped."""

NO_CURVE = re.compile(
    r"runtime$|_per_second$|_number$|samples$|total_flos$|num_input_tokens_seen$|jit_compilation"
    r"|model_preparation_time"
)
TRAIN = {"loss": "train_loss", "learning_rate": "learning_rate", "grad_norm": "grad_norm"}
REWARD = re.compile(r"(?:^|/)reward")


class Monitor(NamedTuple):
    """The series by which the best checkpoint was chosen, and its direction if it shows."""

    series: str
    higher: bool | None = None


@dataclass
class History:
    """The curves. ``epoch_at`` tells of a step, by the rows logged there, which epoch it ends."""

    tables: list[Table] = field(default_factory=list)
    by_epoch: bool = False
    planned_epochs: int | None = None
    epoch_at: dict[int, int] = field(default_factory=dict)
    monitor: Monitor | None = None


class _Row(NamedTuple):
    step: float
    epoch: float
    line: int
    values: list[tuple[str, float]]


def read_history(
    folder: Folder,
    file: str,
    state: Mapping[str, Any],
    notes: list[Note],
    events: Run | None = None,
) -> History:
    """The curves in the ``log_history`` of a state, and what ``events`` hold behind its end.

    They are by epoch where the evaluations stand at the ends of epochs, else by step, so that all
    are counted alike. The closing record of a training is a mean over all of it, and no point.
    """
    rows, evals = _rows(folder, file, state)
    if events is not None:
        _add_later(rows, evals, state, events)
    history = History(planned_epochs=_planned_epochs(state))
    ended = _ended_epochs(state, rows + evals)
    history.by_epoch = _by_epoch([row.epoch for row in evals], ended)
    train, val = Table("step", file), Table("step", file, repeats=True)
    if history.by_epoch:
        val = Table("epoch", file, repeats=True)
        history.epoch_at = {int(row.step): _epoch(row.epoch) for row in evals}
    for row in rows:
        inside = history.by_epoch and row.epoch - 1e-3 <= ended
        train.add(
            row.step, row.values, row.line, math.ceil(row.epoch - 1e-3) if inside else math.nan
        )
    for row in evals:
        x = _epoch(row.epoch) if history.by_epoch else row.step
        val.add(x, row.values, row.line)
    history.tables = [table for table in (train, val) if len(table)]
    history.monitor = _monitor(state, evals)
    _note_hidden_nan(rows, file, notes)
    return history


def _rows(folder: Folder, file: str, state: Mapping[str, Any]) -> tuple[list[_Row], list[_Row]]:
    """(rows of the training, rows of evaluations) without the closing record."""
    found = state.get("log_history")
    records = [record for record in found or () if isinstance(record, dict)]
    lines = _lines(folder, file, len(records))
    evals: list[_Row] = []
    rows: list[_Row] = []
    for line, record in zip(lines, records, strict=True):
        evaluated = any(str(key).startswith("eval_") for key in record)
        if not evaluated and ("train_runtime" in record or "total_flos" in record):
            continue
        row = _row(record, line, evaluated)
        if row is not None:
            (evals if evaluated else rows).append(row)
    return rows, evals


def _add_later(rows: list[_Row], evals: list[_Row], state: Mapping[str, Any], events: Run) -> None:
    """Append what was logged after the state was saved."""
    step, epoch = number(state.get("global_step")), number(state.get("epoch"))
    both = [*rows, *evals]
    if not both or not step or not epoch or not 0 < epoch < MAX_EPOCHS:
        return
    last = max(step, *(row.step for row in both))
    line = max(row.line for row in both)
    for at, values in later_values(events, step / epoch, last).items():
        for own, evaluated in ((rows, False), (evals, True)):
            found = [(n, y) for n, y in values.items() if n.startswith("val_") == evaluated]
            if found:
                line += 1
                own.append(_Row(at, at * epoch / step, line, found))


def _lines(folder: Folder, file: str, count: int) -> Sequence[int]:
    """The line of each record: its ``step``, where each has one on a line of its own."""
    data = read_text(folder, file, [], limit=MAX_DOCUMENT) or b""
    places = [match.start() for match in re.finditer(rb'"step":', data)]
    if len(places) != count:
        return range(1, count + 1)
    lines = 1 + np.searchsorted(line_ends(data), places)
    return lines.tolist() if len(np.unique(lines)) == count else range(1, count + 1)


def _row(record: Mapping[str, Any], line: int, evaluated: bool) -> _Row | None:
    step, epoch = number(record.get("step")), number(record.get("epoch"))
    if step is None or not abs(step) < MAX_STEPS:
        return None
    values = []
    for own, value in record.items():
        if own not in ("step", "epoch") and not NO_CURVE.search(str(own)):
            values += [(_series(name, evaluated), y) for name, y in leaves(str(own), value)]
    whole = epoch is not None and math.isfinite(epoch) and abs(epoch) < MAX_EPOCHS
    return _Row(step, epoch if epoch is not None and whole else math.nan, line, values)


def _series(own: str, evaluated: bool) -> str:
    if not evaluated:
        return TRAIN.get(own) or plain(own, "train").series
    return plain(f"val/{own.removeprefix('eval_')}").series


def _planned_epochs(state: Mapping[str, Any]) -> int | None:
    """The epochs that were asked for; None where a number of steps was asked for instead.

    ``num_train_epochs`` is rounded up, so a training whose planned steps end well inside its last
    epoch was planned by steps.
    """
    planned = whole_number(state.get("num_train_epochs"))
    steps, step = number(state.get("max_steps")), number(state.get("global_step"))
    epoch = number(state.get("epoch"))
    if not planned or not 0 < planned < MAX_EPOCHS:
        return None
    if steps and step and epoch and steps > 0:
        short = planned - epoch / step * steps
        return planned if short < max(0.05, min(0.25, 0.05 * planned)) else None
    return planned


def _ended_epochs(state: Mapping[str, Any], rows: Iterable[_Row]) -> int:
    """How many epochs ended, by how far the training came."""
    reached = [row.epoch for row in rows if math.isfinite(row.epoch)]
    epoch = max([number(state.get("epoch")) or 0.0, *reached])
    steps, step = number(state.get("max_steps")), number(state.get("global_step"))
    if steps and step and step >= steps > 0 and _planned_epochs(state):
        return math.ceil(epoch - 1e-3) if math.isfinite(epoch) else 0
    return math.floor(epoch + 0.02) if math.isfinite(epoch) else 0


def _by_epoch(evals: Sequence[float], ended: int) -> bool:
    if not evals:
        return ended >= FEW_EPOCHS_ALONE
    if ended < FEW_EPOCHS or not all(math.isfinite(epoch) for epoch in evals):
        return False
    whole = [_epoch(epoch) for epoch in evals]
    near = all(n > 0 and n - epoch <= SHORT for n, epoch in zip(whole, evals, strict=True))
    apart = len(set(whole)) == len({round(epoch, 2) for epoch in evals})
    return near and apart


def _epoch(epoch: float) -> int:
    """The epoch that ended about here."""
    return math.ceil(epoch - 0.05)


def _monitor(state: Mapping[str, Any], evals: Sequence[_Row]) -> Monitor | None:
    """Which evaluated value is the ``best_metric`` of the state, at the step that was best."""
    best = number(state.get("best_metric"))
    if best is None or not evals:
        return None
    names = [
        name for row in evals for name, y in row.values if math.isclose(y, best, rel_tol=1e-9)
    ]
    for name in dict.fromkeys(names):
        y = [value for row in evals for own, value in row.values if own == name]
        up, down = best >= max(y), best <= min(y)
        if up or down:
            return Monitor(name, up if up != down else higher_is_better(name))
    return None


def _note_hidden_nan(rows: Sequence[_Row], file: str, notes: list[Note]) -> None:
    """By default the trainer logs no NaN: it leaves such losses out of its mean, often as 0."""
    if any(REWARD.search(name) for row in rows for name, _ in row.values):
        return
    losses = [(row, dict(row.values)) for row in rows]
    for row, values in losses:
        loss, norm = values.get("train_loss"), values.get("grad_norm")
        if loss == 0.0 or (norm is not None and math.isnan(norm)):
            what = "the loss is exactly 0" if loss == 0.0 else "the gradient norm is NaN"
            text = (
                f"{what} at step {row.step:g}: unless logging_nan_inf_filter was switched off, "
                "the trainer hides NaN losses, and this is what is left of them"
            )
            notes.append(Note(text, file, row.line))
            return
