"""A bar on stderr for work that takes more than a second, with the time that is left."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from threading import Timer
from typing import TYPE_CHECKING, TypeVar

from analyzer.commands.notes import is_quiet

if TYPE_CHECKING:
    from rich.progress import Progress

T = TypeVar("T")

PATIENCE = 1.0
"""Seconds that pass without a bar: what is done sooner needs none."""


def with_progress(items: Iterable[T], count: int, what: str) -> Iterator[T]:
    """Go through ``items``; on a terminal a bar shows how many of ``count`` are done."""
    with _bar(what, count) as bar:
        for item in items:
            if bar is not None:
                bar.advance(bar.task_ids[0])
            yield item


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Work of unknown length; on a terminal a bar shows that it goes on, and for how long."""
    with _bar(what, None):
        yield


def _bar(what: str, count: int | None) -> _Late | nullcontext[None]:
    return nullcontext() if is_quiet() or not sys.stderr.isatty() else _Late(what, count)


class _Late:
    """A bar that appears after ``PATIENCE`` and goes when the work is done."""

    def __init__(self, what: str, count: int | None) -> None:
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            Progress,
            SpinnerColumn,
            TextColumn,
            TimeElapsedColumn,
            TimeRemainingColumn,
        )

        from analyzer.commands.analysis import stderr_console

        text = TextColumn("{task.description}")
        left = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), TextColumn("left"))
        columns = (text, *left) if count is not None else (SpinnerColumn(), text)
        self.bar: Progress = Progress(
            *columns,
            *(() if count is not None else (TimeElapsedColumn(),)),
            console=stderr_console(),
            transient=True,
            # What is printed meanwhile is data and belongs on stdout, not above a bar on stderr.
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self.bar.add_task(what, total=count)
        self.timer = Timer(PATIENCE, self.bar.start)
        self.timer.daemon = True

    def __enter__(self) -> Progress:
        self.timer.start()
        return self.bar

    def __exit__(self, *_: object) -> None:
        self.timer.cancel()
        self.timer.join()
        self.bar.stop()
