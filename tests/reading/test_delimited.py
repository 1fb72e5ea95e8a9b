"""Tables as CSV, in all the shapes that people and programs write them in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.readers import read
from analyzer.reading import delimited
from analyzer.reading.delimited import Cells, header_names, read_cells
from analyzer.reading.folder import DiskTree, Folder, LooseFile
from analyzer.run import Note, Status
from benchmarks.memory_tree import memory_folder


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


def test_more_cells_than_fit_into_memory_are_left_out_with_a_note(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(delimited, "MAX_CELLS", 100)
    for row in ("{n},0.5,0.5\n", '{n},"0.5",0.5\n', "{n} 0.5 0.5\n"):
        text = row.replace("{n}", "epoch") + "".join(row.format(n=n) for n in range(100))
        notes: list[Note] = []
        cells = read_cells(memory_folder({"a.csv": text.encode()}), "a.csv", notes)
        assert cells is not None
        assert 5 < len(cells.line) < 100
        assert cells.columns["epoch"][-1] == str(len(cells.line) - 1).encode()
        assert [note.text for note in notes] == [
            "a.csv holds more than 100 cells; the rest was not read"
        ]


def test_a_line_of_a_million_cells_is_no_header() -> None:
    notes: list[Note] = []
    folder = memory_folder({"a.csv": b"epoch," * 1_000_000 + b"\n1,2\n"})
    assert read_cells(folder, "a.csv", notes) is None
    assert notes[0].text == "a.csv has more than 4,096 columns; it was not read"


def test_names_are_unique_whatever_the_header() -> None:
    header = [b"a", b"a", b"a_2", b"", b"column_4", b"a_2_3"]
    names = delimited.unique_names(header)
    assert len(set(names)) == len(header)
    assert names[0] == "a"


def test_one_long_cell_does_not_widen_all() -> None:
    text = b"epoch,loss\n" + b"1,NA\n" * 20_000 + b"2," + b"9" * 900_000 + b"\n"
    cells = read_cells(memory_folder({"a.csv": text}), "a.csv", [])
    assert cells is not None
    assert cells.column("loss").y.tolist() == [np.inf]


def test_a_table_cut_short_says_nothing_of_how_its_run_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = "".join(f"{epoch},{2 / epoch},{epoch / 40}\n" for epoch in range(1, 31))
    (tmp_path / "results.csv").write_text("epoch,train/loss,metrics/accuracy_top1\n" + rows)
    (tmp_path / "args.yaml").write_text("epochs: 30\n")
    (whole,) = read(tmp_path)
    assert (whole.epochs_done, whole.status) == (30, Status.FINISHED)
    monkeypatch.setattr(delimited, "MAX_CELLS", 45)
    (cut,) = read(tmp_path)
    assert 0 < cut.epochs_done < 30
    assert (cut.planned_epochs, cut.status) == (None, Status.UNKNOWN)
    assert "the rest was not read" in cut.status_because
