"""The tables of a run, filled start by start: each start writes files of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analyzer.readers.openmmlab.names import all_series
from analyzer.readers.openmmlab.textlog import Progress, TextLog
from analyzer.reading.jsonfile import Records
from analyzer.reading.names import Split, is_share
from analyzer.reading.tables import Column, Table
from analyzer.reading.text import decode
from analyzer.run import FloatArray, LogEvent, Run

Mask = NDArray[np.bool_]


@dataclass
class Rows:
    """Training rows by step, validation rows by epoch or by step.

    Lines count through all files of the run; ``placed`` turns them back. ``interval`` is the
    number of iterations between validations, 0 where not known: a validation of a training by
    iterations does not say where it stands.
    """

    file: str
    interval: int = 0
    train: Table = field(init=False)
    by_epoch: Table = field(init=False)
    by_step: Table = field(init=False)
    batches: int = 0
    counts_epochs: bool = False
    _files: list[tuple[int, str]] = field(default_factory=list)
    _lines: int = 0

    def __post_init__(self) -> None:
        self.train = Table("step", self.file)
        self.by_epoch = Table("epoch", self.file, repeats=True)
        self.by_step = Table("step", self.file, repeats=True)

    @property
    def tables(self) -> list[Table]:
        """The tables that hold rows."""
        return [table for table in (self.train, self.by_epoch, self.by_step) if len(table)]

    def begin(self, file: str) -> None:
        """The rows that follow stand in ``file``, which the program wrote after a start."""
        if self.tables:
            self.train.start(self._lines + 1, f"{file} begins")
        self._files.append((self._lines, file))

    def end(self, lines: int) -> None:
        """So many lines the file had."""
        self._lines += lines

    def placed(self, run: Run) -> Run:
        """``run`` with the events of its tables at their files and lines."""
        starts = [start for start, _ in self._files]

        def move(event: LogEvent) -> LogEvent:
            if event.file != self.file or event.kind not in ("started", "resumed", "restarted"):
                return event
            place = int(np.searchsorted(starts, event.line, side="left")) - 1
            start, file = self._files[max(place, 0)]
            return replace(event, file=file, line=event.line - start)

        if len(self._files) < 2:
            return run
        return replace(run, events=tuple(move(event) for event in run.events))

    def add_columns(
        self, table: Table, records: Records, mask: Mask, x: FloatArray, epoch: FloatArray | None
    ) -> None:
        """Add the rows of ``mask``; ``x`` and ``epoch`` (n,) are their places."""
        part = records.only(mask)
        split: Split = "train" if table is self.train else "val"
        names = all_series(list(part.columns), split)
        columns = {series: _measured(part.columns[own], series) for own, series in names.items()}
        told = None if epoch is None else epoch[mask]
        table.extend(x[mask], columns, part.line + self._lines, told)

    def add_text(self, log: TextLog) -> None:
        """Add the progress lines of a text log."""
        if len(log.configs) > 1:
            for line, _ in log.configs:
                self.train.start(self._lines + line, "the config is printed")
        rows = [(row, list(row.pairs())) for row in log.progress if row.mode != "test"]
        series: dict[Split, dict[bytes, str]] = {
            "train": _names([p for row, p in rows if row.mode != "val"], "train"),
            "val": _names([p for row, p in rows if row.mode == "val"], "val"),
        }
        reached = 0
        for row, own in rows:
            split: Split = "val" if row.mode == "val" else "train"
            values = [
                (series[split][name], digits)
                for name, digits in own
                if name in series[split] and not _unmeasured(series[split][name], digits)
            ]
            reached = max(reached, row.saved)
            if split == "val":
                self._add_validation(row, values, reached)
            else:
                reached = self._add_training(row, values) or reached

    def _add_training(self, row: Progress, values: list[tuple[str, bytes]]) -> int:
        """The iteration that the row stands at, counted through all epochs; 0 where unsaid."""
        first, _, inner, length = row.counts
        if not row.by_epoch:
            self.train.add(first or 0, values, row.line + self._lines)
            return first or 0
        if first is None or inner is None or length is None:
            return 0
        self.counts_epochs = True
        step = (first - 1) * length + inner
        self.train.add(step, values, row.line + self._lines, epoch=first)
        return step

    def _add_validation(
        self, row: Progress, values: list[tuple[str, bytes]], reached: int
    ) -> None:
        first, total, inner, length = row.counts
        self.batches = length or total or inner or self.batches
        if not values:
            return
        if row.by_epoch and inner is not None:
            self.by_epoch.add(first or 0, values, row.line + self._lines)
        else:
            self.by_step.add(self.next_validation(reached), values, row.line + self._lines)

    def next_validation(self, reached: float) -> float:
        """Where the validation stands that was logged after iteration ``reached``."""
        if not self.interval:
            return reached
        return float(np.ceil(reached / self.interval) * self.interval)


def _names(rows: list[list[tuple[bytes, bytes]]], split: Split) -> dict[bytes, str]:
    own = {decode(name): name for name in {name for pairs in rows for name, _ in pairs}}
    return {own[name]: series for name, series in all_series(sorted(own), split).items()}


def _unmeasured(series: str, digits: bytes) -> bool:
    """COCO writes -1 where there is nothing to measure: no object of that size."""
    return digits[:2] == b"-1" and not digits.strip(b"-1.0") and is_share(series)


def _measured(column: Column, series: str) -> Column:
    kept = column.y != -1
    if kept.all() or not is_share(series):
        return column
    return Column(column.rows[kept], column.y[kept], column.resolution)
