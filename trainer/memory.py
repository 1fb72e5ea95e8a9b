"""Freed memory stays with the process, so that the next step finds it ready, until it runs out."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress

import torch

M_TRIM_THRESHOLD, M_MMAP_MAX = -1, -4
"""Names of ``mallopt`` in glibc's malloc.h."""
NEVER = -1


def keep_freed_memory() -> bool:
    """Tell glibc's allocator not to give freed memory back; whether that was possible.

    Left alone it takes every large tensor new from the kernel, which clears the pages one by one:
    8 % of a CPU training step at 320 pixels and 17 % at 640. Kept memory raised the peak by
    2 to 25 %. Other systems have other allocators, and are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError, TypeError):  # TypeError: Windows has no library of no name
        return False
    return bool(mallopt(M_MMAP_MAX, 0) and mallopt(M_TRIM_THRESHOLD, NEVER))


def give_back_freed_memory() -> None:
    """Let the system have all memory that nothing holds any more, of the GPU too.

    Not all of what needs memory gets it from the allocators that keep it: the code that oneDNN
    makes for each size of a batch does not.
    """
    gc.collect()
    torch.cuda.empty_cache()
    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
