"""Arrays and columns that grow, against plain concatenation."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.growing import Growing, GrowingColumn


@given(st.lists(st.lists(st.integers(-9, 9), max_size=7), max_size=9))
def test_an_array_is_all_that_was_added(parts: list[list[int]]) -> None:
    grown, before = Growing(np.int64), []
    for part in parts:
        before.append((len(grown), grown.array))
        grown.add(np.array(part, dtype=np.int64))
    expected = [value for part in parts for value in part]
    assert grown.array.tolist() == expected
    assert len(grown) == len(expected)
    for count, array in before:  # what was given before has not changed
        assert array.tolist() == expected[:count]


@given(st.lists(st.lists(st.booleans(), max_size=6), max_size=6))
def test_a_column_knows_its_rows(parts: list[list[bool]]) -> None:
    column, expected, start = GrowingColumn(), [], 0
    for part in parts:
        rows = np.flatnonzero(part)
        if len(rows):
            column.add(rows * 1.0, rows, start, len(part))
        expected += (rows + start).tolist()
        start += len(part)
    assert column.rows(np.arange(start)).tolist() == expected
    assert len(column.y) == len(expected)
