"""Writes TensorBoard event files for tests, from the specs of the records and messages."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from struct import pack

import numpy as np

from analyzer.reading.crc32c import crc32c, masked

VERSION = b"\x09" + pack("<d", 1.0) + b"\x1a\x0dbrain.Event:2"
NAME = "events.out.tfevents.1700000000.host.7.0"


def record(content: bytes) -> bytes:
    """One record: length, CRC, content, CRC."""
    length = pack("<Q", len(content))
    return length + crc(length) + content + crc(content)


def crc(data: bytes) -> bytes:
    octets = np.frombuffer(data, dtype=np.uint8)
    found = masked(crc32c(octets, np.array([0]), np.array([len(data)])))
    return int(found[0]).to_bytes(4, "little")


def varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = b""
    while value > 0x7F:
        out += bytes([value & 0x7F | 0x80])
        value >>= 7
    return out + bytes([value])


def message(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def event(*values: bytes, step: int = 0, time: float = 1.7e9) -> bytes:
    """A record of some summary values; step 0 is not written, as proto3 does."""
    at = b"\x10" + varint(step) if step else b""
    return record(b"\x09" + pack("<d", time) + at + message(5, b"".join(values)))


def simple(tag: str, value: float) -> bytes:
    """A value as TensorFlow 1 and PyTorch write it."""
    return message(1, message(1, tag.encode()) + b"\x15" + pack("<f", value))


def tensor(tag: str, value: float) -> bytes:
    """A value as TensorFlow 2 writes it, with its metadata."""
    metadata = message(9, message(1, message(1, b"scalars")))
    content = b"\x08\x01" + message(2, b"") + message(4, pack("<f", value))
    return message(1, message(1, tag.encode()) + message(8, content) + metadata)


def text(tag: str, content: str) -> bytes:
    tensor_ = b"\x08\x07" + message(2, b"") + message(8, content.encode())
    return message(1, message(1, tag.encode()) + message(8, tensor_))


def write(path: Path, records: Iterable[bytes]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(record(VERSION) + b"".join(records))
    return path


def curve(
    path: Path, tag: str, values: Iterable[float], first: int = 0, apart: float = 60
) -> Path:
    """A file with one curve, one value a minute."""
    events = (
        event(simple(tag, value), step=step, time=1.7e9 + apart * step)
        for step, value in enumerate(values, first)
    )
    return write(path, events)
