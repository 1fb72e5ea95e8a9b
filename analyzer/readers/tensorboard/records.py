"""The record file that event files are: length, CRC of the length, content, CRC of the content."""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.crc32c import crc32c, masked
from analyzer.run import IntArray, Note

CHUNK = 1 << 22
LARGEST = 1 << 17
"""A longer record is an image, audio or a graph: passed over by its length, without reading it."""
MOST_BYTES = 1 << 34

_LENGTH = Struct("<Q")
_HEADER, _FOOTER = 12, 4


class Chunk(NamedTuple):
    """Some whole records: contents at ``starts`` (n,) of ``lengths`` (n,) in ``data``.

    ``first`` is the 1-based number of the first one in the file.
    """

    data: bytes
    starts: IntArray
    lengths: IntArray
    first: int

    @property
    def bytes(self) -> NDArray[np.uint8]:
        """The data as an array."""
        return np.frombuffer(self.data, dtype=np.uint8)


def is_record_file(head: bytes) -> bool:
    """Whether a file begins with a record: the CRC of the first length is right."""
    return len(head) >= _HEADER and _sound_lengths(head, np.array([_HEADER]))[0]


def read_records(file: BinaryIO, name: str, notes: list[Note]) -> Iterator[Chunk]:
    """The records of a file, without those above ``LARGEST``.

    A record that is not all there ends it, as in a file that is being written. A length whose CRC
    is wrong ends it too, and is noted: nothing says where the next record would start.
    """
    data, number, read = b"", 1, 0
    while more := file.read(CHUNK):
        read += len(more)
        data += more
        starts, lengths, rest = _walk(data)
        sound = _sound_lengths(data, starts)
        whole = len(starts) if sound.all() else int(np.argmin(sound))
        kept = np.flatnonzero(lengths[:whole] <= LARGEST)
        if len(kept):
            yield Chunk(data, starts[kept], lengths[kept], number)
        number += whole
        if whole < len(starts) or not _next_is_sound(data, rest):
            notes.append(
                Note(f"{name} is damaged at record {number:,}; what follows is lost", name)
            )
            return
        missing = _missing(data, rest)
        read += missing if missing > LARGEST else 0
        if read > MOST_BYTES:
            notes.append(
                Note(f"{name} is larger than {MOST_BYTES:,} bytes; the rest is left", name)
            )
            return
        if missing > LARGEST:
            file.seek(missing, 1)
            data, number = b"", number + 1
        else:
            data = data[rest:]


def _walk(data: bytes) -> tuple[IntArray, IntArray, int]:
    """(starts, lengths, where the first record begins that is not all there)."""
    starts, lengths = [], []
    at, end = 0, len(data)
    while at + _HEADER <= end:
        (length,) = _LENGTH.unpack_from(data, at)
        following = at + _HEADER + length + _FOOTER
        if following > end:
            break
        starts.append(at + _HEADER)
        lengths.append(length)
        at = following
    return np.array(starts, dtype=np.int64), np.array(lengths, dtype=np.int64), at


def _sound_lengths(data: bytes, starts: IntArray) -> NDArray[np.bool_]:
    """Mask (n,) of the records whose length has the CRC that stands behind it."""
    octets = np.frombuffer(data, dtype=np.uint8)
    crc = masked(crc32c(octets, starts - _HEADER, np.full(len(starts), 8)))
    return np.equal(crc, _words(octets, starts - _FOOTER))


def sound_contents(chunk: Chunk, which: IntArray) -> NDArray[np.bool_]:
    """Mask of the records ``which`` whose content has the CRC that stands behind it."""
    octets = chunk.bytes
    starts, lengths = chunk.starts[which], chunk.lengths[which]
    return np.equal(masked(crc32c(octets, starts, lengths)), _words(octets, starts + lengths))


def _words(octets: NDArray[np.uint8], at: IntArray) -> NDArray[np.uint32]:
    """The little-endian 32-bit words at some places."""
    parts = octets[at[:, None] + np.arange(4)]
    return np.ascontiguousarray(parts).view("<u4").reshape(-1).astype(np.uint32)


def _next_is_sound(data: bytes, at: int) -> bool:
    if at + _HEADER > len(data):
        return True
    return bool(_sound_lengths(data, np.array([at + _HEADER]))[0])


def _missing(data: bytes, at: int) -> int:
    """How many bytes of the record at ``at`` are still to come; 0 where its length is."""
    if at + _HEADER > len(data):
        return 0
    (length,) = _LENGTH.unpack_from(data, at)
    return int(at + _HEADER + length + _FOOTER - len(data)) if length > LARGEST else 0
