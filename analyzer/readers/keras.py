"""Keras: the table of CSVLogger under any name, and a history saved as JSON or by pandas.

Names without ``val_`` are of the training. Epochs count from 0. CSVLogger can go on in a file that
an earlier training wrote, with or without a second header.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import first_lines, header_names, read_cells, tables_in
from analyzer.reading.folder import Folder
from analyzer.reading.jsonfile import read_json
from analyzer.reading.names import distinct, plain
from analyzer.reading.tables import Table
from analyzer.reading.values import number
from analyzer.reading.wide import Counters, wide_tables
from analyzer.run import Note, Run

FORMAT = "keras"
TABLES = (".csv", ".log", ".txt", ".tsv")
EPOCH = "epoch"
OTHER_COUNTERS = frozenset({"step", "steps", "batch", "iter", "iteration", "fold"})
"""Keras counts epochs only."""

WRAPPED = "history"
"""The key under which some save the history beside other things."""

_FIRST_LIST = re.compile(rb'^\s*\{(?:\s*"history"\s*:\s*\{)?\s*"[\w ./-]+"\s*:\s*[\[{]')
_LOSS = re.compile(rb'"[\w ./-]*loss[\w ./-]*"\s*:\s*[\[{]', re.IGNORECASE)
_FIRST_EPOCH = re.compile(rb'^\s*"?0+(?:\.0*)?"?\s*[,;\t]')


def claims(folder: Folder) -> Iterable[Claim]:
    """Each table or history in a folder is a run."""
    for name in tables_in(folder, (*TABLES, ".json")):
        head = folder.head(name)
        if _is_history(head, name) if name.endswith(".json") else _is_table(head):
            yield Claim(name, whole=False)


def _is_table(head: bytes) -> bool:
    """Whether the header is one that CSVLogger or a history table has.

    CSVLogger puts the epoch first and sorts the rest. A history table has no epoch, or an unnamed
    index in its place.
    """
    names = header_names(head)
    if "loss" not in names or len(names) < 2:
        return False
    first = (first_lines(head)[1:2] or [b""])[0]
    if OTHER_COUNTERS.intersection(names):
        return False
    if names[0] == EPOCH:
        return names[1:] == sorted(names[1:]) and _FIRST_EPOCH.match(first) is not None
    if "val_loss" not in names or EPOCH in names:
        return False
    return names[0] != "" or _FIRST_EPOCH.match(first) is not None


def _is_history(head: bytes, name: str) -> bool:
    found = _FIRST_LIST.match(head)
    return found is not None and (_LOSS.search(head) is not None or "hist" in name.lower())


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    if claim.main.endswith(".json"):
        _read_history(folder, claim.main, parts)
        return assemble(folder, claim, FORMAT, parts)
    cells = read_cells(folder, claim.main, parts.notes)
    if cells is not None:
        counter = cells.names[0] if cells.names[0] in (EPOCH, "column_1") else None
        own = [name for name in cells.names if name != counter]
        counters = Counters(counter, shift=1.0)
        parts.tables = wide_tables(cells, claim.main, counters, distinct(own, series_of))
    return assemble(folder, claim, FORMAT, parts)


def series_of(own: str) -> str:
    """The canonical series of a value; those of the training bear no prefix."""
    series = plain(own).series
    known = series.startswith(("train_", "val_")) or series == "learning_rate"
    return series if known else plain(f"train_{own}").series


def _read_history(folder: Folder, name: str, parts: Parts) -> None:
    """Lists of one value for each epoch, or what pandas makes of them (objects by index)."""
    value = read_json(folder, name, parts.notes)
    if isinstance(value, Mapping) and isinstance(value.get(WRAPPED), Mapping):
        value = value[WRAPPED]
    lists = {str(own): _in_order(values) for own, values in _items(value)}
    lists = {own: values for own, values in lists.items() if values}
    length = max((len(values) for values in lists.values()), default=0)
    short = [own for own, values in lists.items() if len(values) != length]
    if short:
        text = f"{', '.join(short[:5])}: fewer values than epochs, so it is not known of which"
        parts.notes.append(Note(text, name))
    table = Table("epoch", name)
    names = distinct((own for own in lists if own not in short), series_of)
    for epoch in range(length):
        row = [(names[own], y) for own in names if (y := number(lists[own][epoch])) is not None]
        table.add(epoch + 1.0, row, line=1)
    if any(np.isfinite(number(y) or np.nan) for own in names for y in lists[own]):
        parts.tables = [table]


def _items(value: Any) -> Iterable[tuple[Any, Any]]:
    return value.items() if isinstance(value, Mapping) else ()


def _in_order(values: Any) -> Sequence[Any]:
    """The values of a list, or of an object whose keys count them."""
    if isinstance(values, list):
        return values
    if isinstance(values, Mapping) and all(str(key) == str(n) for n, key in enumerate(values)):
        return list(values.values())
    return ()
