"""What is tried with each input: one reader, without the net that ``read_run`` spreads."""

from __future__ import annotations

import resource
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import numpy as np

from analyzer.diagnosis import diagnose
from analyzer.reading.claim import Claim, Reader
from analyzer.reading.folder import Folder
from analyzer.run import Run, Series, Status
from benchmarks.memory_tree import MemoryTree

SECONDS = 5.0
"""CPU seconds that one input may take."""

GROWTH = 500 << 20
"""Bytes by which one input may make the process grow."""

MOST_CLAIMS = 30
MOST_BYTEWISE = 2000
PACKAGE = f"{Path(__file__).parent.parent / 'analyzer'}/"

Place = tuple[str, Claim]
"""A claim, and the folder in which it was made."""


class Fault(AssertionError):
    """The reader broke its contract without raising."""


class TooSlow(BaseException):
    """Not an Exception, so that no reader can catch it."""


@dataclass
class Tried:
    """What one input showed: ``runs`` that were read, the CPU ``seconds``, the ``fault`` or ''."""

    runs: list[Run] = field(default_factory=list)
    seconds: float = 0.0
    fault: str = ""
    trace: str = ""


def try_input(
    reader: Reader, files: Mapping[str, bytes], known: Sequence[Place] = (), *, judge: bool = False
) -> Tried:
    """Read all that ``reader`` claims in ``files``, and ``judge`` it.

    Where it claims nothing, it reads what it claimed before the damage (``known``): files may
    change between search and reading.
    """
    tried = Tried()
    tree = MemoryTree(files)
    start, before = time.process_time(), peak_memory()
    try:
        with limited(SECONDS):
            for folder, claim in _places(reader, tree, known):
                tried.runs.append(checked(reader, folder, claim, judge=judge))
        if peak_memory() - before > GROWTH:
            raise Fault("grew by more than 500 MB")
    except (Exception, TooSlow, RecursionError) as error:
        tried.fault, tried.trace = _signature(error), traceback.format_exc()
    finally:
        tried.seconds = time.process_time() - start
        tree.close()
    return tried


def claimed_places(reader: Reader, files: Mapping[str, bytes]) -> list[Place]:
    """What ``reader`` claims in all folders of ``files``."""
    tree = MemoryTree(files)
    try:
        return [(folder.at, claim) for folder, claim in _places(reader, tree, ())]
    finally:
        tree.close()


def _places(
    reader: Reader, tree: MemoryTree, known: Sequence[Place]
) -> Iterator[tuple[Folder, Claim]]:
    count, stack = 0, [Folder(tree)]
    while stack and count < MOST_CLAIMS:
        folder = stack.pop()
        own: set[str] = set()
        for claim in reader.claims(folder):
            if not folder.has(claim.main):
                raise Fault("claims a file that is not there")
            yield folder, claim
            count += 1
            own |= set(claim.folders)
        stack += [folder.below(name) for name in folder.folders if name not in own]
    if count == 0 and known:
        names = set(tree.files)
        for at, claim in known:
            if (f"{at}/{claim.main}" if at else claim.main) in names:
                yield Folder(tree, at), claim
                return
        yield Folder(tree, known[0][0]), known[0][1]


def checked(reader: Reader, folder: Folder, claim: Claim, *, judge: bool) -> Run:
    """Read one claim; raises Fault where the Run is none that rules and renderers can bear."""
    with np.errstate(all="ignore"):  # as read_run does
        run = reader.read(folder, claim)
    if run.format != reader.FORMAT:
        raise Fault(f"calls the format {run.format}")
    content = (run.series, run.events, run.config.values, run.checkpoints, run.environment)
    shown = any(content) or run.started or run.status != Status.UNKNOWN
    shown = shown or "nothing was logged" in run.status_because
    if run.unreadable is None and not shown:
        raise Fault("holds nothing and does not say that it is unreadable")
    for series in (*run.series.values(), *run.superseded):
        _check_series(series)
    for name, series in run.series.items():
        if name != series.name:
            raise Fault("a series stands under another name")
    _check_texts(run)
    if judge:
        diagnose(run)
    return run


def _check_series(series: Series) -> None:
    if not len(series.x) == len(series.y) == len(series.segment) > 0:
        raise Fault("arrays of a series differ in length or are empty")
    if series.x.dtype != np.float64 or series.y.dtype != np.float64:
        raise Fault("a series holds something else than float64")
    if not np.isfinite(series.x).all() or not (np.diff(series.x) > 0).all():
        raise Fault("positions of a series do not ascend")
    if not series.resolution >= 0 or not np.isfinite(series.resolution):
        raise Fault("the resolution of a series is no length")


def _check_texts(run: Run) -> None:
    """What is said in words is text, and what is counted is a whole number."""
    texts = [*run.series, run.status_because, run.unreadable or "", run.main_metric or ""]
    texts += [note.text for note in run.notes] + [event.text for event in run.events]
    texts += [checkpoint.file for checkpoint in run.checkpoints]
    texts += [*run.config.values, *run.config.own_key.values()]
    if not all(isinstance(text, str) for text in texts):
        raise Fault("a name or a note is no text")
    for count in (run.planned_epochs, run.planned_steps, *run.samples.values()):
        if count is not None and (type(count) is not int or count <= 0):
            raise Fault("a planned length or a number of samples is no count")
    if run.main_metric is not None and run.main_metric not in run.series:
        raise Fault("the main metric is no series")
    if run.started and run.ended:
        _ = run.ended - run.started  # both with a zone, or both without


def _signature(error: BaseException) -> str:
    """What tells one fault from another: its kind and the innermost place in the analyzer."""
    frames = traceback.extract_tb(error.__traceback__)
    inner = [frame for frame in frames if frame.filename.startswith(PACKAGE)]
    place = f"{inner[-1].filename.removeprefix(PACKAGE)}:{inner[-1].name}" if inner else ""
    if isinstance(error, Fault):
        return f"Fault: {error}"
    if isinstance(error, TooSlow):  # where exactly the alarm came differs
        place = place.partition(":")[0]
    return f"{type(error).__name__} in {place}"


@contextmanager
def limited(seconds: float) -> Iterator[None]:
    """Raise TooSlow after so many CPU seconds; regular expressions are interrupted too."""

    def alarm(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise TooSlow(f"more than {seconds:g} CPU seconds")

    before = signal.signal(signal.SIGPROF, alarm)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def peak_memory() -> int:
    """Bytes of the highest resident size that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def smaller(
    files: Mapping[str, bytes], fails: Callable[[dict[str, bytes]], bool], tries: int = 300
) -> dict[str, bytes]:
    """The smallest folder found that still ``fails``: fewer files, then fewer lines and bytes."""
    best = dict(files)
    for name in list(best):
        rest = {key: data for key, data in best.items() if key != name}
        tries -= 1
        if rest and fails(rest):
            best = rest
    for name in list(best):
        tries = _drop_pieces(best, name, best[name].splitlines(True), fails, tries)
        if len(best[name]) <= MOST_BYTEWISE:
            pieces = [best[name][at : at + 1] for at in range(len(best[name]))]
            tries = _drop_pieces(best, name, pieces, fails, tries)
    return best


def _drop_pieces(
    best: dict[str, bytes],
    name: str,
    pieces: list[bytes],
    fails: Callable[[dict[str, bytes]], bool],
    tries: int,
) -> int:
    """Leave out ever smaller stretches of ``pieces``; the tries that are left."""
    size = max(1, len(pieces) // 2)
    while tries > 0 and pieces:
        start = 0
        while start < len(pieces) and tries > 0:
            shorter = pieces[:start] + pieces[start + size :]
            tries -= 1
            if fails({**best, name: b"".join(shorter)}):
                pieces = shorter
                best[name] = b"".join(shorter)
            else:
                start += size
        if size == 1:
            break
        size //= 2
    return tries
