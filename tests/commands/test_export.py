"""``export``: every logged value is there, in every form, with what resumes replaced."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from analyzer.__main__ import cli
from analyzer.errors import UsageError
from analyzer.readers import read
from analyzer.render.scalars import COLUMNS

EXAMPLES = Path(__file__).parents[2] / "examples" / "workdirs"
RESULTS = """epoch,train/box_loss,metrics/mAP50(B),val/box_loss
1,1.5,0.1,1.5
2,nan,0.2,1.4
3,1.2,0.3,inf
2,1.3,0.25,1.3
"""


@pytest.fixture
def resumed(tmp_path: Path) -> Path:
    """A run whose third epoch was lost, and whose second was done again."""
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "results.csv").write_text(RESULTS)
    return tmp_path / "run"


def export(*args: str) -> Result:
    return CliRunner().invoke(cli, ["export", *args], catch_exceptions=False)


def test_every_value_of_every_run_is_there() -> None:
    table = list(csv.DictReader(io.StringIO(export(str(EXAMPLES)).stdout)))
    assert tuple(table[0]) == COLUMNS
    runs = read(EXAMPLES)
    assert len(table) == sum(len(s) for run in runs for s in run.series.values())
    one = runs[0]
    name, series = next(iter(one.series.items()))
    values = [float(r["value"]) for r in table if (r["run"], r["series"]) == (one.name, name)]
    assert np.array_equal(values, series.y, equal_nan=True), "no digit is lost"


def test_what_was_replaced_is_kept_and_marked(resumed: Path) -> None:
    table = list(csv.DictReader(io.StringIO(export(str(resumed)).stdout)))
    metric = [
        (row["x"], row["value"], row["start"], row["superseded"])
        for row in table
        if row["series"] == "val_map50"
    ]
    assert metric == [
        ("1.0", "0.1", "0", "False"),
        ("2.0", "0.25", "1", "False"),
        ("3.0", "0.3", "0", "False"),
        ("2.0", "0.2", "0", "True"),
    ]
    assert {r["value"] for r in table if r["series"] == "val_loss.box"} >= {"inf"}


def test_json_lines_are_strict_json(resumed: Path) -> None:
    def refuse(token: str) -> None:
        raise AssertionError(token)

    lines = export(str(resumed), "--to", "jsonl").stdout.splitlines()
    records = [json.loads(line, parse_constant=refuse) for line in lines]
    odd = [(r["series"], r["nonfinite"]) for r in records if r["value"] is None]
    assert ("val_loss.box", "inf") in odd
    assert ("train_loss.box", "nan") in odd


def test_parquet_holds_the_same_as_csv(resumed: Path, tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    result = export(str(resumed), "--to", "parquet", "--out", str(tmp_path / "new" / "s.parquet"))
    assert result.stdout == ""
    assert "wrote" in result.stderr
    table = parquet.read_table(tmp_path / "new" / "s.parquet").to_pylist()
    rows = list(csv.DictReader(io.StringIO(export(str(resumed)).stdout)))
    assert [{k: str(v) for k, v in row.items()} for row in table] == rows


def test_runs_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "training.log").write_text("epoch,loss\n0,1.5\n1,1.2\n2,1.1\n")
    text = export(str(tmp_path / "a"), str(tmp_path / "b")).stdout
    names = {row["run"] for row in csv.DictReader(io.StringIO(text))}
    assert names == {"a/training.log", "b/training.log"}
    text = export(str(tmp_path / "a")).stdout
    assert {row["run"] for row in csv.DictReader(io.StringIO(text))} == {"training.log"}


def test_parquet_needs_a_file() -> None:
    with pytest.raises(UsageError, match="name it with --out"):
        export(str(EXAMPLES), "--to", "parquet")


def test_a_run_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    (tmp_path / "metrics.json").write_text("not json")
    result = export(str(tmp_path), "--out", str(tmp_path / "out.csv"))
    assert "left out" in result.stderr
    assert (tmp_path / "out.csv").read_text() == ",".join(COLUMNS) + "\n"
