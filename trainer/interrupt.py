"""^C and SIGTERM: the first one ends a training after the step under way, the second at once."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

_SAID = b"\nStopping after this step; ^C again stops at once\n"


@contextmanager
def stop_request(*, tell: bool = True) -> Iterator[Callable[[], bool]]:
    """A function that says whether somebody asked for an end; the old handlers come back after.

    ``tell`` lets it say on the terminal that it heard. Only the main thread may handle signals;
    elsewhere nobody can ask.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    asked = threading.Event()
    owner = os.getpid()

    def handle(number: int, _: FrameType | None) -> None:
        if os.getpid() != owner:  # a loader's worker, which has this handler from its parent
            if number == signal.SIGTERM:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)
            return
        if asked.is_set():
            raise KeyboardInterrupt
        asked.set()
        if tell:
            os.write(2, _SAID)  # print might have been interrupted in the middle

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked.is_set
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
