"""From the printed lines of a console to tables by epoch and by step."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from analyzer.reading.console.places import (
    Places,
    Rows,
    base_of,
    count_batches,
    finest,
    known_values,
    last_states,
    loose_rows,
    own_rows,
    places_of,
    step_rows,
)
from analyzer.reading.console.printed import STATES, Chunk, Printed, order_of
from analyzer.reading.events import KILLED
from analyzer.reading.tables import Column, Table
from analyzer.run import Axis, FloatArray, IntArray, LogEvent

MOST_SERIES = 300
RESETS = frozenset({"fold", "started", "stopped", "ended"})
"""Behind these events a line without a place belongs to no epoch any more."""

_FOLD = re.compile(r"fold\W{0,3}(\d+)|第 ?(\d+) ?折", re.IGNORECASE)


@dataclass
class Arranged:
    """What a file says, in the terms of a run."""

    tables: list[Table] = field(default_factory=list)
    events: list[LogEvent] = field(default_factory=list)
    samples: dict[str, int] = field(default_factory=dict)
    planned_epochs: int | None = None
    planned_steps: int | None = None


def arrange(printed: Printed, file: str) -> Arranged:
    """Tables, plan and events of one file."""
    arranged = Arranged()
    chunks = [chunk for chunk in printed.chunks if len(chunk.line)]
    base = base_of(chunks)
    resets = [order_of(event.line) for event in printed.events if event.kind in RESETS]
    places = places_of(chunks, base, np.array(sorted(resets), dtype=np.int64))
    valued = [chunk for chunk in chunks if chunk.columns]
    count_batches(valued, places)
    _rename_implied(valued)
    steps = step_rows(valued, places, base)
    by_epoch = [*own_rows(valued, base), *last_states(valued, places, base)]
    loose, stray = loose_rows(valued, places, steps)
    by_epoch += loose
    steps += stray
    tables = (_table("epoch", file, by_epoch), _table("step", file, steps))
    arranged.tables = [table for table in tables if table is not None]
    arranged.events = _marked(arranged.tables, _fatal(printed.events, arranged.tables))
    arranged.planned_epochs, arranged.planned_steps = _plans(chunks, base, places)
    for chunk in valued:
        if chunk.totals and arranged.tables:
            most = max(chunk.totals.values())
            prefix = next(iter(chunk.totals)).partition("_")[0]
            arranged.samples[prefix] = max(arranged.samples.get(prefix, 0), int(most))
    return arranged


def _rename_implied(chunks: Sequence[Chunk]) -> None:
    """Call a value ``batch_*`` whose data are only implied where other lines name them in full."""
    for by_step in (False, True):
        here = [c for c in chunks if (c.step is not None and not c.progress) == by_step]
        placed = [c for c in here if c.epoch is not None or c.step is not None]
        lines = Counter(n for c in placed for n in c.said for _ in range(min(len(c.line), 2)))
        said = {name for name, count in lines.items() if count > 1}
        for chunk in here:
            for name in said & (chunk.columns.keys() - chunk.said):
                chunk.columns[f"batch_{name.partition('_')[2]}"] = chunk.columns.pop(name)


def _table(axis: Axis, file: str, rows: Sequence[Rows]) -> Table | None:
    rows = [part for part in rows if len(part.line) and part.columns]
    if not rows:
        return None
    line = np.concatenate([part.line for part in rows])
    x = np.concatenate([part.x for part in rows])
    epoch = np.concatenate([part.epoch for part in rows])
    order = np.argsort(line, kind="stable")
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    merged: dict[str, list[tuple[IntArray, Column]]] = {}
    offset = 0
    for part in rows:
        for name, column in part.columns.items():
            if name in merged or len(merged) < MOST_SERIES:
                merged.setdefault(name, []).append((place[column.rows + offset], column))
        offset += len(part.line)
    columns = {name: _joined(parts) for name, parts in merged.items()}
    table = Table(axis, file, repeats=_printed_twice(x[order], columns))
    own_epoch = epoch[order] if axis == "step" else None
    table.extend(x[order], columns, line[order] // STATES, own_epoch)
    return table


def _joined(parts: Sequence[tuple[IntArray, Column]]) -> Column:
    place = np.concatenate([place for place, _ in parts])
    y = np.concatenate([column.y for _, column in parts])
    order = np.argsort(place, kind="stable")
    return Column(place[order], y[order], finest(column for _, column in parts))


def _printed_twice(x: FloatArray, columns: dict[str, Column]) -> bool:
    """Whether every position is printed again: by each rank, or by another logger."""
    for column in columns.values():
        own = x[column.rows]
        distinct = len(np.unique(own))
        again = np.count_nonzero(own[1:] == own[:-1])
        if distinct > 2 and again >= 0.3 * distinct and np.all(np.diff(own) >= 0):
            return True
    return False


def _fatal(events: Iterable[LogEvent], tables: Sequence[Table]) -> list[LogEvent]:
    """The events without the errors that the training survived: its counter simply goes on."""
    events = list(events)
    starts = np.array([e.line for e in events if e.kind in ("started", "fold")], dtype=np.int64)
    rows = max((table.rows() for table in tables), key=lambda rows: len(rows.x), default=None)
    if rows is None:
        return events
    left = []
    for event in events:
        after = int(np.searchsorted(rows.line, event.line))
        goes_on = 0 < after < len(rows.x) - 1 and rows.x[after] >= rows.x[after - 1]
        if event.kind == "error" and goes_on and not KILLED.search(event.text):
            between = (starts > event.line) & (starts <= rows.line[after])
            if not between.any():
                continue
        left.append(event)
    return left


def _marked(tables: Sequence[Table], events: Sequence[LogEvent]) -> list[LogEvent]:
    """Give the tables their marks; the events that are left are returned."""
    if not tables:
        return list(events)
    rows = max(len(table) for table in tables)
    starts = [event for event in events if event.kind == "started"]
    every = len(starts) > 3 and len(starts) >= 0.4 * min(rows, 10 * len(starts))
    left, fold = [], ""
    for event in events:
        if event.kind == "started" and every:
            continue
        if event.kind == "started":
            tables[0].start(event.line, event.text)
        elif event.kind == "fold":
            found = _FOLD.search(event.text)
            number = next(filter(None, found.groups()), "") if found else ""
            if number != fold or not number:
                tables[0].start(event.line, event.text, "fold")
            fold = number
        else:
            left.append(event)
    return left


def _plans(chunks: Sequence[Chunk], base: float, places: Places) -> tuple[int | None, int | None]:
    told = [c for c in chunks if c.epoch is not None and known_values(c.epochs) is not None]
    epochs = None
    if told:
        last = max(told, key=lambda chunk: int(chunk.line[-1]))
        total = last.epochs[-1] if last.epochs is not None else np.nan
        epochs = int(total) if np.isfinite(total) and 0 < total < 1e9 else None
        if epochs and base and _from_zero(told, epochs):
            epochs += 1
    steps = None
    for chunk in chunks:
        if chunk.step is not None and not chunk.progress and chunk.columns:
            total_steps = known_values(chunk.steps)
            if total_steps is not None and not np.isfinite(places.at(chunk.line)[0]).any():
                steps = int(total_steps[-1]) if chunk.epoch is None else steps
    return epochs, steps


def _from_zero(chunks: Sequence[Chunk], total: int) -> bool:
    """Whether the total is the number of the last epoch, counted from 0."""
    most = max(float(np.nanmax(e)) for c in chunks if (e := known_values(c.epoch)) is not None)
    return most >= total or (total % 5 != 0 and (total + 1) % 5 == 0)
