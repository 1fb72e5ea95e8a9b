from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.crc32c import crc32c, masked


def crcs(*records: bytes) -> list[int]:
    lengths = np.array([len(record) for record in records], dtype=np.int64)
    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]]).astype(np.int64)
    data = np.frombuffer(b"".join(records), dtype=np.uint8)
    return [int(crc) for crc in crc32c(data, starts, lengths)]


def one(data: bytes) -> int:
    """Bit by bit, as the polynomial is defined."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    return crc ^ 0xFFFFFFFF


def test_the_published_vectors() -> None:
    known = [b"123456789", bytes(32), b"\xff" * 32, bytes(range(32))]
    assert crcs(*known) == [0xE3069283, 0x8A9136AA, 0x62A8AB43, 0x46DD794E]


@given(st.lists(st.binary(max_size=70), min_size=1, max_size=20))
def test_records_of_any_length_keep_their_order(records: list[bytes]) -> None:
    assert crcs(*records) == [one(record) for record in records]


def test_no_record_has_no_crc() -> None:
    empty = np.empty(0, dtype=np.int64)
    assert len(crc32c(np.empty(0, dtype=np.uint8), empty, empty)) == 0


def test_masked_as_tensorflow_does() -> None:
    # The CRC of a length of 24 in a real event file.
    crc = np.array([one((24).to_bytes(8, "little"))], dtype=np.uint32)
    assert int(masked(crc)[0]).to_bytes(4, "little").hex() == "a37f4b22"
