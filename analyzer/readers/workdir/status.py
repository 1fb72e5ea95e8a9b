"""Whether a run is still going, ended as planned, or just stopped: and what shows it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from analyzer.formats.workdir import RUN, host_id
from analyzer.reading.clock import seconds_since
from analyzer.reading.status import QUIET_SECONDS
from analyzer.run import Status

_STARTED = 19
"""Where the start of a process stands in what follows its name in ``/proc/PID/stat``."""

_CLOCKS_DIFFER = 60.0


def said_status(info: Mapping[str, Any], longest_epoch: float) -> tuple[Status, str] | None:
    """The status that ``run.json`` tells, and the sentence that says where it is from.

    ``info`` is its content; ``longest_epoch`` is in seconds, 0.0 where unknown.
    """
    said = info.get("status")
    if said == Status.RUNNING:
        return _judge_running(info, max(QUIET_SECONDS, 3 * longest_epoch))
    if said in list(Status) and said != Status.UNKNOWN:
        reason = f": {info['reason']}" if isinstance(info.get("reason"), str) else ""
        return Status(said), f"{RUN} says {said}{reason}"
    return None


def logged_status(last_line: datetime | None, longest_epoch: float) -> tuple[Status, str] | None:
    """Running, if the log's last line, in local time, is of just now."""
    if last_line is None or abs(seconds_since(last_line)) >= max(QUIET_SECONDS, 3 * longest_epoch):
        return None
    return Status.RUNNING, f"the log's last line is of {last_line:%Y-%m-%d %H:%M:%S}"


def _judge_running(info: Mapping[str, Any], patience: float) -> tuple[Status, str]:
    """A run whose last word was that it runs: it does, or it was killed."""
    beat = parse_time(info.get("heartbeat"))
    if beat is None:
        return Status.UNKNOWN, f"{RUN} says running and bears no time"
    when = f"{beat:%Y-%m-%d %H:%M:%S}"
    there = _process_is_there(info, beat)
    if there is False:
        return (
            Status.KILLED,
            f"{RUN} says running, but process {info['pid']} is gone; last sign {when}",
        )
    if there or seconds_since(beat) < patience:
        shown = f", and process {info['pid']} is there" if there else ""
        return Status.RUNNING, f"last sign of life {when}{shown}"
    return Status.KILLED, f"{RUN} says running, but the last sign of life is of {when}"


def _process_is_there(info: Mapping[str, Any], beat: datetime) -> bool | None:
    """Whether the process that gave its last sign at ``beat`` still runs.

    None where that cannot be told: it ran on another machine, or this one has no ``/proc``. A
    number that a younger process bears was given anew.
    """
    pid = info.get("pid")
    if info.get("host") != host_id() or not isinstance(pid, int) or isinstance(pid, bool):
        return None
    try:
        up = float(Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return None
    try:
        fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
        lived = up - int(fields[_STARTED]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return False
    begun = time.time() - lived
    return fields[0] != b"Z" and begun < beat.timestamp() + _CLOCKS_DIFFER


def parse_time(text: Any) -> datetime | None:
    """An ISO 8601 time with its zone (the local one where it has none), None for anything else."""
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo else time.astimezone()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
