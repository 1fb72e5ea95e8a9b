"""Weights & Biases folders: the history file, and the loose files of one."""

from __future__ import annotations

import json
import random
import shutil
import zlib
from pathlib import Path
from struct import pack

import numpy as np
import pytest
from eventfile import message, varint
from ondisk import claims, folder_of, read_one

from analyzer.readers import wandb
from analyzer.run import Run, Status

FOLDER = "wandb/run-20260105_143025-abc123"
CONFIG = """\
wandb_version: 1

_wandb:
  desc: null
  value:
    cli_version: 0.19.4
lr:
  desc: null
  value: 0.1
model:
  value:
    name: db
epochs:
  value: 4
"""


def item(key: str, value: object) -> bytes:
    keys = b"".join(message(2, part.encode()) for part in key.split("."))
    return message(1, keys + message(16, json.dumps(value).encode()))


def row(step: int, **values: object) -> bytes:
    items = b"".join(item(key, value) for key, value in values.items())
    return message(2, items + message(2, b"\x08" + varint(step) if step else b""))


def blocks(*records: bytes) -> bytes:
    """Records in blocks of 32 KiB, cut into pieces as LevelDB does."""
    out = bytearray(wandb.MAGIC)
    for record in records:
        at, first = 0, True
        while first or at < len(record):
            room = 32768 - len(out) % 32768
            if room < 7:
                out += bytes(room)
                room = 32768
            piece = record[at : at + room - 7]
            at += len(piece)
            kind = {(1, 1): 1, (1, 0): 2, (0, 0): 3, (0, 1): 4}[first, at == len(record)]
            crc = zlib.crc32(piece, zlib.crc32(bytes([kind])))
            out += pack("<IHB", crc, len(piece), kind) + piece
            first = False
    return bytes(out)


def history() -> list[bytes]:
    settings = message(1, message(1, b"lr") + message(16, b"0.1"))
    settings += message(1, message(1, b"_wandb") + message(16, b"{}"))
    records = [message(17, message(4, settings) + message(8, b"sunny"))]
    for step in range(12):
        epoch = step // 4
        values: dict[str, object] = {"train/loss": 1 / (step + 1), "epoch": epoch}
        if step % 4 == 3:
            values = {"val/loss": 2 / (step + 1), "val/acc": epoch / 4}
            values["h"] = {"_type": "histogram", "bins": [1, 2]}
        records.append(row(step, _timestamp=1.7e9 + step, **values))
    return records


def a_run(tmp_path: Path, *records: bytes) -> Path:
    path = tmp_path / FOLDER
    (path / "files").mkdir(parents=True)
    (path / "run-abc123.wandb").write_bytes(blocks(*(records or history())))
    return path


def ys(run: Run, name: str) -> list[float]:
    return [round(float(y), 3) for y in run.series[name].y]


def test_the_history_with_its_epochs(tmp_path: Path) -> None:
    a_run(tmp_path)
    run = read_one(tmp_path)
    assert run.format == "wandb"
    assert run.name == "wandb/sunny-abc123"
    assert run.series["val_loss"].x.tolist() == [1, 2, 3]
    assert ys(run, "val_loss") == [0.5, 0.25, 0.167]
    assert run.series["train_loss@step"].x.tolist() == [0, 1, 2, 4, 5, 6, 8, 9, 10]
    assert run.config.values == {"optimizer.lr": 0.1}
    assert run.main_metric == "val_accuracy"
    assert not any(name.startswith("h") for name in run.series)


def test_values_that_are_no_numbers(tmp_path: Path) -> None:
    rows = [row(n, loss=value) for n, value in enumerate([1.0, "NaN", "Infinity", "text", 2])]
    rows.append(row(5, nested={"a": 3}, flag=True, empty=None))
    a_run(tmp_path, *rows)
    run = read_one(tmp_path)
    y = run.series["train_loss"].y
    assert np.isnan(y[1])
    assert np.isinf(y[2])
    assert run.series["train_loss"].x.tolist() == [0, 1, 2, 4]
    assert ys(run, "nested.a") == [3]


def test_typed_items(tmp_path: Path) -> None:
    typed = message(1, message(2, b"loss") + b"\x31" + pack("<d", 0.5))
    whole = message(1, message(2, b"count") + b"\x28" + varint(13))  # zigzag: -7
    a_run(tmp_path, message(2, typed + whole), message(2, typed + whole))
    run = read_one(tmp_path)
    assert ys(run, "train_loss")[0] == 0.5
    assert ys(run, "count")[0] == -7


@pytest.mark.parametrize(
    ("code", "status"), [(b"", Status.FINISHED), (b"\x08\x01", Status.FAILED)]
)
def test_the_exit_code_tells_the_end(tmp_path: Path, code: bytes, status: Status) -> None:
    a_run(tmp_path, *history(), message(18, code + b"\x10\x05"))
    assert read_one(tmp_path).status is status


def test_a_long_history_spans_blocks(tmp_path: Path) -> None:
    records = [row(n, loss=n / 7, text="x" * 3000) for n in range(100)]
    a_run(tmp_path, *records, row(100, loss=1, text="y" * 100_000), row(101, loss=2))
    assert read_one(tmp_path).series["train_loss"].x.tolist() == list(range(102))


def test_a_wrong_checksum_costs_the_rest_of_its_block(tmp_path: Path) -> None:
    path = a_run(tmp_path, *(row(n, loss=n, text="x" * 3000) for n in range(100)))
    file = path / "run-abc123.wandb"
    data = bytearray(file.read_bytes())
    data[40_000] ^= 1
    file.write_bytes(data)
    run = read_one(tmp_path)
    assert 80 < len(run.series["train_loss"]) < 100
    assert "checksum" in run.notes[0].text


def test_a_growing_history_ends_anywhere(tmp_path: Path) -> None:
    file = a_run(tmp_path) / "run-abc123.wandb"
    whole = file.read_bytes()
    for end in range(len(whole), 300, -7):
        file.write_bytes(whole[:end])
        assert not read_one(tmp_path).notes


def test_the_config_without_what_wandb_adds(tmp_path: Path) -> None:
    path = a_run(tmp_path)
    (path / "files/config.yaml").write_text(CONFIG)
    run = read_one(tmp_path)
    assert dict(run.config.values) == {
        "optimizer.lr": 0.1,
        "model.name": "db",
        "train.epochs": 4,
    }
    assert run.config.spelled("optimizer.lr") == "lr"
    assert run.config.file == "files/config.yaml"
    assert run.config.lines["optimizer.lr"] == 9
    assert run.planned_epochs == 4


def test_loose_files_are_read_from_what_was_printed(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(CONFIG)
    lines = (f"Epoch {n}/4 | Loss: {1 / n:.4f} | Val Acc: {n / 9:.4f}" for n in range(1, 4))
    error = "Traceback (most recent call last):\n  File 'a.py'\nKeyError: 0\n"
    (tmp_path / "output.log").write_text("\n".join(lines) + "\n" + error)
    bins = {"w": {"_type": "histogram", "bins": [0.5] * 1000}, "_runtime": 30}
    (tmp_path / "wandb-summary.json").write_text(json.dumps(bins))
    told = {"startedAt": "2026-01-05T14:30:25Z", "git": {"commit": "abc"}, "python": "3.11"}
    (tmp_path / "wandb-metadata.json").write_text(json.dumps(told))
    run = read_one(tmp_path)
    assert run.format == "wandb"
    assert ys(run, "train_loss") == [1.0, 0.5, 0.333]
    assert ys(run, "val_accuracy") == [0.111, 0.222, 0.333]
    assert run.planned_epochs == 4
    assert run.status is Status.FAILED
    assert run.environment["git_commit"] == "abc"
    assert run.started is not None
    assert run.ended is not None
    assert (run.ended - run.started).seconds == 30


def test_the_history_goes_before_what_was_printed(tmp_path: Path) -> None:
    path = a_run(tmp_path)
    (path / "files/output.log").write_text("Epoch 1/9 | Loss: 77\nEpoch 2/9 | Loss: 66\n")
    assert max(read_one(tmp_path).series["train_loss"].y) < 1


def test_the_link_to_the_latest_run_is_no_run_where_it_was_copied(tmp_path: Path) -> None:
    path = a_run(tmp_path)
    shutil.copytree(path, path.parent / "latest-run")
    assert read_one(tmp_path).name == "wandb/sunny-abc123"


def test_a_history_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.wandb").write_bytes(blocks(*history()))
    assert read_one(tmp_path).series["val_loss"].axis == "epoch"


def test_what_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("lr: 0.1\n")
    (tmp_path / "output.log").write_text("hello\n")
    (tmp_path / "x.wandb").write_text("no history")
    assert not claims(wandb, tmp_path)


def test_damage_anywhere_never_raises(tmp_path: Path) -> None:
    path = a_run(tmp_path)
    file = path / "run-abc123.wandb"
    config = path / "files/config.yaml"
    dice = random.Random(2)
    for turn in range(150):
        data = bytearray(blocks(*history())[: dice.randrange(60, 2000)])
        for _ in range(dice.randrange(4)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        if turn % 2:  # damage behind a right checksum
            noise = bytes(dice.randrange(256) for _ in range(50))
            data = bytearray(blocks(*history(), message(2, noise), message(17, noise), noise))
        file.write_bytes(data)
        config.write_text(CONFIG[: dice.randrange(len(CONFIG))])
        folder = folder_of(path)
        for claim in wandb.claims(folder):
            wandb.read(folder, claim)
