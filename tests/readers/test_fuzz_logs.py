"""Damaged text logs: cut anywhere or changed at random, they never raise and keep promises."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import clovaai, dbnet, doctr, fairseq, mhliao, paddle, torchvision, wordlm
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder, LooseFile

RUNS = Path(__file__).parents[1] / "runs"
SAMPLES: tuple[tuple[ModuleType, str], ...] = (
    (clovaai, "clovaai/resumed/log_train.txt"),
    (clovaai, "clovaai/resumed/opt.txt"),
    (clovaai, "clovaai/resumed/log_dataset.txt"),
    (paddle, "paddle/ocr/train.log"),
    (dbnet, "dbnet/resumed/train.log"),
    (mhliao, "mhliao/validated/output.log"),
    (doctr, "doctr/detection/train.out"),
    (torchvision, "torchvision/imagenet/train.txt"),
    (wordlm, "wordlm/interrupted/notes.md"),
    (fairseq, "fairseq/mixed/out.log"),
)
PIECES = st.sampled_from(
    [b"", b"\0", b"\n", b"\r", b"nan", b"1e999", b"9" * 400, b"[", b"{", b"0"]
)


def read(reader: ModuleType, name: str, content: bytes) -> None:
    folder = Folder(LooseFile(Path("x"), name, content))
    list(reader.claims(folder))
    run = reader.read(folder, Claim(name))
    for series in run.series.values():
        assert len(series.x) == len(series.y) == len(series.segment) > 0
        assert bool(np.all(np.diff(series.x) > 0))


@pytest.mark.parametrize(("reader", "file"), SAMPLES)
def test_cut_at_many_bytes(reader: ModuleType, file: str) -> None:
    content = (RUNS / file).read_bytes()
    for end in range(0, len(content), max(1, len(content) // 150)):
        read(reader, Path(file).name, content[:end])


@pytest.mark.parametrize(("reader", "file"), SAMPLES)
@settings(max_examples=30)
@given(data=st.data())
def test_changed_at_random(reader: ModuleType, file: str, data: st.DataObject) -> None:
    content = (RUNS / file).read_bytes()
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        gone = data.draw(st.integers(0, 30))
        content = content[:at] + data.draw(PIECES) + content[at + gone :]
    read(reader, Path(file).name, content)
