"""Damaged tables: cut anywhere or changed at random, they never raise and keep their promises."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers import keras, lightning, table, timm, ultralytics, yolov5
from analyzer.reading.claim import Claim
from analyzer.reading.folder import Folder, LooseFile
from analyzer.run import Run

CSV = b"epoch,step,train/box_loss,metrics/mAP50(B),val/box_loss,lr/pg0\n"
SAMPLES: tuple[tuple[ModuleType, str, bytes], ...] = (
    (ultralytics, "results.csv", CSV + b"1,9,2,0.1,3,0.1\n2,8,0.1\n3,9,nan,0.2,inf,0.1\n"),
    (yolov5, "results.csv", CSV.replace(b"lr/pg0", b"x/lr0") + b"0,9,2,0.1,3,0.1\n5,0.1\n"),
    (yolov5, "results.txt", b" 0/9 7.1G 1 2 3 6 106 640 0.1 0.2 0.3 0.4 5 6 7\n" * 2),
    (keras, "a.log", b'epoch,acc,loss,val_loss\n0,NA,"[1, 2]",3\n1,0.5,2,1\n0,0.5,2,1\n'),
    (keras, "a.json", b'{"loss": [1, NaN, 2e3], "val_loss": {"0": 1, "1": 2, "2": 3}}'),
    (lightning, "metrics.csv", b"epoch,step,a_loss_step,a_loss_epoch,acc\n0,1,2,,\n,3,,4,5\n"),
    (timm, "summary.csv", b"epoch,train_loss,eval_loss,eval_top1,lr\n0,1,2,3,4\n1,2,3\n"),
    (table, "a.csv", b"fold,epoch,batch,loss,val_acc\n1,1,1,2,3\n1,1,2,2,\n2,1,1,3,4\n"),
)


def read(reader: ModuleType, name: str, content: bytes) -> Run:
    folder = Folder(LooseFile(Path("x"), name, content))
    list(reader.claims(folder))
    run: Run = reader.read(folder, Claim(name))
    for series in run.series.values():
        assert len(series.x) == len(series.y) == len(series.segment) > 0
        assert bool(np.all(np.diff(series.x) > 0))
    return run


@pytest.mark.parametrize(("reader", "name", "content"), SAMPLES)
def test_a_sample_is_read(reader: ModuleType, name: str, content: bytes) -> None:
    folder = Folder(LooseFile(Path("x"), name, content))
    assert [claim.main for claim in reader.claims(folder)] == [name]
    assert read(reader, name, content).series


@pytest.mark.parametrize(("reader", "name", "content"), SAMPLES)
def test_cut_at_every_byte(reader: ModuleType, name: str, content: bytes) -> None:
    for end in range(len(content)):
        read(reader, name, content[:end])


@pytest.mark.parametrize(("reader", "name", "content"), SAMPLES)
@settings(max_examples=60)
@given(data=st.data())
def test_changed_at_random(
    reader: ModuleType, name: str, content: bytes, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(content)))
    gone = data.draw(st.integers(0, 8))
    new = data.draw(
        st.binary(max_size=6) | st.sampled_from([b"1e999", b"-", b"9" * 40, b"\n,", b"-inf"])
    )
    read(reader, name, content[:at] + new + content[at + gone :])
