"""How several trainings end together, and who writes: the first process, the others look on."""

from __future__ import annotations

import re
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import torch.distributed as dist

from analyzer.formats.workdir import RunWriter
from trainer import distributed
from trainer.failures import error_chain

WAIT_SECONDS = 10.0
"""So long a process waits to hear from another one why it left."""

_LOST = re.compile(r"gloo|nccl|connection (?:closed|reset|refused)|broken pipe|store->", re.I)
_FAILED, _TOLD = "trainlint/failed", "trainlint/told"


class Onlooker:
    """Stands for the writer of a run in the processes that do not write."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __getattr__(self, name: str) -> Callable[..., None]:
        return lambda *_, **__: None


def writer(make: Callable[[], RunWriter]) -> RunWriter:
    """The writer that ``make`` makes in the first process, and onlookers in the others."""
    made: list[RunWriter] = []

    def first() -> Path:
        made.append(make())
        return made[0].path

    path = distributed.from_first(first)
    return made[0] if made else cast(RunWriter, Onlooker(path))


def accuse(sentence: str) -> None:
    """Let the other processes know why this one ends; and let no signal disturb the end.

    The launcher ends all processes as soon as one has left.
    """
    if distributed.world_size() > 1:
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        _store().set(_FAILED, sentence)


def accused(error: BaseException) -> str | None:
    """Why another process left, where ``error`` says that it has; None where it is our own."""
    text = "; ".join(str(one) for one in error_chain(error))
    if distributed.world_size() == 1 or not _LOST.search(text):
        return None
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < end:
        if _store().check([_FAILED]):
            return str(_store().get(_FAILED), "utf-8")
        time.sleep(0.05)
    return "another process of this training has left without a word; see what it printed"


def wait_for_writer() -> None:
    """Let the first process finish its files before the others leave."""
    if distributed.world_size() == 1:
        return
    with suppress(RuntimeError):  # it has ended already
        if distributed.rank() == 0:
            _store().set(_TOLD, "")
        else:
            _store().wait([_TOLD])


def _store() -> Any:
    return dist.distributed_c10d._get_default_store()
