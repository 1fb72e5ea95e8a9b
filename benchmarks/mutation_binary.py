"""Damage that stays well framed, so that it reaches what lies behind a check of the frame."""

from __future__ import annotations

import random
import sqlite3
import struct
from collections.abc import Iterator

import numpy as np

from analyzer.reading.crc32c import crc32c, masked

EVENTS = "tfevents"
SQLITE = b"SQLite format 3\0"
HOSTILE = (
    None,
    "",
    "nan",
    "\ud800",
    -1,
    2**63 - 1,
    -(2**63),
    float("inf"),
    1e308,
    b"\0\xff",
    "9" * 400,
)
LENGTHS = (0, 1, 2**31, 2**32 - 1, 2**63, 2**64 - 1)


def mutate_records(name: str, data: bytes, chance: random.Random) -> bytes | None:
    """An event file with records changed inside; None for any other file."""
    if EVENTS not in name:
        return None
    records = list(_records(data))
    if not records:
        return None
    place = chance.randrange(len(records))
    kind = chance.randrange(5)
    if kind == 0:
        del records[place]
    elif kind == 1:
        records.insert(place, chance.choice(records))
    elif kind == 2:
        chance.shuffle(records)
    else:
        records[place] = _payload(records[place], chance)
    framed = b"".join(map(framed_record, records))
    if chance.random() < 0.05:  # a length that lies, with a right check sum
        framed += framed_record(b"x" * 20, length=chance.choice(LENGTHS))
    return framed


def framed_record(payload: bytes, length: int | None = None) -> bytes:
    """A record as event files hold it; ``length`` where it is to lie."""
    head = struct.pack("<Q", len(payload) if length is None else length)
    return head + _crc(head) + payload + _crc(payload)


def _records(data: bytes) -> Iterator[bytes]:
    at = 0
    while at + 12 <= len(data):
        (length,) = struct.unpack_from("<Q", data, at)
        if at + 16 + length > len(data):
            return
        yield data[at + 12 : at + 12 + length]
        at += 16 + length


def _crc(data: bytes) -> bytes:
    array = np.frombuffer(data, dtype=np.uint8)
    length = np.array([len(data)], dtype=np.int64)
    return int(masked(crc32c(array, np.zeros(1, dtype=np.int64), length))[0]).to_bytes(4, "little")


def _payload(payload: bytes, chance: random.Random) -> bytes:
    start = chance.randint(0, len(payload))
    end = min(len(payload), start + chance.choice((0, 1, 1, 4, 8)))
    value = chance.choice(
        (chance.randbytes(end - start), b"\xff" * 9, b"\x80" * 12, b"", struct.pack("<d", np.nan))
    )
    return payload[:start] + value + payload[end:]


def mutate_database(data: bytes, chance: random.Random) -> bytes | None:
    """An SQLite database with a value, a column or a table changed; None for any other file."""
    if not data.startswith(SQLITE):
        return None
    connection = sqlite3.connect(":memory:")
    try:
        connection.deserialize(data)
        _change(connection, chance)
        connection.commit()
        return bytes(connection.serialize())
    except (sqlite3.Error, UnicodeError):
        return None
    finally:
        connection.close()


def _change(connection: sqlite3.Connection, chance: random.Random) -> None:
    tables = connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    table = chance.choice(tables)[0]
    columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
    column = chance.choice(columns)
    kind = chance.random()
    if kind < 0.05:
        connection.execute(f'DROP TABLE "{table}"')
    elif kind < 0.1:
        connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO other')
    elif kind < 0.2:
        where = f"rowid % {chance.choice((1, 2, 3))} = 0"
        connection.execute(f'DELETE FROM "{table}" WHERE {where}')
    else:
        value = chance.choice(HOSTILE)
        where = f"rowid % {chance.choice((1, 2, 5))} = 0"
        connection.execute(
            f'UPDATE OR IGNORE "{table}" SET "{column}" = ? WHERE {where}', (value,)
        )
