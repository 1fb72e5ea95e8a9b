"""Whether a run is still going, ended as planned, or just stopped: and what shows it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from analyzer.formats.workdir import RUN, host_id
from analyzer.reading.status import QUIET_SECONDS
from analyzer.run import Status


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
    if last_line is None or abs(_age(last_line)) >= max(QUIET_SECONDS, 3 * longest_epoch):
        return None
    return Status.RUNNING, f"the log's last line is of {last_line:%Y-%m-%d %H:%M:%S}"


def _judge_running(info: Mapping[str, Any], patience: float) -> tuple[Status, str]:
    """A run whose last word was that it runs: it does, or it was killed."""
    beat = parse_time(info.get("heartbeat"))
    if beat is None:
        return Status.UNKNOWN, f"{RUN} says running and bears no time"
    when = f"{beat:%Y-%m-%d %H:%M:%S}"
    if _process_gone(info):
        return (
            Status.KILLED,
            f"{RUN} says running, but process {info['pid']} is gone; last sign {when}",
        )
    if _age(beat) < patience:
        return Status.RUNNING, f"last sign of life {when}"
    return Status.KILLED, f"{RUN} says running, but the last sign of life is of {when}"


def _process_gone(info: Mapping[str, Any]) -> bool:
    """Whether the writing process ran on this machine and exists no more."""
    pid = info.get("pid")
    known = info.get("host") == host_id() and isinstance(pid, int) and Path("/proc/self").exists()
    return known and not Path(f"/proc/{pid}").exists()


def _age(time: datetime) -> float:
    now = datetime.now(time.tzinfo)
    return (now - time) / timedelta(seconds=1)


def parse_time(text: Any) -> datetime | None:
    """An ISO 8601 time with its zone (the local one where it has none), None for anything else."""
    try:
        time = datetime.fromisoformat(text)
        return time if time.tzinfo else time.astimezone()
    except (TypeError, ValueError, OverflowError, OSError):
        return None
