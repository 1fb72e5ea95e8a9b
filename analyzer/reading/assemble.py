"""From what a reader found to a Run: the steps that are the same for every format."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import numpy as np

from analyzer.names import RATES, STEP_SUFFIX
from analyzer.reading.beside import told_beside
from analyzer.reading.claim import Claim, place
from analyzer.reading.curves import Curves, build_curves
from analyzer.reading.events import told_status
from analyzer.reading.folder import Folder
from analyzer.reading.names import higher_is_better, is_share
from analyzer.reading.status import judge, silence
from analyzer.reading.tables import Table
from analyzer.run import BestCheckpoint, Checkpoint, Config, LogEvent, Note, Run, Series, Status

COSTS = frozenset(
    {"loss", "time", "timing", "runtime", "seconds", "speed", "batches", "samples", "steps"}
)
"""Words of validation series that say what it cost, not how good the model is."""

NO_METRIC = ("val_loss", "val_time", "val_perplexity", "val_nll")


@dataclass
class Parts:
    """What a reader found in one run. What it leaves empty is not known.

    ``name`` is what the run itself says that it is called; it replaces the last part of its path.
    ``main_metric`` names a series; None takes the first of ``RATES`` that was logged, else the
    first other validation series. ``status`` None is judged from length, errors and file times.
    """

    name: str = ""
    tables: list[Table] = field(default_factory=list)
    config: Config = field(default_factory=Config)
    checkpoints: Sequence[Checkpoint] = ()
    best_checkpoint: BestCheckpoint | None = None
    events: list[LogEvent] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)
    main_metric: str | None = None
    higher_is_better: bool | None = None
    planned_epochs: int | None = None
    planned_steps: int | None = None
    samples: dict[str, int] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    environment: dict[str, Any] = field(default_factory=dict)
    started: datetime | None = None
    ended: datetime | None = None
    status: Status | None = None
    status_because: str = ""


def assemble(folder: Folder, claim: Claim, format_name: str, parts: Parts) -> Run:
    """The Run of ``parts``; one that holds nothing is unreadable, and says why."""
    path = place(folder, claim)
    curves = _in_fractions(build_curves(parts.tables))
    series = curves.series
    notes = (*parts.notes, *curves.notes)
    events = tuple(sorted((*parts.events, *curves.events), key=lambda e: (e.file, e.line)))
    if not (series or events or parts.config.values or parts.status):
        return unreadable(folder, claim, format_name, notes)
    metric = parts.main_metric if parts.main_metric in series else main_metric(series)
    better = parts.higher_is_better if metric == parts.main_metric else None
    run = Run(
        name=parts.name or path.name,
        path=path,
        format=format_name,
        series=series,
        superseded=tuple(curves.superseded),
        config=parts.config,
        checkpoints=tuple(parts.checkpoints),
        best_checkpoint=parts.best_checkpoint,
        events=events,
        notes=notes,
        main_metric=metric,
        higher_is_better=higher_is_better(metric or "") if better is None else better,
        planned_epochs=_count(parts.planned_epochs),
        planned_steps=_count(parts.planned_steps),
        samples={name: n for name, n in parts.samples.items() if n > 0},
        counts=parts.counts,
        environment=parts.environment,
        started=parts.started,
        ended=parts.ended if _of_one_clock(parts.started, parts.ended) else None,
    )
    cut = next((note for note in notes if note.cut), None)
    if cut is not None:  # the end is not known, nor what is missing
        run = replace(run, planned_epochs=None, planned_steps=None)
        return replace(run, status=Status.UNKNOWN, status_because=cut.text)
    said = (parts.status, parts.status_because) if parts.status else None
    return with_status(run, folder, claim, *(said or judge(run, folder, claim.main)))


def with_status(run: Run, folder: Folder, claim: Claim, status: Status, because: str) -> Run:
    """The run with its status; one that ended without a word is looked for in output beside it."""
    run = replace(run, status=status, status_because=because)
    if status is Status.RUNNING:
        return replace(run, silent=silence(folder, claim.main, run.ended))
    if status not in (Status.UNKNOWN, Status.KILLED, Status.FAILED):
        return run
    if any(event.kind in ("error", "interrupted") for event in run.events):
        return run
    beside = told_beside(folder, claim)
    told = told_status(beside)
    if told is None:
        return run
    run = replace(run, events=(*run.events, *beside))
    return run if status is Status.FAILED else replace(run, status=told[0], status_because=told[1])


def _of_one_clock(started: datetime | None, ended: datetime | None) -> bool:
    """Whether both times have a zone or none; otherwise nothing is known of what lies between."""
    return started is None or ended is None or (started.tzinfo is None) == (ended.tzinfo is None)


def _count(planned: int | None) -> int | None:
    """A planned length; 0 and less, which people write for "without end", is none."""
    return planned if planned is not None and planned > 0 else None


def unreadable(folder: Folder, claim: Claim, format_name: str, notes: Sequence[Note]) -> Run:
    """A run that was found but holds nothing that can be judged."""
    path = place(folder, claim)
    reasons = "; ".join(note.text for note in notes) or f"{claim.main} holds no logged value"
    text = f"{path}: {reasons}; copy it anew"
    return Run(path.name, path, format_name, notes=tuple(notes), unreadable=text)


def main_metric(series: Mapping[str, Series]) -> str | None:
    """The first of ``RATES`` that was logged, else the first other validation series."""
    rate = next((name for name in RATES if name in series), None)
    others = (
        name
        for name in series
        if name.startswith("val_")
        and name not in NO_METRIC
        and not COSTS.intersection(re.split(r"[\W_]+", name.lower()))
    )
    return rate or next(others, None)


def _in_fractions(curves: Curves) -> Curves:
    """The curves, with rates that are plainly in percent (above 1.5) turned into fractions."""
    percent = {
        name
        for name, series in curves.series.items()
        if (name.removesuffix(STEP_SUFFIX).replace("train_", "val_", 1) in RATES or is_share(name))
        and 1.5 < np.max(series.y[series.finite], initial=0.0) <= 100.5
    }
    notes = [Note(f"{name} is in percent; it is read as a fraction") for name in sorted(percent)]

    def convert(series: Series) -> Series:
        if series.name not in percent:
            return series
        return replace(series, y=series.y / 100, resolution=series.resolution / 100)

    return Curves(
        {name: convert(series) for name, series in curves.series.items()},
        [convert(series) for series in curves.superseded],
        curves.events,
        [*curves.notes, *notes],
    )
