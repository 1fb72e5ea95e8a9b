from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.wire import BYTES, FIXED32, FIXED64, VARINT, fields, text, varint


def test_fields_of_all_kinds() -> None:
    message = b"\x08\x96\x01" + b"\x12\x03abc" + b"\x1d\0\0\x80\x3f" + b"\x21" + bytes(8)
    found = list(fields(message))
    assert [(f.number, f.kind, f.value) for f in found] == [
        (1, VARINT, 150),
        (2, BYTES, 0),
        (3, FIXED32, 0),
        (4, FIXED64, 0),
    ]
    assert text(message, found[1]) == "abc"


def test_a_group_is_passed_over_with_what_is_in_it() -> None:
    assert [f.number for f in fields(b"\x0b\x10\x05\x13\x14\x0c\x18\x01")] == [3]


def test_a_length_that_lies_ends_the_walk() -> None:
    good = b"\x08\x01"
    for bad in (
        b"\x12\x7fabc",  # longer than the message
        b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",  # 2 ** 64 - 1
        b"\x08" + b"\xff" * 11,  # a varint without end
        b"\x0d\0",  # half a float
        b"\x0c",  # the end of no group
        b"\x0f",  # no such kind
        b"\x00\x01",  # field 0
    ):
        assert [f.number for f in fields(good + bad + good)] == [1], bad


def test_a_message_inside_another_is_held_to_its_end() -> None:
    data = b"\x12\x04\x0a\x05abcdefgh"
    outer = next(fields(data, 0, 6))
    assert list(fields(data, outer.start, outer.end)) == []


def test_varints_are_64_bit() -> None:
    assert varint(b"\xff" * 9 + b"\x7f", 0, 10) == (2**64 - 1, 10)
    assert varint(b"", 0, 0) == (0, -1)


@given(st.binary(max_size=200))
def test_any_bytes_end(data: bytes) -> None:
    before = 0
    for field in fields(data):
        assert before < field.start <= field.end <= len(data)
        before = field.start
