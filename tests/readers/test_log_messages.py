"""What a line of a documented log holds, ours and the variant's; and what is left to others."""

from __future__ import annotations

import pytest
from growth import assert_proportional
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.workdir.messages import FIELD, LINE, is_documented, values

HEAD = b"[2026-01-05 14:30:25] INFO "


def held(line: bytes) -> dict[str, bytes]:
    """The groups of the second of three lines that are not empty."""
    rows = LINE.findall(b"x\n" + HEAD + line + b"\n\n")
    assert len(rows) == 4  # the fourth is what comes after the last line end
    found = {name: rows[1][place] for name, place in FIELD.items() if rows[1][place]}
    return {name: value for name, value in found.items() if name not in ("time", "level")}


@pytest.mark.parametrize(
    ("line", "groups"),
    [
        (b"Epoch [1/5], LR: 0.1", {"epoch": b"1", "epochs": b"5", "lr": b"0.1"}),
        (
            b"Epoch [1/5], Train Loss: 3.21, Val AP: 0.12",
            {"epoch": b"1", "epochs": b"5", "more": b", Train Loss: 3.21, Val AP: 0.12"},
        ),
        (
            b"Epoch 0/5, loss: nan",
            {"bare_epoch": b"0", "bare_epochs": b"5", "bare_more": b", loss: nan"},
        ),
        (b"Train Loss: 1.8 | Time: 0.4s/iter", {"loss": b"1.8", "step_time": b"0.4"}),
        (
            b"Sweep - AP: 0.6, Best F1: 0.7 at thresholds 0.3 and 0.5",
            {
                "ap": b"0.6",
                "best_f1": b"0.7",
                "best_threshold": b"0.3",
                "best_box_threshold": b"0.5",
            },
        ),
        (b"best metric, hmean: 0.8", {"best_metric": b"hmean: 0.8"}),
        (b"Best so far: Train Loss: 1.2", {}),
        (b"Epoch [1/5], Step [100/600], Loss: 2.1", {}),
        (b"Epoch [1/5][10/99]", {}),
        (b"Epoch [1/5] batch 3: 0.1", {}),
        (b"Epoch 1/5", {}),
        (b"Epoch 1/5 - loss: 0.3", {}),
        (b"", {}),
    ],
)
def test_lines(line: bytes, groups: dict[str, bytes]) -> None:
    assert held(line) == groups


def test_values_of_a_line() -> None:
    text = b", Train Loss: 3.21, Val AP: 0.12, lr=1e-3, time: 12:30"
    found = [("train_loss", b"3.21"), ("val_ap", b"0.12"), ("learning_rate", b"1e-3")]
    assert values(text, "train") == found
    assert values(b"hmean: 0.8, precision: 0.9", "val")[1] == ("val_precision", b"0.9")


@settings(max_examples=200)
@given(st.lists(st.sampled_from([b"Epoch [1/5]", HEAD, b"\n", b"x", b"\n\n", b"Train Loss: 1"])))
def test_each_line_is_one_row(parts: list[bytes]) -> None:
    data = b"".join(parts)
    rows = LINE.findall(data)
    assert len(rows) == data.count(b"\n") + 1


@pytest.mark.parametrize(
    "text",
    [
        b"Validate - Precision: " * 20_000,
        b"Epoch [1/5]" * 40_000,
        b"Epoch 1/5, :" * 40_000,
        b"best metric, " * 40_000,
        b"[2026-01-05 14:30:25] INFO " * 20_000,
        b" " * 400_000,
        b"a: " * 100_000,
    ],
)
def test_no_line_costs_more_than_its_share(text: bytes) -> None:
    def read(size: int) -> None:
        is_documented(text[:size])
        values(text[:size], "train")

    assert_proportional(read, len(text))


@pytest.mark.parametrize(
    ("line", "documented"),
    [
        (b"[2026-01-05 14:30:25] INFO Epoch [1/5], LR: 0.007000", True),
        (b"Epoch [1/5], Train Loss: 3.21, Val AP: 0.12", True),
        (b"Epoch 0/5, loss: nan\r", True),
        (b"Iter 100: Total Loss=3.2100, Cls Loss=1.2000, Reg Loss=2.0100", True),
        (b"best metric, precision: 0.81, recall: 0.77, hmean: 0.79", True),
        (b"INFO:root:Epoch 1/15 | Train Loss 1.2 | Val Loss 1.3", False),
        (b"Epoch 2/10", False),
        (b"Epoch [1/30] D_loss: 0.3", False),
        (b"Epoch [1/30], Train Loss: 0.3, Val Loss: 0.4", False),
        (b"Epoch 1/15, loss: 0.3 - val_loss: 0.4", False),
        (b"Epoch 1/30: 100%|##########| 10/10", False),
    ],
)
def test_only_the_exact_wording_is_documented(line: bytes, documented: bool) -> None:
    assert is_documented(b"first line\n" + line + b"\n") is documented
