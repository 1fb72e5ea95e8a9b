"""What the numbers of one printed line mean."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.console.shapes import NUMBER, shape_of


def meant(line: str) -> dict[str, str]:
    """Counters and series of a line, with the number that each has."""
    pieces = NUMBER.split(line.encode())
    shape = shape_of(pieces[0::2])
    numbers = [number.decode() for number in pieces[1::2]]
    places = {
        "epoch": shape.epoch,
        "epochs": shape.epochs,
        "step": shape.step,
        "steps": shape.steps,
        **{pair.series: pair.at for pair in shape.pairs},
    }
    return {name: numbers[at] for name, at in places.items() if at is not None}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("Epoch 3/50", {"epoch": "3", "epochs": "50"}),
        ("[Epoch 012]", {"epoch": "012"}),
        ("epoch_3 loss=0.5", {"epoch": "3", "train_loss": "0.5"}),
        ("Iteration 7, loss = 0.5", {"step": "7", "train_loss": "0.5"}),
        ("Loss: train 0.5, val 0.6", {"train_loss": "0.5", "val_loss": "0.6"}),
        ("train Loss: 0.5 Acc: 0.7", {"train_loss": "0.5", "train_accuracy": "0.7"}),
        ("[0]\ttrain-rmse:0.59\teval-rmse:0.6", {"step": "0", "train_rmse": "0.59"}),
        ("[3/50] Train Loss: 1.5, Val Loss: 1.6", {"epoch": "3", "epochs": "50"}),
        ("Epoch 1: [D loss: 0.5] [G loss: 0.6]", {"train_loss.d": "0.5", "train_loss.g": "0.6"}),
        ("Epoch 1: mAP@0.5: 0.6 loss: -1e-3", {"val_map50": "0.6", "train_loss": "-1e-3"}),
        ("step 1,000: loss 2.5", {"step": "1,000", "train_loss": "2.5"}),
        ("Epoch 1 train_loss_step=0.5, train_loss_epoch=0.6", {"train_loss": "0.6"}),
        ("Epoch 2: loss nan grad_norm inf", {"train_loss": "nan", "grad_norm": "inf"}),
        ("Epoch 2: loss: 1.79 (2.01)", {"train_loss": "1.79"}),
    ],
)
def test_a_line_means(line: str, expected: dict[str, str]) -> None:
    found = meant(line)
    assert {name: found.get(name) for name in expected} == expected


@pytest.mark.parametrize(
    "line",
    [
        "Best epoch: 12, best acc: 0.9",
        "Resuming from epoch 10 (loss 0.5)",
        "Epoch 5, global step 400: 'val_loss' reached 0.3 (best 0.3), saving 'x.ckpt' as top 1",
        "Epoch 00001: val_loss improved from inf to 0.30, saving model to best.h5",
        "Total epochs: 50",
        "max_epoch: 50",
        "warmup epoch: 5",
        "Batch size: 4",
        "Downloading torch-2.1.0 (670.2 MB)",
        "KeyError: 0",
        "EarlyStopping counter: 3 out of 7",
        "loss.backward() at line 20",
        "Final test accuracy: 0.95",
        "{'train_runtime': 805.0, 'train_loss': 0.17, 'epoch': 10.0}",
        "Mean accuracy: 0.88 ± 0.05",
        "Epoch time: 12.5s",
        "banana 5, infinite 3",
        "conv2d_1 (Conv2D) (None, 26, 26, 32) 320",
    ],
)
def test_a_line_that_gives_no_value(line: str) -> None:
    assert set(meant(line)) <= {"epoch", "step", "steps"}


def test_text_in_a_section_belongs_to_it() -> None:
    pieces = NUMBER.split(b"  loss: 0.5")
    assert shape_of(pieces[0::2], "val").pairs[0].series == "val_loss"


@given(st.text(max_size=200))
def test_any_line_has_a_shape(line: str) -> None:
    pieces = NUMBER.split(line.encode())
    shape = shape_of(pieces[0::2])
    count = len(pieces) // 2
    assert all(0 <= pair.at < count for pair in shape.pairs)
