"""What was read from one run directory: curves, config, checkpoints, log events.

Units inside a Run: epochs are 1-based, rates are fractions, times are seconds. Readers convert.
Canonical names of series are in ``names.py``; a part of a loss is ``train_loss.<part>``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from analyzer.data import DataSet
from analyzer.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    import pandas as pd

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
Axis = Literal["epoch", "step"]


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Series:
    """One named curve.

    ``x`` (n,) float64 strictly ascending: what a resumed run logged again stands in the place of
    what it had logged before. ``y`` (n,) float64 where NaN and inf mean that exactly this was
    logged (a value that was not logged has no point). ``segment`` (n,) int64 counts resumes: 0
    up to the first one, then 1, ... ``resolution`` is one unit of the last printed digit, 0.0
    where unknown.
    """

    name: str
    axis: Axis
    x: FloatArray
    y: FloatArray
    segment: IntArray
    resolution: float = 0.0

    def __len__(self) -> int:
        return len(self.y)

    def __repr__(self) -> str:
        return f"Series({self.name!r}, {len(self)} points by {self.axis})"

    @property
    def finite(self) -> NDArray[np.bool_]:
        """Mask (n,) of the points that hold a number."""
        return np.isfinite(self.y)


LAST_STEPS = 0.02
"""Share of the planned steps that may pass unlogged at the end of a run."""


def flatten(tree: Mapping[Any, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of every leaf; lists and empty mappings are leaves."""
    for key, value in tree.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping) and value:
            yield from flatten(value, f"{name}.")
        else:
            yield name, value


@dataclass(frozen=True)
class Config:
    """The settings of a run under canonical dotted keys (``optimizer.lr``).

    ``own_key`` maps a canonical key to the user's spelling where it differs, so that a fix can be
    written in the user's words; ``file`` is relative to the run and ``lines`` gives key -> line.
    """

    values: Mapping[str, Any] = field(default_factory=dict)
    own_key: Mapping[str, str] = field(default_factory=dict)
    file: str | None = None
    lines: Mapping[str, int] = field(default_factory=dict)

    def get(self, key: str, default: Any = None) -> Any:
        """The value under canonical ``key``, or ``default``."""
        return self.values.get(key, default)

    def spelled(self, key: str) -> str:
        """The user's own spelling of a canonical key."""
        return self.own_key.get(key, key)


class Checkpoint(NamedTuple):
    """A weight file that exists, or that the log or an index says was saved.

    ``file`` is relative to the run; ``value`` is the main metric at that epoch; ``modified`` is a
    POSIX time; ``removed`` is true when the trainer says that it deleted the file itself.
    """

    file: str
    epoch: int | None = None
    value: float | None = None
    exists: bool = False
    removed: bool = False
    size: int | None = None
    modified: float | None = None


BestSource = Literal["link", "index", "log", "bytes", "time"]


@dataclass(frozen=True)
class BestCheckpoint:
    """Which epoch the best checkpoint holds, how that is known, and how sure (0..1) it is."""

    file: str
    epoch: int
    source: BestSource
    confidence: float
    because: str


@dataclass(frozen=True)
class LogEvent:
    """Something a log says besides numbers. ``line`` is 1-based, ``time`` a local time stamp."""

    kind: str
    file: str
    line: int
    text: str
    epoch: int | None = None
    time: datetime | None = None


@dataclass(frozen=True)
class Note:
    """Something odd met while reading. ``cut``: nothing may hang on the end of what was read;
    ``clash``: two files of the run contradict each other about a setting.
    """

    text: str
    file: str | None = None
    line: int | None = None
    cut: bool = False
    clash: bool = False


class Status(StrEnum):
    """How a run stands. ``UNKNOWN`` means that nothing on disk says it."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED_EARLY = "stopped early"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    KILLED = "killed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, repr=False)
class Run:
    """Everything that was read from one directory or file.

    ``superseded`` keeps what ``series`` leave out: points that a resume logged again, and other
    trainings in the same files; each piece comes from one start of the program and bears its
    number in ``segment``.
    ``main_metric`` is a series name and ``higher_is_better`` its direction. ``samples`` gives the
    number of samples a rate was computed from, by series prefix (``val``, ``train``), ``counts``
    what the trainer counted in its data.
    ``status_because`` says what on disk shows the status; ``silent`` is for how many seconds a
    run that goes on had written nothing when it was read. ``unreadable`` is a sentence that says
    why the run could not be read, ``data`` what was found in a data set; all else is empty then.
    """

    name: str
    path: Path
    format: str
    series: Mapping[str, Series] = field(default_factory=dict)
    superseded: tuple[Series, ...] = ()
    config: Config = field(default_factory=Config)
    checkpoints: Sequence[Checkpoint] = ()
    best_checkpoint: BestCheckpoint | None = None
    events: Sequence[LogEvent] = ()
    notes: tuple[Note, ...] = ()
    main_metric: str | None = None
    higher_is_better: bool = True
    planned_epochs: int | None = None
    planned_steps: int | None = None
    status: Status = Status.UNKNOWN
    status_because: str = ""
    silent: float | None = None
    started: datetime | None = None
    ended: datetime | None = None
    samples: Mapping[str, int] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    environment: Mapping[str, Any] = field(default_factory=dict)
    unreadable: str | None = None
    data: DataSet | None = None

    def __repr__(self) -> str:
        about = f"{self.status.value}, {self.epochs_done} epochs, {len(self.series)} series"
        return f"Run({str(self.path)!r}, {self.format}, {self.unreadable or about})"

    def get(self, name: str) -> Series | None:
        """A series by canonical name or by role (``loss``, ``metric``); None if not logged."""
        if name == "loss":
            name = "train_loss"
        elif name == "metric":
            name = self.main_metric or ""
        return self.series.get(name)

    def frame(self, axis: Axis | None = None) -> pd.DataFrame:
        """The curves as a pandas DataFrame: a row for each epoch or step, a column for each curve.

        ``axis`` is ``"epoch"`` or ``"step"``; without it, epochs where the run logs any. A cell
        is NaN where NaN was logged, and where nothing was; ``series`` tells the two apart. Raises
        MissingExtra without pandas, UsageError for another axis.
        """
        if axis not in (None, "epoch", "step"):
            raise UsageError(f"frame: axis is 'epoch' or 'step', not {axis!r}")
        try:
            import pandas as pd
        except ImportError:
            raise MissingExtra("Run.frame()", "report") from None
        chosen = axis or ("epoch" if self.epochs_done or not self.steps_done else "step")
        columns = {n: pd.Series(s.y, s.x) for n, s in self.series.items() if s.axis == chosen}
        frame = pd.DataFrame(columns).sort_index()
        if all(float(x).is_integer() for x in frame.index):
            frame.index = frame.index.astype("int64")
        return frame.rename_axis(index=chosen)

    def _repr_html_(self) -> str:
        from analyzer.render.notebook import run_html

        return run_html(self)

    def _repr_markdown_(self) -> str:
        from analyzer.render.notebook import run_markdown

        return run_markdown(self)

    @property
    def epochs_done(self) -> int:
        """The last epoch that any epoch curve holds, 0 before the first one ended."""
        return self._last("epoch")

    @property
    def steps_done(self) -> int:
        """The last step that any curve by step holds, 0 where none was logged."""
        return self._last("step")

    @property
    def steps_missing(self) -> int | None:
        """Planned steps that were not done; None where no number of steps was planned.

        Values are logged every so many steps: a plan of which less than that is missing, and less
        than ``LAST_STEPS``, was fulfilled.
        """
        if not self.planned_steps:
            return None
        missing = max(0, self.planned_steps - self.steps_done)
        small = missing <= LAST_STEPS * self.planned_steps
        return 0 if small and missing < self._logging_interval() else missing

    def _logging_interval(self) -> float:
        """Steps between the last two points of the curve by step that has most points."""
        finest = max((s for s in self.series.values() if s.axis == "step"), key=len, default=None)
        if finest is None or len(finest) < 2:
            return 0.0
        return float(finest.x[-1] - finest.x[-2])

    def _last(self, axis: Axis) -> int:
        ends = [s.x[-1] for s in self.series.values() if s.axis == axis and len(s)]
        return int(max(ends, default=0))
