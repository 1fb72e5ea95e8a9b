"""What others need for the same numbers: ``python -m benchmarks.others NAME PATH``.

Each runs in a process of its own, so that its imports count as ours do.
"""

from __future__ import annotations

import csv
import json
import re
import struct
import sys
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path

SCALARS = 100_000
TAGS = 6


def write_csv(root: Path, folder: Path) -> None:
    """The curves of every run below ``root`` as one CSV file each."""
    folder.mkdir()
    for run in sorted(root.iterdir()):
        records = json.loads((run / "metrics.json").read_text("utf-8"))
        names = [name for name in records[0] if name != "nonfinite"]
        with (folder / f"{run.name}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, names, restval="", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(records)


def write_events(folder: Path, scalars: int = SCALARS) -> None:
    """``scalars`` values of six curves as one TensorBoard event file."""
    folder.mkdir()
    with (folder / "events.out.tfevents.1767623425.benchmark").open("wb") as file:
        file.write(_record(_double(1, 0.0) + _bytes(3, b"brain.Event:2")))
        for i in range(scalars):
            step, tag = divmod(i, TAGS)
            value = _bytes(1, f"curve_{tag}".encode()) + _float(2, 1.0 / (1 + step))
            event = _double(1, 1767623425.0 + step) + _integer(2, step)
            file.write(_record(event + _bytes(5, _bytes(1, value))))


def _record(data: bytes) -> bytes:
    length = struct.pack("<Q", len(data))
    return length + _masked_crc(length) + data + _masked_crc(data)


def _masked_crc(data: bytes) -> bytes:
    crc = 0xFFFFFFFF
    for byte in data:
        crc = _CRC[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return struct.pack("<I", ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def _crc_of(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
    return byte


_CRC = [_crc_of(byte) for byte in range(256)]
"""CRC-32C (Castagnoli), which event files use."""


def _varint(value: int) -> bytes:
    made = bytearray()
    while value >= 0x80:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*made, value])


def _integer(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | 1) + struct.pack("<d", value)


def _float(field: int, value: float) -> bytes:
    return _varint(field << 3 | 5) + struct.pack("<f", value)


def _bytes(field: int, value: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(value)) + value


def _read_log(path: Path) -> None:
    from analyzer.readers import read

    (run,) = read(path)
    if run.unreadable is not None:
        sys.exit(run.unreadable)


def _scan_log(path: Path) -> None:
    """The least that any reader has to do: find the numbers of every line."""
    pattern = re.compile(rb"Iter (\d+): Total Loss=([-+.\deE]+), Cls Loss=([-+.\deE]+)")
    with path.open("rb") as file:
        found = sum(1 for line in file if pattern.search(line))
    if not found:
        sys.exit("no line was found")


def _pandas(folder: Path) -> None:
    import pandas as pd

    frames = [pd.read_csv(file) for file in sorted(folder.iterdir())]
    if not sum(map(len, frames)):
        sys.exit("no row was read")


def _tensorboard(folder: Path) -> None:
    module = import_module("tensorboard.backend.event_processing.event_accumulator")
    loader = module.EventAccumulator(str(folder), size_guidance={"scalars": 0, "tensors": 0})
    loader.Reload()
    found = loader.Tags()
    names = [*found["scalars"], *found["tensors"]]
    if len(names) != TAGS:
        sys.exit(f"{len(names)} of {TAGS} curves were read")
    for name in found["scalars"]:
        loader.Scalars(name)


PROGRAMS: Mapping[str, Callable[[Path], None]] = {
    "read_log": _read_log,
    "scan_log": _scan_log,
    "pandas": _pandas,
    "tensorboard": _tensorboard,
}

if __name__ == "__main__":
    PROGRAMS[sys.argv[1]](Path(sys.argv[2]))
