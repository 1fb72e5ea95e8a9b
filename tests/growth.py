"""Whether work grows in proportion to its input, told by two sizes in one process.

Seconds depend on what else a machine does; how many times more a larger input costs does not.
"""

from __future__ import annotations

import time
from collections.abc import Callable

TIMES = 8
"""How much larger the second input is: proportional work costs 8 times as much, quadratic 64."""
MOST = 24
NOISE_S = 0.05
"""CPU seconds that say nothing about growth, and that nobody minds."""


def assert_proportional(action: Callable[[int], object], size: int) -> None:
    """``action(n)`` does the work for an input of size n; ``size`` is the larger one tried."""
    large = _cpu_seconds(lambda: action(size))
    if large < NOISE_S:
        return
    for _ in range(3):  # another process may have taken the caches away in between
        ratio = large / max(_cpu_seconds(lambda: action(size // TIMES)), NOISE_S / TIMES)
        if ratio < MOST:
            return
        large = min(large, _cpu_seconds(lambda: action(size)))
    raise AssertionError(f"an input {TIMES} times as large costs {ratio:.0f} times as much")


def _cpu_seconds(work: Callable[[], object]) -> float:
    begin = time.process_time()
    work()
    return time.process_time() - begin
