"""What else was read of each of many runs, packed for the page; its script shows it (record.js).

Environments that runs share are held once, and so is each text. Of checkpoints and events a page
bears only so many: the script says how many there are besides.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, TypeVar

from analyzer.render.packing import zipped
from analyzer.render.record import MAX_EVENTS, environment, size
from analyzer.render.report import Entry
from analyzer.render.text import number, plain
from analyzer.run import Checkpoint, LogEvent

ROWS, LEAST_ROWS = 6_000, 6
"""Events, and checkpoints, of all runs together, and the least of one run."""

TEXT = 160
T = TypeVar("T")


def packed_records(entries: Sequence[Entry]) -> str:
    """Environment, checkpoints and events of each run by its anchor, as JSON, zipped."""
    limit = min(MAX_EVENTS, max(LEAST_ROWS, ROWS // max(1, len(entries))))
    texts = _Texts()
    runs = {entry.anchor: made for entry in entries if (made := _record(entry, texts, limit))}
    whole = {"texts": list(texts.places), "runs": runs}
    return zipped(json.dumps(whole, separators=(",", ":"), ensure_ascii=False).encode())


class _Texts:
    """Each text once, in the order met; ``place`` gives its number."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}

    def place(self, text: str) -> int:
        return self.places.setdefault(plain(text, TEXT), len(self.places))


def _record(entry: Entry, texts: _Texts, limit: int) -> dict[str, Any]:
    run, made = entry.item.run, dict[str, Any]()
    if run.environment:
        made["environment"] = [tuple(map(texts.place, pair)) for pair in environment(run)]
    if checkpoints := list(iter(run.checkpoints)):  # not asked for their number: see Later
        made["checkpoints"] = len(checkpoints)
        made["weights"] = [_weights(one, texts) for one in _kept(checkpoints, limit)]
    if run.best_checkpoint is not None:
        best = run.best_checkpoint
        made["best"] = texts.place(f"The best one is of epoch {best.epoch}: {best.because}")
    if events := list(iter(run.events)):
        made["events"] = len(events)
        made["told"] = [_event(one, texts) for one in _telling(events, limit)]
    return made


def _kept(checkpoints: Sequence[Checkpoint], limit: int) -> list[Checkpoint]:
    """Those that are on disk, then the latest of the others, in the order that they have."""
    there = [i for i, one in enumerate(checkpoints) if one.exists]
    return _chosen(checkpoints, limit, there, range(len(checkpoints) - 1, -1, -1))


def _telling(events: Sequence[LogEvent], limit: int) -> list[LogEvent]:
    """The errors, the last event of each kind and the first, then the others, by their lines."""
    last = {event.kind: i for i, event in enumerate(events)}
    first = {event.kind: i for i, event in reversed(list(enumerate(events)))}
    errors = (
        [i for i, event in enumerate(events) if event.kind == "error"] if "error" in last else []
    )
    chosen = _chosen(events, limit, errors, [*last.values(), *first.values()], range(len(events)))
    return sorted(chosen, key=lambda event: (event.file, event.line))


def _chosen(items: Sequence[T], limit: int, *ranks: Sequence[int]) -> list[T]:
    """At most ``limit`` of ``items`` in their order: those whose places are named first."""
    if len(items) <= limit:
        return list(items)
    places = list(dict.fromkeys(i for rank in ranks for i in rank[:limit]))[:limit]
    return [items[i] for i in sorted(places)]


def _weights(one: Checkpoint, texts: _Texts) -> list[Any]:
    gone = "removed by the trainer" if one.removed else "not on disk"
    there = size(one.size) if one.exists else gone
    return [texts.place(one.file), number(one.epoch), number(one.value), texts.place(there)]


def _event(one: LogEvent, texts: _Texts) -> list[Any]:
    return [texts.place(one.file), one.line, texts.place(one.kind), texts.place(one.text)]
