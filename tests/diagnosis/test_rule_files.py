"""Rule files: what is accepted, and the sentence with file and line for what is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from analyzer.diagnosis.limit import Limit, certainty, is_past, parse_limit
from analyzer.diagnosis.loading import load_rule, load_rules, parse_rule
from analyzer.diagnosis.rule import Rule
from analyzer.diagnosis.window import parse_window
from analyzer.errors import FormatError, RuleError, UsageError
from analyzer.location import rules_dir

RULE = """\
title: The loss rises
severity: warning
when:
  all:
    - {signal: drop, of: loss, below: 2%}
    - {fact: epochs, above: 3}
message: "from {head} to {tail}"
causes:
  - id: lr-too-high
    says: The rate is too high
    when: {fact: lr_over_usual, above: 3}
    fix: {set: {optimizer.lr: {times: 0.1}}}
why: Because.
examples:
  - {name: rises, run: {loss: 1.0+0.1*9}, expects: {fires: true}}
  - {name: falls, run: {loss: 1.0-0.1*9}, expects: {fires: false}}
"""


def rule(text: str = RULE) -> Rule:
    return parse_rule(text, Path("loss/loss-rises.yaml"))


def test_id_and_family_come_from_the_path() -> None:
    assert (rule().id, rule().family) == ("loss-rises", "loss")


@pytest.mark.parametrize(
    ("old", "new", "line", "parts"),
    [
        ("severity:", "severty:", 2, ["unknown key 'severty'", "did you mean 'severity'?"]),
        ("signal: drop", "signal: dorp", 5, ["unknown signal 'dorp'", "did you mean 'drop'?"]),
        ("signal: drop", "signel: drop", 5, ["unknown key 'signel'", "did you mean 'signal'?"]),
        ("of: loss", "of: val_los", 5, ["unknown series 'val_los'", "'val_loss'"]),
        ("fact: epochs", "fact: epoch", 6, ["unknown fact 'epoch'", "did you mean 'epochs'?"]),
        ("{fact: epochs, above: 3}", "{check: foo}", 6, ["unknown check 'foo'"]),
        ("{fact: epochs, above: 3}", "{event: foo}", 6, ["unknown event 'foo'", "finished"]),
        ("below: 2%", "below: two", 5, ["'two' is no limit", "3 noise"]),
        ("below: 2%", "below: 2%, above: 1", 5, ["one limit"]),
        ("below: 2%", "below: {signal: gap}", 5, ["needs two series"]),
        ("below: 2%", "below: {fact: epochs, of: loss}", 5, ["of the whole run"]),
        ("below: 2%", "below: 2%, z: 8", 5, ["drop takes no parameter; leave out z:"]),
        (
            "signal: drop, of: loss",
            "signal: spikes, of: loss, q: 1",
            5,
            ["takes z, times, within"],
        ),
        ("signal: drop, of: loss", "signal: quantile, of: loss, q: 101", 5, ["between 0 and 100"]),
        (
            "signal: drop, of: loss, below: 2%",
            "signal: turns, of: loss, below: 2 noise",
            5,
            ["unit"],
        ),
        ("of: loss", "of: each", 5, ["'each' needs for_each:"]),
        ("of: loss, below", "of: loss, over: until eror, below", 5, ["did you mean 'error'?"]),
        ("of: loss, below", "of: loss, over: until the finding, below", 5, ["only in causes"]),
        ("fact: epochs, above: 3", "fact: epochs, above: 3, matches: x", 6, ["goes with event:"]),
        ("when:", "for_each: train_los.*\nwhen:", 3, ["'train_los.*' stands for no series"]),
        ("when:", "limits: {least: 3%}\nwhen:", 3, ["no condition uses 'least'"]),
        ("when:", "limits: {least: x}\nwhen:", 3, ["'x' is no limit"]),
        ("below: 2%", "below: 2%, over: end", 5, ["'end' is no window", "last 30%"]),
        ("fact: epochs, above: 3", "fact: epochs", 6, ["one of above:, below: and is:"]),
        ("fact: epochs, above: 3", "fact: status, above: 3", 6, ["use is:"]),
        ("{head}", "{heda}", 7, ["unknown name in the message 'heda'", "'head'"]),
        ("{head}", "{head", 7, ["stray brace"]),
        ("severity: warning", "severity: fatal", 2, ["severity"]),
        (
            "severity: warning",
            "severity: [{to: error}, {to: info}]",
            2,
            ["only the last step has no when:"],
        ),
        ("times: 0.1", "tiems: 0.1", 12, ["unknown key 'tiems'", "did you mean 'times'?"]),
        ("fires: true", "firse: true", 15, ["did you mean 'fires'?"]),
        ("{loss: 1.0+0.1*9}", "{lossy: 1.0}", 15, ["unknown series 'lossy'"]),
        ("id: lr-too-high", "id: LR too high", 9, ["id"]),
        ("why: Because.", "why: Because.\nwhy: Again.", 14, ["given twice"]),
        ("why: Because.", "id: other", 13, ["leave out id"]),
        ("title:", "title: [", None, ["not valid YAML"]),
    ],
)
def test_a_broken_rule_names_file_line_and_way_out(
    old: str, new: str, line: int | None, parts: list[str]
) -> None:
    assert old in RULE
    with pytest.raises(FormatError) as caught:
        rule(RULE.replace(old, new, 1))
    text = str(caught.value)
    assert text.startswith("loss/loss-rises.yaml:")
    if line is not None:
        assert caught.value.line == line
    for part in parts:
        assert part in text


def test_a_file_that_is_no_rule_is_said(tmp_path: Path) -> None:
    for content in (b"", b"\xff\xfe", b"- 1\n"):
        (tmp_path / "x.yaml").write_bytes(content)
        with pytest.raises(RuleError, match=r"x\.yaml"):
            load_rule(tmp_path / "x.yaml")
    with pytest.raises(RuleError, match="cannot be read"):
        load_rule(tmp_path / "none.yaml")


def folder(root: Path, **explains: str) -> Path:
    for name, other in explains.items():
        path = root / "loss" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(RULE + f"explains: [{other}]\n", encoding="utf-8")
    return root


def test_rules_that_explain_each_other_in_a_circle_are_refused(tmp_path: Path) -> None:
    assert [r.id for r in load_rules(folder(tmp_path, a="b", b="c", c=""))] == ["a", "b", "c"]
    with pytest.raises(
        RuleError, match=r"a\.yaml:17: explains: a -> b -> c -> a; a rule cannot explain itself"
    ):
        load_rules(folder(tmp_path, c="a"))


def test_explains_has_to_name_a_rule(tmp_path: Path) -> None:
    with pytest.raises(RuleError, match="unknown rule 'loss-flt'; did you mean 'loss-flat'"):
        load_rules(folder(tmp_path, **{"a": "loss-flt", "loss-flat": ""}))


def test_an_id_belongs_to_one_family(tmp_path: Path) -> None:
    folder(tmp_path, a="")
    (tmp_path / "fit").mkdir()
    (tmp_path / "fit" / "a.yaml").write_text(RULE, encoding="utf-8")
    with pytest.raises(
        RuleError, match=r"loss/a\.yaml: the id a is also used in .*fit/a\.yaml; rename"
    ):
        load_rules(tmp_path)


def test_the_schema_can_be_derived() -> None:
    schema = Rule.model_json_schema()
    assert {"title", "when", "examples"} <= set(schema["required"])


# Where the rules are


def test_a_wheel_comes_before_a_checkout(tmp_path: Path) -> None:
    package = tmp_path / "analyzer"
    checkout, installed = tmp_path / "rules", package / "_rules"
    for place in (checkout, installed):
        place.mkdir(parents=True)
    (checkout / "_template.yaml").touch()
    assert rules_dir(package) == checkout
    (installed / "_template.yaml").touch()
    assert rules_dir(package) == installed


def test_a_foreign_rules_folder_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="the rules are missing"):
        rules_dir(tmp_path / "analyzer")
    (tmp_path / "rules").mkdir()
    with pytest.raises(UsageError, match="belongs to another package"):
        rules_dir(tmp_path / "analyzer")


# Limits and windows


@pytest.mark.parametrize(
    ("raw", "limit"),
    [
        (5, Limit(5.0)),
        (-0.5, Limit(-0.5)),
        ("2%", Limit(2.0, "%")),
        ("-8 %", Limit(-8.0, "%")),
        ("3 noise", Limit(3.0, "noise")),
        ("1.5 sampling", Limit(1.5, "sampling")),
        ({"fact": "epochs", "times": 2}, Limit(2.0, fact="epochs")),
        ({"signal": "swing", "of": "loss"}, Limit(1.0, signal="swing", of="loss")),
    ],
)
def test_limits(raw: object, limit: Limit) -> None:
    assert parse_limit(raw) == limit


@pytest.mark.parametrize(
    "raw",
    [
        *["", "x", "3 noises", "%", True, None, [], {"times": 2}, {"fact": "x"}, {"fact": ["x"]}],
        *[{"signal": "gap"}, {"signal": "swing", "of": "x"}, {"fact": "epochs", "times": "2"}],
        *[{"fact": "epochs", "signal": "swing"}, {"fact": "epochs", "time": 1}],
    ],
)
def test_what_is_no_limit(raw: object) -> None:
    with pytest.raises(ValueError, match=r"no limit|unknown|no number|needs two"):
        parse_limit(raw)


@pytest.mark.parametrize("raw", ["", "last", "last 0%", "last 101%", "since best of x", 3, None])
def test_what_is_no_window(raw: object) -> None:
    with pytest.raises(ValueError, match=r"no window|unknown series"):
        parse_window(raw)


@pytest.mark.parametrize(("above", "sign"), [(True, 1), (False, 1), (True, -1), (False, -1)])
def test_certainty_is_a_half_at_the_limit_and_grows_beyond(above: bool, sign: int) -> None:
    limit = 2.0 * sign
    step = 1.0 if above else -1.0
    values = [limit + step * distance for distance in (0.001, 1.0, 5.0, 500.0)]
    assert all(is_past(value, limit, above=above) for value in values)
    found = [certainty(value, limit, above=above) for value in values]
    assert found[0] == pytest.approx(0.5, abs=0.01)
    assert found == sorted(found)
    assert max(found) <= 1.0
    assert certainty(1.0, 0.0, above=True) == 1.0
    assert certainty(4.0, 2.0, above=True) == 0.75
