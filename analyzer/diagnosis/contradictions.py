"""Where the settings of a run and its logs contradict each other."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from analyzer.diagnosis.outcome import Outcome
from analyzer.facts.schedule import lr_constant, rate_curve
from analyzer.facts.settings import number
from analyzer.finding import Evidence, FileEvidence, KeyEvidence
from analyzer.run import Run
from analyzer.signals.stats import finite
from analyzer.stages import highest_rate

SAME_RATE = 1.5
"""Rates within this factor are one: schedulers overshoot a little, and logs round."""

SCALED = ("OneCycle", "Cyclic")
"""Schedules whose highest rate is another setting than the base rate."""


def ran_otherwise(run: Run) -> Outcome:
    """Epochs or rates in the log, or the flags beside it, are other than the config says."""
    found = [*_clashes(run), *_epochs(run), *_rate(run)]
    if not found:
        return Outcome(False, "the log shows nothing that differs from the settings")
    told = "; ".join(text for text, _ in found)
    evidence = tuple(item for _, item in found)
    return Outcome(True, told, 0.9, evidence, {"differences": told})


def _clashes(run: Run) -> Iterator[tuple[str, Evidence]]:
    for note in run.notes:
        if note.clash:
            yield note.text, FileEvidence(note.file or run.name, note.line, note.text)


def _epochs(run: Run) -> Iterator[tuple[str, Evidence]]:
    """The total that each epoch's line states; a resume may have raised it."""
    written, ran = number("train.epochs")(run), run.planned_epochs
    if written and ran and written != ran and run.config.file is not None:
        text = f"the log counts to epoch {ran}, the config says {written:g}"
        yield text, _of(run, "train.epochs", written, text)


def _rate(run: Run) -> Iterator[tuple[str, Evidence]]:
    """The highest rate logged above the base rate, or a constant one below it.

    Any schedule may begin low or have been logged late, so nothing else below it counts; and of
    several starts only the last went by the settings that are there now.
    """
    written, curve = highest_rate(run.config), rate_curve(run)
    schedule = str(run.config.get("scheduler.type") or "")
    if not written or written < 0 or curve is None or run.config.file is None:
        return
    _, rates, segments = finite(curve)
    highest = float(np.max(rates[segments == segments[-1]]))
    constant = not schedule and lr_constant(run) and 0 < highest < written / SAME_RATE
    apart = highest > SAME_RATE * written or constant
    if apart and not any(word.lower() in schedule.lower() for word in SCALED):
        text = f"the highest learning rate logged is {highest:.4g}, the config says {written:.4g}"
        yield text, _of(run, "optimizer.lr", written, text)


def _of(run: Run, key: str, value: float, text: str) -> Evidence:
    return KeyEvidence(run.config.spelled(key), value, text)
