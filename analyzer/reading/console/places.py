"""Where the printed lines of a console stand: at which epoch or step."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analyzer.reading.console.printed import Chunk
from analyzer.reading.tables import Column
from analyzer.run import FloatArray, IntArray

MANY = 3
"""So many lines of an epoch are of its batches."""

_OF_BATCHES = ("train_", "learning_rate", "grad_norm", "batch_")


@dataclass(frozen=True)
class Rows:
    """Rows of one table before they are sorted: ``x`` (n,), ``line`` (n,), columns."""

    line: IntArray
    x: FloatArray
    epoch: FloatArray
    columns: dict[str, Column]


@dataclass(frozen=True)
class Places:
    """Where the file says which epoch it is in: ``line`` (k,) ascending, ``epoch`` (k,) 1-based.

    ``visit`` (k,) counts how often the epoch has changed; ``resets`` are lines behind which none
    is known.
    """

    line: IntArray
    epoch: FloatArray
    visit: IntArray
    resets: IntArray

    def at(self, line: IntArray) -> tuple[FloatArray, IntArray]:
        """(epoch, visit) of lines that do not say it themselves; NaN and -1 where unknown."""
        if not len(self.line):
            return np.full(len(line), np.nan), np.full(len(line), -1)
        place = np.searchsorted(self.line, line, side="right") - 1
        known = place >= 0
        place = np.maximum(place, 0)
        last = np.searchsorted(self.resets, line) - 1
        reset = np.where(last >= 0, self.resets[np.maximum(last, 0)] if len(self.resets) else 0, 0)
        known &= self.line[place] > reset
        return np.where(known, self.epoch[place], np.nan), np.where(known, self.visit[place], -1)


def base_of(chunks: Sequence[Chunk]) -> float:
    """What to add to whole epochs so that they count from 1."""
    least = [
        np.nanmin(e) for c in chunks if not c.fraction and (e := known_values(c.epoch)) is not None
    ]
    return 1.0 if least and min(least) == 0 else 0.0


def known_values(values: FloatArray | None) -> FloatArray | None:
    if values is None:
        return None
    finite = values[np.isfinite(values)]
    return finite if len(finite) else None


def _epochs(chunk: Chunk, base: float) -> FloatArray:
    """The epoch of each line by its own word, 1-based; a fraction counts to the epoch it is in."""
    assert chunk.epoch is not None
    return np.maximum(np.ceil(chunk.epoch), 1) if chunk.fraction else chunk.epoch + base


def places_of(chunks: Sequence[Chunk], base: float, resets: IntArray) -> Places:
    told = [chunk for chunk in chunks if chunk.epoch is not None]
    line = np.concatenate([chunk.line for chunk in told]) if told else np.empty(0, dtype=np.int64)
    epoch = np.concatenate([_epochs(c, base) for c in told]) if told else np.empty(0)
    order = np.argsort(line, kind="stable")
    line, epoch = line[order], epoch[order]
    cut = np.ones(len(line), dtype=np.int64)
    if len(line):
        parted = np.searchsorted(resets, line[1:]) != np.searchsorted(resets, line[:-1])
        cut[1:] = (epoch[1:] != epoch[:-1]) | parted
    return Places(line, epoch, np.cumsum(cut), resets)


def own_rows(chunks: Iterable[Chunk], base: float) -> list[Rows]:
    """Rows of lines that say their epoch, and no step."""
    rows = []
    for chunk in chunks:
        if chunk.epoch is not None and chunk.step is None and not chunk.progress:
            if _is_coarse(chunk):
                continue
            x = chunk.epoch if chunk.fraction else chunk.epoch + base
            rows.append(Rows(chunk.line, x, x, chunk.columns))
    return rows


def _is_coarse(chunk: Chunk) -> bool:
    """Whether fractions of epochs were rounded so far that many lines share one."""
    if chunk.epoch is None or chunk.step is not None or not chunk.fraction:
        return False
    return bool(np.count_nonzero(np.diff(chunk.epoch) == 0) > 0.3 * len(chunk.epoch))


def count_batches(chunks: Iterable[Chunk], places: Places) -> None:
    """Number the lines that are printed many times in each epoch, without the step they are at.

    Only losses of the training are printed for batches; what else stands there again and again is
    printed by several ranks.
    """
    for chunk in chunks:
        if chunk.epoch is None or chunk.step is not None or chunk.progress or chunk.fraction:
            continue
        _, visit = places.at(chunk.line)
        begins = np.flatnonzero(np.append(True, visit[1:] != visit[:-1]))
        length = np.diff(np.append(begins, len(visit)))
        losses = all(name.startswith(_OF_BATCHES) for name in chunk.columns)
        if losses and length.max(initial=0) >= MANY and np.median(length) > 1:
            chunk.step = (np.arange(len(visit)) - np.repeat(begins, length) + 1).astype(float)


def _counted(epoch: FloatArray) -> FloatArray:
    """(n,) the number of each line since the epoch went back."""
    begins = np.flatnonzero(np.append(True, np.diff(epoch) < 0))
    place = np.arange(len(epoch))
    return (place - begins[np.searchsorted(begins, place, side="right") - 1] + 1).astype(float)


def last_states(chunks: Sequence[Chunk], places: Places, base: float) -> list[Rows]:
    """Of bars the last state of each epoch; of the last epoch only if the bar is full."""
    states: dict[str, list[tuple[NDArray[Any], ...]]] = {}
    for chunk in chunks:
        if not chunk.progress:
            continue
        epoch, visit = places.at(chunk.line)
        if chunk.epoch is not None:
            epoch = _epochs(chunk, base)
        full = np.ones(len(chunk.line), dtype=bool)
        if chunk.step is not None and chunk.steps is not None:
            full = chunk.step >= chunk.steps
        for name, column in chunk.columns.items():
            r = column.rows
            part = (chunk.line[r], epoch[r], visit[r], full[r], column.y)
            states.setdefault(name, []).append(part)
    rows = []
    for name, parts in states.items():
        joined = [np.concatenate(part) for part in zip(*parts, strict=True)]
        order = np.argsort(joined[0], kind="stable")
        line, epoch, visit, full, y = (array[order] for array in joined)
        last = np.append(visit[1:] != visit[:-1], True)
        gone_on = np.append((epoch[1:] == epoch[:-1] + 1), False)
        kept = last & (full | gone_on) & np.isfinite(epoch)
        resolution = finest(c.columns[name] for c in chunks if c.progress and name in c.columns)
        column = Column(np.arange(int(kept.sum())), y[kept], resolution)
        rows.append(Rows(line[kept], epoch[kept], epoch[kept], {name: column}))
    return rows


def finest(columns: Iterable[Column]) -> float:
    return max((column.resolution for column in columns), default=0.0)


def step_rows(chunks: Iterable[Chunk], places: Places, base: float) -> list[Rows]:
    """Rows of lines that say their step; one that begins anew with each epoch is counted on."""
    rows = []
    for chunk in chunks:
        if _is_coarse(chunk) and chunk.epoch is not None:
            x = _counted(chunk.epoch)
            rows.append(Rows(chunk.line, x, _epochs(chunk, base), chunk.columns))
            continue
        if chunk.step is None or chunk.progress:
            continue
        epoch, _ = places.at(chunk.line)
        if chunk.epoch is not None:
            epoch = _epochs(chunk, base)
        x = _counted_on(chunk.step, chunk.steps, epoch)
        rows.append(Rows(chunk.line, x, epoch, chunk.columns))
    return rows


def _counted_on(step: FloatArray, total: FloatArray | None, epoch: FloatArray) -> FloatArray:
    known = np.isfinite(epoch)
    if not known.any() or len(step) < 2:
        return step
    moved = np.flatnonzero(np.diff(epoch) > 0)
    if len(moved) and np.mean(step[moved + 1] <= step[moved]) < 0.5:
        return step
    if not len(moved) and epoch[known][0] <= 1:
        return step
    length = np.nanmax(step, initial=0.0)
    if total is not None and np.isfinite(total).any():
        length = np.nanmedian(total)
    return step + np.where(known, epoch - 1, 0.0) * length


def loose_rows(
    chunks: Sequence[Chunk], places: Places, steps: Sequence[Rows]
) -> tuple[list[Rows], list[Rows]]:
    """Rows of lines that do not say where they stand, by epoch or by the step printed before.

    A value that is printed behind the last epoch of a training only is a result and no curve.
    """
    by_epoch: list[Rows] = []
    by_step: list[Rows] = []
    step_line, step_x = _sorted_steps(steps)
    final = _final_visits(places)
    for chunk in chunks:
        if chunk.epoch is not None or chunk.step is not None or chunk.progress:
            continue
        epoch, visit = places.at(chunk.line)
        for name, column in chunk.columns.items():
            r = column.rows
            first = np.unique(visit[r], return_index=True)[1]
            kept = np.sort(first[visit[r][first] >= 0])
            often = len(kept) < 0.6 * np.count_nonzero(visit[r] >= 0)
            if len(step_line) and (often or not len(kept)):
                by_step += _behind_steps(chunk, name, step_line, step_x, epoch)
            elif len(kept) and not set(visit[r[kept]].tolist()) <= final:
                rows = r[kept]
                values = column._replace(rows=np.arange(len(kept)), y=column.y[kept])
                by_epoch.append(Rows(chunk.line[rows], epoch[rows], epoch[rows], {name: values}))
    return by_epoch, by_step


def _final_visits(places: Places) -> set[int]:
    """The last epoch of each training of several, by the number of its visit."""
    if not len(places.line):
        return set()
    visits, first = np.unique(places.visit, return_index=True)
    epoch = places.epoch[first]
    parted = np.searchsorted(places.resets, places.line[first])
    cut = (epoch[1:] <= epoch[:-1]) | (parted[1:] != parted[:-1])
    ends, begins = np.append(cut, True), np.insert(cut, 0, True)
    return set(visits[ends & ~begins].tolist())


def _sorted_steps(steps: Sequence[Rows]) -> tuple[IntArray, FloatArray]:
    if not steps:
        return np.empty(0, dtype=np.int64), np.empty(0)
    line = np.concatenate([rows.line for rows in steps])
    x = np.concatenate([rows.x for rows in steps])
    order = np.argsort(line, kind="stable")
    return line[order], x[order]


def _behind_steps(
    chunk: Chunk, name: str, step_line: IntArray, step_x: FloatArray, epoch: FloatArray
) -> list[Rows]:
    column = chunk.columns[name]
    line = chunk.line[column.rows]
    place = np.searchsorted(step_line, line) - 1
    kept = np.flatnonzero(place >= 0)
    kept = kept[np.sort(np.unique(place[kept], return_index=True)[1])]
    if len(kept) < 2:
        return []
    values = column._replace(rows=np.arange(len(kept)), y=column.y[kept])
    return [Rows(line[kept], step_x[place[kept]], epoch[column.rows[kept]], {name: values})]
