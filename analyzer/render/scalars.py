"""Every scalar of every run in long form, a row for each value: CSV, JSON lines, Parquet.

A row is (run, format, series, axis, x, value, start, superseded): ``x`` is the 1-based epoch or
the step, ``value`` may be NaN or infinite where that was logged, ``start`` counts the starts of
the program before it, and ``superseded`` marks what a resume logged again later, or what another
training in the same files logged.

CSV is opened in spreadsheets and printed in terminals, so names in it are one line without control
characters, and those that a spreadsheet would take for a formula begin with ``'``.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import repeat
from pathlib import Path
from typing import Any, TextIO

from analyzer.errors import MissingExtra
from analyzer.render.text import plain, steady_json
from analyzer.run import Run, Series

COLUMNS = ("run", "format", "series", "axis", "x", "value", "start", "superseded")

Rows = Iterator[tuple[Any, ...]]


def curves(run: Run) -> Iterator[tuple[Series, bool]]:
    """(curve, whether it was superseded) of all that a run logged."""
    yield from ((series, False) for series in run.series.values())
    yield from ((series, True) for series in run.superseded)


def rows(run: Run, word: Callable[[str], str] = str) -> Rows:
    """The rows of one run; ``word`` writes a name."""
    for series, superseded in curves(run):
        yield from zip(
            repeat(word(run.name)),
            repeat(word(run.format)),
            repeat(word(series.name)),
            repeat(series.axis),
            series.x.tolist(),
            series.y.tolist(),
            series.segment.tolist(),
            repeat(superseded),
        )


def write_csv(runs: Iterable[Run], file: TextIO) -> None:
    """A header and one line for each value; NaN and infinity are ``nan``, ``inf`` and ``-inf``."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for run in runs:
        writer.writerows(rows(run, _cell))


def _cell(name: str) -> str:
    """A name as a spreadsheet shows it and no more: its formulas begin with one of these."""
    text = plain(name)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def write_jsonl(runs: Iterable[Run], file: TextIO) -> None:
    """One object a line. JSON has no NaN: then ``value`` is null and ``nonfinite`` says which."""
    for run in runs:
        for row in rows(run):
            record = dict(zip(COLUMNS, row, strict=True))
            if not math.isfinite(record["value"]):
                record |= {"value": None, "nonfinite": str(record["value"])}
            file.write(steady_json(json.dumps(record, ensure_ascii=False)) + "\n")


def write_parquet(runs: Iterable[Run], path: Path) -> None:
    """A Parquet file with one row group for each run. Raises MissingExtra without pyarrow."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise MissingExtra("writing Parquet", "parquet") from None
    text = pa.dictionary(pa.int32(), pa.string())
    kinds = (text, text, text, text, pa.float64(), pa.float64(), pa.int64(), pa.bool_())
    schema = pa.schema(list(zip(COLUMNS, kinds, strict=True)))
    with pq.ParquetWriter(path, schema) as writer:
        for run in runs:
            columns = list(zip(*rows(run), strict=True)) or [()] * len(COLUMNS)
            arrays = [pa.array(c, kind) for c, kind in zip(columns, kinds, strict=True)]
            writer.write_table(pa.Table.from_arrays(arrays, schema=schema))


TEXT: Mapping[str, Callable[[Iterable[Run], TextIO], None]] = {
    "csv": write_csv,
    "jsonl": write_jsonl,
}
"""Formats that can go to stdout."""
