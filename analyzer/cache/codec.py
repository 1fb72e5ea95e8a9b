"""A run and its diagnosis as bytes and back: JSON for words, raw arrays for curves, no pickle.

Every value that JSON lacks is a list that starts with the name of its kind; only the kinds listed
here are ever made, whatever the bytes say. Log events and checkpoints, of which a run may have
thousands and a report shows few, stay bytes until somebody looks at them.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields, is_dataclass, replace
from datetime import date, datetime
from enum import StrEnum
from functools import cached_property
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from analyzer import finding, run
from analyzer.finding import Diagnosis
from analyzer.run import FloatArray, IntArray, Run, Series

_CLASSES: Mapping[str, Any] = {
    kind.__name__: kind
    for kind in (
        *(run.Run, run.Config, run.BestCheckpoint, run.Note),
        *(finding.CurveEvidence, finding.FileEvidence, finding.KeyEvidence, finding.Fix),
        *(finding.Cause, finding.Finding, finding.Verdict, finding.NotEvaluated),
        *(finding.Diagnosis, finding.Suppressed, run.Status),
        *(finding.Severity, finding.CauseVerdict),
    )
}
PARTS = 3
"""Run and diagnosis, events, checkpoints: their lengths stand before them."""

_CRC = 4
_HEAD = 8
T = TypeVar("T")


class NotCacheable(Exception):
    """A value of a kind that the cache does not know; the run is read anew each time."""


class Later(Sequence[T]):
    """Rows that become records of one kind when they are first looked at."""

    def __init__(self, kind: Callable[..., T], words: bytes) -> None:
        self._kind = kind
        self._words = words

    @cached_property
    def _items(self) -> tuple[T, ...]:
        return tuple(self._kind(*row) for row in _loads(self._words))

    def __iter__(self) -> Iterator[T]:
        """Made and not kept, unless they are kept already: all of a thousand runs are too many."""
        kept: tuple[T, ...] | None = self.__dict__.get("_items")
        return iter(kept) if kept else (self._kind(*row) for row in _loads(self._words))

    def __getitem__(self, place: Any) -> Any:
        return self._items[place]

    def __len__(self) -> int:
        return len(self._items)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._items == tuple(other)

    def __hash__(self) -> int:
        return hash(self._items)


_EVENT = attrgetter(*(field.name for field in fields(run.LogEvent)))


def _event(*row: Any) -> run.LogEvent:
    kind, file, line, text, epoch, time = row
    return run.LogEvent(kind, file, line, text, epoch, time and datetime.fromisoformat(time))


def encode(one: Run, diagnosis: Diagnosis) -> bytes:
    """Both as bytes. Raises NotCacheable where a value is of an unknown kind."""
    arrays: list[bytes] = []
    events = _dumps(list(map(_EVENT, one.events)))
    checkpoints = _dumps(list(one.checkpoints))
    first = replace(one, events=(), checkpoints=())
    plain = _dumps([_encode(first, arrays), _encode(diagnosis, arrays)])
    parts = [plain, events, checkpoints]
    lengths = [len(part).to_bytes(_HEAD, "little") for part in parts]
    data = b"".join([*lengths, *parts, *arrays])
    return zlib.crc32(data).to_bytes(_CRC, "little") + data


def decode(data: bytes) -> tuple[Run, Diagnosis]:
    """The way back. Raises ValueError where the bytes are not what ``encode`` made."""
    try:
        (plain, events, checkpoints), arrays = _cut(data)
        one, diagnosis = _Decoder(arrays).decode(_loads(plain))
        one = replace(
            one, events=Later(_event, events), checkpoints=Later(run.Checkpoint, checkpoints)
        )
    except (TypeError, KeyError, IndexError, RecursionError) as error:
        raise ValueError(f"not a cached result: {error!r}") from error
    if not isinstance(diagnosis, Diagnosis):
        raise ValueError("not a cached result: it holds no diagnosis")
    return one, diagnosis


def _cut(data: bytes) -> tuple[list[bytes], memoryview]:
    """The parts of words, by the lengths at the beginning, and the arrays after them."""
    if zlib.crc32(memoryview(data)[_CRC:]) != int.from_bytes(data[:_CRC], "little"):
        raise ValueError("not a cached result: its checksum is another")
    place = _CRC + _HEAD * PARTS
    parts = []
    for start in range(_CRC, place, _HEAD):
        end = place + int.from_bytes(data[start : start + _HEAD], "little")
        parts.append(data[place:end])
        place = end
    return parts, memoryview(data)[place:]


def _dumps(plain: Any) -> bytes:
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":"), default=_plainly)
    return text.encode("utf-8", "surrogatepass")


def _plainly(value: Any) -> Any:
    """What JSON lacks in a row of simple values."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, np.generic):
        return value.item()
    raise NotCacheable(f"{type(value).__name__} is not kept")


def _loads(words: bytes) -> Any:
    return json.loads(words.decode("utf-8", "surrogatepass"))


def _encode(value: Any, arrays: list[bytes]) -> Any:
    if isinstance(value, StrEnum):
        return [type(value).__name__, value.value]
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Series):
        return _encode_series(value, arrays)
    if is_dataclass(value) and type(value).__name__ in _CLASSES:
        parts = [_encode(getattr(value, field.name), arrays) for field in fields(value)]
        return [type(value).__name__, *parts]
    if isinstance(value, Mapping):
        return ["dict", *([_encode(k, arrays), _encode(v, arrays)] for k, v in value.items())]
    if isinstance(value, tuple | list):
        return [type(value).__name__, *(_encode(item, arrays) for item in value)]
    if isinstance(value, datetime | date | Path):
        kind = next(k for k in (datetime, date, Path) if isinstance(value, k))
        return [kind.__name__, value.isoformat() if isinstance(value, date) else str(value)]
    if isinstance(value, np.generic):
        return _encode(value.item(), arrays)
    raise NotCacheable(f"{type(value).__name__} is not kept")


def _encode_series(series: Series, arrays: list[bytes]) -> list[Any]:
    """Positions that simply count, and segments that are all 0, need no array."""
    counting = len(series) > 0 and bool(np.all(np.diff(series.x) == 1))
    arrays.append(series.y.astype("<f8", copy=False).tobytes())
    if not counting:
        arrays.append(series.x.astype("<f8", copy=False).tobytes())
    segmented = bool(series.segment.any())
    if segmented:
        arrays.append(series.segment.astype("<i8", copy=False).tobytes())
    first = float(series.x[0]) if counting else None
    length, resolution = len(series), float(series.resolution)
    return ["Series", series.name, series.axis, length, first, segmented, resolution]


class _Decoder:
    """Makes values again; the arrays follow one another in the order they were written."""

    def __init__(self, arrays: memoryview) -> None:
        self._arrays = arrays
        self._place = 0
        self._kinds: dict[str, Callable[[list[Any]], Any]] = {
            "Series": self._series,
            "dict": lambda items: {self.decode(k): self.decode(v) for k, v in items},
            "tuple": lambda items: tuple(self.decode(item) for item in items),
            "list": lambda items: [self.decode(item) for item in items],
            "datetime": lambda items: datetime.fromisoformat(*items),
            "date": lambda items: date.fromisoformat(*items),
            "Path": lambda items: Path(*items),
        }

    def decode(self, node: Any) -> Any:
        """The value of one node."""
        if not isinstance(node, list):
            return node
        if not isinstance(node[0], str):  # the pair of all
            return [self.decode(item) for item in node]
        kind, items = node[0], node[1:]
        if kind in self._kinds:
            return self._kinds[kind](items)
        return _CLASSES[kind](*[self.decode(item) for item in items])

    def _series(self, items: list[Any]) -> Series:
        name, axis, length, first, segmented, resolution = items
        y = self._floats(length)
        x = self._floats(length) if first is None else np.arange(length, dtype=np.float64) + first
        return Series(name, axis, x, y, self._segment(length, segmented), resolution)

    def _segment(self, length: int, segmented: bool) -> IntArray:
        if not segmented:
            return np.zeros(length, dtype=np.int64)
        return np.frombuffer(self._take(length), dtype="<i8").astype(np.int64)

    def _floats(self, length: int) -> FloatArray:
        return np.frombuffer(self._take(length), dtype="<f8").astype(np.float64)

    def _take(self, length: int) -> memoryview:
        end = self._place + 8 * length
        if not length >= 0 or end > len(self._arrays):
            raise ValueError("not a cached result: it was cut short")
        taken, self._place = self._arrays[self._place : end], end
        return taken
