"""The run directory that the trainer writes: names, and the one writer of every byte in it.

::

    workdirs/exp_YYYYMMDDHHMMSS/
      checkpoints/epoch_N.pth  best.pth  index.json
      logs/train.log  steps.jsonl
      config.yaml  args.txt  metrics.json  run.json
    workdirs/latest -> exp_YYYYMMDDHHMMSS

What a reader may rely on while a run grows: JSON files and weight files are replaced in one step
and are whole at any moment; log files only ever grow, and at most their last line is unfinished;
a weight file stands in ``index.json`` only after it is whole. So a run killed at any moment reads
back up to its last record. Fields may be added; documented names never change their meaning.
"""

from __future__ import annotations

import hashlib
import json
import os
import shlex
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer.errors import UsageError
from analyzer.formats import trainlog, yaml12
from analyzer.formats.files import file_crc, link_or_copy, open_log, replace_file, replace_text
from analyzer.formats.records import encode_record, read_json

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
LATEST = "latest"

STATUSES = ("running", "finished", "stopped early", "failed", "interrupted")
DOCUMENTED_FLAGS = ("train_data_dir", "batch_size", "epochs", "lr", "output_dir")
HEARTBEAT_SECONDS = 10.0


def epoch_file(epoch: int) -> str:
    """The name of the weight file of an epoch, relative to the run."""
    return f"{CHECKPOINTS}/epoch_{epoch}.pth"


def create_run_folder(root: Path, now: datetime) -> Path:
    """Make ``root/exp_YYYYMMDDHHMMSS``; two starts in one second get the next free seconds.

    ``mkdir`` is exclusive, so two processes never share a folder.
    """
    _make_folder(root)
    for offset in range(3600):
        folder = root / (now + timedelta(seconds=offset)).strftime("exp_%Y%m%d%H%M%S")
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        except OSError as error:
            raise UsageError(f"cannot create {folder}: {error.strerror}") from error
        return folder
    raise UsageError(f"{root} already holds a run for every second of the next hour")


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UsageError(
            f"cannot create the output folder {folder}: {error.strerror}; "
            "name a folder that can be written"
        ) from error


def point_latest(run: Path) -> None:
    """Let ``latest`` beside ``run`` lead to it; where links cannot be made, leave it out.

    A reader then takes the newest folder instead.
    """
    link = run.parent / LATEST
    temporary = run.parent / f".{LATEST}.{os.getpid()}.tmp"
    if link.exists() and not link.is_symlink():
        return
    try:
        temporary.unlink(missing_ok=True)
        temporary.symlink_to(run.name, target_is_directory=True)
        temporary.replace(link)
    except OSError:
        temporary.unlink(missing_ok=True)


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
        """Go on writing in an existing run: its records stay, new ones follow them.

        ``config`` replaces the config of the run, for a resume that raises the epochs.
        """
        before = read_json(run / RUN, default={})
        writer = cls(run, {**before, **info})
        writer._records = read_json(run / METRICS, default=[])
        writer._index = read_json(run / INDEX, default=[])
        if config is not None:
            replace_text(run / CONFIG, yaml12.dump(dict(config)))
        with (run / ARGS).open("a", encoding="utf-8") as args:
            args.write(f"{shlex.join(command)}\n")
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
        """Add the record of an epoch to ``metrics.json``."""
        self._records.append(encode_record(record))
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

    def prune(self, keep: int) -> None:
        """Delete all but the newest ``keep`` epoch files; the index remembers them as removed."""
        files = [e for e in self._index if e["file"] != BEST and not e.get("removed")]
        old = sorted(files, key=lambda entry: entry["epoch"])[: max(0, len(files) - keep)]
        if not old:
            return
        for entry in old:
            entry["removed"] = True
        self._write_index()
        for entry in old:
            (self.path / entry["file"]).unlink(missing_ok=True)

    def heartbeat(self, *, force: bool = False) -> None:
        """Renew the sign of life in ``run.json``, at most every ``HEARTBEAT_SECONDS``."""
        if force or time.monotonic() - self._last_heartbeat >= HEARTBEAT_SECONDS:
            self._write_info()

    def finish(self, status: str, reason: str = "") -> None:
        """Say how the run ended; ``status`` is one of ``STATUSES`` but ``running``."""
        self._info["ended"] = datetime.now().astimezone().isoformat()
        if reason:
            self._info["reason"] = reason
        self._set_status(status)
        self._log.close()
        self._steps.close()

    def _set_status(self, status: str) -> None:
        if status not in STATUSES:
            raise ValueError(f"status {status!r} is none of {', '.join(STATUSES)}")
        self._info["status"] = status
        self._write_info()

    def _write_info(self) -> None:
        self._last_heartbeat = time.monotonic()
        self._info |= {
            "heartbeat": datetime.now().astimezone().isoformat(),
            "pid": os.getpid(),
            "host": host_id(),
        }
        replace_text(self.path / RUN, json.dumps(self._info, indent=2) + "\n")

    def _add_to_index(self, file: str, epoch: int, metric: str, value: float | None) -> None:
        path = self.path / file
        entry = {"file": file, "epoch": epoch, "metric": metric, "value": value}
        entry |= {"bytes": path.stat().st_size, "crc32": file_crc(path)}
        self._index = [*(e for e in self._index if e["file"] != file), encode_record(entry)]
        self._write_index()

    def _write_index(self) -> None:
        lines = ",\n".join("  " + json.dumps(entry, allow_nan=False) for entry in self._index)
        replace_text(self.path / INDEX, f"[\n{lines}\n]\n")

    def _logged(self, file: str) -> str:
        """The path as the documented log shows it: from the working folder where it lies below."""
        path = self.path / file
        inside = path.resolve().is_relative_to(Path.cwd())
        return f"./{path.resolve().relative_to(Path.cwd()).as_posix()}" if inside else str(path)


def host_id() -> str:
    """Eight hex digits that tell machines apart without naming them in a file that gets shared."""
    return hashlib.sha256(socket.gethostname().encode()).hexdigest()[:8]


def _flag_line(flags: Mapping[str, Any], run: Path) -> str:
    values = {**flags, "output_dir": f"./{run}" if not run.is_absolute() else str(run)}
    return " ".join(f"--{name} {shlex.quote(str(values[name]))}" for name in DOCUMENTED_FLAGS)
