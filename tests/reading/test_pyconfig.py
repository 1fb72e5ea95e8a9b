"""Configs written as Python are read, never executed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.pyconfig import assignments


def test_literals_calls_of_dict_and_sums_are_read() -> None:
    text = (
        "base_lr = 0.004\nmax_epochs = 10 * 2 - 1\nneg = -1\nhalf = 1 / 2\nnone = None\n"
        "train_cfg = dict(\n    type='Loop',\n    max_epochs=max_epochs,\n    steps=[(1, 2)])\n"
        "optimizer = {'lr': base_lr, \"type\": 'SGD'}\n"
    )
    assert assignments(text) == {
        "base_lr": 0.004,
        "max_epochs": 19,
        "neg": -1,
        "half": 0.5,
        "none": None,
        "train_cfg": {"type": "Loop", "max_epochs": 19, "steps": [[1, 2]]},
        "optimizer": {"lr": 0.004, "type": "SGD"},
    }


@pytest.mark.parametrize(
    "statement",
    [
        "x = __import__('os').system('true')",
        "x = open('/etc/passwd').read()",
        "x = [].__class__",
        "x = 'a' * 10**9",
        "x = 9**9**9",
        "x = 1 / 0",
        "x = unknown",
        "x = " + "[" * 5000,
        "x = dict(",
        "x = -'a'",
        "x == 1",
        "import os",
    ],
)
def test_what_is_no_plain_value_is_left_out(statement: str) -> None:
    assert assignments(f"a = 1\n{statement}\nb = 2\n") == {"a": 1, "b": 2}


def test_a_backslash_in_a_string_is_no_warning() -> None:
    assert assignments("a = '\\d'\n") == {"a": "\\d"}


@given(st.text(alphabet="abdict=(),[]{}'\"\n 1.*-/\\#:", max_size=80))
def test_no_text_makes_trouble(text: str) -> None:
    assert isinstance(assignments("a = 1\n" + text), dict)
