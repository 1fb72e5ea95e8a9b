"""JSON of unknown origin: bounds, broken lines, and columns from objects."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading import jsonfile
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.jsonfile import first_objects, parse, read_json, read_object, read_records
from analyzer.run import Note


def folder(content: bytes) -> Folder:
    return Folder(LooseFile(Path("run"), "log.json", content))


def records(content: str | bytes, *texts: str) -> tuple[jsonfile.Records, list[Note]]:
    notes: list[Note] = []
    data = content.encode() if isinstance(content, str) else content
    return read_records(folder(data), "log.json", notes, texts), notes


def test_nan_and_infinity_are_numbers() -> None:
    found, notes = records('{"a": NaN}\n{"a": -Infinity}\n{"a": 1e400}\n')
    assert math.isnan(found.columns["a"].y[0])
    assert found.columns["a"].y[1:].tolist() == [-np.inf, np.inf]
    assert notes == []


def test_rows_of_different_keys_keep_the_order_of_the_file() -> None:
    found, _ = records('{"s": 1, "a": 1}\n{"s": 2, "b": 5}\n\n{"a": 3, "s": 3}\n')
    assert found.line.tolist() == [1, 2, 4]
    assert found.columns["s"].y.tolist() == [1, 2, 3]
    assert found.columns["a"].rows.tolist() == [0, 2]
    assert found.where("b").tolist() == [False, True, False]
    assert found.values("a").tolist()[::2] == [1, 3]


def test_nested_objects_short_lists_and_numbers_as_text_count() -> None:
    found, _ = records(
        '{"lr": {"head": 0.1}, "bbox": [0.5, 0.7], "loss": "1.25", "host": "a1", "ok": true}\n'
        '{"lr": 0.2, "bbox": null, "scores": [' + "1," * 40 + "1]}\n"
    )
    assert sorted(found.columns) == ["bbox.0", "bbox.1", "loss", "lr", "lr.head"]
    assert found.columns["loss"].y.tolist() == [1.25]
    assert found.columns["loss"].resolution == 0.01


def test_whole_numbers_are_printed_without_a_fraction() -> None:
    found, _ = records('{"step": 10}\n{"step": 20}\n')
    assert found.columns["step"].resolution == 1


def test_texts_are_kept_where_asked_for() -> None:
    found, _ = records('{"mode": "train", "x": 1}\n{"x": 2}\n', "mode")
    assert found.texts["mode"].tolist() == ["train", ""]
    part = found.only(np.array([False, True]))
    assert part.columns["x"].y.tolist() == [2]
    assert part.columns["x"].rows.tolist() == [0]


@pytest.mark.parametrize(
    "broken", ['{"a": 1', "[1, 2]", "7", '{"a": 1}, {"a": 2}', '{"a":', "{" * 5000]
)
def test_broken_lines_are_counted_and_the_first_is_named(broken: str) -> None:
    found, notes = records(f'{{"a": 1}}\n{broken}\n{{"a": 3}}\n')
    assert found.columns["a"].y.tolist() == [1, 3]
    assert found.line.tolist() == [1, 3]
    assert [(note.text, note.line) for note in notes] == [
        ("log.json: a line held no whole JSON object", 2)
    ]


def test_several_broken_lines_make_one_note() -> None:
    _, notes = records('{"a"\n{"a": 2}\n{"a": \n')
    assert [(note.text, note.line) for note in notes] == [
        ("log.json: 2 lines held no whole JSON object", 1)
    ]


def test_names_and_lists_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonfile, "MAX_NAMES", 3)
    found, _ = records("".join(f'{{"k{i}": 1}}\n' for i in range(10)))
    assert len(found.columns) == 3
    monkeypatch.setattr(jsonfile, "MAX_CONTAINERS", 5)
    with pytest.raises(ValueError, match="more than 5"):
        parse(b"[[],[],[],[],[],[]]")


def test_a_document_that_is_too_deep_or_damaged_is_noted() -> None:
    notes: list[Note] = []
    assert read_json(folder(b"[" * 100_000), "log.json", notes) is None
    assert read_json(folder(b'{"a": \n x}'), "log.json", notes) is None
    assert "nested too deeply" in notes[0].text
    assert notes[1].line == 2
    assert read_object(folder(b"[1]"), "log.json", notes) == {}
    assert read_object(folder(b"{}"), "other.json", notes) == {}
    assert len(notes) == 2


def test_the_first_objects_of_a_head_leave_out_what_is_cut_off() -> None:
    assert first_objects(b'\xef\xbb\xbf{"a": 1}\n\n{"b": 2}\n{"c": ') == [{"a": 1}, {"b": 2}]
    assert first_objects(b"\0\xff") == []


@given(
    st.lists(
        st.dictionaries(
            st.text(max_size=3),
            st.floats() | st.integers() | st.text(max_size=3) | st.lists(st.integers()),
            max_size=4,
        ),
        max_size=8,
    ),
    st.integers(0, 400),
)
def test_no_file_cut_anywhere_makes_trouble(objects: list[dict[str, object]], cut: int) -> None:
    text = "\n".join(json.dumps(value) for value in objects)
    found, _ = records(text.encode()[:cut])
    for column in found.columns.values():
        assert len(column.rows) == len(column.y)
        assert np.all(np.diff(column.rows) > 0)
        assert column.rows[-1] < len(found.line)
