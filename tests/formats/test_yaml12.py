"""YAML 1.2: what a scalar means, where a key stands, and that no text can hurt."""

from __future__ import annotations

import contextlib
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analyzer.errors import FormatError
from analyzer.formats import yaml12

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | TEXTS
WORDS = """no yes on 1e-3 0123 0x1f 0o17 1_000 12:30 ~ null << = *a &a #x 2026-01-05 .nan -.inf
True --- .. | > % @ ` ! ? - : , [] {} 'q "q a:b a#b"""
EDGES = ["", " ", "a: b", "a #b", "- a", "? a", "a ", " a", "\n", "a\nb\n", "\ta", "\ufeff"]
BREAKS = ["\x85", "a\u2028b", "\u2029"]
LOOKALIKES = st.sampled_from([*WORDS.split(), *EDGES, *BREAKS])
TREES = st.recursive(
    SCALARS | LOOKALIKES,
    lambda below: (
        st.lists(below, max_size=4) | st.dictionaries(TEXTS | LOOKALIKES, below, max_size=4)
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-3", 0.001),
        ("1E5", 1e5),
        ("-.5", -0.5),
        ("1.", 1.0),
        ("0123", 123),
        ("0x1F", 31),
        ("0o17", 15),
        ("+7", 7),
        ("no", "no"),
        ("Yes", "Yes"),
        ("on", "on"),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2026-01-05", "2026-01-05"),
        ("TRUE", True),
        ("~", None),
        ("", None),
        ("Null", None),
        ("-.INF", -math.inf),
        ("!!str 1", "1"),
        ("!!float 1", 1.0),
    ],
)
def test_scalars_mean_what_yaml_1_2_says(text: str, value: Any) -> None:
    found = yaml12.parse(f"a: {text}").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_nan_is_read() -> None:
    assert math.isnan(yaml12.parse("a: .nan").value["a"])


@settings(max_examples=150)
@given(TREES)
def test_dump_is_read_back_unchanged(tree: Any) -> None:
    assert yaml12.parse(yaml12.dump(tree)).value == tree


def test_dump_keeps_the_order_and_long_texts() -> None:
    value = {"z": 1, "a": "long words " * 30, "m": {"k" * 200: [1, [2, "x, y"]]}}
    again = yaml12.parse(yaml12.dump(value)).value
    assert again == value
    assert list(again) == ["z", "a", "m"]


def test_every_key_has_its_line() -> None:
    document = yaml12.parse("a:\n  b: 1\n  c:\n  - x\n  - d: 2\n")
    assert document.lines == {"a": 1, "a.b": 2, "a.c": 3, "a.c.0": 4, "a.c.1": 5, "a.c.1.d": 5}


def test_a_key_given_twice_is_told_and_the_last_one_counts() -> None:
    document = yaml12.parse("lr: 1\nm:\n  k: 1\n  k: 2\nlr: 3\n")
    assert document.value == {"lr": 3, "m": {"k": 2}}
    assert document.duplicates == (("m.k", 4), ("lr", 5))


def test_merge_keys_and_aliases_are_read() -> None:
    document = yaml12.parse("base: &b {lr: 1}\nrun:\n  <<: *b\n  k: 2\n  <<: *b\n")
    assert document.value["run"] == {"lr": 1, "k": 2}
    assert document.duplicates == ()


def bomb(levels: int) -> str:
    rows = [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}]\n" for i in range(1, levels)]
    return "a0: &a0 [x, x]\n" + "".join(rows)


def merge_bomb(levels: int) -> str:
    rows = [f"a{i}: &a{i} {{<<: [*a{i - 1}, *a{i - 1}]}}\n" for i in range(1, levels)]
    return "a0: &a0 {x: 1}\n" + "".join(rows)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[" * 200_000, "nested deeper than 100"),
        ("{a: " * 50_000, "nested deeper than 100"),
        ("- " * 50_000 + "x", "nested deeper than 100"),
        ("\n".join(" " * i + "a:" for i in range(300)), "nested deeper than 100"),
        (bomb(40), "aliases unfold"),
        (merge_bomb(40), "aliases unfold"),
        ("a: &a [*a]", "contains itself"),
        ("a: &a\n  b: *a", "contains itself"),
        ("a: !!python/object/apply:os.system [ls]", "python/object"),
        ("a: !mine 1", "!mine"),
        ("a: !!timestamp abc", "timestamp"),
        ("? !!timestamp abc\n: 1", "timestamp"),
        ("a: !!bool maybe", "neither true nor false"),
        ('a: !!float ""', "could not convert"),
        ("a: !!int x", "invalid literal"),
        ("a: " + "1" * 5000, "4300"),
        ("? [a]\n: 1", "key must be a plain value"),
        ("a: 1\n---\nb: 2", "document"),
        ("a: [1", "not valid YAML"),
        ("a: *b", "undefined alias"),
        ("\ta: 1", "a tab in the indentation"),
        ("a: \x00", "not valid YAML"),
        ("a: \ud800", "not valid YAML"),
    ],
)
def test_a_bad_text_is_a_sentence(text: str, says: str) -> None:
    with pytest.raises(FormatError, match="not valid YAML") as caught:
        yaml12.parse(text, file="config.yaml")
    assert says in str(caught.value)
    assert str(caught.value).startswith("config.yaml")


def test_an_error_names_the_line() -> None:
    with pytest.raises(FormatError) as caught:
        yaml12.parse("a: 1\nb: [1, 2\nc: 3\n", file="config.yaml")
    assert caught.value.line == 2  # where the list began


def test_many_harmless_aliases_are_read() -> None:
    text = "a: &a 1\n" + "".join(f"k{i}: *a\n" for i in range(500))
    assert yaml12.parse(text).value["k499"] == 1


@settings(max_examples=300)
@given(st.text(max_size=60) | st.text("ab:-[]{}&*<!?,|>'\"#% \n01.", max_size=60))
def test_any_text_is_parsed_or_refused(text: str) -> None:
    with contextlib.suppress(FormatError):
        yaml12.parse(text)


FOREIGN = """\
act: !!python/name:torch.nn.modules.activation.ReLU ''
shape: !!python/tuple [1, 2]
cfg: !!python/object:argparse.Namespace
  lr: 1e-3
  out: !!python/object/apply:os.system ["touch owned"]
kind: !custom 3
"""


def test_a_lenient_parse_reads_foreign_types_as_they_are_written() -> None:
    document = yaml12.parse(FOREIGN, lenient=True)
    assert document.value == {
        "act": "torch.nn.modules.activation.ReLU",
        "shape": [1, 2],
        "cfg": {"lr": 0.001, "out": ["touch owned"]},
        "kind": "3",
    }
    assert document.lines["cfg.lr"] == 4
    with pytest.raises(FormatError, match="the type python/name:torch"):
        yaml12.parse(FOREIGN)


def test_a_lenient_parse_still_refuses_what_contains_itself() -> None:
    with pytest.raises(FormatError, match="contains itself"):
        yaml12.parse("a: &a !!python/object:x {b: *a}", lenient=True)
