"""The last resort for tables: any file of cells that counts epochs or steps beside losses.

Nobody prescribes the names, so a header is judged by what its words mean. A table without a
counter is a training where it holds both a loss of the training and one of the validation.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from analyzer.reading.assemble import Parts, assemble
from analyzer.reading.claim import Claim
from analyzer.reading.delimited import Cells, first_lines, header_names, read_cells, tables_in
from analyzer.reading.folder import Folder
from analyzer.reading.names import METRICS, Split, distinct, of_table, plain, split_of
from analyzer.reading.settings import planned, yaml_settings
from analyzer.reading.tables import Table
from analyzer.reading.values import NOT_LOGGED, number
from analyzer.reading.wide import Counters, wide_tables
from analyzer.run import Run

FORMAT = "table"
TABLES = (".csv", ".tsv", ".log", ".txt")
CONFIGS = (
    *("config.yaml", "config.yml", "args.yaml", "hparams.yaml", "params.yaml"),
    *("config.json", "args.json", "hparams.json", "params.json"),
)
"""Settings that lie beside a table; they are its own where it is the only one."""

EPOCHS = ("epoch", "epochs", "ep", "epochnum", "epochnumber", "epochidx", "currentepoch")
STEPS = (
    *("step", "globalstep", "steps", "iteration", "iterations", "iter", "iters", "it"),
    *("trainstep", "numupdates", "update", "batch", "batchidx", "niter"),
)
FOLDS = ("fold", "kfold", "foldnum", "trial")
"""Squeezed names of counters, the best first."""

NO_CURVE = frozenset(
    {"timestamp", "time", "date", "datetime", "walltime", "index", "column", "eta", "seed"}
)
"""A column with one of these words is no curve, unless it is a loss or a metric."""

ENDS = frozenset({"final", "summary"})
"""A column with one of these words holds one value at the end."""

MOST_COLUMNS = 2_000
MOST_EPOCHS = 1e7
"""A counter above this is a time stamp."""

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def claims(folder: Folder) -> Iterable[Claim]:
    """Each table in a folder that shows a training."""
    for name in tables_in(folder, TABLES):
        if _is_training(folder.head(name)):
            yield Claim(name, whole=False)


def _is_training(head: bytes) -> bool:
    names = header_names(head)
    if not 2 <= len(names) <= MOST_COLUMNS or not all(_is_name(name) for name in names):
        return False
    counters = counters_of(names)
    known = {series for series in map(_known, _values(names, counters)) if series}
    counter = counters.epoch or counters.step
    enough = bool(known) if counter else {"train_loss", "val_loss"} <= known
    return enough and _counts(first_lines(head)[1:6], names, counter)


def _is_name(cell: str) -> bool:
    """Whether a header cell can be a name, not a value or a sentence."""
    return len(cell) <= 100 and number(cell) is None


def _known(own: str) -> str | None:
    """The series of a column that only a training logs: a loss or a metric."""
    series = plain(_without_run(own)).series
    side, _, rest = series.partition("_")
    if side not in ("train", "val"):
        return None
    return series if rest.startswith("loss") or rest in METRICS.values() else None


def _counts(lines: Sequence[bytes], names: Sequence[str], counter: str | None) -> bool:
    """Whether the first rows hold a small counter, if there is one, and hardly any text."""
    rows = [header_names(line) for line in lines]
    whole = [row for row in rows if len(row) == len(names)]
    if counter is not None:
        counted = [y for row in whole if (y := number(row[names.index(counter)])) is not None]
        if not counted or max(map(abs, counted)) > MOST_EPOCHS:
            return False
    cells = [cell for row in whole for cell in row]
    texts = [c for c in cells if number(c) is None and c.lower().encode() not in NOT_LOGGED]
    return bool(cells) and len(texts) <= 0.5 * len(cells)


def read(folder: Folder, claim: Claim) -> Run:
    """Read one run."""
    parts = Parts()
    if [other.main for other in claims(folder)] == [claim.main]:
        config = next((name for name in CONFIGS if folder.has(name)), None)
        if config is not None:
            parts.config = yaml_settings(folder, config, None, parts.notes)
            parts.planned_epochs = planned(parts.config, "train.epochs")
            parts.planned_steps = planned(parts.config, "train.steps")
    cells = read_cells(folder, claim.main, parts.notes)
    if cells is not None:
        for split, rows in _by_split(cells):
            parts.tables += _tables(rows, claim.main, split)
        _mark_folds(cells, parts)
    return assemble(folder, claim, FORMAT, parts)


def _tables(cells: Cells, file: str, split: Split | None) -> list[Table]:
    counters = counters_of(cells.names)
    own = [name for name in _values(cells.names, counters) if _is_curve(name)]
    plainly = [_without_run(name) for name in own]
    if split is None:
        series = of_table(plainly)
    else:
        series = distinct(plainly, lambda name: plain(name, split).series)
    named = {name: series[_without_run(name)] for name in own}
    return wide_tables(cells, file, counters, named)


def _by_split(cells: Cells) -> list[tuple[Split | None, Cells]]:
    """The rows of the training and of the validation, where a column tells which each one is."""
    for own in cells.names:
        first = [cell.decode("utf-8", "replace") for cell in set(cells.columns[own][:100])]
        if not first or not all(map(split_of, first)):
            continue
        said = [split_of(cell.decode("utf-8", "replace")) for cell in cells.columns[own]]
        if all(said) and len(set(said)) > 1:
            return [(split, cells.only([s == split for s in said])) for split in ("train", "val")]
    return [(None, cells)]


def counters_of(names: Sequence[str]) -> Counters:
    """The columns that count epochs and steps."""
    squeezed: dict[str, str] = {}
    for name in names:
        squeezed.setdefault(_squeezed(name), name)
    epoch = next((squeezed[own] for own in EPOCHS if own in squeezed), None)
    step = next((squeezed[own] for own in STEPS if own in squeezed), None)
    return Counters(epoch, step)


def _squeezed(own: str) -> str:
    """The last part of a path-like name in small letters: ``training/Global Step``."""
    return re.sub(r"[^a-z]", "", own.rpartition("/")[2].lower())


def _values(names: Sequence[str], counters: Counters) -> list[str]:
    return [name for name in names if name not in (counters.epoch, counters.step)]


def _without_run(own: str) -> str:
    """Charts are exported with the run in front: ``calm-sun-3 - train/loss``."""
    return own.rpartition(" - ")[2]


def _is_curve(own: str) -> bool:
    if own.endswith(("__MIN", "__MAX")):
        return False  # bands of a chart that was exported
    words = {word.lower() for word in _WORD.findall(own)}
    counter = _squeezed(own) in (*EPOCHS, *STEPS, *FOLDS)
    kept = not words & NO_CURVE or _known(own) is not None
    return kept and not counter and not words & ENDS


def _mark_folds(cells: Cells, parts: Parts) -> None:
    """Note where another fold of a cross-validation begins."""
    own = next((name for name in cells.names if _squeezed(name) in FOLDS), None)
    if own is None or not parts.tables:
        return
    folds = cells.columns[own]
    for place in range(1, len(folds)):
        if folds[place] != folds[place - 1]:
            text = f"{own} {folds[place].decode('utf-8', 'replace')[:40]}"
            parts.tables[0].start(int(cells.line[place]), text, "fold")
