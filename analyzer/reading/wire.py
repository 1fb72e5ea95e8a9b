"""The wire format of protocol buffers: fields of a message, without its schema.

Only what a reader needs, within bounds: a field that does not fit into its message ends the walk.
https://protobuf.dev/programming-guides/encoding
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

VARINT, FIXED64, BYTES, GROUP, GROUP_END, FIXED32 = range(6)
MAX_VARINT = 10


class Field(NamedTuple):
    """``data[start:end]`` is the content; ``value`` is that of a varint, 0 for other kinds."""

    number: int
    kind: int
    start: int
    end: int
    value: int = 0


def fields(data: bytes, start: int = 0, end: int | None = None) -> Iterator[Field]:
    """The fields of the message in ``data[start:end]``, in order, up to the first damaged one.

    Groups, which nothing writes any more, are passed over with all that is in them.
    """
    end = len(data) if end is None else end
    depth = 0
    while start < end:
        key, start = varint(data, start, end)
        number, kind = key >> 3, key & 7
        if start < 0 or number == 0:
            return
        if kind in (GROUP, GROUP_END):
            depth += 1 if kind == GROUP else -1
            if depth < 0:
                return
            continue
        found = _content(data, number, kind, start, end)
        if found is None:
            return
        start = found.end
        if depth == 0:
            yield found


def _content(data: bytes, number: int, kind: int, start: int, end: int) -> Field | None:
    value = 0
    if kind == VARINT:
        value, stop = varint(data, start, end)
    elif kind == BYTES:
        length, start = varint(data, start, end)
        stop = start + length if start >= 0 else -1
    elif kind in (FIXED32, FIXED64):
        stop = start + (4 if kind == FIXED32 else 8)
    else:
        return None
    return Field(number, kind, start, stop, value) if 0 <= stop <= end else None


def varint(data: bytes, start: int, end: int) -> tuple[int, int]:
    """(value, where it ends); (0, -1) where it does not end in time."""
    value = 0
    for place in range(min(MAX_VARINT, end - start)):
        byte = data[start + place]
        value |= (byte & 0x7F) << (7 * place)
        if byte < 0x80:
            return value & 0xFFFFFFFFFFFFFFFF, start + place + 1
    return 0, -1


def text(data: bytes, field: Field) -> str:
    """The content of a text field."""
    return data[field.start : field.end].decode("utf-8", "replace")
