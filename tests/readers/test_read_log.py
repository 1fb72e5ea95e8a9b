"""A train.log line by line: epochs, events, tracebacks, and a last line that a kill cut short."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from growth import assert_proportional
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.readers.workdir.trainlog import TrainLog, read_train_log
from analyzer.reading.curves import Curves, build_curves
from analyzer.reading.folder import Folder, LooseFile
from analyzer.reading.text import without_cut
from analyzer.run import LogEvent

HEAD = "[2026-01-05 14:30:25] INFO "
ERROR = HEAD.replace("INFO", "ERROR")


def read(data: bytes) -> TrainLog:
    return read_train_log(Folder(LooseFile(Path("run"), "a", data)), "a", [])


def log(*lines: str, end: str = "\n") -> TrainLog:
    rows = [line if line[:1] in ("", " ", "[", "T", "V", "!") else HEAD + line for line in lines]
    return read(("\n".join(rows).replace("!", "") + end).encode())


def curves(found: TrainLog) -> Curves:
    return build_curves(found.tables)


def events(found: TrainLog) -> list[LogEvent]:
    return sorted([*found.events, *curves(found).events], key=lambda event: event.line)


def points(found: TrainLog, name: str) -> list[tuple[float, float]]:
    series = curves(found).series.get(name)
    return [] if series is None else list(zip(series.x.tolist(), series.y.tolist(), strict=True))


def test_an_epoch_counted_from_zero_is_not_lost() -> None:
    found = log("Epoch [0/2], LR: 0.1", HEAD + "Train Loss: 2.0", "Epoch [1/2], LR: 0.1")
    assert points(found, "train_loss") == [(1, 2.0)]
    assert points(found, "learning_rate") == [(1, 0.1)]
    assert events(found) == []


def test_an_epoch_that_was_only_opened_has_not_ended() -> None:
    rows = ("Epoch [1/5], LR: 0.1", "Train Loss: 2.0", "Epoch [2/5], LR: 0.1")
    assert points(log(*rows), "learning_rate") == [(1, 0.1)]
    found = curves(log(*rows, "Epoch [2/5], LR: 0.1"))
    assert [event.kind for event in found.events] == ["resumed"]
    headers = log("Epoch [1/5], LR: 0.1", "Epoch [2/5], LR: 0.2")
    assert points(headers, "learning_rate") == [(1, 0.1), (2, 0.2)]


def test_two_validations_of_one_epoch_are_no_resume() -> None:
    line = HEAD + "Validate - Precision: 0.5, Recall: 0.5, F1: 0.{}"
    found = log("Epoch [1/2], LR: 0.1", line.format(5), line.format(6))
    series = curves(found).series["val_f1"]
    assert (series.y.tolist(), series.segment.tolist()) == ([0.6], [0])
    assert events(found) == []


def test_values_before_the_first_epoch_have_no_place() -> None:
    found = log(HEAD + "Train Loss: 2.0", "Epoch [1/2], LR: 0.1")
    assert curves(found).series.keys() == {"learning_rate"}


@pytest.mark.parametrize(
    ("last", "kept"),
    [
        ("Epoch [2/5], LR: 0.00", {"learning_rate": [(1, 0.007)]}),
        ("Train Loss: 1.8", {"train_loss": []}),
        ("Train Loss: 1.874 | Time: 0.4", {"train_loss": [(1, 1.874)], "step_time": []}),
        ("Train Loss: 1.874 | Time: 0.43s/iter", {"step_time": [(1, 0.43)]}),
        (
            "Validate - Precision: 0.72, Recall: 0.65, F1: 0.6",
            {"val_f1": [], "val_recall": [(1, 0.65)]},
        ),
        ("Validate - Precision: 0.72, Recall: 0.65, F1: 0.68", {"val_f1": [(1, 0.68)]}),
        ("Validate - Precision: 0.72, Recall: 0.65, F1: 0", {"val_f1": []}),
        (
            "Validate - Precision: nan, Recall: nan, F1: nan",
            {"val_precision": [(1, pytest.approx(float("nan"), nan_ok=True))]},
        ),
        ("Saved checkpoint: ./c/epoch_1", {}),
    ],
)
def test_a_last_line_that_may_be_cut_gives_what_is_sure(last: str, kept: dict[str, Any]) -> None:
    found = log("Epoch [1/5], LR: 0.007000", HEAD + last, end="")
    for name, expected in kept.items():
        assert points(found, name) == expected
    assert events(found) == []


def test_a_whole_line_is_believed() -> None:
    found = log("Epoch [1/5], LR: 0.007000", HEAD + "Train Loss: 1.8")
    assert points(found, "train_loss") == [(1, 1.8)]
    found = log("Epoch [1/5], LR: 0.1", "Saved checkpoint: ./c/epoch_1.pth", end="")
    assert [(event.kind, event.text) for event in events(found)] == [("saved", "./c/epoch_1.pth")]


TRACE = (
    "Traceback (most recent call last):",
    '  File "train.py", line 3, in <module>',
    "    main()",
    "ValueError: no such thing",
)


def test_a_traceback_is_named_by_its_exception() -> None:
    found = log("Epoch [1/5], LR: 0.1", *TRACE, "!wandb: synced")
    assert [(e.kind, e.line, e.text, e.epoch) for e in events(found)] == [
        ("error", 5, "ValueError: no such thing", 1)
    ]


def test_chained_tracebacks_are_told_as_one() -> None:
    again = ("", " During handling of the above exception, another exception occurred:", "")
    last = (*TRACE[:-1], "!KeyError: 'x'")
    found = events(log(*TRACE, *again, *last, HEAD + "next"))
    assert [event.text for event in found] == ["ValueError: no such thing; then KeyError: 'x'"]


def test_a_traceback_logged_as_a_message() -> None:
    found = log(ERROR + TRACE[0], *[f"    {line}" for line in TRACE[1:]], HEAD + "next")
    assert [(e.kind, e.text) for e in events(found)] == [("error", "ValueError: no such thing")]
    found = log(ERROR + "out of memory", *TRACE)
    assert [e.text for e in events(found)] == ["out of memory", "ValueError: no such thing"]


def test_a_traceback_cut_short_is_still_an_error() -> None:
    assert [event.kind for event in events(log(*TRACE[:3], end=""))] == ["error"]


@pytest.mark.parametrize(
    ("text", "sure"),
    [
        (b"", b""),
        (b"loss: 1.8\n", b"loss: 1.8\n"),
        (b"a\nloss: 1.8", b"a\nloss: "),
        (b"a: 2.123\nloss: 1.8", b"a: 2.123\nloss: "),
        (b"loss: 1.85, acc: 0.8", b"loss: 1.85, acc: "),
        (b"loss: 1.85, acc: 0.82", b"loss: 1.85, acc: 0.82"),
        (b"loss: 1.8s", b"loss: 1.8s"),
        (
            b"[2026-01-05 14:30:25] INFO Epoch [2/5], LR: 0",
            b"[2026-01-05 14:30:25] INFO Epoch [2/5], LR: ",
        ),
        (b"loss=" + b"1" * 100_000, b"loss=" + b"1" * 100_000),
    ],
)
def test_what_may_be_cut_off(text: bytes, sure: bytes) -> None:
    assert without_cut(text) == sure


def test_a_large_log_costs_in_proportion() -> None:
    lines = [f"{HEAD}Epoch [{i}/9999], LR: 0.1\n{HEAD}Train Loss: 1.5\n" for i in range(1, 5000)]

    def epochs(size: int) -> None:
        assert len(points(read("".join(lines[:size]).encode()), "train_loss")) == size

    assert_proportional(epochs, 4999)


@settings(max_examples=200)
@given(
    st.lists(
        st.sampled_from([*TRACE, HEAD + "Epoch [1/5], LR: 0.1", HEAD, "[", "\r", "\0"]), max_size=8
    )
)
def test_any_order_of_lines_is_read(lines: list[str]) -> None:
    read("\n".join(lines).encode())
