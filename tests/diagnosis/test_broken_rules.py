"""Broken rules as a stranger breaks them: each gets its own sentence, its line and a way out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from analyzer.diagnosis.examples import check_rule
from analyzer.diagnosis.faults import line_of
from analyzer.diagnosis.loading import disagreements, load_rule, load_rules, read_places
from analyzer.diagnosis.rule import Rule
from analyzer.errors import FormatError, RuleError, UsageError
from analyzer.formats import yaml12
from analyzer.location import rules_dir

TABLE = Path(__file__).with_name("broken_rules.yaml")
CASES: Any = yaml12.parse(TABLE.read_text(encoding="utf-8")).value
RULE: str = CASES["rule"]


def broken(case: Any) -> str:
    """The rule with one fault in it."""
    assert case["for"] in RULE
    return RULE.replace(case["for"], case["put"], 1)


def written(folder: Path, content: str | bytes, name: str = "loss/loss-rises.yaml") -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return path


def said(path: Path) -> tuple[int | None, str]:
    """The line and the sentence of what is wrong with a rule file."""
    with pytest.raises(RuleError) as caught:
        load_rule(path)
    error: FormatError = caught.value
    place = f"{path}:{error.line}: " if error.line else f"{path}: "
    assert str(error).startswith(place)
    return error.line, str(error).removeprefix(place)


def test_the_rule_is_good_before_it_is_broken(tmp_path: Path) -> None:
    assert check_rule(load_rule(written(tmp_path, RULE))) == []


@pytest.mark.parametrize("case", CASES["unreadable"], ids=str)
def test_what_cannot_be_read_is_said_at_its_line(tmp_path: Path, case: Any) -> None:
    at, text = said(written(tmp_path, broken(case)))
    assert (at, text[: len(case["says"])]) == (case["line"], case["says"])


@pytest.mark.parametrize("case", CASES["unproven"], ids=str)
def test_what_is_not_proven_is_said_at_its_line(tmp_path: Path, case: Any) -> None:
    text = broken(case)
    first, *_ = check_rule(load_rule(written(tmp_path, text)))
    at = line_of(first.path.split("."), yaml12.parse(text).lines)
    assert (at, first.text) == (case["line"], case["says"])


TOO_FEW = RULE[: RULE.index("  - {name: rises at")]


@pytest.mark.parametrize(
    ("content", "line", "sentence"),
    [
        (b"", None, "is empty; start from a copy of "),
        (b"# soon\n", None, "is empty; start from a copy of "),
        (b"- 1\n", 1, "write keys with values, such as 'key: value', not a list"),
        (b"hello\n", 1, "write keys with values, such as 'key: value', not the text 'hello'"),
        (RULE.encode("utf-16"), 1, "is not UTF-8 text; save it as UTF-8"),
        ("title: x\nwhy: caf\u00e9".encode("latin-1"), 2, "is not UTF-8 text; save it as UTF-8"),
        (b"title: a\x00b\n", None, "not valid YAML: unacceptable character #x0000"),
        (b"x: " + b"a" * (1 << 19), None, "is larger than 256 KiB, so it is some other file"),
        (TOO_FEW.encode(), 17, "examples: at least 2 are needed, not 1"),
    ],
)
def test_what_is_no_rule_file_is_said(
    tmp_path: Path, content: bytes, line: int | None, sentence: str
) -> None:
    at, text = said(written(tmp_path, content))
    assert (at, text[: len(sentence)]) == (line, sentence)


@pytest.mark.parametrize("content", [b"\xef\xbb\xbf" + RULE.encode(), RULE.replace("\n", "\r\n")])
def test_editors_of_windows_write_good_rules_too(tmp_path: Path, content: str | bytes) -> None:
    assert load_rule(written(tmp_path, content)).title == "The loss rises"


def bomb(levels: int) -> str:
    tens = [", ".join([f"*a{level}"] * 10) for level in range(levels)]
    return "\n".join(
        ["a0: &a0 [x]", *(f"a{i + 1}: &a{i + 1} [{ten}]" for i, ten in enumerate(tens))]
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (RULE + bomb(9), "not valid YAML: the aliases unfold to too much; write the values out"),
        (RULE + "a: " + "[" * 300, "not valid YAML: nested deeper than 100 levels"),
        (RULE + "links: " + "[a, " * 60_000, "not valid YAML: nested deeper than 100 levels"),
        (RULE + "a: 1\n" * 40_000, "a is given twice; leave one out"),
        (RULE + "x" * 250_000, "not valid YAML: a key is expected here"),
    ],
)
def test_bombs_are_refused(tmp_path: Path, content: str, sentence: str) -> None:
    path = written(tmp_path, content)
    assert said(path)[1].startswith(sentence)


def test_folders_and_links_to_nowhere_are_no_rules(tmp_path: Path) -> None:
    (tmp_path / "folder.yaml").mkdir()
    assert said(tmp_path / "folder.yaml") == (
        None,
        "is a folder or a device, not a file; move it away",
    )
    (tmp_path / "link.yaml").symlink_to(tmp_path / "gone")
    assert said(tmp_path / "link.yaml") == (None, "cannot be read: No such file or directory")


# Files beside each other


def problems(*places: Path) -> list[str]:
    found = read_places((rules_dir(), *places))
    good = {path: rule for path, rule in found if isinstance(rule, Rule)}
    broken = [item for _, item in found if isinstance(item, RuleError)]
    return [str(error) for error in (*broken, *disagreements(good))]


def test_names_of_files_are_ids(tmp_path: Path) -> None:
    path = written(tmp_path, RULE, "loss/Loss rises.yaml")
    assert problems(tmp_path) == [
        f"{path}: a rule's file name is its id: small letters, digits and hyphens; "
        "rename it, for example to loss-high.yaml"
    ]
    path.rename(path.with_name("loss-rises.yml"))
    assert problems(tmp_path) == [
        f"{path.with_name('loss-rises.yml')}: rename it to loss-rises.yaml, or it is not read"
    ]


def test_an_id_belongs_to_one_file(tmp_path: Path) -> None:
    first = written(tmp_path, RULE, "one/rises.yaml")
    second = written(tmp_path, RULE, "two/rises.yaml")
    assert problems(first.parent, second.parent) == [
        f"{second}: the id rises is also used in {first}; rename one of the files"
    ]
    assert problems(tmp_path / "one", tmp_path / "one") == []
    own = written(tmp_path, RULE, "three/loss-flat.yaml")
    assert problems(own) == [
        f"{own}: the id loss-flat belongs to a rule that comes with trainlint; "
        "rename this file, or change that rule's severity and limits in analyzer.yaml"
    ]


def test_what_a_rule_explains_is_a_rule_and_no_circle(tmp_path: Path) -> None:
    many = RULE.replace("explains: []", "explains:\n  - loss-flat\n  - loss-flt")
    path = written(tmp_path, many, "loss/rises.yaml")
    sentence = "explains: unknown rule 'loss-flt'; did you mean 'loss-flat'?"
    assert problems(tmp_path) == [f"{path}:12: {sentence}"]
    first = written(tmp_path, RULE.replace("explains: []", "explains: [b]"), "loss/a.yaml")
    second = written(tmp_path, RULE.replace("explains: []", "explains: [a]"), "loss/b.yaml")
    path.unlink()
    assert problems(tmp_path) == [
        f"{first}:10: explains: a -> b -> a; a rule cannot explain itself",
        f"{second}:10: explains: b -> a -> b; a rule cannot explain itself",
    ]
    second.unlink()
    written(tmp_path, RULE.replace("explains: []", "explains: [a]"), "loss/a.yaml")
    assert problems(tmp_path) == [f"{first}:10: explains: a -> a; a rule cannot explain itself"]


def test_a_place_without_rules_is_said(tmp_path: Path) -> None:
    written(tmp_path, RULE, "a/b/c/rises.yaml")
    with pytest.raises(UsageError, match=r"holds no rule file; a rule is a file FAMILY/ID.yaml"):
        load_rules(tmp_path)
