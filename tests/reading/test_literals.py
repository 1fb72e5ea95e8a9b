"""Settings as Python prints them."""

import pytest
from growth import assert_proportional
from hypothesis import given
from hypothesis import strategies as st

from analyzer.reading.literals import mapping, namespace, scalar


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", 1),
        ("1e-08", 1e-8),
        ("-.5", -0.5),
        ("True", True),
        ("None", None),
        ("", None),
        ("['MJ', 'ST']", ["MJ", "ST"]),
        ("0123456789abc", "0123456789abc"),
        ("['cut", "['cut"),
        ("C:\\models", "C:\\models"),
    ],
)
def test_scalar(text: str, value: object) -> None:
    assert scalar(text) == value


def test_namespace_with_strings_lists_and_objects() -> None:
    text = "x Namespace(lr=20, clip=0.25, data='a, b=(c)', n=[1, 2], d=device(type='x'), e=None) y"
    assert namespace(text) == {
        "lr": 20,
        "clip": 0.25,
        "data": "a, b=(c)",
        "n": [1, 2],
        "d": "device(type='x')",
        "e": None,
    }


def test_a_printed_dict_ends_with_its_brace() -> None:
    assert mapping("INFO: {'a': {'b': 1,\n 'c': '}'}} more {") == {"a": {"b": 1, "c": "}"}}


@pytest.mark.parametrize(
    "text", ["", "{", "{'a': f()}", "{1, 2}", "{'a': " + "[" * 5000, "{'a': " + "-" * 90000 + "1}"]
)
def test_what_is_no_plain_dict_is_nothing(text: str) -> None:
    assert mapping(text) == {}


@given(st.text(alphabet="Namespace(){}[]=,'\" a1.-\\\n:", max_size=80))
def test_any_text_is_read_without_trouble(text: str) -> None:
    scalar(text)
    assert isinstance(namespace("Namespace(" + text), dict)
    mapping("{" + text)


@given(st.dictionaries(st.text(max_size=5), st.integers() | st.booleans() | st.text(max_size=9)))
def test_a_printed_dict_comes_back(own: dict[str, object]) -> None:
    assert mapping(f"config: {own}") == own


@pytest.mark.parametrize("piece", [" ", "'", "[", "(", "a=", "a=1,", "{", "\\"])
def test_a_long_line_costs_in_proportion(piece: str) -> None:
    def read(size: int) -> None:
        namespace("Namespace(a=" + piece * (size // len(piece)))
        mapping("{" + piece * (size // len(piece)))

    assert_proportional(read, 200_000)
