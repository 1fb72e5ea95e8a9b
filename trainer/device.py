"""Which device, which precision, and what a run record says about the machine and the code."""

from __future__ import annotations

import platform
import random
import subprocess
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import psutil
import torch
import torchvision
from torch import nn

from analyzer.errors import UsageError

BUSY_SECONDS = 0.3
"""How long to watch what other programs do before choosing the number of threads."""


def pick_device(wanted: str) -> torch.device:
    """``auto`` takes the GPU where there is one."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise UsageError(
            "train.device is cuda, but PyTorch sees no CUDA device; write cpu or auto, "
            "or install a PyTorch build for your GPU"
        )
    return torch.device("cuda" if wanted != "cpu" and torch.cuda.is_available() else "cpu")


def pick_precision(wanted: str, device: torch.device) -> str:
    """``fp32``, ``bf16`` or ``fp16``: ``auto`` is bf16 where that is faster, else fp32."""
    if wanted == "fp16" and device.type == "cpu":
        raise UsageError(
            "train.precision is fp16, which a processor computes many times slower than fp32; "
            "write auto, or fp16 with train.device=cuda"
        )
    if wanted in ("fp32", "fp16"):
        return wanted
    supported = has_bf16(device)
    if wanted == "bf16" and not supported:
        raise UsageError(
            f"train.precision is bf16, but this {device.type} computes bf16 no faster "
            "than fp32; write fp32 or auto, or on a GPU fp16"
        )
    return "bf16" if supported else "fp32"


def has_bf16(device: torch.device) -> bool:
    """Whether the hardware computes faster in bf16 than in fp32, which emulation does not."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return cpu_has_bf16()


def cpu_has_bf16(cpuinfo: Path = Path("/proc/cpuinfo")) -> bool:
    """Whether the processor lists bf16 instructions that pay; where it cannot be asked, no.

    Those of AVX-512 multiply twice as fast as fp32 on AMD's processors, on Intel's only as fast: a
    training step held to them there took 1.3 times as long as in fp32. Intel's fast ones are AMX.
    """
    try:
        words = set(cpuinfo.read_text(encoding="utf-8", errors="replace").split())
    except OSError:
        return False
    return "amx_bf16" in words or {"avx512_bf16", "AuthenticAMD"} <= words


def pick_threads(wanted: int | None) -> int:
    """How many cores to compute on: those that nothing else keeps busy, unless told.

    The threads of a convolution spin while they wait for each other. With one more thread than
    there are free cores, each such wait lasts until the system takes the core away from somebody,
    and a step takes up to twenty times as long.
    """
    if wanted is not None:
        return wanted
    busy = sum(psutil.cpu_percent(interval=BUSY_SECONDS, percpu=True)) / 100
    idle = round((psutil.cpu_count() or 1) - busy)
    return max(1, min(torch.get_num_threads(), idle))


def compile_model(model: nn.Module, backend: str = "inductor") -> None:
    """Let PyTorch compile the model at its first batch; its weights keep their names."""
    model.compile(backend=backend)


def seed_everything(seed: int) -> None:
    """Same seed, same weights and same order of images."""
    random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    torch.manual_seed(seed)


def describe(device: torch.device, precision: str) -> dict[str, Any]:
    """Versions, device, threads, precision and the state of the code, for ``run.json``."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else _cpu_name()
    return {
        "versions": {"python": platform.python_version()}
        | {module.__name__: str(module.__version__) for module in (torch, torchvision, np, cv2)},
        "device": {"type": device.type, "name": name, "threads": torch.get_num_threads()},
        "precision": precision,
        "git": git_state(Path(__file__).parent),
    }


def _cpu_name(cpuinfo: Path = Path("/proc/cpuinfo")) -> str:
    try:
        lines = cpuinfo.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def git_state(folder: Path) -> dict[str, Any] | None:
    """Commit of the code and whether ``folder`` was changed since; None outside a checkout."""
    commit = _git(folder, "rev-parse", "HEAD")
    if commit is None:
        return None
    return {"commit": commit, "dirty": bool(_git(folder, "status", "--porcelain", "-uno", "."))}


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", *arguments], cwd=folder, capture_output=True, text=True, timeout=10, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
