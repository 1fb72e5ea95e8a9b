"""What a command costs: CPU seconds and peak private memory of a process and its children."""

from __future__ import annotations

import contextlib
import ctypes
import os
import resource
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

POLL_SECONDS = 0.02
PR_SET_CHILD_SUBREAPER = 36


@dataclass(frozen=True)
class Cost:
    """``cpu`` in seconds, user and system, children included. ``memory`` in MiB: the highest sum
    of RssAnon (pages that no file backs) of the process and its children seen at any poll; NaN
    where the system does not tell. ``code`` is the exit code.
    """

    cpu: float
    memory: float
    code: int


def measure(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Cost:
    """Run ``command`` with its output thrown away, in a group of its own to know its children."""
    _adopt_orphans()
    before = _cpu_of_children()
    with subprocess.Popen(
        command,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=environment,
        process_group=0,
    ) as process:
        poll = _Poll(process.pid)
        poll.start()
        try:
            process.wait()
        except KeyboardInterrupt:  # which goes to our own group only
            os.killpg(process.pid, signal.SIGTERM)
            raise
        finally:
            poll.stop()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-process.pid, 0)
    return Cost(_cpu_of_children() - before, poll.peak, process.returncode)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _adopt_orphans() -> None:
    """Become the parent of what a command leaves behind, such as the server that its worker
    processes were forked from: only who is waited for is counted. Linux alone has this.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure, and the worst exit code."""
    return Cost(
        median(cost.cpu for cost in costs),
        median(cost.memory for cost in costs),
        max(cost.code for cost in costs),
    )


class _Poll(threading.Thread):
    """Looks at the memory of a process and all below it until told to stop."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self.peak = float("nan")
        self._pid = pid
        self._done = threading.Event()

    def run(self) -> None:
        while not self._done.wait(POLL_SECONDS):
            now = sum(map(_private, _family(self._pid)))
            self.peak = float(np.fmax(now, self.peak))

    def stop(self) -> None:
        self._done.set()
        self.join()


def _family(pid: int) -> Iterator[int]:
    yield pid
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()
    except OSError:
        return
    for child in children:
        yield from _family(int(child))


def _private(pid: int) -> float:
    """Private memory of one process in MiB; 0 for one that has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text("ascii", "replace")
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("RssAnon")), "x 0 kB")
    return int(line.split()[1]) / 1024
