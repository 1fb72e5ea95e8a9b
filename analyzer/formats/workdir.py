"""The run directory that the trainer writes: names, and the one writer of every byte in it.

::

    workdirs/exp_YYYYMMDDHHMMSS/
      checkpoints/epoch_N.pth  best.pth  interrupted_N.pth  index.json
      logs/train.log  steps.jsonl
      config.yaml  args.txt  metrics.json  run.json
    workdirs/latest -> exp_YYYYMMDDHHMMSS

What a reader may rely on while a run grows: JSON files and weight files are replaced in one step
and are whole at any moment; log files grow by whole lines, at most their last one is unfinished,
and a resume takes that off; a weight file stands in ``index.json`` only after it is whole. So a
run killed at any moment reads back up to its last record. Fields may be added; documented names
never change their meaning.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from analyzer.formats import trainlog, yaml12
from analyzer.formats.files import (
    file_crc,
    link_or_copy,
    open_log,
    remove_leftovers,
    replace_file,
    replace_text,
)
from analyzer.formats.folders import create_run_folder, make_folder, point_latest
from analyzer.formats.records import encode_record, followed_by, read_json, read_records

FORMAT_VERSION = 1
"""1: the layout above (2026)."""

CONFIG = "config.yaml"
ARGS = "args.txt"
METRICS = "metrics.json"
RUN = "run.json"
LOG = "logs/train.log"
STEPS = "logs/steps.jsonl"
CHECKPOINTS = "checkpoints"
INDEX = "checkpoints/index.json"
BEST = "checkpoints/best.pth"

STATUSES = ("running", "finished", "stopped early", "failed", "interrupted")
DOCUMENTED_FLAGS = ("train_data_dir", "batch_size", "epochs", "lr", "output_dir")
HEARTBEAT_SECONDS = 10.0


def epoch_file(epoch: int) -> str:
    """The name of the weight file of an epoch, relative to the run."""
    return f"{CHECKPOINTS}/epoch_{epoch}.pth"


class RunWriter:
    """Writes one run directory. Every method leaves a directory that reads and resumes."""

    def __init__(self, path: Path, info: Mapping[str, Any]) -> None:
        self.path = path
        self._info = dict(info)
        self._records: list[dict[str, Any]] = []
        self._index: list[dict[str, Any]] = []
        self._last_heartbeat = 0.0
        self._last_saved: int | None = None
        self._log = open_log(path / LOG)
        self._steps = open_log(path / STEPS)

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        config: Mapping[str, Any],
        flags: Mapping[str, Any],
        command: Sequence[str],
        info: Mapping[str, Any],
    ) -> RunWriter:
        """Start a new run below ``root``.

        ``flags`` holds the documented flags but ``output_dir``, which is the run itself.
        ``config`` must be resolved, every default written out.
        """
        now = datetime.now().astimezone()
        path = create_run_folder(root, now)
        (path / CHECKPOINTS).mkdir()
        (path / LOG).parent.mkdir()
        replace_text(path / CONFIG, yaml12.dump(dict(config)))
        replace_text(path / ARGS, f"{_flag_line(flags, path)}\n{shlex.join(command)}\n")
        writer = cls(path, {"format_version": FORMAT_VERSION, "started": now.isoformat(), **info})
        replace_text(path / METRICS, "[]\n")
        writer._set_status("running")
        point_latest(path)
        return writer

    @classmethod
    def reopen(
        cls,
        run: Path,
        *,
        command: Sequence[str],
        info: Mapping[str, Any],
        config: Mapping[str, Any] | None = None,
    ) -> RunWriter:
        """Go on writing in an existing run: its records stay, new ones follow.

        ``config`` replaces the settings where some were changed. Raises UsageError where a file
        that must be gone on from is damaged; nothing has been written then.
        """
        before = read_json(run / RUN, default={})
        records = read_records(run / METRICS)
        index = _read_index(run)
        for folder in (run, (run / LOG).parent, run / CHECKPOINTS):
            make_folder(folder)
            remove_leftovers(folder)
        writer = cls(run, {"format_version": FORMAT_VERSION, **before, **info})
        writer._records = [encode_record(record) for record in records]
        writer._index = [encode_record(entry) for entry in index]
        if config is not None:
            replace_text(run / CONFIG, yaml12.dump(dict(config)))
        _add_command(run / ARGS, command)
        resumed = [*before.get("resumed", []), datetime.now().astimezone().isoformat()]
        writer._info["resumed"] = resumed
        writer._info.pop("reason", None)
        writer._info.pop("ended", None)
        writer._set_status("running")
        point_latest(run)
        return writer

    def log(self, message: str, level: str = "INFO") -> None:
        """Add one line to the log; further lines of ``message`` are indented below it."""
        self._log.write(trainlog.stamp(datetime.now(), level, message) + "\n")

    def epoch_header(self, epoch: int, epochs: int, lr: float) -> None:
        """Open an epoch in the log."""
        self.log(trainlog.header(epoch, epochs, lr))

    def train_line(self, loss: float, seconds_per_step: float) -> None:
        """Log the mean training loss of the epoch."""
        self.log(trainlog.train(loss, seconds_per_step))

    def validate_line(self, precision: float, recall: float, f1: float) -> None:
        """Log the validation metrics, as fractions."""
        self.log(trainlog.validate(precision, recall, f1))

    def step(self, record: Mapping[str, Any]) -> None:
        """Add one record to ``steps.jsonl``."""
        self._steps.write(json.dumps(encode_record(record), allow_nan=False) + "\n")
        self.heartbeat()

    def epoch(self, record: Mapping[str, Any]) -> None:
        """Add the record of an epoch to ``metrics.json``, which holds each epoch once."""
        self._records = followed_by(self._records, encode_record(record))
        lines = ",\n".join("  " + json.dumps(item, allow_nan=False) for item in self._records)
        replace_text(self.path / METRICS, f"[\n{lines}\n]\n")
        self.heartbeat(force=True)

    def save(
        self, epoch: int, write: Callable[[Path], object], *, metric: str, value: float | None
    ) -> None:
        """Save ``epoch_N.pth`` through ``write``, index it and log it."""
        file = epoch_file(epoch)
        replace_file(self.path / file, write)
        self._last_saved = epoch
        self._add_to_index(file, epoch, metric, value)
        self.log(trainlog.saved(self._logged(file)))

    def save_best(
        self, epoch: int, write: Callable[[Path], object], *, metric: str, value: float
    ) -> None:
        """Let ``best.pth`` hold ``epoch``.

        It is a hard link to ``epoch_N.pth`` where that was just saved; else ``write`` makes it.
        """
        if epoch == self._last_saved:
            source = self.path / epoch_file(epoch)
            replace_file(self.path / BEST, lambda temporary: link_or_copy(source, temporary))
        else:
            replace_file(self.path / BEST, write)
        self._add_to_index(BEST, epoch, metric, value)
        self.log(trainlog.best(epoch, metric, value, self._logged(BEST)))

    def save_interrupted(self, epoch: int, write: Callable[[Path], object]) -> None:
        """Save ``interrupted_N.pth``, the state in the middle of ``epoch``, and log it."""
        file = f"{CHECKPOINTS}/interrupted_{epoch}.pth"
        replace_file(self.path / file, write)
        self.log(trainlog.saved(self._logged(file)))

    def drop_interrupted(self) -> None:
        """Delete what ``save_interrupted`` wrote, as a later state is saved."""
        for path in (self.path / CHECKPOINTS).glob("interrupted_*.pth"):
            path.unlink(missing_ok=True)

    def prune(self, keep: int) -> None:
        """Delete all but the last saved ``keep`` (>= 1) epoch files.

        The index remembers them as removed. Only names that ``save`` gives are ever deleted,
        whatever the index of a resumed run says.
        """
        files = [e for e in self._index if e.get("file") == epoch_file(e.get("epoch", 0))]
        kept = [entry for entry in files if not entry.get("removed")]
        for entry in kept[: max(0, len(kept) - keep)]:
            entry["removed"] = True
        if len(kept) > keep:
            self._write_index()
        for entry in files:
            if entry.get("removed"):
                (self.path / entry["file"]).unlink(missing_ok=True)

    def heartbeat(self, *, force: bool = False, **info: Any) -> None:
        """Renew the sign of life and ``info`` in ``run.json``, each ``HEARTBEAT_SECONDS``."""
        if force or time.monotonic() - self._last_heartbeat >= HEARTBEAT_SECONDS:
            self._write_info(**info)

    def finish(self, status: str, reason: str = "") -> None:
        """Say how the run ended; ``status`` is one of ``STATUSES`` but ``running``."""
        self._info["ended"] = datetime.now().astimezone().isoformat()
        self._info |= {"reason": reason} if reason else {}
        self._set_status(status)
        self._log.close()
        self._steps.close()

    def _set_status(self, status: str) -> None:
        if status not in STATUSES:
            raise ValueError(f"status {status!r} is none of {', '.join(STATUSES)}")
        self._info["status"] = status
        self._write_info()

    def _write_info(self, **info: Any) -> None:
        self._last_heartbeat = time.monotonic()
        self._info |= info | {
            "heartbeat": datetime.now().astimezone().isoformat(),
            "pid": os.getpid(),
            "host": host_id(),
        }
        replace_text(self.path / RUN, json.dumps(self._info, indent=2) + "\n")

    def _add_to_index(self, file: str, epoch: int, metric: str, value: float | None) -> None:
        path = self.path / file
        entry = {"file": file, "epoch": epoch, "metric": metric, "value": value}
        entry |= {"bytes": path.stat().st_size, "crc32": file_crc(path)}
        self._index = [*(e for e in self._index if e.get("file") != file), encode_record(entry)]
        self._write_index()

    def _write_index(self) -> None:
        lines = ",\n".join("  " + json.dumps(entry, allow_nan=False) for entry in self._index)
        replace_text(self.path / INDEX, f"[\n{lines}\n]\n")

    def _logged(self, file: str) -> str:
        """The path as the documented log shows it: from the working folder where it lies below."""
        path = self.path / file
        inside = path.resolve().is_relative_to(Path.cwd())
        return f"./{path.resolve().relative_to(Path.cwd()).as_posix()}" if inside else str(path)


def _read_index(run: Path) -> list[dict[str, Any]]:
    """The index of a run; a kill may have fallen between ``best.pth`` and its entry, so that is
    checked against the file, and taken from the epoch file of the same bytes where it is wrong.
    """
    entries = read_records(run / INDEX)
    best = run / BEST
    if not best.is_file():
        return entries
    held = (best.stat().st_size, file_crc(best))
    same = [entry for entry in entries if (entry.get("bytes"), entry.get("crc32")) == held]
    same.sort(key=lambda entry: entry.get("file") == BEST)
    others = [entry for entry in entries if entry.get("file") != BEST]
    return [*others, *({**entry, "file": BEST, "removed": False} for entry in same[-1:])]


def _add_command(args: Path, command: Sequence[str]) -> None:
    before = args.read_text("utf-8", "surrogateescape").rstrip("\n") if args.is_file() else ""
    replace_text(args, f"{before}\n{shlex.join(command)}\n")


def host_id() -> str:
    """Eight hex digits that tell machines apart without naming them in a file that gets shared.

    Containers on one machine may share its name, but not its process numbers, so they differ too.
    """
    try:
        processes = str(Path("/proc/self/ns/pid").readlink())
    except OSError:
        processes = ""
    return hashlib.sha256(f"{socket.gethostname()}{processes}".encode()).hexdigest()[:8]


def _flag_line(flags: Mapping[str, Any], run: Path) -> str:
    values = {**flags, "output_dir": f"./{run}" if not run.is_absolute() else str(run)}
    return " ".join(f"--{name} {shlex.quote(str(values[name]))}" for name in DOCUMENTED_FLAGS)
