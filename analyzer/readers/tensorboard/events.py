"""What a TensorBoard event holds: wall time, step and tagged values.

The events of one tag differ only in time, step and value. So one event of each layout is walked
field by field, and all others that agree with it in every other byte are read as columns at once.
Field numbers are those of tensorflow/core/util/event.proto, framework/summary.proto and
framework/tensor.proto.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from struct import unpack_from
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.readers.tensorboard.records import Chunk, sound_contents
from analyzer.reading import wire
from analyzer.run import FloatArray, IntArray

LAYOUTS = 8
"""Layouts of events of one length that are read as columns; further ones are read singly."""
WORTH_COLUMNS = 16
MOST_TEXTS = 1_000

_TIME, _STEP, _SUMMARY = 1, 2, 5
_VALUE = 1
_TAG, _SIMPLE, _TENSOR, _METADATA = 1, 2, 8, 9
_DTYPE, _CONTENT, _FLOATS, _DOUBLES, _STRINGS = 1, 4, 5, 6, 8
_KINDS = {1: ("<f4", 4), 2: ("<f8", 8)}
"""Type of a tensor -> of its only element, and its bytes."""

_EQUAL, _SAME_LENGTH, _FREE = 0xFF, 0x80, 0x00

Octets = NDArray[np.uint8]


class Value(NamedTuple):
    """Where a tagged number stands in an event, and its type."""

    tag: tuple[int, int]
    at: tuple[int, int]
    dtype: str


@dataclass
class Layout:
    """Where things stand in an event; ``mask`` says how far others must agree with it."""

    mask: bytearray
    time: tuple[int, int] | None = None
    step: tuple[int, int] | None = None
    values: list[Value] = field(default_factory=list)
    texts: list[tuple[str, bytes]] = field(default_factory=list)


class Points(NamedTuple):
    """Values of one tag: the record they stand in, step, POSIX time and value, all (n,)."""

    tag: bytes
    record: IntArray
    step: FloatArray
    time: FloatArray
    value: FloatArray


def layout_of(event: bytes) -> Layout:
    """Walk one event; what is no number or small text is left out."""
    layout = Layout(bytearray([_EQUAL]) * len(event))
    for part in wire.fields(event):
        if part.number == _SUMMARY and part.kind == wire.BYTES:
            for value in wire.fields(event, part.start, part.end):
                if value.number == _VALUE and value.kind == wire.BYTES:
                    _take_value(event, value, layout)
                else:
                    _free(layout, value)
            continue
        _free(layout, part)
        if part.number == _TIME and part.kind == wire.FIXED64:
            layout.time = (part.start, part.end)
        elif part.number == _STEP and part.kind == wire.VARINT:
            layout.step = (part.start, part.end)
    return layout


def _free(layout: Layout, part: wire.Field) -> None:
    how = _SAME_LENGTH if part.kind == wire.VARINT else _FREE
    layout.mask[part.start : part.end] = bytes([how]) * (part.end - part.start)


def _take_value(event: bytes, whole: wire.Field, layout: Layout) -> None:
    tag, number, content = (whole.start, whole.start), None, None
    for part in wire.fields(event, whole.start, whole.end):
        if part.number == _TENSOR and part.kind == wire.BYTES:
            number, content = _tensor(event, part, layout)
            continue
        _free(layout, part)
        if part.number == _TAG and part.kind == wire.BYTES:
            tag = (part.start, part.end)
        elif part.number == _SIMPLE and part.kind == wire.FIXED32:
            number = ((part.start, part.end), "<f4")
        elif part.number == _METADATA and part.kind == wire.BYTES and content is None:
            content = event[part.start : part.end]
    if number is not None:
        layout.values.append(Value(tag, *number))
    elif content:
        layout.texts.append((event[slice(*tag)].decode("utf-8", "replace"), content))


Number = tuple[tuple[int, int], str]


def _tensor(event: bytes, whole: wire.Field, layout: Layout) -> tuple[Number | None, bytes | None]:
    """The only number in a tensor and where it stands, or the text that it holds."""
    dtype, number, content = 0, None, None
    for part in wire.fields(event, whole.start, whole.end):
        if part.number == _DTYPE and part.kind == wire.VARINT:
            dtype = part.value  # stays equal: it says what the content is
            continue
        _free(layout, part)
        kind, size = _KINDS.get(dtype, ("", -1))
        if part.number in (_CONTENT, _FLOATS, _DOUBLES) and part.end - part.start == size:
            number = ((part.start, part.end), kind)
        elif part.number == _STRINGS and content is None:
            content = event[part.start : part.end]
    return number, content


@dataclass
class Scan:
    """Collects what the events of one file hold, chunk by chunk.

    ``texts`` are tag and content of texts and of plug-in data; ``damaged`` counts records whose
    CRC is wrong: they are left out.
    """

    points: list[Points] = field(default_factory=list)
    texts: list[tuple[str, bytes]] = field(default_factory=list)
    damaged: int = 0

    def add(self, chunk: Chunk) -> None:
        """Take the events of a chunk."""
        order = np.argsort(chunk.lengths, kind="stable")
        lengths = chunk.lengths[order]
        edges = np.flatnonzero(np.diff(lengths)) + 1
        found = [
            points for group in np.split(order, edges) for points in self._of_length(chunk, group)
        ]
        if not found:
            return
        used = np.unique(np.concatenate([points.record for points in found]))
        sound = np.zeros(len(chunk.starts), dtype=bool)
        sound[used] = sound_contents(chunk, used)
        self.damaged += int(len(used) - sound.sum())
        for points in found:
            kept = sound[points.record]
            tag, record, *values = points
            self.points.append(
                Points(tag, record[kept] + chunk.first, *(value[kept] for value in values))
            )

    def _of_length(self, chunk: Chunk, records: IntArray) -> Iterator[Points]:
        """The values in the records of one length."""
        length = int(chunk.lengths[records[0]])
        for _ in range(LAYOUTS):
            if len(records) < WORTH_COLUMNS:
                break
            octets = chunk.bytes[chunk.starts[records][:, None] + np.arange(length)]
            layout = self._layout(chunk, int(records[0]))
            mask = np.frombuffer(bytes(layout.mask), dtype=np.uint8)
            alike = ~((octets ^ octets[0]) & mask).any(axis=1)
            if layout.texts:  # each says something else
                alike[:] = np.arange(len(alike)) == 0
            yield from _columns(layout, octets[alike], records[alike])
            records = records[~alike]
        for record in records:
            yield from _single(self._layout(chunk, int(record)), chunk, int(record))

    def _layout(self, chunk: Chunk, record: int) -> Layout:
        start, length = int(chunk.starts[record]), int(chunk.lengths[record])
        layout = layout_of(chunk.data[start : start + length])
        if len(self.texts) < MOST_TEXTS:
            self.texts += layout.texts
        return layout


def _columns(layout: Layout, octets: Octets, records: IntArray) -> Iterator[Points]:
    """The values of many events of one layout; ``octets`` (n, length)."""
    if not layout.values:
        return
    zeros = np.zeros(len(records))
    time = _numbers(octets, layout.time, "<f8") if layout.time else zeros
    step = _varints(octets, layout.step) if layout.step else zeros
    for value in layout.values:
        number = _numbers(octets, value.at, value.dtype)
        tags = np.ascontiguousarray(octets[:, slice(*value.tag)])
        for tag, rows in _by_tag(tags):
            yield Points(tag, records[rows], step[rows], time[rows], number[rows])


def _by_tag(tags: Octets) -> Iterator[tuple[bytes, IntArray]]:
    if not tags.shape[1] or (tags == tags[0]).all():
        yield tags[0].tobytes(), np.arange(len(tags))
        return
    names, which = np.unique(tags.view(f"S{tags.shape[1]}").reshape(-1), return_inverse=True)
    order = np.argsort(which, kind="stable")
    edges = np.flatnonzero(np.diff(which[order])) + 1
    for name, rows in zip(names, np.split(order, edges), strict=True):
        yield bytes(name), rows


def _numbers(octets: Octets, at: tuple[int, int], dtype: str) -> FloatArray:
    return np.ascontiguousarray(octets[:, slice(*at)]).view(dtype).reshape(-1).astype(np.float64)


def _varints(octets: Octets, at: tuple[int, int]) -> FloatArray:
    value = np.zeros(len(octets), dtype=np.uint64)
    for shift, place in enumerate(range(*at)):
        value |= (octets[:, place] & 0x7F).astype(np.uint64) << np.uint64(7 * shift)
    return value.astype(np.int64).astype(np.float64)


def _single(layout: Layout, chunk: Chunk, record: int) -> Iterator[Points]:
    """The values of one event."""
    if not layout.values:
        return
    start = int(chunk.starts[record])
    event = chunk.data[start : start + int(chunk.lengths[record])]
    time = unpack_from("<d", event, layout.time[0])[0] if layout.time else 0.0
    step = wire.varint(event, *layout.step)[0] if layout.step else 0
    step -= (step >> 63) << 64
    for value in layout.values:
        number = unpack_from("<f" if value.dtype == "<f4" else "<d", event, value.at[0])[0]
        columns = (np.array([x], dtype=np.float64) for x in (step, time, number))
        yield Points(event[slice(*value.tag)], np.array([record]), *columns)
