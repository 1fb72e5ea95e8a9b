"""Tables as CSV, in all the shapes that people and programs write them in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.delimited import Cells, header_names, read_cells
from analyzer.reading.folder import DiskTree, Folder, LooseFile


def cells_of(content: bytes) -> Cells | None:
    return read_cells(Folder(LooseFile(Path("x"), "t.csv", content)), "t.csv", [])


@pytest.mark.parametrize(
    "content",
    [
        b"epoch,Train Loss\n1,0.5\n2,0.25\n",
        b"\xef\xbb\xbfepoch,Train Loss\r\n1,0.5\r\n2,0.25\r\n",
        b"  epoch,   Train Loss\n      1,      0.5\n      2,     0.25\n",
        b"epoch;Train Loss\n1;0.5\n2;0.25\n",
        b"epoch\tTrain Loss\t\n1\t0.5\t\n2\t0.25\t\n",
        b'"epoch","Train Loss"\n"1","0.5"\n"2","0.25"\n',
        b"epoch,Train Loss\n1,0.5,\n2,0.25,\n",
        b"# epoch, Train Loss\n1, 0.5\n\n2, 0.25\n",
        b"epoch,Train Loss\n1,0.5\nepoch,Train Loss\n2,0.25\n3",
        "epoch,Train Loss\n1,0.5\n2,0.25\n".encode("utf-16"),
    ],
)
def test_one_table_in_many_shapes(content: bytes) -> None:
    cells = cells_of(content)
    assert cells is not None
    assert cells.names[:2] == ["epoch", "Train Loss"] == header_names(content)[:2]
    assert cells.values("epoch").tolist() == [1, 2]
    assert cells.values("Train Loss").tolist() == [0.5, 0.25]


def test_blanks_part_the_cells_where_nothing_else_does() -> None:
    cells = cells_of(b"epoch  loss\n  1   0.5\n")
    assert cells is not None
    assert cells.values("loss").tolist() == [0.5]


def test_a_row_of_another_length_is_kept_apart_and_never_padded() -> None:
    cells = cells_of(b"epoch,a,b\n1,2,3\n2,2\n3,2,3,4\n4,2,3\n5,2")
    assert cells is not None
    assert cells.values("epoch").tolist() == [1, 4]
    assert [(row.line, len(row.cells)) for row in cells.ragged] == [(3, 2), (4, 4)]


def test_ragged_rows_that_fit_come_back_at_their_lines() -> None:
    cells = cells_of(b"epoch,a,b\n1,2,3\n2,9\n3,2,3,4\n4,2,3\n")
    assert cells is not None
    whole = cells.with_ragged(lambda row: [*row, b""] if len(row) == 2 else None)
    assert whole.line.tolist() == [2, 3, 5]
    assert whole.values("a").tolist() == [2, 9, 2]
    assert np.isnan(whole.values("b")[1])
    assert [row.line for row in whole.ragged] == [4]


@given(st.binary(max_size=60))
def test_any_bytes_are_a_table_or_none(content: bytes) -> None:
    cells = cells_of(b"epoch,loss\n" + content)
    assert cells is None or all(
        len(column) == len(cells.line) for column in cells.columns.values()
    )
    header_names(content)


def test_a_missing_file_is_no_table(tmp_path: Path) -> None:
    assert read_cells(Folder(DiskTree(tmp_path)), "no.csv", []) is None
