import ctypes
import subprocess
import sys

import pytest

from trainer import memory

COUNT = """
import resource
import numpy as np
from trainer.memory import keep_freed_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        np.full(3 << 20, 1, np.uint8), np.full(80 << 20, 1, np.uint8)
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

alone = faults()
kept = keep_freed_memory()
faults()
print(int(kept), alone, faults())
"""


def test_the_kernel_is_asked_once_for_memory_that_is_used_again():
    out = subprocess.run([sys.executable, "-c", COUNT], capture_output=True, text=True, check=True)
    kept, alone, after = map(int, out.stdout.split())
    if not kept:
        pytest.skip("this system's allocator has no such setting")
    assert after < alone / 10


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_other_systems_are_left_as_they_are(monkeypatch, error):
    def refuse(_):
        raise error

    monkeypatch.setattr(ctypes, "CDLL", refuse)
    assert not memory.keep_freed_memory()
    memory.give_back_freed_memory()
