"""Which epoch ``best.pth`` holds, learnt without opening it as a pickle: best evidence first."""

from __future__ import annotations

import io
import os
import struct
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analyzer.formats.trainlog import STAMP, time_of
from analyzer.formats.workdir import BEST, CHECKPOINTS, INDEX
from analyzer.readers.workdir.checkpoints import epoch_in_name, name_in_path
from analyzer.readers.workdir.messages import FIELD, LINE
from analyzer.reading.folder import Folder
from analyzer.reading.text import read_text
from analyzer.reading.values import whole_number
from analyzer.run import BestCheckpoint, Checkpoint, LogEvent

MAX_LOG = 1 << 24
"""Of a larger log the times are not compared."""
NAMES = frozenset({"best.pth", "best.pdparams"})

MAX_DIRECTORY_BYTES = 8 << 20
"""Of a zip file: some 80,000 records."""
MAX_COMPARED = 1_000
"""Epoch files whose bytes are compared with those of best.pth."""


def best_checkpoint(
    folder: Folder,
    checkpoints: Sequence[Checkpoint],
    index: Iterable[Mapping[str, Any]],
    events: Iterable[LogEvent],
    log: str,
) -> BestCheckpoint | None:
    """The epoch that the best checkpoint of a run holds, None where nothing says it.

    ``log`` is the name of the log that ``events`` come from.
    """
    return (
        _by_link(folder, checkpoints)
        or _by_index(folder, index)
        or _by_log(events)
        or _by_bytes(folder, checkpoints)
        or _by_time(folder, log)
    )


def _epoch_files(checkpoints: Sequence[Checkpoint]) -> list[tuple[int, str]]:
    return [
        (c.epoch, c.file)
        for c in checkpoints
        if c.epoch is not None and c.exists and c.file != BEST
    ]


def _by_link(folder: Folder, checkpoints: Sequence[Checkpoint]) -> BestCheckpoint | None:
    """A symbolic link is believed even if it dangles, but not if it leads into another run."""
    above = folder.local(CHECKPOINTS) if CHECKPOINTS in folder.folders else None
    if above is None:
        return None
    inside = folder.local(BEST)
    best = above / "best.pth"
    if best.is_symlink() and (inside is not None or not os.path.exists(best)):  # noqa: PTH110
        epoch = epoch_in_name(str(best.readlink()))
        if epoch is not None:
            because = f"{BEST} is a link to epoch_{epoch}.pth"
            return BestCheckpoint(BEST, epoch, "link", 1.0, because)
    held = _stat(inside)
    if held is None or held.st_nlink < 2:
        return None
    same = {
        epoch: file
        for epoch, file in _epoch_files(checkpoints)
        if (stat := _stat(folder.local(file))) and os.path.samestat(held, stat)
    }
    if len(same) != 1:
        return None
    ((epoch, file),) = same.items()
    because = f"{BEST} and {file} are the same file on disk"
    return BestCheckpoint(BEST, epoch, "link", 1.0, because)


def _stat(path: Path | None) -> os.stat_result | None:
    try:
        return path.stat() if path else None
    except OSError:
        return None


def _by_index(folder: Folder, index: Iterable[Mapping[str, Any]]) -> BestCheckpoint | None:
    """What the trainer's own index says, unless the file has changed since."""
    for entry in index:
        epoch = whole_number(entry.get("epoch"))
        if entry.get("file") != BEST or epoch is None:
            continue
        held = folder.stat(BEST)
        if held and held.size != entry.get("bytes", held.size):
            return None
        because = f"{INDEX} says that {BEST} holds epoch {epoch}"
        return BestCheckpoint(BEST, epoch, "index", 1.0, because)
    return None


def _by_log(events: Iterable[LogEvent]) -> BestCheckpoint | None:
    """The last line that names best.pth: by its own epoch, else by the epoch it was logged in."""
    for event in reversed(list(events)):
        named = name_in_path(event.text)
        if event.kind in ("best", "saved") and named in NAMES and event.epoch is not None:
            because = (
                f"{event.file}:{event.line} logs the saving of {named} in epoch {event.epoch}"
            )
            return BestCheckpoint(BEST, event.epoch, "log", 0.95, because)
    return None


def _by_bytes(folder: Folder, checkpoints: Sequence[Checkpoint]) -> BestCheckpoint | None:
    """The only epoch file whose tensors include all of best.pth's, by the CRCs of the zip."""
    files = _epoch_files(checkpoints)
    held = folder.local(BEST) if folder.has(BEST) else None
    if len(files) > MAX_COMPARED or held is None:
        return None
    best = tensor_crcs(held)
    if not best:
        return None
    same = {
        epoch
        for epoch, file in files
        if (path := folder.local(file)) is not None and best <= tensor_crcs(path)
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


def _by_time(folder: Folder, log: str) -> BestCheckpoint | None:
    """The last epoch that had ended when best.pth was written.

    The log's times have no zone, so its own file gives the offset: it was written last at its last
    line. Copying gives all files one time, or times that fit no zone; then nothing is concluded.
    """
    best, log_file = (folder.stat(name) if folder.has(name) else None for name in (BEST, log))
    if best is None or log_file is None or log_file.size > MAX_LOG:
        return None
    ends, first, last = _epoch_ends(folder, log)
    if first is None or last is None:
        return None
    offset = _zone_offset(log_file.modified, last)
    if offset is None or not _times_differ(folder, (last - first).total_seconds()):
        return None
    written = best.modified - offset
    rounding = 0.1 if best.modified % 1 else 2.0  # whole seconds come from a coarse file system
    ended = [epoch for epoch, end in ends.items() if _naive(end) <= written + rounding]
    if not ended:
        return None
    epoch = max(ended, key=lambda e: ends[e])
    because = f"{BEST} was last changed after epoch {epoch} ended, by the times of the files"
    return BestCheckpoint(BEST, epoch, "time", 0.6, because)


def _epoch_ends(
    folder: Folder, log: str
) -> tuple[dict[int, datetime], datetime | None, datetime | None]:
    """(epoch -> time of its last values, time of the first line, of the last line) of a log."""
    data = read_text(folder, log, [], limit=MAX_LOG) or b""
    times = [time for stamp in STAMP.finditer(data) if (time := time_of(stamp["time"]))]
    ends: dict[int, datetime] = {}
    epoch: int | None = None
    for row in LINE.findall(data):
        if row[FIELD["epoch"]]:
            epoch = int(row[FIELD["epoch"]])
        elif epoch is not None and (row[FIELD["loss"]] or row[FIELD["precision"]]):
            time = time_of(row[FIELD["time"]])
            if time is not None:
                ends[epoch] = time
    return ends, *((times[0], times[-1]) if times else (None, None))


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


def _times_differ(folder: Folder, span: float) -> bool:
    """Whether the files' times spread over a good part of the run, as they do unless copied."""
    places = [folder, *(folder.below(name) for name in ("logs", CHECKPOINTS))]
    stats = [place.stat(name) for place in places for name in place.files[:MAX_COMPARED]]
    times = [stat.modified for stat in stats if stat]
    return len(times) > 1 and max(times) - min(times) > max(2.0, 0.5 * span)
