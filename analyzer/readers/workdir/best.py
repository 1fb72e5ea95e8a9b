"""Which epoch ``best.pth`` holds, learnt without opening it as a pickle: best evidence first."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path, PurePosixPath
from stat import S_ISREG
from typing import Any

from analyzer.formats.workdir import BEST, CHECKPOINTS, INDEX, LOG
from analyzer.readers.workdir.checkpoints import epoch_in_name
from analyzer.readers.workdir.curves import whole_number
from analyzer.readers.workdir.files import file_stat, inside
from analyzer.readers.workdir.trainlog import TrainLog
from analyzer.run import BestCheckpoint, Checkpoint, LogEvent

MAX_DIRECTORY_BYTES = 8 << 20
"""Of a zip file: some 80,000 records."""
MAX_COMPARED = 1_000
"""Epoch files whose bytes are compared with those of best.pth."""


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
    """A symbolic link is believed even if it dangles, but not if it leads into another run."""
    best = run / BEST
    held = file_stat(best)
    if best.is_symlink() and (held is None or inside(run, best)):
        epoch = epoch_in_name(str(best.readlink()))
        if epoch is not None:
            because = f"{BEST} is a link to epoch_{epoch}.pth"
            return BestCheckpoint(BEST, epoch, "link", 1.0, because)
    if held is None:
        return None
    same = {
        epoch: file
        for epoch, file in _epoch_files(checkpoints)
        if (stat := file_stat(run / file)) and os.path.samestat(held, stat)
    }
    if len(same) != 1:
        return None
    ((epoch, file),) = same.items()
    because = f"{BEST} and {file} are the same file on disk"
    return BestCheckpoint(BEST, epoch, "link", 1.0, because)


def _by_index(run: Path, index: Iterable[Mapping[str, Any]]) -> BestCheckpoint | None:
    """What the trainer's own index says, unless the file has changed since."""
    held = file_stat(run / BEST)
    for entry in index:
        epoch = whole_number(entry.get("epoch"))
        if entry.get("file") != BEST or epoch is None:
            continue
        if held and held.st_size != entry.get("bytes", held.st_size):
            return None
        because = f"{INDEX} says that {BEST} holds epoch {epoch}"
        return BestCheckpoint(BEST, epoch, "index", 1.0, because)
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
    files = _epoch_files(checkpoints)
    if len(files) > MAX_COMPARED or not inside(run, run / BEST):
        return None
    best = tensor_crcs(run / BEST)
    if not best:
        return None
    same = {
        epoch
        for epoch, file in files
        if inside(run, run / file) and best <= tensor_crcs(run / file)
    }
    if len(same) != 1:
        return None
    (epoch,) = same
    because = f"the tensors of {BEST} are byte for byte those of epoch_{epoch}.pth and no other"
    return BestCheckpoint(BEST, epoch, "bytes", 0.95, because)


class _Bounded(io.FileIO):
    """A file that refuses to be read in large pieces, such as a lying zip directory asks for."""

    def read(self, size: int | None = -1, /) -> bytes:
        if size is not None and size > MAX_DIRECTORY_BYTES:
            raise ValueError(f"{size} bytes are too many to read at once")
        return super().read(size) or b""


def tensor_crcs(path: Path) -> Counter[tuple[int, int]]:
    """(CRC-32, size) of each tensor record of a PyTorch zip file, from its directory alone.

    Empty for a file that is no zip. ``best.pth`` may hold weights only while ``epoch_N.pth``
    holds the optimiser too, and record names differ, so only contents are compared.
    """
    try:
        with _Bounded(path) as file, zipfile.ZipFile(file) as archive:
            entries = archive.infolist()
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError, struct.error):
        return Counter()
    return Counter((e.CRC, e.file_size) for e in entries if "/data/" in f"/{e.filename}")


def _by_time(run: Path, log: TrainLog) -> BestCheckpoint | None:
    """The last epoch that had ended when best.pth was written.

    The log's times have no zone, so its own file gives the offset: it was written last at its last
    line. Copying gives all files one time, or times that fit no zone; then nothing is concluded.
    """
    best, log_file = file_stat(run / BEST), file_stat(run / LOG)
    if best is None or log_file is None or not log.epoch_ends or log.last_time is None:
        return None
    offset = _zone_offset(log_file.st_mtime, log.last_time)
    span = (log.last_time - (log.first_time or log.last_time)).total_seconds()
    if offset is None or not _times_differ(run, span):
        return None
    written = best.st_mtime - offset
    rounding = 0.1 if best.st_mtime % 1 else 2.0  # whole seconds come from a coarse file system
    ended = [epoch for epoch, end in log.epoch_ends.items() if _naive(end) <= written + rounding]
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
    stats = [
        file_stat(path)
        for folder in folders
        if folder.is_dir()
        for path in folder.iterdir()
        if not path.is_symlink()
    ]
    times = [stat.st_mtime for stat in stats if stat and S_ISREG(stat.st_mode)]
    return len(times) > 1 and max(times) - min(times) > max(2.0, 0.5 * span)
