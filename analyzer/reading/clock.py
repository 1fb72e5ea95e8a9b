"""The time of reading, by which runs that go on are judged; tests put it forward."""

from __future__ import annotations

from datetime import datetime


def now() -> datetime:
    """The time now, with the zone of this machine."""
    return datetime.now().astimezone()


def seconds_since(time: datetime) -> float:
    """Seconds from ``time`` until now; one without a zone is local."""
    return (now() - time.astimezone()).total_seconds()
