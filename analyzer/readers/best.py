"""Which epoch ``best.pth`` holds, learnt without opening it as a pickle: best evidence first."""

from __future__ import annotations

import os
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Any

from analyzer.formats.workdir import BEST, CHECKPOINTS, INDEX
from analyzer.readers.checkpoints import epoch_in_name
from analyzer.readers.trainlog import TrainLog
from analyzer.run import BestCheckpoint, Checkpoint, LogEvent

MAX_ZIP_ENTRIES = 100_000


def best_checkpoint(
    run: Path, checkpoints: Sequence[Checkpoint], index: Iterable[Mapping[str, Any]], log: TrainLog
) -> BestCheckpoint | None:
    """The epoch that the best checkpoint of a run holds, None where nothing says it."""
    return (
        _by_link(run, checkpoints)
        or _by_index(run, index)
        or _by_log(log.events)
        or _by_bytes(run, checkpoints)
        or _by_time(run, log)
    )


def _epoch_files(checkpoints: Sequence[Checkpoint]) -> list[tuple[int, str]]:
    return [
        (c.epoch, c.file)
        for c in checkpoints
        if c.epoch is not None and c.exists and c.file != BEST
    ]


def _by_link(run: Path, checkpoints: Sequence[Checkpoint]) -> BestCheckpoint | None:
    best = run / BEST
    if best.is_symlink():
        epoch = epoch_in_name(str(best.readlink()))
        if epoch is not None:
            return BestCheckpoint(
                BEST, epoch, "link", 1.0, f"{BEST} is a link to epoch_{epoch}.pth"
            )
    for epoch, file in _epoch_files(checkpoints):
        if best.is_file() and best.samefile(run / file):
            because = f"{BEST} and {file} are the same file on disk"
            return BestCheckpoint(BEST, epoch, "link", 1.0, because)
    return None


def _by_index(run: Path, index: Iterable[Mapping[str, Any]]) -> BestCheckpoint | None:
    """What the trainer's own index says, unless the file has changed since."""
    best = run / BEST
    for entry in index:
        if entry.get("file") != BEST or not isinstance(entry.get("epoch"), int):
            continue
        if best.is_file() and best.stat().st_size != entry.get("bytes", best.stat().st_size):
            return None
        because = f"{INDEX} says that {BEST} holds epoch {entry['epoch']}"
        return BestCheckpoint(BEST, entry["epoch"], "index", 1.0, because)
    return None


def _by_log(events: Iterable[LogEvent]) -> BestCheckpoint | None:
    """The last line that names best.pth: by its own epoch, else by the epoch it was logged in."""
    for event in reversed(list(events)):
        named = PurePosixPath(event.text.replace("\\", "/")).name
        if event.kind in ("best", "saved") and named == "best.pth" and event.epoch is not None:
            because = f"{event.file}:{event.line} logs the saving of {BEST} in epoch {event.epoch}"
            return BestCheckpoint(BEST, event.epoch, "log", 0.95, because)
    return None


def _by_bytes(run: Path, checkpoints: Sequence[Checkpoint]) -> BestCheckpoint | None:
    """The only epoch file whose tensors include all of best.pth's, by the CRCs of the zip."""
    best = tensor_crcs(run / BEST)
    if not best:
        return None
    same = [
        epoch for epoch, file in _epoch_files(checkpoints) if not best - tensor_crcs(run / file)
    ]
    if len(same) != 1:
        return None
    because = f"the tensors of {BEST} are byte for byte those of epoch_{same[0]}.pth and no other"
    return BestCheckpoint(BEST, same[0], "bytes", 0.95, because)


def tensor_crcs(path: Path) -> Counter[tuple[int, int]]:
    """(CRC-32, size) of each tensor record of a PyTorch zip file, from its directory alone.

    Empty for a file that is no zip. ``best.pth`` may hold weights only while ``epoch_N.pth``
    holds the optimiser too, and record names differ, so only contents are compared.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()[:MAX_ZIP_ENTRIES]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return Counter()
    return Counter((e.CRC, e.file_size) for e in entries if "/data/" in f"/{e.filename}")


def _by_time(run: Path, log: TrainLog) -> BestCheckpoint | None:
    """The last epoch that had ended when best.pth was written.

    The log's times have no zone, so its own file gives the offset: it was written last at its last
    line. Copying gives all files one time, or times that fit no zone; then nothing is concluded.
    """
    best, log_file = run / BEST, run / "logs" / "train.log"
    if not (best.is_file() and log_file.is_file() and log.epoch_ends and log.last_time):
        return None
    offset = _zone_offset(log_file.stat().st_mtime, log.last_time)
    span = (log.last_time - (log.first_time or log.last_time)).total_seconds()
    if offset is None or not _times_differ(run, span):
        return None
    written = best.stat().st_mtime - offset
    ended = [epoch for epoch, end in log.epoch_ends.items() if _naive(end) <= written + 2]
    if not ended:
        return None
    epoch = max(ended, key=lambda e: log.epoch_ends[e])
    because = f"{BEST} was last changed after epoch {epoch} ended, by the times of the files"
    return BestCheckpoint(BEST, epoch, "time", 0.6, because)


def _naive(time: datetime) -> float:
    """Seconds of a local time without zone, comparable among themselves only."""
    return (time - datetime(1970, 1, 1)).total_seconds()


def _zone_offset(modified: float, last: datetime) -> float | None:
    """POSIX minus log time, a multiple of 15 minutes within a zone's reach; else None."""
    quarter = 900.0
    difference = modified - _naive(last)
    offset = round(difference / quarter) * quarter
    fits = abs(difference - offset) <= 30 and abs(offset) <= 14 * 3600
    return offset if fits else None


def _times_differ(run: Path, span: float) -> bool:
    """Whether the files' times spread over a good part of the run, as they do unless copied."""
    folders = [run, run / "logs", run / CHECKPOINTS]
    times = [
        entry.stat().st_mtime
        for folder in folders
        if folder.is_dir()
        for entry in os.scandir(folder)
        if entry.is_file(follow_symlinks=False)
    ]
    return len(times) > 1 and max(times) - min(times) > max(2.0, 0.5 * span)
