"""Whatever is done to the files of a run, reading it gives a Run and never raises."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ondisk import folder_of

from analyzer.formats.workdir import METRICS, RunWriter
from analyzer.readers import workdir
from analyzer.reading.claim import Claim

SECONDS = 3.0
FRAGMENTS = [
    b"",
    b"\0",
    b"\n",
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b",",
    b":",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
]
FRAGMENTS += [
    b"nan",
    b"NaN",
    b"1e999",
    b"-1",
    b"9" * 400,
    b"null",
    b"true",
    b'"epoch"',
    b"&a",
    b"*a",
]
FRAGMENTS += [
    b"[2026-01-05 14:30:25] INFO ",
    b"Epoch [0/0], LR: ",
    b"Traceback (most recent call last)",
]
FRAGMENTS += [b"../../x", b"best.pth", b"9999-12-31T23:59:59", b"!!bool x", b"<<: ", b"? ", b"\r"]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda below: (
        st.lists(below, max_size=3) | st.dictionaries(st.text(max_size=5), below, max_size=3)
    ),
    max_leaves=6,
)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """The files of a small whole run, as our writer leaves them."""
    run = RunWriter.create(
        tmp_path_factory.mktemp("w"),
        config={"optimizer": {"lr": 0.1}, "train": {"epochs": 2}},
        flags={"train_data_dir": "d", "batch_size": 8, "epochs": 2, "lr": 0.1},
        command=["python"],
        info={"data": {"test": {"images": 9}}},
    )
    for epoch in (1, 2):
        run.epoch_header(epoch, 2, 0.1)
        run.step({"step": epoch, "epoch": epoch, "train_loss": float("nan")})
        run.train_line(1.5, 0.1)
        run.validate_line(0.5, 0.5, 0.5)
        run.epoch({"epoch": epoch, "train_loss": float("inf"), "val_f1": 0.5})
        run.save(epoch, lambda path: path.write_bytes(b"PK"), metric="val_f1", value=0.5)
    run.save_best(1, lambda path: path.write_bytes(b"PK"), metric="val_f1", value=0.5)
    run.finish("finished")
    return {
        str(path.relative_to(run.path)): path.read_bytes()
        for path in run.path.rglob("*")
        if path.is_file()
    }


def write(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)


def check(folder: Path) -> None:
    """Read without the net that ``read_run`` spreads, and touch what a rule would."""
    where = folder_of(folder)
    claim = next(iter(workdir.claims(where)), Claim(METRICS))
    run = workdir.read(where, claim)
    assert run.unreadable or run.series or run.format
    for series in run.series.values():
        assert len(series.x) == len(series.y) == len(series.segment) > 0
        assert (series.x[1:] > series.x[:-1]).all()
    assert run.epochs_done >= -(10**15)
    if run.started and run.ended:
        assert (run.ended - run.started) is not None


def mutate(data: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(1, 4)):
        start, end = sorted(chance.choices(range(len(data) + 1), k=2))
        end = min(end, start + 20)
        kind = chance.randrange(4)
        if kind == 0:
            data = data[:start]
        elif kind == 1:
            data = data[:start] + chance.choice(FRAGMENTS) + data[end:]
        elif kind == 2:
            data = data[:start] + data[start:end] * 3 + data[end:]
        else:
            data = data[:start] + chance.randbytes(end - start) + data[end:]
    return data


def test_mutated_files(tmp_path: Path, whole: dict[str, bytes]) -> None:
    chance = random.Random(20260105)
    write(tmp_path, whole)
    names = sorted(whole)
    end = time.process_time() + SECONDS
    count = 0
    while time.process_time() < end or count < 50:
        chosen = chance.sample(names, chance.randint(1, 3))
        write(tmp_path, {name: mutate(whole[name], chance) for name in chosen})
        check(tmp_path)
        write(tmp_path, {name: whole[name] for name in chosen})
        count += 1


def test_each_file_cut_and_gone(tmp_path: Path, whole: dict[str, bytes]) -> None:
    write(tmp_path, whole)
    for name, data in whole.items():
        for cut in range(0, len(data), max(1, len(data) // 25)):
            (tmp_path / name).write_bytes(data[:cut])
            check(tmp_path)
        (tmp_path / name).unlink()
        check(tmp_path)
        (tmp_path / name).mkdir()
        check(tmp_path)
        (tmp_path / name).rmdir()
        (tmp_path / name).write_bytes(data)


TIMES = ["status", "heartbeat", "pid", "host", "started", "ended", "resumed"]
OTHERS = ["epoch", "step", "nonfinite", "file", "value", "bytes", "removed", "data", "train_loss"]
KEYS = st.sampled_from([*TIMES, *OTHERS])


@settings(max_examples=150)
@given(st.lists(st.dictionaries(KEYS, JSON, max_size=5), max_size=4))
def test_records_of_any_values(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, object]]
) -> None:
    folder = tmp_path_factory.mktemp("r")
    text = json.dumps(records)
    lines = "\n".join(json.dumps(record) for record in records)
    files = {"metrics.json": text, "checkpoints/index.json": text, "logs/steps.jsonl": lines}
    files["run.json"] = json.dumps(records[0] if records else {})
    write(folder, {name: value.encode() for name, value in files.items()})
    check(folder)
