"""Device and precision are chosen by what is there, and refused in a sentence."""

import random

import numpy as np
import pytest
import torch

from analyzer.errors import UsageError
from trainer.device import (
    compile_model,
    cpu_has_bf16,
    describe,
    git_state,
    pick_device,
    pick_precision,
    pick_threads,
    seed_everything,
)

CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("maker", "flags", "expected"),
    [
        ("AuthenticAMD", "fpu avx512f avx512_bf16", True),
        ("GenuineIntel", "fpu avx512f avx512_bf16", False),
        ("GenuineIntel", "avx512_bf16 amx_bf16 x", True),
        ("AuthenticAMD", "fpu avx512f", False),
        ("AuthenticAMD", "", False),
    ],
)
def test_bf16_is_read_from_the_flags_of_the_processor(tmp_path, maker, flags, expected):
    path = tmp_path / "cpuinfo"
    path.write_text(f"vendor_id : {maker}\nmodel name : Some CPU\nflags\t\t: {flags}\n")
    assert cpu_has_bf16(path) is expected


def test_a_machine_without_cpuinfo_gets_fp32(tmp_path):
    assert cpu_has_bf16(tmp_path / "none") is False


def test_fp32_is_never_overruled():
    assert pick_precision("fp32", CPU) == "fp32"


def test_auto_is_bf16_where_it_is_and_fp16_only_where_asked(monkeypatch):
    monkeypatch.setattr("trainer.device.cpu_has_bf16", lambda: True)
    assert pick_precision("auto", CPU) == pick_precision("bf16", CPU) == "bf16"
    assert pick_precision("fp16", torch.device("cuda")) == "fp16"
    with pytest.raises(UsageError, match="many times slower"):
        pick_precision("fp16", CPU)


def test_a_compiled_model_keeps_the_names_of_its_weights():
    model, other = torch.nn.Linear(2, 1), torch.nn.Linear(2, 1)
    other.load_state_dict(model.state_dict())
    compile_model(model, backend="eager")
    assert list(model.state_dict()) == ["weight", "bias"]
    assert torch.equal(model(torch.ones(1, 2)), other(torch.ones(1, 2)))


def test_bf16_without_hardware_is_refused(monkeypatch):
    monkeypatch.setattr("trainer.device.cpu_has_bf16", lambda: False)
    assert pick_precision("auto", CPU) == "fp32"
    with pytest.raises(UsageError, match="no faster than fp32; write fp32 or auto"):
        pick_precision("bf16", CPU)


def test_cuda_without_a_gpu_is_refused(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == CPU
    with pytest.raises(UsageError, match="write cpu or auto"):
        pick_device("cuda")


def test_a_seed_fixes_all_three_generators():
    def draw():
        seed_everything(7)
        return random.random(), float(np.random.rand()), float(torch.rand(1))  # noqa: NPY002

    assert draw() == draw()


def test_the_description_names_versions_and_precision():
    found = describe(CPU, "bf16")
    assert set(found["versions"]) == {"python", "torch", "torchvision", "numpy", "cv2"}
    assert found["precision"] == "bf16"
    assert found["device"]["threads"] >= 1


def test_outside_a_checkout_there_is_no_commit(tmp_path):
    assert git_state(tmp_path) is None


@pytest.mark.parametrize(("busy", "threads"), [([0, 0], 2), ([100, 3], 1), ([99, 98], 1)])
def test_as_many_threads_as_cores_are_idle(monkeypatch, busy, threads):
    monkeypatch.setattr("psutil.cpu_percent", lambda interval, percpu: busy)
    monkeypatch.setattr("psutil.cpu_count", lambda: len(busy))
    monkeypatch.setattr("torch.get_num_threads", lambda: 2)
    assert pick_threads(None) == threads
    assert pick_threads(3) == 3
