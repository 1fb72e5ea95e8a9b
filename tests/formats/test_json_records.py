"""Records: strict JSON on disk, NaN and inf alive; a damaged file is never overwritten."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.errors import UsageError
from analyzer.formats.records import decode_record, encode_record, read_json, read_records

KEYS = st.text(max_size=8).filter(lambda key: key != "nonfinite")
RECORDS = st.dictionaries(
    KEYS, st.floats() | st.integers() | st.none() | st.booleans() | st.text()
)


def same(one: dict[str, Any], other: dict[str, Any]) -> bool:
    return repr(one) == repr(other)


@given(RECORDS)
def test_records_there_and_back(record: dict[str, Any]) -> None:
    text = json.dumps(encode_record(record), allow_nan=False)
    assert same(decode_record(json.loads(text)), record)


def test_the_documented_encoding() -> None:
    record = {"epoch": 2, "train_loss": math.nan, "val_loss": -math.inf, "grad_norm": math.inf}
    assert encode_record(record) == {
        "epoch": 2,
        "train_loss": None,
        "val_loss": None,
        "grad_norm": None,
        "nonfinite": {"train_loss": "nan", "val_loss": "-inf", "grad_norm": "inf"},
    }


@pytest.mark.parametrize(
    "odd", [3, "nan", ["train_loss"], {"train_loss": 1}, {"x": ["nan"]}, None]
)
def test_an_odd_nonfinite_entry_is_passed_over(odd: Any) -> None:
    assert decode_record({"epoch": 1, "nonfinite": odd}) == {"epoch": 1}


def test_a_missing_file_is_the_default(tmp_path: Path) -> None:
    assert read_json(tmp_path / "a.json", default={}) == {}
    assert read_records(tmp_path / "a.json") == []


@pytest.mark.parametrize(
    "text", ["", "[", "{}", "3", "[1]", '[{"epoch": 1}, null]', "\ud800", "[" * 100_000]
)
def test_a_damaged_file_stops_the_resume_with_a_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.json"
    path.write_text(text, "utf-8", "surrogatepass")
    with pytest.raises(UsageError, match=r"metrics\.json .*cannot be resumed .*repair it"):
        read_records(path)


def test_records_of_others_are_read(tmp_path: Path) -> None:
    path = tmp_path / "metrics.json"
    path.write_text('[{"epoch": 1, "train_loss": NaN}]')
    (record,) = read_records(path)
    assert math.isnan(record["train_loss"])
