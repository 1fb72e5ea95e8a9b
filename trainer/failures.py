"""What went wrong, in one sentence with the next step, for failures that every trainer meets."""

from __future__ import annotations

import errno
import re
from pathlib import Path

import torch

from trainer import distributed
from trainer.config import Config
from trainer.window import NonFinite

SHOWN = 8
"""So many images of a step are named in a sentence."""

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_CUDA = re.compile(r"CUDA out of memory|CUDA error: out of memory|HIP out of memory|ALLOC_FAILED")
_HOST = re.compile(
    r"DefaultCPUAllocator|Cannot allocate memory|Insufficient memory|Unable to allocate"
    r"|std::bad_alloc|could not (?:create|execute) a primitive(?! desc)"  # of oneDNN
)
_UNWRITTEN = re.compile(
    r"PytorchStreamWriter failed|file write failed|iostream error|unexpected pos \d+ vs"
    r"|No space left on device|File too large"
)
_SHARED = re.compile(r"bus error|shared memory|unable to (?:write to|mmap|open) .*/torch_", re.I)
_WORKER = re.compile(r"DataLoader worker .*(?:killed by signal|exited unexpectedly)")
_COMPILER = re.compile(r"InvalidCxxCompiler|No working C\+\+ compiler|[Tt]riton|CppCompileError")


def failure_sentence(error: Exception, config: Config) -> str:
    """The sentence for an error that ended a training: what, the library's words, what to do."""
    chain = error_chain(error)
    first = error.__cause__ if isinstance(error.__cause__, Exception) else error
    name, said = type(first).__name__, last_sentence(first)
    said = said if said == name else f"{name}: {said}"
    text = "; ".join(str(one) for one in chain)
    if isinstance(error, torch.OutOfMemoryError) or _CUDA.search(text):
        return f"out of memory on the GPU ({said}); {_less_memory(config)}"
    if config.train.compile and _COMPILER.search(text):
        return (
            f"the model could not be compiled ({said}); train.compile needs a C++ compiler such "
            "as g++, and on a GPU Triton: install it, or write train.compile=false"
        )
    if _SHARED.search(text):
        return (
            f"the shared memory of the loader's workers is full ({said}); in a container start it "
            "with --shm-size=8g or --ipc=host, else lower train.num_workers"
        )
    if isinstance(error, MemoryError) or _HOST.search(text):
        workers = "lower train.num_workers, then " if config.train.num_workers else ""
        return f"main memory ran out ({said}); {workers}{_less_memory(config)}"
    if _WORKER.search(text):
        return (
            f"a loader worker was ended from outside ({said}), most often since main memory ran "
            "out; lower train.num_workers"
        )
    if _is_full(error) or _UNWRITTEN.search(text):
        return (
            f"the disk is full, or a file may grow no further ({said}); free space, set "
            "checkpoint.keep=2, and go on with --resume"
        )
    return f"unexpected {said}"


def nonfinite_line(found: NonFinite, epoch: int) -> str:
    """What the log says of a loss or gradient that is NaN or inf, with all its images."""
    return (
        f"{found.what.capitalize()} is {found.value} at step {found.step} in epoch {epoch}; the "
        f"images of that batch: {', '.join(found.files)}"
    )


def nonfinite_sentence(found: NonFinite, epoch: int, good: Path | None) -> str:
    """Why a training stops there, and what is left of it."""
    shown, more = found.files[:SHOWN], len(found.files) - SHOWN
    others = f" and {more} more, which the log names" if more > 0 else ""
    return (
        f"the {found.what} became {found.value} at step {found.step} in epoch {epoch}, on "
        f"{', '.join(shown)}{others}; the step was not made, and {last_good(good)}; lower "
        "optimizer.lr, set train.grad_clip, or look at these images"
    )


def last_good(file: Path | None) -> str:
    """Which weights to go back to."""
    return f"the last good weights are {file}" if file else "there are no weights to go back to"


def is_out_of_memory(error: Exception) -> bool:
    """Whether a step asked for more memory than there is, on a GPU or off it."""
    text = "; ".join(str(one) for one in error_chain(error))
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return bool(_CUDA.search(text) or _HOST.search(text))


def _is_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in FULL


def _less_memory(config: Config) -> str:
    """The next smaller batch, then the next smaller input, then the CPU."""
    batch, size = config.data.batch_size, config.data.side
    halved = config.train.halve_on_oom and distributed.world_size() == 1  # down to one image
    if batch > 1 and not halved:
        smaller, accumulate = max(1, batch // 4), config.train.accumulate
        return (
            f"lower data.batch_size from {batch} to {smaller} and raise train.accumulate from "
            f"{accumulate} to {-(-batch * accumulate // smaller)}, which makes steps of as many "
            "images, or let train.halve_on_oom=true do so when it is needed"
        )
    if size > 320:
        return f"lower data.input_size from {size} to {max(320, size // 2 // 32 * 32)}"
    return "train with train.device=cpu on a machine with more memory"


def error_chain(error: BaseException | None) -> list[BaseException]:
    """An error, what it came from, and so on."""
    found: list[BaseException] = []
    while error is not None and error not in found:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


def last_sentence(error: Exception) -> str:
    """The message; one that crossed from a loader process comes wrapped in a traceback there."""
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[-1].partition("Error: ")[2] or lines[-1] if len(lines) > 1 else lines[0]
